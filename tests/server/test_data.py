"""``--data FILE``: what was answered is there again, tokens and running tasks included."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from swfsim.clock import ODD_START, RateClock, SystemClock, VirtualClock
from swfsim.errors import HarnessError
from swfsim.server.host import Host, HostClock
from swfsim.server.log import Log, Lost
from swfsim.service import Ticket
from tests.conformance.conversations import ALL
from tests.conformance.lanes import Endpoint, OverHttp
from tests.conformance.talk import Conversation
from tests.server.killing import kill_under_load
from tests.support import serving
from tests.support.driver import (
    DOMAIN,
    Driver,
    child,
    complete,
    completes,
    continue_as_new,
    marker,
    run_lambda,
    schedule,
    timer,
)

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/swf"


class Kept:
    """A host with a file, that can be killed and begun again; a driver's fake, and its client."""

    def __init__(self, path: Path, clock: Callable[[], HostClock], name: str) -> None:
        self.path = path
        self._clock = clock
        self._name = name
        self.host = self._begin()

    def _begin(self) -> Host:
        self.log = Log(self.path)
        return Host(self._clock(), clock_name=self._name, poll_s=0, log=self.log)

    def again(self) -> Host:
        """The process is gone without a word, and another takes the file."""
        self.close()
        self.host = self._begin()
        return self.host

    def close(self) -> None:
        self.log.close()
        self.host.service.close()

    def advance(self, seconds: float) -> None:
        self.host.move_to(self.host.clock.now() + round(seconds * 1000))

    def __getattr__(self, name: str) -> Any:
        """Stands for a boto3 client: ``poll_for_decision_task(…)``."""
        operation = "".join(part.capitalize() for part in name.split("_"))

        def call(**asked: Any) -> Any:
            return self.host.service.ask(operation, asked, REGION)

        return call


def driver(kept: Kept, step_s: float = 0.05) -> Driver:
    made = Driver(kept, step_s)  # type: ignore[arg-type]
    made.client = kept
    return made


Keep = Callable[[Callable[[], HostClock], str], Kept]


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    """Makes hosts that are kept in one file."""
    with contextlib.ExitStack() as open_files:

        def made(clock: Callable[[], HostClock], name: str) -> Kept:
            return open_files.enter_context(
                contextlib.closing(Kept(tmp_path / "state", clock, name))
            )

        yield made


@pytest.fixture
def kept(keep: Keep) -> Kept:
    """On the virtual clock."""
    return keep(VirtualClock, "virtual")


def world(host: Host) -> Any:
    """All that there is, in a form that can be compared."""
    found = host.service.machine.world
    return {
        run_id: (list(x.events), x.state(), x.started_at) for run_id, x in found.runs.items()
    } | {
        (region.name, domain.name): (domain.status, domain.tags, sorted(domain.activity_types))
        for region in found.regions.values()
        for domain in region.domains.values()
    }


def test_running_tasks_go_on_with_the_tokens_they_had(kept: Kept) -> None:
    swf = driver(kept).register()
    swf.start()
    swf.decide(schedule("a"), schedule("b"), timer("t", 60))
    swf.take()
    swf.signal()
    swf.poll()
    before = world(kept.host)

    after = kept.again()
    assert world(after) == before
    swf.report(completes("done"))
    swf.answer(marker("still here"))
    swf.decide(schedule("c"))
    assert swf.take()["activityId"] == "b"
    kept.advance(60)
    kinds = [event.kind for event in after.service.machine.world.runs[swf.run_id].events]
    assert kinds.count("ActivityTaskCompleted") == 1
    assert kinds.count("TimerFired") == 1


SERVED = [one for one in ALL if not one.behaviour.throttling and not one.functions]
"""The conversations that need nothing which a server does not have."""


@pytest.mark.parametrize("conversation", SERVED, ids=lambda one: one.name)
def test_every_conversation_leaves_a_file_that_tells_it_again(
    conversation: Conversation, tmp_path: Path
) -> None:
    path = tmp_path / "state"
    settings: Any = {"clock_name": "virtual", "behaviour": conversation.behaviour}
    with contextlib.closing(Log(path)) as log:
        host = Host(VirtualClock(), log=log, **settings)
        with serving.hosted(host) as url:
            conversation.held(OverHttp(Endpoint(host, url)))
    with contextlib.closing(Log(path)) as log:
        again = Host(VirtualClock(), log=log, **settings)
    for one in (host, again):
        one.service.expire()  # what the last call leads to comes with the next one
    assert world(again) == world(host)
    assert again.clock.now() == host.clock.now()


def test_a_task_that_a_parked_poll_got_is_still_its(kept: Kept) -> None:
    swf = driver(kept).register()
    service = kept.host.service
    service.poll_s = 60
    asked = {"domain": DOMAIN, "taskList": {"name": "deciders"}}
    rung: list[bool] = []
    ticket = service.ask_or_park("PollForDecisionTask", asked, REGION, lambda: rung.append(True))
    assert isinstance(ticket, Ticket)
    swf.start()
    assert rung == [True]
    got = service.ask_or_park("PollForDecisionTask", asked, REGION, list, ticket)
    assert isinstance(got, dict)
    kept.again()
    swf.task = got
    swf.answer(complete())
    [x] = kept.host.service.machine.world.runs.values()
    assert x.close_status == "COMPLETED"


