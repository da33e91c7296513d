"""What a call costs beside many idle executions, in a long history, and what it keeps in memory.

All through ``Service`` directly: no client stands between the clock and the machine.
"""

from __future__ import annotations

import gc
import itertools
import statistics
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

from swfsim.clock import ODD_START, VirtualClock
from swfsim.service import Service
from swfsim.spec import render
from swfsim.spec.behaviour import Behaviour, Quotas
from swfsim.transports.boto import stamp
from tests.benchmarks.figures import Figure, median, now

DOMAIN = "bench"
ROUNDS = 400
FEW, MANY = 10, 100_000
SHORT, LONG = 100, 20_000
WINDOW = {"oldestDate": 0}
LISTS = {
    "decision": {"domain": DOMAIN, "taskList": {"name": "decisions"}},
    "activity": {"domain": DOMAIN, "taskList": {"name": "activities"}},
}


class Bench:
    """A service in which so many executions wait idly on a task list of their own."""

    def __init__(self, idle: int) -> None:
        room = Behaviour(quotas=Quotas(open_executions=2 * MANY))
        self.service = Service(VirtualClock(ODD_START), behaviour=room)
        self.call = self.service.call
        self.took: dict[str, list[float]] = {}
        self._numbers = itertools.count()
        common = {
            "defaultTaskStartToCloseTimeout": "60",
            "defaultTaskList": {"name": "unused"},
        }
        self.call("RegisterDomain", named(workflowExecutionRetentionPeriodInDays="1"))
        self.call(
            "RegisterWorkflowType",
            {"domain": DOMAIN, "version": "1", "name": "work", "defaultChildPolicy": "TERMINATE"}
            | {"defaultExecutionStartToCloseTimeout": "3600"}
            | common,
        )
        self.call(
            "RegisterActivityType",
            {"domain": DOMAIN, "version": "1", "name": "step"}
            | dict.fromkeys(
                (
                    "defaultTaskHeartbeatTimeout",
                    "defaultTaskScheduleToStartTimeout",
                    "defaultTaskScheduleToCloseTimeout",
                ),
                "600",
            )
            | common,
        )
        for _ in range(idle):
            self.start("idle")

    def start(self, task_list: str = "decisions") -> dict[str, Any]:
        """A new execution; its structure."""
        name = f"w{next(self._numbers)}"
        asked = {
            "domain": DOMAIN,
            "workflowId": name,
            "workflowType": {"name": "work", "version": "1"},
            "taskList": {"name": task_list},
        }
        return {"workflowId": name, **self.call("StartWorkflowExecution", asked)}

    def timed(self, kind: str, operation: str, **asked: Any) -> Any:
        """A call that counts for the figure of its kind."""
        begun = now[0]()
        answer = self.call(operation, asked)
        self.took.setdefault(kind, []).append(now[0]() - begun)
        return answer

    def a_life(self) -> None:
        """One execution from start to close, with every hot call in it once."""
        timed, by_domain = self.timed, {"domain": DOMAIN}
        begun = now[0]()
        execution = self.start()
        self.took.setdefault("start", []).append(now[0]() - begun)
        by_id = by_domain | {"workflowId": execution["workflowId"]}
        task = timed("poll for a decision", "PollForDecisionTask", **LISTS["decision"])
        timed("respond to a decision", "RespondDecisionTaskCompleted", **deciding(task, SCHEDULE))
        work = timed("poll for an activity", "PollForActivityTask", **LISTS["activity"])
        token = {"taskToken": work["taskToken"]}
        timed("heartbeat", "RecordActivityTaskHeartbeat", **token)
        timed("respond to an activity", "RespondActivityTaskCompleted", **token)
        timed("signal", "SignalWorkflowExecution", **by_id, signalName="s")
        timed("request cancel", "RequestCancelWorkflowExecution", **by_id)
        whole = by_domain | {"execution": execution}
        timed("describe", "DescribeWorkflowExecution", **whole)
        timed("history", "GetWorkflowExecutionHistory", **whole)
        timed("count pending", "CountPendingDecisionTasks", **LISTS["decision"])
        window = by_domain | {"startTimeFilter": WINDOW}
        timed("count open", "CountOpenWorkflowExecutions", **window)
        timed("list open, ten", "ListOpenWorkflowExecutions", **window, maximumPageSize=10)
        task = self.call("PollForDecisionTask", LISTS["decision"])
        self.call("RespondDecisionTaskCompleted", deciding(task, TIMER))
        timed("terminate", "TerminateWorkflowExecution", **by_id)
        timed("count closed", "CountClosedWorkflowExecutions", **window)
        timed("poll in vain", "PollForDecisionTask", **LISTS["decision"])


def named(**more: Any) -> dict[str, Any]:
    return {"name": DOMAIN, **more}


