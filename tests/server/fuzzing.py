"""Broken requests by the thousand: each is refused in the protocol's form, and changes nothing.

``python -m tests.server.fuzzing 50000 [SEED]`` sends fifty thousand over real connections, to a
server in which executions, tasks and timers are under way. A request is broken in one way or
several: as HTTP, in its target, as JSON, in its shape; or it is whole, about things that are not
there.
"""

from __future__ import annotations

import collections
import contextlib
import io
import json
import random
import socket
import sys
import urllib.parse
from collections.abc import Callable
from typing import Any

from swfsim import wire
from swfsim.clock import VirtualClock
from swfsim.server.host import Host
from swfsim.spec import faults, limits, model
from tests.conformance.conversations.each import NEEDED
from tests.support import serving
from tests.support.driver import Driver, child, schedule, timer

TYPES = {faults.Fault(code).type for code in (*faults.COMMON, *model.FAULTS)}
FORMS = {wire.CONTENT_TYPE.encode(), b"application/json"}
DISTRACTIONS = [
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1.5,
    "",
    "x" * 70_000,
    "\x00",
    "\ud800",
    [],
    [[]],
    {},
    {"": {}},
    [None],
    "NONE",
    "a:b|c/d",
]
ALWAYS_GOOD = {"ListDomains", "RegisterDomain"}
"""Operations that need nothing to be there; what is broken of them is never their values alone."""


