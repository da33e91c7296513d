"""Servers for tests: ``swfsim serve`` as a process of its own, or the same server on a thread.

Nobody sleeps: a process is ready when it says so, a thread when uvicorn does.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.config

from swfsim.server import run
from swfsim.server.app import App
from swfsim.server.host import Host

PATIENCE_S = 60
"""Far beyond what any of this takes."""

KEYS = {"aws_access_key_id": "swfsim", "aws_secret_access_key": "swfsim"}


def client(url: str, region: str = "us-east-1", keys: Any = KEYS, **config: Any) -> Any:
    """A boto3 client of this endpoint that does not retry by itself."""
    settings = botocore.config.Config(retries={"total_max_attempts": 1}, **config)
    return boto3.client("swf", endpoint_url=url, region_name=region, config=settings, **keys)


class Served:
    """A running ``swfsim serve``. ``url`` is what it has printed."""

    def __init__(self, process: subprocess.Popen[str], line: str) -> None:
        found = re.search(r"http://\S+", line)
        assert found is not None, f"no URL in {line!r}"
        self.line = line
        self.url = found[0]
        self.process = process

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal and give its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "swfsim", "serve", *options]


@contextlib.contextmanager
def process(*options: str, env: dict[str, str] | None = None) -> Iterator[Served]:
    """``swfsim serve`` on a free port, as its own process; killed at the end if it still runs."""
    arguments = command("--port", "0", *options)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=env) as started:
        assert started.stdout is not None
        try:
            yield Served(started, started.stdout.readline())
        finally:
            started.kill()


@contextlib.contextmanager
def thread(app: App) -> Iterator[str]:
    """The server on a thread of this process, on a free port; gives its URL."""
    ready = threading.Event()
    listener = run.listen("127.0.0.1", 0)
    server = run.Server(app, ready.set)
    running = threading.Thread(target=server.run, args=([listener],), daemon=True)
    running.start()
    try:
        assert ready.wait(PATIENCE_S), "the server does not start"
        yield run.url(listener, "127.0.0.1")
    finally:
        server.should_exit = True
        running.join(PATIENCE_S)
        assert not running.is_alive(), "the server does not end"


@contextlib.contextmanager
def hosted(host: Host, **settings: Any) -> Iterator[str]:
    """A server for this host; gives its URL."""
    with thread(App(host, **settings)) as url:
        yield url
