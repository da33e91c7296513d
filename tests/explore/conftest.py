"""Sweeps in this process, over the kiosks of ``toy``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from swfsim.explore.book import Book
from swfsim.explore.crew import Alone
from swfsim.explore.places import KINDS, Kind
from swfsim.explore.sweep import Budget, Certificate, Sweep
from swfsim.explore.trial import Trials


def swept(
    app: Any,
    faults: int = 1,
    *,
    kinds: Iterable[Kind] = KINDS,
    to_reach: Iterable[str] = (),
    file: Path | None = None,
    **budget: Any,
) -> Certificate:
    """The certificate of a sweep made by this process alone."""
    with Book(file, {}) as book, Trials(app, kinds=kinds) as trials:
        sweep = Sweep(
            faults, Alone(trials), book, to_reach=tuple(to_reach), budget=Budget(**budget)
        )
        return sweep.run()


def run_as_a_test(source: str) -> None:
    """What pytest does with a file."""
    there: dict[str, Any] = {}
    exec(compile(source, "test_found.py", "exec"), there)
    [test] = [value for name, value in there.items() if name.startswith("test_")]
    test()
