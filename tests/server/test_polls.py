"""Long polls over HTTP: held until a task arrives, time is over, or the client goes away.

The clock is the system's. Nothing here rests on how long anything takes: a poll counts as parked
once the service says so.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import signal
import socket
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from swfsim.clock import RateClock, SystemClock
from swfsim.core.events import Parked
from swfsim.server import polls
from swfsim.server.host import Host
from swfsim.service import Service, Ticket
from tests.support import serving
from tests.support.driver import DOMAIN, Driver, complete, schedule, timer

PATIENCE_S = serving.PATIENCE_S


def eventually(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.001)


def parked(host: Host, count: int) -> None:
    """Wait until so many polls are held."""
    eventually(lambda: host.service.parked_polls == count)


def one_waits(url: str) -> bool:
    """Whether a server that is a process of its own holds a poll."""
    found: int = requests.get(f"{url}/_swfsim/health", timeout=PATIENCE_S).json()["parked_polls"]
    return found == 1


class Poll:
    """A poll for a decision task on a connection of its own, sent and not yet answered."""

    def __init__(self, url: str, task_list: str = "deciders") -> None:
        at = urllib.parse.urlsplit(url)
        self._wire = socket.create_connection((at.hostname or "", at.port or 0), PATIENCE_S)
        body = json.dumps({"domain": DOMAIN, "taskList": {"name": task_list}}).encode()
        self._wire.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\n"
            b"X-Amz-Target: SimpleWorkflowService.PollForDecisionTask\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )

    def answer(self) -> Any:
        with self._wire, self._wire.makefile("rb") as lines:
            assert b" 200 " in lines.readline()
            size = 0
            while (line := lines.readline().lower()) != b"\r\n":
                if line.startswith(b"content-length:"):
                    size = int(line.partition(b":")[2])
            return json.loads(lines.read(size))

    def go_away(self) -> None:
        self._wire.close()


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Host, str]]:
    host = Host(SystemClock(), clock_name="system", poll_s=PATIENCE_S)
    with serving.hosted(host) as url:
        yield host, url


@pytest.fixture
def host(running: tuple[Host, str]) -> Host:
    running[0].reset()
    return running[0]


@pytest.fixture
def swf(host: Host, running: tuple[Host, str]) -> Driver:
    """A driver with everything registered, over HTTP, on the system clock."""
    made = Driver(host, step_s=0)  # type: ignore[arg-type]
    made.client = serving.client(running[1])
    return made.register()


@pytest.fixture
def url(swf: Driver, running: tuple[Host, str]) -> str:
    return running[1]


def test_a_parked_poll_is_answered_with_the_task_that_arrives(
    host: Host, swf: Driver, url: str
) -> None:
    poll = Poll(url)
    parked(host, 1)
    swf.start()
    assert poll.answer()["workflowExecution"]["runId"] == swf.run_id


def test_a_timer_answers_a_parked_poll_though_nobody_calls(
    host: Host, swf: Driver, url: str
) -> None:
    swf.start()
    swf.decide(timer("t", 0))
    kinds = [event["eventType"] for event in Poll(url).answer()["events"]]
    assert "TimerFired" in kinds


def test_a_poll_that_finds_nothing_in_its_time(swf: Driver, host: Host, url: str) -> None:
    host.service.poll_s = 0.05
    assert Poll(url).answer() == {"previousStartedEventId": 0, "startedEventId": 0}
    assert host.service.parked_polls == 0


def test_of_many_parked_polls_each_gets_one_of_the_tasks(host: Host, swf: Driver, url: str) -> None:
    polls = [Poll(url) for _ in range(50)]
    parked(host, 50)
    for number in range(50):
        swf.start(f"order-{number}")
    found = {poll.answer()["workflowExecution"]["workflowId"] for poll in polls}
    assert found == {f"order-{number}" for number in range(50)}


def test_a_decider_and_workers_that_all_poll_do_an_order(host: Host, swf: Driver, url: str) -> None:
    def work() -> str:
        worker = serving.client(url)
        task = worker.poll_for_activity_task(domain=DOMAIN, taskList={"name": "workers"})
        worker.respond_activity_task_completed(taskToken=task["taskToken"], result="done")
        found: str = task["activityId"]
        return found

    with concurrent.futures.ThreadPoolExecutor(4) as team:
        doing = [team.submit(work) for _ in range(4)]
        parked(host, 4)
        swf.start()
        swf.decide(*(schedule(str(number)) for number in range(4)))
        assert sorted(each.result(PATIENCE_S) for each in doing) == ["0", "1", "2", "3"]
    swf.decide(complete())
    assert swf.describe()["executionInfo"]["closeStatus"] == "COMPLETED"


# Clients that go away


def test_a_client_that_went_away_gets_no_task(host: Host, swf: Driver, url: str) -> None:
    gone = Poll(url)
    parked(host, 1)
    gone.go_away()
    parked(host, 0)
    swf.start()
    assert Poll(url).answer()["workflowExecution"]["workflowId"] == "order-1"


def test_a_task_that_arrives_as_its_client_goes_is_the_next_ones(
    host: Host, swf: Driver, url: str
) -> None:
    """The server has not heard yet that the first has hung up, and must not give it the task."""
    for number in range(100):
        gone = Poll(url)
        parked(host, 1)
        stays = Poll(url)
        parked(host, 2)
        gone.go_away()
        swf.start(f"order-{number}")
        assert stays.answer()["workflowExecution"]["workflowId"] == f"order-{number}"


def parked_ticket(service: Service, rung: list[str], name: str) -> Ticket:
    asked = {"domain": DOMAIN, "taskList": {"name": "deciders"}}
    found = service.ask_or_park(
        "PollForDecisionTask", asked, "us-east-1", lambda: rung.append(name)
    )
    assert isinstance(found, Ticket)
    return found


def test_who_is_woken_and_leaves_wakes_the_next(host: Host, swf: Driver) -> None:
    rung: list[str] = []
    first = parked_ticket(host.service, rung, "first")
    second = parked_ticket(host.service, rung, "second")
    swf.start()
    assert rung == ["first"]
    first.leave()
    assert rung == ["first", "second"]
    second.leave()
    assert "taskToken" in swf.poll()
    assert isinstance(second.parked, Parked)
    assert second.parked.task_list.pollers == 0


def test_who_leaves_unasked_wakes_nobody(host: Host, swf: Driver) -> None:
    rung: list[str] = []
    first = parked_ticket(host.service, rung, "first")
    second = parked_ticket(host.service, rung, "second")
    first.leave()
    assert rung == []
    swf.start()
    assert rung == ["second"]
    second.leave()


# The end


def test_a_reset_sends_parked_polls_home(host: Host, swf: Driver, url: str) -> None:
    poll = Poll(url)
    parked(host, 1)
    requests.post(f"{url}/_swfsim/reset", timeout=PATIENCE_S)
    assert "taskToken" not in poll.answer()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_sends_parked_polls_home(number: int) -> None:
    with serving.process() as served:
        driver = Driver(None, step_s=0)  # type: ignore[arg-type]
        driver.client = serving.client(served.url)
        driver.register()
        poll = Poll(served.url)
        eventually(lambda: one_waits(served.url))
        assert served.end(number) == 0
        assert "taskToken" not in poll.answer()


# How long, and on which clock


def test_on_the_virtual_clock_a_poll_is_answered_at_once_unless_it_is_to_wait() -> None:
    for options, waits in (((), False), (("--long-poll-seconds", str(PATIENCE_S)), True)):
        with serving.process("--clock", "virtual", *options) as served:
            driver = Driver(None, step_s=0)  # type: ignore[arg-type]
            driver.client = serving.client(served.url)
            driver.register()
            poll = Poll(served.url)
            if waits:
                eventually(lambda: one_waits(served.url))
                driver.start()
            assert ("taskToken" in poll.answer()) is waits


def test_on_a_fast_clock_an_hour_is_soon_over() -> None:
    host = Host(RateClock(100_000, 0), clock_name="x100000", poll_s=PATIENCE_S)
    with serving.hosted(host) as url:
        driver = Driver(host, step_s=0)  # type: ignore[arg-type]
        driver.client = serving.client(url)
        driver.register()
        driver.start(executionStartToCloseTimeout="31536000", taskStartToCloseTimeout="NONE")
        driver.decide(timer("t", 3600))
        fired = [one for one in Poll(url).answer()["events"] if one["eventType"] == "TimerFired"]
        assert len(fired) == 1


class _EarlyLoop(asyncio.SelectorEventLoop):
    """Its alarms ring a little before its clock says so, as where that is read once a round."""

    def call_at(self, when: float, *rest: Any, **more: Any) -> asyncio.TimerHandle:
        return super().call_at(when - 0.02, *rest, **more)


def test_a_poll_whose_time_is_up_a_little_early_is_answered_all_the_same() -> None:
    service = Service(SystemClock(), poll_s=0.03)
    service.call("RegisterDomain", {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "1"})

    async def ask() -> Any:
        asked = {"domain": DOMAIN, "taskList": {"name": "deciders"}}
        stays = asyncio.Event().wait
        found = polls.answer(service, "PollForDecisionTask", asked, "us-east-1", stays)  # type: ignore[arg-type]
        return await asyncio.wait_for(found, PATIENCE_S)

    with asyncio.Runner(loop_factory=_EarlyLoop) as runner:
        assert runner.run(ask()) == {"previousStartedEventId": 0, "startedEventId": 0}
