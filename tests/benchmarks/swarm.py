"""Random faults over orders that take their time: virtual hours, and what a seed costs.

Counted are hours in which an activity was scheduled or at work, or a timer ran, each once however
many orders were open; not those in which nothing happened but a time-out of a whole order.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from swfsim.commands.swarm import swarm
from swfsim.explore.flight import Flight
from swfsim.explore.hours import Hours
from tests.benchmarks.figures import Figure, seconds

SHORT_HOURS = 20_000
LONG_HOURS = 2_000_000

PROFILE = (
    "scenarios.explore:patient_orders",
    *("--executions", "12", "--gap", "168", "--storm", "2000", "--settle", "720"),
)
"""Twelve orders in each run, a week apart, in which something goes wrong at random for the first
twelve weeks; attempts are a day apart, and a step may take three days."""


def flown(hours: float, jobs: int) -> tuple[list[Flight], float]:
    """The flights of so many virtual hours, and the real seconds that they took."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "flights.jsonl"
        words = [*PROFILE, "--hours", str(hours), "--jobs", str(jobs), "--file", str(file)]
        print(f"swfsim swarm {' '.join(words[:-2])}")

        def work() -> None:
            done = CliRunner().invoke(swarm, words, catch_exceptions=False)
            print(done.output)
            if done.exit_code:
                raise SystemExit("a seed fails, so its hours mean nothing")

        took = seconds(work)
        _, *lines = file.read_text(encoding="utf-8").splitlines()
        flights = [Flight(*json.loads(line)) for line in lines]
    print(f"seeds {flights[0].seed}-{flights[-1].seed}, each once, in this order")
    return [one._replace(hours=Hours(*one.hours)) for one in flights], took


def measured(hours: float) -> Iterator[Figure]:
    """Figures of a swarm of so many virtual hours."""
    jobs = os.cpu_count() or 1
    flights, took = flown(hours, jobs)
    busy = sum(one.hours.busy for one in flights)
    at_work = sum(one.hours.at_work for one in flights)
    waiting = sum(one.hours.waiting for one in flights)
    yield Figure("virtual hours with an activity or a timer under way", busy, "h", at_least=hours)
    yield Figure("  of them with an activity scheduled or at work", at_work, "h")
    yield Figure("  of them with none, but a timer", waiting, "h")
    yield Figure("orders, through all their faults", sum(one.executions for one in flights), "")
    yield Figure("faults that struck", sum(one.faults for one in flights), "")
    yield Figure("real time", took, "s", at_most=hours / 2_000)
    yield Figure("virtual hours a real second", busy / took, "h/s")


def figures() -> Iterator[Figure]:
    yield from measured(SHORT_HOURS)
