"""``python -m tests.benchmarks``: all figures, a table each. Needs the extra ``bench`` (moto)."""

from __future__ import annotations

import os
import platform

from tests.benchmarks import http, polling, simulated
from tests.benchmarks.figures import show


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians")
    show("Through boto3 clients, plain polling", polling.figures())
    show("Over HTTP", http.figures())
    show("Under simulation", simulated.figures())


if __name__ == "__main__":
    main()
