"""Histories that the real service made: read, taken apart, and put to the machine again."""
