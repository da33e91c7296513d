"""``python -m tests.benchmarks [NAME…]``: all figures, a table each, or those of the tables named.

``swarm_long`` takes minutes and is only made when it is named.
``polling`` and ``http`` need the extra ``bench`` (moto).
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from collections.abc import Callable, Iterable

from tests.benchmarks.figures import Figure, show

TABLES = {
    "polling": "Through boto3 clients, plain polling",
    "http": "Over HTTP",
    "simulated": "Under simulation",
    "flat": "Flat: beside idle executions, in long histories, in memory",
    "replay": "Captured histories put to deciders",
    "laws": "Calls of the random law machine",
    "swarm": "Random faults, many orders",
}

LONG = {"swarm_long": "Random faults, two million virtual hours"}
"""Tables that take minutes: only made when they are named."""


def main(*names: str) -> None:
    known = TABLES | LONG
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"no table {', '.join(unknown)}: known are {', '.join(known)}", file=sys.stderr)
        raise SystemExit(2)
    figures = {name: _figures(name) for name in names or TABLES}
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians")
    for name, measure in figures.items():
        show(known[name], measure())


def _figures(name: str) -> Callable[[], Iterable[Figure]]:
    try:
        measure: Callable[[], Iterable[Figure]]
        measure = importlib.import_module(f"tests.benchmarks.{name}").figures
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        print(
            f"{name} needs {missing}: .venv/bin/pip install -q -e '.[bench]' brings it",
            file=sys.stderr,
        )
        raise SystemExit(2) from error
    return measure


if __name__ == "__main__":
    main(*sys.argv[1:])