def test_runs_begun_afterwards_have_ids_of_their_own(kept: Kept) -> None:
    swf = driver(kept).register()
    first = swf.start("a")
    kept.again()
    assert swf.start("b") != first
    kept.again()
    assert len(kept.host.service.machine.world.runs) == 2


def test_what_follows_from_what_was_asked_is_there_too(kept: Kept) -> None:
    """Children, continuations and timers are not written down: they happen again."""
    swf = driver(kept).register()
    swf.start()
    swf.decide(child("kid"), timer("t", 1))
    swf.wait(2)
    swf.decide(continue_as_new())
    before = world(kept.host)
    assert len(before) == 4
    assert world(kept.again()) == before


def test_a_reset_is_kept(kept: Kept) -> None:
    swf = driver(kept).register()
    swf.start()
    kept.host.reset()
    assert world(kept.again()) == {}
    assert kept.host.clock.now() == ODD_START
    swf.register()
    swf.start()
    before = world(kept.host)
    assert world(kept.again()) == before


def test_a_moved_clock_is_kept_though_nobody_called_after_it(kept: Kept) -> None:
    kept.advance(3600)
    assert kept.again().clock.now() == ODD_START + 3_600_000


def test_tokens_of_another_server_mean_nothing_unless_it_had_the_file(keep: Keep) -> None:
    """On clocks that run; virtual time repeats itself, ids and tokens included."""
    secrets = {
        Host(SystemClock(), clock_name="system").service.machine.world.secret for _ in range(4)
    }
    assert len(secrets) == 4
    one = keep(SystemClock, "system")
    secret = one.host.service.machine.world.secret
    assert one.again().service.machine.world.secret == secret


def test_a_fast_clock_goes_on_where_it_was(keep: Keep) -> None:
    kept = keep(lambda: RateClock(60, 0), "x60")
    kept.advance(86_400)
    assert kept.again().clock.now() >= 86_400_000


def test_what_fell_due_while_the_server_was_down_happens_at_its_own_instant(
    keep: Keep,
) -> None:
    now = [1_000_000]

    class Hands(SystemClock):
        def now(self) -> int:
            return now[0]

    kept = keep(Hands, "system")
    swf = driver(kept, step_s=0).register()
    swf.start(executionStartToCloseTimeout="60")
    now[0] += 3_600_000
    kept.again()
    assert kept.list_domains(registrationStatus="REGISTERED")
    [x] = kept.host.service.machine.world.runs.values()
    assert (x.close_status, x.closed_at) == ("TIMED_OUT", 1_060_000)


# Lambda functions, of which a server has none: each invocation fails, on a thread of its own


def test_how_a_function_ended_is_kept_and_one_under_way_begins_again(keep: Keep) -> None:
    kept = keep(SystemClock, "system")
    begun: list[tuple[Any, int]] = []

    class Slow:
        def invoke(self, x: Any, scheduled_id: int) -> None:
            begun.append((x, scheduled_id))

    kept.host.service.invoker = Slow()
    swf = driver(kept, step_s=0).register()
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("one"), run_lambda("two"))
    (x, first), (_, second) = begun
    kept.host.service.end_lambda(x, first, '"done"', "", "")
    before = world(kept.host)

    service = kept.again().service
    events = service.machine.world.runs[swf.run_id].events
    ended = [one.attrs["scheduledEventId"] for one in events if one.kind.endswith("Completed")][1:]
    assert ended == [first]
    while second in service.machine.world.runs[swf.run_id].lambdas:
        service.expire()  # the thread that invokes it again is about to end it
    assert events[-1].attrs["reason"] == "ResourceNotFoundException"
    assert list(before[swf.run_id][0]) == list(events)[: len(before[swf.run_id][0])]


# The file itself


def test_a_line_half_written_was_never_answered(kept: Kept) -> None:
    swf = driver(kept).register()
    swf.start()
    before, whole = world(kept.host), kept.path.read_bytes()
    swf.signal()
    line = kept.path.read_bytes()[len(whole) :].splitlines(keepends=True)[-1]
    for size in (1, len(line) // 2, len(line) - 1):
        kept.path.write_bytes(whole + line[:size])
        assert world(kept.again()) == before
        assert kept.path.read_bytes() == whole


@pytest.mark.parametrize("size", [0, 1, 5, 20])
def test_a_file_that_was_only_begun_is_begun_again(size: int, keep: Keep, tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b'{"swfsim":1,"clock":"virtual"'[:size])
    kept = keep(VirtualClock, "virtual")
    driver(kept).register()
    assert len(world(kept.again())) == 1


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "{}",
        "[]",
        "7",
        '["call"]',
        '["walk",1]',
        '["call",1,"us-east-1","Fly",{},false]',
        '["call",1,"us-east-1","RegisterDomain",{},false]',
        '["lambda",1,"nobody",1,null,"",""]',
        '["clock","soon"]',
    ],
)
def test_a_line_that_cannot_be_is_named(line: str, kept: Kept) -> None:
    driver(kept).register()
    count = len(kept.path.read_text().splitlines())
    kept.path.write_text(kept.path.read_text() + line + "\n")
    with pytest.raises(HarnessError, match=f"line {count + 1}: "):
        kept.again()


