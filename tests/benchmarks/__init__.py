"""Figures of speed: ``python -m tests.benchmarks``. Nothing here is a test; machines are noisy."""
