"""Ways in for boto3 clients of this process: as calls (``boto``), as bytes (``wire``)."""