def test_a_file_of_another_clock(kept: Kept) -> None:
    kept.close()
    with (
        contextlib.closing(Log(kept.path)) as log,
        pytest.raises(HarnessError, match="--clock virtual"),
    ):
        Host(SystemClock(), clock_name="system", log=log)


def test_a_file_that_another_server_uses(kept: Kept) -> None:
    with pytest.raises(HarnessError, match="another server uses it"):
        Log(kept.path)


def test_reading_is_not_written_down(kept: Kept) -> None:
    swf = driver(kept).register()
    swf.start()
    size = kept.path.stat().st_size
    swf.step_s = 0
    swf.describe()
    swf.history()
    swf.poll("nothing here")
    kept.list_open_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})
    assert kept.path.stat().st_size == size


def test_a_refused_call_is_not_written_down(kept: Kept) -> None:
    swf = driver(kept).register()
    size = kept.path.stat().st_size
    with pytest.raises(Exception, match="DomainAlreadyExists"):
        swf.register()
    assert kept.path.stat().st_size == size


def test_with_fsync_each_line_is_on_the_disk_before_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(number))
    with contextlib.closing(Log(tmp_path / "state", fsync=True)) as log:
        host = Host(VirtualClock(), clock_name="virtual", log=log)
        before = len(synced)
        asked = {"name": "shop", "workflowExecutionRetentionPeriodInDays": "7"}
        host.service.ask("RegisterDomain", asked, REGION)
    assert len(synced) == before + 1


@contextlib.contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """The system lets this file grow by ten bytes, and no more."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_disk_that_takes_half_a_line_is_told_of_and_the_half_is_dropped(kept: Kept) -> None:
    swf = driver(kept).register()
    before, size = world(kept.host), kept.path.stat().st_size
    with full_disk(kept.path), pytest.raises(Lost, match="a part of a line"):
        swf.start()
    with pytest.raises(Lost):  # though there were room again: half a line stands before it
        swf.start("another")
    assert kept.path.stat().st_size == size + 10
    assert world(kept.again()) == before


@pytest.mark.parametrize("name", ["call", "reset", "clock"])
def test_what_cannot_be_kept_is_not_answered_and_ends_the_server(kept: Kept, name: str) -> None:
    told: list[HarnessError] = []
    with serving.hosted(kept.host, broken=told.append) as url, full_disk(kept.path):
        body = json.dumps({"advance_s": 1} if name == "clock" else {})
        path, target = (f"/_swfsim/{name}", "") if name != "call" else ("/", "RegisterDomain")
        if target:
            body = '{"name":"shop","workflowExecutionRetentionPeriodInDays":"7"}'
        answer = requests.post(
            url + path,
            data=body,
            headers={
                "Content-Type": "application/json",
                "X-Amz-Target": f"SimpleWorkflowService.{target}",
            },
            timeout=serving.PATIENCE_S,
        )
    assert answer.status_code == 500
    assert answer.json() == {"__type": "com.amazon.coral.service#InternalFailure"}
    assert "cannot keep the service's state" in str(told[0])


def register_for_ever(swf: Any) -> None:
    for number in itertools.count():
        swf.register_domain(name=f"shop-{number}", workflowExecutionRetentionPeriodInDays="7")


def test_a_server_that_cannot_keep_its_state_ends_with_status_1(tmp_path: Path) -> None:
    path = tmp_path / "state"
    # -B: under this limit Python would keep compiled modules cut off, for others to stumble over
    small = [
        "bash",
        "-c",
        'ulimit -f 1; exec "$1" -B "${@:2}"',
        "-",
        *serving.command("--port", "0"),
    ]
    with subprocess.Popen(
        [*small, "--data", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        swf = serving.client(serving.Served(process, process.stdout.readline()).url)
        with pytest.raises(swf.exceptions.ClientError, match="InternalFailure"):
            register_for_ever(swf)
        _, said = process.communicate(timeout=serving.PATIENCE_S)
    assert process.returncode == 1
    assert "cannot keep the service's state" in said
    assert "Traceback" not in said


def test_kill_9_under_load_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """Fifty times: ``python -m tests.server.killing 50``."""
    assert kill_under_load(tmp_path / "state", times=2) > 0


def test_the_lines_are_json_that_people_can_read(kept: Kept) -> None:
    swf = driver(kept).register()
    swf.start()
    swf.decide(complete())
    header, *lines = [json.loads(line) for line in kept.path.read_text().splitlines()]
    assert header == {"swfsim": 1, "clock": "virtual", "at": ODD_START, "secret": 0}
    assert [line[3] for line in lines if line[0] == "call"][:3] == [
        "RegisterDomain",
        "RegisterWorkflowType",
        "RegisterActivityType",
    ]