SCHEDULE = {
    "decisionType": "ScheduleActivityTask",
    "scheduleActivityTaskDecisionAttributes": {
        "activityId": "a",
        "activityType": {"name": "step", "version": "1"},
        "taskList": {"name": "activities"},
    },
}
TIMER = {
    "decisionType": "StartTimer",
    "startTimerDecisionAttributes": {"timerId": "t", "startToFireTimeout": "60"},
}
MARKER = {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": {"markerName": "m"}}


def deciding(task: Any, *decisions: Any) -> dict[str, Any]:
    return {"taskToken": task["taskToken"], "decisions": list(decisions)}


def in_turn(rounds: int, *works: Callable[[], object]) -> None:
    """Do each, then each again, so that a change of the machine's mood meets all alike."""
    for _ in range(rounds):
        for work in works:
            work()


def beside_idle_ones() -> Iterator[Figure]:
    few, many = Bench(FEW), Bench(MANY)
    in_turn(50, few.a_life, many.a_life)  # warm up, and index what waits to be indexed
    for bench in (few, many):
        bench.took.clear()
    in_turn(ROUNDS, few.a_life, many.a_life)
    for kind, took in many.took.items():
        ratio = statistics.median(took) / statistics.median(few.took[kind])
        yield Figure(f"{kind}, beside {MANY:,} idle, to beside {FEW}", ratio, "x", at_most=1.3)


def grown(bench: Bench, events: int) -> dict[str, Any]:
    """An execution that has so many events; its last decision task is queued."""
    execution = bench.start("long")
    asked = {"domain": DOMAIN, "workflowId": execution["workflowId"], "signalName": "s"}
    for _ in range(events - 2):
        bench.call("SignalWorkflowExecution", asked)
    return execution


def a_marker(bench: Bench, execution: dict[str, Any], kind: str) -> Callable[[], None]:
    """One decision task of this execution, with a marker; a signal brings the next."""
    asked = {"domain": DOMAIN, "taskList": {"name": "long"}, "maximumPageSize": 1}

    def work() -> None:
        task = bench.timed(f"{kind} poll", "PollForDecisionTask", **asked)
        bench.timed(f"{kind} decision", "RespondDecisionTaskCompleted", **deciding(task, MARKER))
        bench.timed(
            f"{kind} signal",
            "SignalWorkflowExecution",
            domain=DOMAIN,
            workflowId=execution["workflowId"],
            signalName="s",
        )

    return work


def in_a_long_history() -> Iterator[Figure]:
    benches = Bench(0), Bench(0)
    works = [
        a_marker(bench, grown(bench, events), "in")
        for bench, events in zip(benches, (SHORT, LONG), strict=True)
    ]
    in_turn(20, *works)
    for bench in benches:
        bench.took.clear()
    in_turn(ROUNDS, *works)
    short, long = (bench.took for bench in benches)
    for kind, took in long.items():
        ratio = statistics.median(took) / statistics.median(short[kind])
        name = f"{kind.removeprefix('in ')}, event {LONG:,}, to event {SHORT}"
        yield Figure(name, ratio, "x", at_most=1.5)


def a_page() -> Iterator[Figure]:
    """With the copies that a client is given; the first look at a page also makes them ready."""
    bench = Bench(0)
    execution = grown(bench, LONG)
    operation = "GetWorkflowExecutionHistory"
    tokens: list[dict[str, str]] = [{}]

    def page(token: dict[str, str]) -> Any:
        asked = {"domain": DOMAIN, "execution": execution, **token}
        shown = render.answer(operation, bench.call(operation, asked), stamp)
        assert len(shown["events"]) == 1_000
        return shown

    first = []
    for token in tokens:
        begun = now[0]()
        shown = page(token)
        first.append(now[0]() - begun)
        if "nextPageToken" in shown:
            tokens.append({"nextPageToken": shown["nextPageToken"]})
    again = [median(lambda token=token: page(token), 5) for token in tokens]  # type: ignore[misc]
    name = f"a page of 1,000 of {LONG:,} events"
    yield Figure(f"{name}, first look", statistics.median(first) * 1000, "ms", at_most=2)
    yield Figure(f"{name}, again", statistics.median(again) * 1000, "ms", at_most=2)


def kept(work: Callable[[], object], count: int) -> float:
    """How many bytes each of ``count`` things keeps that this work makes."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    work()
    gc.collect()
    return (tracemalloc.get_traced_memory()[0] - before) / count


def in_memory() -> Iterator[Figure]:
    count = 5_000
    tracemalloc.start()
    try:
        bench = Bench(FEW)

        def idle() -> None:
            for _ in range(count):
                bench.start("idle")
            bench.call("CountOpenWorkflowExecutions", {"domain": DOMAIN, "startTimeFilter": WINDOW})

        yield Figure("an idle open execution", kept(idle, count) / 1024, "KiB", at_most=8)
        grown(bench, SHORT)
        events = kept(lambda: grown(bench, count), count) / 1024
        yield Figure("an event", events, "KiB", at_most=1)
    finally:
        tracemalloc.stop()


def figures() -> Iterator[Figure]:
    yield from beside_idle_ones()
    yield from in_a_long_history()
    yield from a_page()
    yield from in_memory()