class Request:
    """One request in the making."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.operation = chance.choice(model.OPERATIONS)
        self.method = b"POST"
        self.path = b"/"
        self.target = f"SimpleWorkflowService.{self.operation}".encode()
        self.headers: list[tuple[bytes, bytes]] = [
            (b"Host", b"localhost"),
            (b"Content-Type", chance.choice([b"application/x-amz-json-1.0", b"application/json"])),
        ]
        required = model.required(model.operation(self.operation).input_shape)
        self.params: Any = {name: NEEDED[name] for name in sorted(required)}
        self.body: bytes | None = None
        self.whole = True

    def json(self) -> bytes:
        if self.body is None:
            self.body = json.dumps(self.params, default=lambda _: 0).encode()
        return self.body

    def bytes(self) -> bytes:
        body = self.json()
        lines = [b"%s %s HTTP/1.1" % (self.method, self.path)]
        headers = [*self.headers]
        if self.target:
            headers.append((b"X-Amz-Target", self.target))
        if not any(
            name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers
        ):
            headers.append((b"Content-Length", b"%d" % len(body)))
        lines += [b"%s: %s" % header for header in headers]
        return b"\r\n".join([*lines, b"", body])


# Ways to break one; each says in its name what it breaks


def a_value(request: Request) -> None:
    """Some member anywhere is something else."""
    if request.operation in ALWAYS_GOOD:
        request.params = request.chance.choice([[], 7, "x", None, [{}]])
    place = request.params
    while isinstance(place, dict) and place:
        name = request.chance.choice(sorted(place))
        if isinstance(place[name], dict) and request.chance.random() < 0.5:
            place[name] = dict(place[name])
            place = place[name]
        else:
            place[name] = request.chance.choice(DISTRACTIONS)
            return


def a_missing_member(request: Request) -> None:
    if isinstance(request.params, dict) and request.params:
        del request.params[request.chance.choice(sorted(request.params))]


def a_decision(request: Request) -> None:
    """Decisions of every kind, half filled in."""
    request.operation = "RespondDecisionTaskCompleted"
    request.target = b"SimpleWorkflowService.RespondDecisionTaskCompleted"
    kinds = request.chance.choices(model.DECISIONS, k=request.chance.randint(1, 5))
    decisions = [
        {
            "decisionType": kind,
            model.DECISION_MEMBER[kind]: {
                name: request.chance.choice(DISTRACTIONS)
                for name in model.members(model.decision_shape(kind))
            },
        }
        for kind in kinds
    ]
    request.params = {"taskToken": request.chance.choice(["none", "", 7]), "decisions": decisions}


def the_json(request: Request) -> None:
    body = request.json()
    if not body:
        return
    cut = request.chance.randrange(len(body))
    request.body = request.chance.choice(
        [
            body[:cut],
            body + b"}",
            b"[" * 50_000,
            b'{"a":' * 50_000,
            b"",
            b"\xff" + body,
            body.replace(b'"', b"'"),
            b'{"registrationStatus":NaN}',
            b'{"registrationStatus":1e999}',
            bytes(request.chance.randrange(256) for _ in range(request.chance.randint(1, 200))),
        ]
    )


def some_bytes(request: Request) -> None:
    """Bytes of the body are other bytes."""
    if request.operation in ALWAYS_GOOD:
        the_json(request)
        return
    body = bytearray(request.json() or b"?")
    for _ in range(request.chance.randint(1, 5)):
        body[request.chance.randrange(len(body))] = request.chance.randrange(256)
    request.body = bytes(body)


def the_target(request: Request) -> None:
    request.target = request.chance.choice(
        [
            b"",
            request.target.lower(),
            request.target + b"s",
            b"SimpleWorkflowService",
            b"DynamoDB_20120810.ListTables",
            b"\xc3\xa9" * 20,
            b"." * 5_000,
        ]
    )


def the_method(request: Request) -> None:
    request.method = request.chance.choice([b"GET", b"PUT", b"DELETE", b"PATCH", b"OPTIONS"])


def the_path(request: Request) -> None:
    request.path = request.chance.choice(
        [b"/x", b"/%00", b"//", b"/" + b"a" * 9_000, b"/..", b"/?a=b/../", b"*", b"/%ff%fe"]
    )
    if request.path.startswith(b"/?"):
        the_target(request)


def the_size(request: Request) -> None:
    request.body = request.json() + b" " * limits.REQUEST_BYTES_MAX


def the_headers(request: Request) -> None:
    request.headers += request.chance.choice(
        [
            [(b"Content-Length", b"-1")],
            [(b"Content-Length", b"many")],
            [(b"Content-Length", b"1"), (b"Content-Length", b"2")],
            [(b"Transfer-Encoding", b"sideways")],
            [(b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"3")],
            [(b"X Y", b"1")],
            [(b"", b"1")],
            [(b"X", b"\x00")],
            [(b"X", b"y" * limits.REQUEST_BYTES_MAX)],
        ]
    )


def the_end(request: Request) -> None:
    """The connection ends before the request does."""
    request.whole = False


def nothing(request: Request) -> None:
    """Whole, and about what is not there."""
    if request.operation in ALWAYS_GOOD:
        the_json(request)


BREAKS: list[Callable[[Request], None]] = [
    a_value,
    a_value,
    a_missing_member,
    a_decision,
    the_json,
    some_bytes,
    the_target,
    the_method,
    the_path,
    the_headers,
    the_end,
    nothing,
]


def broken(chance: random.Random) -> tuple[bytes, bool, str]:
    """A request, whether it is sent whole, and how it is broken."""
    if chance.random() < 0.03:
        size = chance.randint(1, 300)
        return bytes(chance.randrange(256) for _ in range(size)) + b"\r\n\r\n", False, "noise"
    request = Request(chance)
    breaks = chance.sample(BREAKS, chance.choice([1, 1, 1, 2, 3]))
    if chance.random() < 0.002:
        breaks.append(the_size)
    if a_missing_member in breaks and request.operation in ALWAYS_GOOD | {"ListDomains"}:
        breaks.append(a_value)
    for one in breaks:
        one(request)
    names = " and ".join(one.__name__ for one in breaks)
    sent = request.bytes()
    if not request.whole:
        sent = sent[: chance.randrange(1, len(sent))]
    return sent, request.whole, f"{request.operation} with {names}"


# Sending them


class Connection:
    """Sends requests and reads answers, on one connection for as long as the server keeps it."""

    def __init__(self, url: str) -> None:
        at = urllib.parse.urlsplit(url)
        self._at = (at.hostname or "", at.port or 0)
        self._wire: socket.socket | None = None

    def ask(self, sent: bytes, whole: bool) -> tuple[int, dict[bytes, bytes], bytes] | None:
        """Status, headers and body; None if the server closed the connection without a word."""
        if self._wire is None:
            self._wire = socket.create_connection(self._at, serving.PATIENCE_S)
        wire, close = self._wire, not whole
        with contextlib.suppress(OSError):  # hung up on before all was sent
            wire.sendall(sent)
            if not whole:
                wire.shutdown(socket.SHUT_WR)
        answer = None
        with wire.makefile("rb") as lines, contextlib.suppress(ConnectionResetError):
            answer = _read(lines)
        if close or answer is None or answer[1].get(b"connection") == b"close":
            self.close()
        return answer

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def _read(lines: Any) -> tuple[int, dict[bytes, bytes], bytes] | None:
    first = lines.readline()
    if not first:
        return None
    headers = {}
    while (line := lines.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip()
    return int(first.split()[1]), headers, lines.read(int(headers[b"content-length"]))


def verdict(answer: tuple[int, dict[bytes, bytes], bytes] | None, whole: bool) -> str:
    """What is wrong with an answer; nothing if all is well."""
    if answer is None:
        return "no answer" if whole else ""
    status, headers, body = answer
    if not 400 <= status < 500:
        return f"status {status}"
    if headers.get(b"content-type") not in FORMS:
        return f"content type {headers.get(b'content-type')!r}"
    said = json.loads(body)
    if said.get("__type") not in TYPES or said.keys() - {"__type", "message"}:
        return f"body {body[:200]!r}"
    return ""


def state(host: Host) -> Any:
    world = host.service.machine.world
    return (
        {run: (list(x.events), x.state()) for run, x in world.runs.items()},
        {name: sorted(region.domains) for name, region in world.regions.items() if region.domains},
        [
            (domain.name, len(domain.workflow_types), len(domain.activity_types), domain.status)
            for region in world.regions.values()
            for domain in region.domains.values()
        ],
    )


def busy(host: Host, url: str) -> None:
    """Something of everything is under way."""
    swf = Driver(host, step_s=0)  # type: ignore[arg-type]
    swf.client = serving.client(url)
    swf.register()
    swf.start()
    swf.decide(schedule("a"), schedule("b"), timer("t", 600), child("kid"))
    swf.take()
    swf.signal()
    swf.poll()


def fuzz(host: Host, url: str, count: int, seed: int = 0) -> collections.Counter[int]:
    """How often each status was answered. Raises ``AssertionError`` at the first wrong answer."""
    chance = random.Random(seed)
    busy(host, url)
    before = state(host)
    seen: collections.Counter[int] = collections.Counter()
    connection = Connection(url)
    for number in range(count):
        sent, whole, how = broken(chance)
        answer = connection.ask(sent, whole)
        wrong = verdict(answer, whole)
        assert not wrong, f"request {number} of seed {seed}, {how}: {wrong}\n{sent[:2_000]!r}"
        seen[answer[0] if answer is not None else 0] += 1
    connection.close()
    assert state(host) == before, "broken requests have changed the state"
    return seen


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    host = Host(VirtualClock(), clock_name="virtual")
    with serving.hosted(host) as url, contextlib.redirect_stderr(io.StringIO()) as complaints:
        seen = fuzz(host, url, count, seed)
    assert not complaints.getvalue(), complaints.getvalue()
    hung_up = seen.pop(0, 0)
    told = ", ".join(f"{number:,} times {status}" for status, number in sorted(seen.items()))
    print(f"{count:,} broken requests: {told}; {hung_up:,} half-sent ones hung up on; no traceback")


if __name__ == "__main__":
    main()
