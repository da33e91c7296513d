"""The endpoint under load, beside moto's server: raw sockets here, each server its own process.

The work is that of ``polling``: five activities one after the other, 23 calls an execution. Each of
fifty clients has task lists of its own and one connection that it keeps, where the server keeps it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
import uvloop

from swfsim.server.run import more_files
from tests.benchmarks.figures import Figure
from tests.benchmarks.five import DOMAIN, REGISTRATIONS
from tests.support import serving

importlib.import_module("moto.server")  # runs as its own process; if it is missing, say so now

CLIENTS = 50
SECONDS = 4.0
ROUNDS = 3
POLLS = 1_000

_numbers = itertools.count()


class Refused(Exception):  # noqa: N818 - what became of the call
    """The server has not answered a call that it should have."""


class Client:
    """A connection that is kept for as long as the server keeps it; JSON in and out."""

    def __init__(self, url: str) -> None:
        at = urllib.parse.urlsplit(url)
        self._at = (at.hostname, at.port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.answered = 0

    async def send(self, operation: str, **asked: Any) -> None:
        body = json.dumps(asked).encode()
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._at)
        self._streams[1].write(
            b"POST / HTTP/1.1\r\nHost: swf.us-east-1.amazonaws.com\r\n"
            b"Content-Type: application/x-amz-json-1.0\r\n"
            b"X-Amz-Target: SimpleWorkflowService.%s\r\n"
            b"Authorization: AWS4-HMAC-SHA256 Credential=A/20300101/us-east-1/swf/aws4_request, "
            b"SignedHeaders=host, Signature=0\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (operation.encode(), len(body), body)
        )

    async def answer(self) -> Any:
        assert self._streams is not None
        reader = self._streams[0]
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(size) if size else b""
        if b"connection: close" in head or head.startswith(b"http/1.0"):
            self.close()
        if b" 200 " not in head[:16]:
            raise Refused(body)
        self.answered += 1
        return json.loads(body) if body else {}

    async def call(self, operation: str, **asked: Any) -> Any:
        await self.send(operation, **asked)
        return await self.answer()

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def register(client: Client) -> None:
    for operation, asked in REGISTRATIONS:
        await client.call(operation, **asked)


async def execute(client: Client, lists: dict[str, str]) -> None:
    """One execution from start to completion."""
    await client.call(
        "StartWorkflowExecution",
        domain=DOMAIN,
        workflowId=f"w{next(_numbers)}",
        workflowType={"name": "five", "version": "1"},
        taskList=lists,
        input='{"order": 1}',
    )
    for step in range(5):
        await decide(
            client,
            lists,
            "ScheduleActivityTask",
            scheduleActivityTaskDecisionAttributes={
                "activityId": f"step-{step}",
                "activityType": {"name": "step", "version": "1"},
                "taskList": lists,
                "input": '{"order": 1}',
            },
        )
        task = await client.call("PollForActivityTask", domain=DOMAIN, taskList=lists)
        token = task["taskToken"]
        await client.call("RespondActivityTaskCompleted", taskToken=token, result="done")
    await decide(client, lists, "CompleteWorkflowExecution")


async def decide(client: Client, lists: dict[str, str], kind: str, **attributes: Any) -> None:
    task = await client.call("PollForDecisionTask", domain=DOMAIN, taskList=lists)
    decisions = [{"decisionType": kind, **attributes}]
    await client.call(
        "RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=decisions
    )


async def calls_a_second(url: str, *, may_fail: bool = False) -> float:
    """Answered calls. Under so many clients moto's server loses tasks and fails now and then; what
    it answers counts, and its client goes on with another execution."""
    first = Client(url)
    await register(first)
    first.close()
    until = time.perf_counter() + SECONDS

    async def work(number: int) -> int:
        client = Client(url)
        lists = {"name": f"list-{number}"}
        while time.perf_counter() < until:
            try:
                await execute(client, lists)
            except (Refused, KeyError):
                if not may_fail:
                    raise
                client.close()
                lists = {"name": f"list-{number}-{next(_numbers)}"}
        client.close()
        return client.answered

    begun = time.perf_counter()
    done = await asyncio.gather(*(work(number) for number in range(CLIENTS)))
    return sum(done) / (time.perf_counter() - begun)


@contextlib.contextmanager
def moto() -> Iterator[str]:
    """moto's server on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [sys.executable, "-m", "moto.server", "-p", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(arguments, stdout=quiet, stderr=quiet) as process:
        try:
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def run(work: Any) -> Any:
    """On the fastest loop there is: the clients are not what is measured."""
    return uvloop.run(work)


def throughput() -> Iterator[Figure]:
    ours, kept, motos = [], [], []
    for _ in range(ROUNDS):  # in turn, so that a change of the machine's mood meets all
        with serving.process() as served:
            ours.append(run(calls_a_second(served.url)))
        with (
            tempfile.TemporaryDirectory() as folder,
            serving.process("--data", f"{folder}/state") as served,
        ):
            kept.append(run(calls_a_second(served.url)))
        with moto() as url:
            motos.append(run(calls_a_second(url, may_fail=True)))
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, motos, strict=True))
    yield Figure(
        f"{CLIENTS} keep-alive clients, one server", statistics.median(ours), "calls/s", 2_500
    )
    yield Figure("  the same with --data", statistics.median(kept), "calls/s")
    yield Figure("  the same on moto's server", statistics.median(motos), "calls/s")
    yield Figure("  times as many as moto's, median of pairs", ratio, "x", at_least=7)


# Parked polls


def memory_mb(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def parked(url: str, process: int) -> list[Figure]:
    client = Client(url)
    await register(client)
    before = memory_mb(process)
    lists = [{"name": f"list-{number}"} for number in range(POLLS)]
    polls = [Client(url) for _ in lists]
    for poll, name in zip(polls, lists, strict=True):
        await poll.send("PollForDecisionTask", domain=DOMAIN, taskList=name)
    await _until(lambda: _parked(url) == POLLS)
    used, begun = cpu_s(process), time.perf_counter()
    await asyncio.sleep(5)
    share = (cpu_s(process) - used) / (time.perf_counter() - begun) * 100
    held = memory_mb(process) - before
    waits = [await _wait(client, poll, name) for poll, name in zip(polls, lists, strict=True)]
    waits.sort()
    return [
        Figure(f"{POLLS:,} parked polls, memory", held, "MB", at_most=100),
        Figure("  CPU while they wait", share, "% of a core", at_most=5),
        Figure("  from start to answered poll, median", waits[len(waits) // 2] * 1e3, "ms"),
        Figure("  the slowest of them", waits[-1] * 1e3, "ms", at_most=20),
    ]


async def _wait(client: Client, poll: Client, name: dict[str, str]) -> float:
    """How long from asking for the start until the parked poll is answered."""
    begun = time.perf_counter()
    await client.send(
        "StartWorkflowExecution",
        domain=DOMAIN,
        workflowId=name["name"],
        workflowType={"name": "five", "version": "1"},
        taskList=name,
    )
    task = await poll.answer()
    took = time.perf_counter() - begun
    assert task["workflowExecution"]["workflowId"] == name["name"]
    await client.answer()
    poll.close()
    return took


def _parked(url: str) -> int:
    found: int = requests.get(f"{url}/_swfsim/health", timeout=30).json()["parked_polls"]
    return found


async def _until(what: Callable[[], bool]) -> None:
    while not what():
        await asyncio.sleep(0.05)


def figures() -> Iterator[Figure]:
    more_files()
    yield from throughput()
    if Path("/proc/self/statm").exists():
        with serving.process() as served:
            yield from run(parked(served.url, served.process.pid))
