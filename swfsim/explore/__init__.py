"""Exhaustive and random exploration of an application's failures; start at ``sweep``."""
