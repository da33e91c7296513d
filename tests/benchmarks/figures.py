"""A figure, its target, and the table that shows them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

now = [time.perf_counter]
"""The real clock, in a list, where freezegun does not find it."""


class Figure(NamedTuple):
    """What was measured, and what it should be: ``at_least`` or ``at_most``, in the same unit."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def verdict(self) -> str:
        short = (self.at_least is not None and self.value < self.at_least) or (
            self.at_most is not None and self.value > self.at_most
        )
        return "short" if short else "ok"

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:,g}"
        return f"≤ {self.at_most:,g}" if self.at_most is not None else ""


def seconds(work: Callable[[], object]) -> float:
    """How long this takes."""
    begun = now[0]()
    work()
    return now[0]() - begun


def median(work: Callable[[], object], times: int) -> float:
    """The median of how long this takes."""
    return statistics.median(seconds(work) for _ in range(times))


def show(title: str, figures: Iterable[Figure]) -> None:
    """Print figures as they come in one table of at most 100 columns."""
    table = Table(title=title, title_justify="left", width=100)
    table.add_column("figure", ratio=1)
    for name in ("measured", "target", ""):
        table.add_column(name, justify="right")
    for figure in figures:
        value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:,.2f}"
        table.add_row(figure.name, f"{value} {figure.unit}", figure.target, figure.verdict)
    Console(width=100).print(table)
