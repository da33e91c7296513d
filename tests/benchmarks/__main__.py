"""``python -m tests.benchmarks [NAME…]``: all figures, a table each, or those of the tables named.

``polling`` and ``http`` need the extra ``bench`` (moto).
"""

from __future__ import annotations

import importlib
import os
import platform
import sys

from tests.benchmarks.figures import show

TABLES = {
    "polling": "Through boto3 clients, plain polling",
    "http": "Over HTTP",
    "simulated": "Under simulation",
    "flat": "Flat: beside idle executions, in long histories, in memory",
    "replay": "Captured histories put to deciders",
    "laws": "Calls of the random law machine",
}


def main(*names: str) -> None:
    unknown = sorted(set(names) - set(TABLES))
    if unknown:
        print(f"no table {', '.join(unknown)}: known are {', '.join(TABLES)}", file=sys.stderr)
        raise SystemExit(2)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians")
    for name in names or TABLES:
        show(TABLES[name], importlib.import_module(f"tests.benchmarks.{name}").figures())


if __name__ == "__main__":
    main(*sys.argv[1:])
