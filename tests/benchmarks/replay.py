"""Captured histories put to deciders: how fast every decision is checked, and how fast shrunk."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator
from typing import Any

from swfsim.debug import again, deciders
from swfsim.debug.shrink import first_wrong, shrink
from swfsim.debug.verdict import Judge
from swfsim.replay import histories
from swfsim.spec import limits
from tests.benchmarks.figures import Figure, median, seconds
from tests.debug.conftest import told
from tests.debug.written import Written

ORDERS = 300
SMALL = 5_000
TIMES = 5


def timers(events: int, odd: int = 0) -> Written:
    """A run of one timer behind the other; after ``odd`` timers there is a signal."""
    run = Written()
    number = 0
    while len(run.events) < events - 5:
        number += 1
        attributes = {"timerId": f"t{number}", "startToFireTimeout": "1"}
        [first] = run.decide(("TimerStarted", attributes))
        run.news("TimerFired", timerId=f"t{number}", startedEventId=first)
        if number == odd:
            run.add("WorkflowExecutionSignaled", signalName="odd")
    run.decide(("TimerStarted", {"timerId": f"t{number + 1}", "startToFireTimeout": "1"}))
    return run


def next_timer(task: Any) -> list[dict[str, Any]]:
    """Looks at the latest events only, as a decider must that has 25,000 of them."""
    number = 0
    for event in reversed(task["events"]):
        if event["eventType"] == "TimerFired":
            number = int(event["timerFiredEventAttributes"]["timerId"][1:])
            break
    attributes = {"timerId": f"t{number + 1}", "startToFireTimeout": "1"}
    return [{"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}]


def trips_over_a_signal(task: Any) -> list[dict[str, Any]]:
    """Right, until a signal came and a hundred timers fired."""
    kinds = [event["eventType"] for event in task["events"]]
    if "WorkflowExecutionSignaled" in kinds and kinds.count("TimerFired") >= 100:
        raise ValueError("a signal and a hundred timers")
    return next_timer(task)


def _activity(number: int, quantity: int) -> dict[str, Any]:
    return {
        "activityType": {"name": "Pack", "version": "1"},
        "activityId": str(number),
        "input": json.dumps({"item": number, "quantity": quantity, "places": list(range(50))}),
        "taskList": {"name": "l"},
    }


def widest() -> Written:
    """A run whose first task decides as much as one answer can."""
    run = Written()
    run.decide(*(("ActivityTaskScheduled", _activity(number, 1)) for number in range(1_000)))
    return run


def does_them_otherwise(task: Any) -> list[dict[str, Any]]:
    """Each of them, with another input."""
    name = "scheduleActivityTaskDecisionAttributes"
    return [
        {"decisionType": "ScheduleActivityTask", name: _activity(number, 2)}
        for number in range(1_000)
    ]


def judged(
    text: str, decide: Callable[[Any], Any], source: str = "h", *, same: bool = True
) -> None:
    """A file read and judged, as the command does it."""
    for captured in histories.parse(json.loads(text), source):
        with Judge(deciders.made(decide, source)) as judge:
            found = again.ask_again(judge, captured, judge.verdicts(captured))
        assert all(one.same is same and not one.flaws for one in found)


def figures() -> Iterator[Figure]:
    """Replay of many short histories, of the longest there is, and a history shrunk."""
    from orders.decider import decide

    order = told()["events"]
    text = json.dumps({"events": order})
    parsed = histories.parse({"events": order}, "order")

    def check_many() -> None:
        with Judge(deciders.made(decide, "orders.decider:decide")) as judge:
            for _ in range(ORDERS):
                [captured] = histories.parse(json.loads(text), "order")
                assert all(one.same for one in judge.verdicts(captured))

    assert len(parsed) == 1
    rate = statistics.median(ORDERS * len(order) / seconds(check_many) for _ in range(TIMES))
    yield Figure("orders: read, every decision checked", rate, "events/s", at_least=50_000)
    longest = timers(limits.EVENTS_MAX)
    whole = json.dumps({"events": longest.events})
    took = median(lambda: judged(whole, next_timer), TIMES)
    yield Figure(
        f"a history of {len(longest.events):,} events, 4,999 decisions", took, "s", at_most=3
    )
    wide = json.dumps({"events": widest().events})
    took = median(lambda: judged(wide, does_them_otherwise, same=False), TIMES)
    yield Figure("1,000 decisions of one task, all changed", took, "s", at_most=3)
    [failing] = histories.parse({"events": timers(SMALL, odd=300).events}, "failing")

    def shrink_it() -> None:
        with Judge(deciders.made(trips_over_a_signal, "trips")) as judge:
            wrong = first_wrong(judge, failing)
            assert wrong is not None
            found = shrink(judge, failing, wrong)
            assert found is not None
            sizes.append(len(found.captured.events))

    sizes: list[int] = []
    took = median(shrink_it, 1)
    yield Figure(f"{SMALL:,} failing events shrunk to {sizes[0]:,}", took, "s", at_most=60)
