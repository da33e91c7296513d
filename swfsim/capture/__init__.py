"""Histories taken out of an account: found, read page by page, made anonymous, kept as files."""
