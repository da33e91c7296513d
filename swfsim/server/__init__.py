"""The service on a socket, for other processes and languages; needs the extra ``server``."""
