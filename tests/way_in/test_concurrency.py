"""Many threads and one service: what holds when deciders, workers and starters call at once.

The clock is the system's. No test rests on how long anything takes: threads are joined with a
time-out that is only reached when something is broken, and a poll counts as parked once the service
says so. What is parked at the end of a test is sent home, so that no thread outlives it.
"""

from __future__ import annotations

import collections
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.exceptions
import pytest

from swfsim import Behaviour, Fake, fake_swf
from swfsim.core.tasklists import TaskList
from swfsim.spec.behaviour import Quotas
from tests.support.driver import DOMAIN, Driver, complete, completes, schedule, timer

PATIENCE_S = 20
"""Far beyond what any of this takes."""

DECIDERS = {"domain": DOMAIN, "taskList": {"name": "deciders"}}
WORKERS = {"domain": DOMAIN, "taskList": {"name": "workers"}}
ORDER = {"domain": DOMAIN, "workflowType": {"name": "order", "version": "1.0"}}


class Team:
    """Threads whose errors are the test's errors."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def send(self, work: Callable[..., object], *arguments: object) -> None:
        thread = threading.Thread(target=self._run, args=(work, arguments), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, work: Callable[..., object], arguments: tuple[object, ...]) -> None:
        try:
            work(*arguments)
        except BaseException as error:
            self._errors.append(error)

    def join(self) -> None:
        until = time.monotonic() + PATIENCE_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        assert not any(thread.is_alive() for thread in self._threads), "a thread hangs"
        assert self._errors == []


@pytest.fixture
def team() -> Team:
    return Team()


@pytest.fixture
def running() -> Iterator[Driver]:
    """A driver on the system clock, with everything registered."""
    with fake_swf(clock="system") as fake:
        yield Driver(fake, step_s=0).register()


def client() -> Any:
    return boto3.client("swf", region_name="us-east-1")


def list_named(fake: Fake, name: str) -> TaskList:
    domain = fake.service.machine.world.region("us-east-1").domain(DOMAIN)
    return domain.decision_list(name) if name == "deciders" else domain.activity_list(name)


def eventually(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.001)


def parked(fake: Fake, count: int, name: str = "deciders") -> None:
    """Wait until so many polls are held on this list."""
    eventually(lambda: list_named(fake, name).pollers == count)


# A whole shop at once


class Shop:
    """Deciders that pay each order once and then complete it, and workers that take the money."""

    def __init__(self, orders: int) -> None:
        self.orders = orders
        self.over = threading.Event()
        self.decision_tokens: list[str] = []
        self.activity_tokens: list[str] = []
        self.completed: list[str] = []

    def decide(self, swf: Any) -> None:
        while not self.over.is_set():
            task = swf.poll_for_decision_task(**DECIDERS)
            if "taskToken" in task:
                self.decision_tokens.append(task["taskToken"])
                self._answer(swf, task)

    def _answer(self, swf: Any, task: Any) -> None:
        paid = any(event["eventType"] == "ActivityTaskCompleted" for event in task["events"])
        decisions = [complete() if paid else schedule("pay-1")]
        swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions)
        if paid:
            self.completed.append(task["workflowExecution"]["workflowId"])
            if len(self.completed) == self.orders:
                self.over.set()

    def work(self, swf: Any) -> None:
        while not self.over.is_set():
            task = swf.poll_for_activity_task(**WORKERS)
            if "taskToken" in task:
                self.activity_tokens.append(task["taskToken"])
                swf.respond_activity_task_completed(taskToken=task["taskToken"], result="paid")


def test_eight_deciders_and_eight_workers_share_three_hundred_executions(
    running: Driver, team: Team
) -> None:
    """No task is given out twice, and each execution runs its course as if it were alone."""
    running.fake.service.poll_s = 0.05
    shop = Shop(orders=300)
    for _ in range(8):
        team.send(shop.decide, client())
        team.send(shop.work, client())
    names = [f"order-{number}" for number in range(300)]
    runs = {name: running.start(name) for name in names}
    shop.over.wait(PATIENCE_S)
    shop.over.set()
    team.join()

    assert sorted(shop.completed) == sorted(names)
    assert len(shop.decision_tokens) == len(set(shop.decision_tokens)) == 600
    assert len(shop.activity_tokens) == len(set(shop.activity_tokens)) == 300
    for name, run_id in runs.items():
        told = [event["eventType"] for event in running.history(run_id, name)]
        assert told == [
            "WorkflowExecutionStarted",
            "DecisionTaskScheduled",
            "DecisionTaskStarted",
            "DecisionTaskCompleted",
            "ActivityTaskScheduled",
            "ActivityTaskStarted",
            "ActivityTaskCompleted",
            "DecisionTaskScheduled",
            "DecisionTaskStarted",
            "DecisionTaskCompleted",
            "WorkflowExecutionCompleted",
        ]


def test_many_signals_at_once_are_each_recorded_once(running: Driver, team: Team) -> None:
    """Event ids count from 1 without a gap, whoever makes the events."""
    running.start()

    def signal(sender: int) -> None:
        for number in range(20):
            running.client.signal_workflow_execution(
                domain=DOMAIN, workflowId="order-1", signalName=f"{sender}.{number}"
            )

    for sender in range(8):
        team.send(signal, sender)
    team.join()
    events = running.history()
    assert [event["eventId"] for event in events] == list(range(1, 163))
    names = [
        event["workflowExecutionSignaledEventAttributes"]["signalName"] for event in events[2:]
    ]
    assert sorted(names) == sorted(f"{s}.{n}" for s in range(8) for n in range(20))
    for sender in range(8):  # one caller's signals stand in the order in which it sent them
        own = [name for name in names if name.startswith(f"{sender}.")]
        assert own == [f"{sender}.{number}" for number in range(20)]


def test_an_answer_that_two_threads_send_counts_once(running: Driver, team: Team) -> None:
    """A second answer to one token finds no such task."""
    running.start()
    running.decide(*(schedule(f"pay-{number}") for number in range(20)))
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def answer(tokens: list[str]) -> None:
        swf = client()
        for token in tokens:
            ready.wait(PATIENCE_S)
            try:
                swf.respond_activity_task_completed(taskToken=token)
                outcomes.append("taken")
            except swf.exceptions.UnknownResourceFault as refused:
                assert "Unknown activity" in str(refused)
                outcomes.append("refused")

    tokens = [running.take()["taskToken"] for _ in range(20)]
    for _ in range(2):
        team.send(answer, tokens)
    team.join()
    assert collections.Counter(outcomes) == {"taken": 20, "refused": 20}
    told = [event["eventType"] for event in running.history()]
    assert told.count("ActivityTaskCompleted") == 20


# Starts


def test_of_many_starts_of_one_workflow_id_one_wins(running: Driver, team: Team) -> None:
    """A workflowId is unique among the open executions of a domain."""
    outcomes: list[str] = []
    ready = threading.Barrier(12)

    def start() -> None:
        swf = client()
        ready.wait(PATIENCE_S)
        try:
            outcomes.append(swf.start_workflow_execution(workflowId="order-1", **ORDER)["runId"])
        except swf.exceptions.WorkflowExecutionAlreadyStartedFault:
            outcomes.append("already started")

    for _ in range(12):
        team.send(start)
    team.join()
    (won,) = {outcome for outcome in outcomes if outcome != "already started"}
    assert len(outcomes) == 12
    assert outcomes.count("already started") == 11
    opened = running.client.list_open_workflow_executions(
        domain=DOMAIN, startTimeFilter={"oldestDate": 0}
    )["executionInfos"]
    assert [info["execution"]["runId"] for info in opened] == [won]


def test_starts_at_once_get_run_ids_of_their_own(running: Driver, team: Team) -> None:
    run_ids: list[str] = []

    def start(starter: int) -> None:
        swf = client()
        for number in range(25):
            answer = swf.start_workflow_execution(workflowId=f"{starter}-{number}", **ORDER)
            run_ids.append(answer["runId"])

    for starter in range(8):
        team.send(start, starter)
    team.join()
    assert len(set(run_ids)) == len(run_ids) == 200


def test_one_registration_of_a_domain_wins(team: Team) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(8)
    with fake_swf(clock="system"):
        swf = client()

        def register() -> None:
            ready.wait(PATIENCE_S)
            try:
                swf.register_domain(name="new", workflowExecutionRetentionPeriodInDays="1")
                outcomes.append("registered")
            except swf.exceptions.DomainAlreadyExistsFault:
                outcomes.append("exists")

        for _ in range(8):
            team.send(register)
        team.join()
    assert sorted(outcomes) == ["exists"] * 7 + ["registered"]


# Parked polls: "held up to 60 s, answered as soon as a task is available"


def test_a_parked_worker_is_answered_when_a_decider_schedules(running: Driver, team: Team) -> None:
    got: list[Any] = []
    swf = client()
    team.send(lambda: got.append(swf.poll_for_activity_task(**WORKERS)))
    parked(running.fake, 1, "workers")
    running.start()
    running.decide(schedule("pay-1"))
    team.join()
    assert got[0]["activityId"] == "pay-1"


@pytest.mark.parametrize("bring", ["signal", "timer", "cancel", "answer"])
def test_a_parked_decider_is_answered_by_whatever_brings_a_task(
    running: Driver, team: Team, bring: str
) -> None:
    running.start()
    running.decide(timer("t", 0) if bring == "timer" else schedule("pay-1"))
    got: list[Any] = []
    swf = client()
    if bring == "answer":
        running.take()
    team.send(lambda: got.append(swf.poll_for_decision_task(**DECIDERS)))
    if bring != "timer":
        parked(running.fake, 1)
    if bring == "signal":
        running.signal()
    elif bring == "cancel":
        running.request_cancel()
    elif bring == "answer":
        running.report(completes())
    team.join()
    new = [e["eventType"] for e in got[0]["events"] if e["eventId"] > 5]
    brought = {
        "signal": "WorkflowExecutionSignaled",
        "timer": "TimerFired",
        "cancel": "WorkflowExecutionCancelRequested",
        "answer": "ActivityTaskCompleted",
    }
    assert brought[bring] in new


def test_a_task_for_another_list_leaves_a_parked_poll_alone(running: Driver, team: Team) -> None:
    """Decision and activity lists of one name are separate, and so are domains."""
    got: list[Any] = []
    swf = client()
    team.send(lambda: got.append(swf.poll_for_decision_task(**DECIDERS)))
    parked(running.fake, 1)
    running.start("other", taskList={"name": "others"})
    running.poll("others")
    running.answer(schedule("pay-1", taskList={"name": "deciders"}))
    assert got == []
    running.start("order-1")
    team.join()
    assert got[0]["workflowExecution"]["workflowId"] == "order-1"
    assert running.take("deciders")["activityId"] == "pay-1"


def test_of_two_parked_polls_one_gets_the_only_task(running: Driver, team: Team) -> None:
    got: list[Any] = []
    swf = client()
    for _ in range(2):
        team.send(lambda: got.append(swf.poll_for_decision_task(**DECIDERS)))
    parked(running.fake, 2)
    running.start("first")
    eventually(lambda: got)
    parked(running.fake, 1)  # the other one goes on waiting
    assert [task["workflowExecution"]["workflowId"] for task in got] == ["first"]
    running.start("second")
    team.join()
    assert [task["workflowExecution"]["workflowId"] for task in got] == ["first", "second"]


def test_two_tasks_at_one_instant_wake_two_parked_polls(running: Driver, team: Team) -> None:
    got: list[str] = []
    swf = client()
    for _ in range(2):
        team.send(lambda: got.append(swf.poll_for_activity_task(**WORKERS)["activityId"]))
    parked(running.fake, 2, "workers")
    running.start()
    running.decide(schedule("pay-1"), schedule("pay-2"))
    team.join()
    assert sorted(got) == ["pay-1", "pay-2"]


def test_a_parked_poll_that_finds_nothing_does_not_disturb_the_others(
    running: Driver, team: Team
) -> None:
    """An empty answer holds no token, and takes none of the tasks that come later."""
    swf = client()
    running.fake.service.poll_s = 0.01
    assert "taskToken" not in swf.poll_for_decision_task(**DECIDERS)
    running.fake.service.poll_s = PATIENCE_S
    got: list[Any] = []
    team.send(lambda: got.append(swf.poll_for_decision_task(**DECIDERS)))
    parked(running.fake, 1)
    running.start()
    team.join()
    assert "taskToken" in got[0]
    assert list_named(running.fake, "deciders").pollers == 0


# The limit of pollers: "> 1000 concurrent polls per list → LimitExceededFault"


def test_one_poll_too_many_on_a_list_is_refused(team: Team) -> None:
    behaviour = Behaviour(quotas=Quotas(pollers=2))
    with fake_swf(clock="system", behaviour=behaviour) as fake:
        running = Driver(fake, step_s=0).register()
        got: list[Any] = []
        swf = client()
        for _ in range(2):
            team.send(lambda: got.append(swf.poll_for_decision_task(**DECIDERS)))
        parked(fake, 2)
        with pytest.raises(swf.exceptions.LimitExceededFault):
            swf.poll_for_decision_task(**DECIDERS)
        # each list has its own limit
        team.send(lambda: got.append(swf.poll_for_activity_task(**WORKERS)))
        parked(fake, 1, "workers")
        running.start("a")
        eventually(lambda: got)
        running.start("b")
        eventually(lambda: len(got) == 2)
        running.task = got[0]
        running.answer(schedule("pay-1"))
        team.join()
        assert len(got) == 3
        assert all("taskToken" in task for task in got)


def test_a_poll_that_finds_a_task_at_once_is_no_poller_too_many(team: Team) -> None:
    """Only polls that are held count; these are refused while one is held, and not afterwards."""
    behaviour = Behaviour(quotas=Quotas(pollers=1))
    with fake_swf(clock="system", behaviour=behaviour) as fake:
        running = Driver(fake, step_s=0).register()
        got: list[Any] = []
        swf = client()
        team.send(lambda: got.append(swf.poll_for_decision_task(**DECIDERS)))
        parked(fake, 1)
        with pytest.raises(botocore.exceptions.ClientError, match="LimitExceededFault"):
            swf.poll_for_decision_task(**DECIDERS)
        running.start("a")
        team.join()
        running.start("b")
        assert "taskToken" in swf.poll_for_decision_task(**DECIDERS)


def test_a_poll_that_stands_at_the_limit_does_not_stand_in_its_own_way() -> None:
    behaviour = Behaviour(quotas=Quotas(pollers=1))
    with fake_swf(clock="system", behaviour=behaviour) as fake:
        fake.service.poll_s = 0.01
        running = Driver(fake, step_s=0).register()
        for _ in range(2):
            assert "taskToken" not in running.poll()


# The end of a fake


def test_reset_while_a_poll_is_parked_does_not_wait_for_it(running: Driver, team: Team) -> None:
    fake = running.fake
    fake.service.poll_s = 0.2
    got: list[Any] = []
    swf = client()
    team.send(lambda: got.append(swf.poll_for_decision_task(**DECIDERS)))
    parked(fake, 1)
    fake.reset()
    assert swf.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []
    running.register()
    running.start()
    assert "taskToken" in running.poll()
    team.join()
    assert "taskToken" not in got[0]  # it waited in a world that is no more


def test_leaving_a_fake_while_a_poll_is_parked_does_not_wait_for_it(team: Team) -> None:
    left = contextlib.ExitStack()
    fake = left.enter_context(fake_swf(clock="system"))
    Driver(fake, step_s=0).register()
    fake.service.poll_s = 0.2
    got: list[Any] = []
    swf = client()
    team.send(lambda: got.append(swf.poll_for_activity_task(**WORKERS)))
    parked(fake, 1, "workers")
    left.close()
    with fake_swf(clock="system"):  # the next test's fake knows nothing of it
        assert client().list_domains(registrationStatus="REGISTERED")["domainInfos"] == []
    team.join()
    assert "taskToken" not in got[0]


def test_two_fakes_after_one_another_leave_no_thread_behind(team: Team) -> None:
    before = threading.active_count()
    for _ in range(2):
        with fake_swf(clock="system") as fake:
            swf = Driver(fake, step_s=0).register()
            team.send(swf.poll)
            parked(fake, 1)
            swf.start()
            team.join()
    eventually(lambda: threading.active_count() <= before)
