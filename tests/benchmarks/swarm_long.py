"""The swarm's long profile: two million virtual hours. Takes minutes, so it is only made when it is
asked for by name."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from tests.benchmarks.figures import Figure
from tests.benchmarks.swarm import LONG_HOURS, measured


def figures() -> Iterator[Figure]:
    yield from measured(LONG_HOURS)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # KiB, on Linux
    yield Figure("memory of the largest process that made runs", largest, "MiB", at_most=400)
