"""Histories and runs as text that a person reads."""
