"""A Dask cluster of two workers on this machine, and what a sweep on it shows; a program of its
own, since a cluster fills a process with threads and sockets.

    python -m tests.explore.on_cluster

Prints as JSON: ``certificate`` and ``killed``, of a sweep during which one worker was killed, and
``output`` and ``exit_code`` of the command.
"""

from __future__ import annotations

import json
import logging
import os
import signal
from typing import Any

from click.testing import CliRunner
from distributed import Client, LocalCluster

from swfsim.commands.explore import explore
from swfsim.explore.book import Book
from swfsim.explore.cluster import Cluster
from swfsim.explore.sweep import Certificate, Sweep

APP = "tests.explore.toy:Forgetful"


def shown(certificate: Certificate) -> list[Any]:
    """A certificate as JSON."""
    return [
        [vars(level) for level in certificate.levels],
        [[list(map(list, one.placement)), one.broken] for one in certificate.failures],
        sorted(certificate.histories),
        sorted(certificate.reached),
    ]


def swept_with_a_kill(address: str) -> tuple[Certificate, int]:
    """One worker is killed as soon as something came back of what has a fault."""
    killed: list[int] = []
    with Client(address, set_as_default=False) as client:
        pids = sorted(client.run(os.getpid).values())

    def kill(certificate: Certificate) -> None:
        if not killed and certificate.levels[-1].faults:
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    with Book(None, {}) as book, Cluster(address, APP, None, 0) as crew:
        return Sweep(1, crew, book, tell=kill).run(), len(killed)


def main() -> None:
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        address = cluster.scheduler_address
        certificate, killed = swept_with_a_kill(address)
        done = CliRunner().invoke(explore, [APP, "--cluster", address], catch_exceptions=False)
        told = {
            "certificate": shown(certificate),
            "killed": killed,
            "output": done.stdout,
            "exit_code": done.exit_code,
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
