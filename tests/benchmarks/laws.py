"""How many calls a minute the random law machine makes, Hypothesis and all laws included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.benchmarks.figures import Figure, seconds
from tests.core.test_laws import Runs

calls = 0


class Counting(Runs):
    """The law machine; it counts the calls that its clients make, not those of re-enactments."""

    def call(self, operation: str, **params: Any) -> Any:
        global calls
        calls += 1
        return super().call(operation, **params)


def hunt(examples: int) -> None:
    few = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Counting, settings=few)


def figures() -> Iterator[Figure]:
    global calls
    hunt(10)  # warm up
    calls = 0
    took = seconds(lambda: hunt(300))
    yield Figure("calls of random clients", calls / took * 60, "calls/min", at_least=100_000)
