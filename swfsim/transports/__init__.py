"""Ways in: boto3 clients in this process (``boto``)."""
