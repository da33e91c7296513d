"""Runs that are stuck, or go on without getting anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from swfsim.debug import stuck
from tests.debug.written import Written


def kinds(run: Written) -> list[str]:
    return [one.kind for one in stuck.troubles(run.captured())]


def timer(number: int, seconds: int = 10) -> tuple[str, dict[str, str]]:
    attributes = {"timerId": f"t{number}", "startToFireTimeout": str(seconds)}
    return "TimerStarted", attributes


def test_an_open_run_with_nothing_pending_is_stuck() -> None:
    run = Written()
    run.decide()
    [trouble] = stuck.troubles(run.captured())
    assert trouble.kind == "stuck"
    assert trouble.said.startswith("nothing is pending that could move it: only a signal")


@pytest.mark.parametrize("pending", [timer(1), ("MarkerRecorded", {"markerName": "m"})])
def test_something_pending_can_move_it(pending: tuple[str, dict[str, str]]) -> None:
    run = Written()
    run.decide(pending)
    assert kinds(run) == (["stuck"] if pending[0] == "MarkerRecorded" else [])


def test_a_closed_run_is_not_stuck() -> None:
    run = Written()
    run.decide(("WorkflowExecutionCompleted", {}))
    assert kinds(run) == []


def test_an_activity_that_may_wait_for_ever_is_told() -> None:
    run = Written()
    kind = {"name": "Pack", "version": "1"}
    attributes = {"activityId": "p", "activityType": kind, "taskList": {"name": "l"}}
    run.decide(("ActivityTaskScheduled", attributes))
    assert kinds(run) == ["no time-out"]


@pytest.mark.parametrize(
    ("waits", "told"),
    [
        ({"taskList": {"name": "sticky"}}, ["no time-out"]),
        ({"taskList": {"name": "sticky"}, "scheduleToStartTimeout": "NONE"}, ["no time-out"]),
        ({"taskList": {"name": "sticky"}, "scheduleToStartTimeout": "10"}, []),
        ({"taskList": {"name": "l"}}, []),
    ],
)
def test_a_decision_task_that_may_wait_for_ever_in_another_list_is_told(
    waits: dict[str, Any], told: list[str]
) -> None:
    run = Written()
    run.decide(("MarkerRecorded", {"markerName": "m"}))
    run.add("WorkflowExecutionSignaled", signalName="s")
    scheduled = run.add("DecisionTaskScheduled", **waits)
    found = stuck.troubles(run.captured())
    assert [one.kind for one in found] == told
    assert [one.event_id for one in found] == [scheduled] * len(told)
    run.add("DecisionTaskStarted", scheduledEventId=scheduled)
    assert kinds(run) == []


def test_a_timer_behind_the_end_of_the_run_is_told() -> None:
    run = Written()
    run.decide(timer(1, seconds=40_000_000))
    assert kinds(run) == ["timer too late"]


@pytest.mark.parametrize("times", [9, 10])
def test_decisions_that_nothing_comes_of_are_a_storm(times: int) -> None:
    run = Written()
    for _ in range(times):
        run.decide()
        run.news("WorkflowExecutionSignaled", signalName="s")
    assert kinds(run) == (["decision storm"] if times >= 10 else [])


def test_refused_decisions_in_a_row_are_a_storm_with_its_cause() -> None:
    run = Written()
    for _ in range(10):
        run.decide(("CompleteWorkflowExecutionFailed", {"cause": "UNHANDLED_DECISION"}))
        run.add("DecisionTaskScheduled", taskList={"name": "l"})
        run._scheduled = len(run.events)
    [trouble] = stuck.troubles(run.captured())
    assert trouble.said.endswith("refused with UNHANDLED_DECISION")


def test_a_decider_that_never_answers_is_told() -> None:
    run = Written()
    for _ in range(10):
        run.lose_decision()
    assert kinds(run) == ["decider fails"]


@pytest.mark.parametrize("times", [9, 10])
def test_an_activity_that_always_fails_is_tried_without_end(times: int) -> None:
    run = Written()
    for number in range(times):
        run.fails("Pack", number, scheduleToCloseTimeout="60")
    assert kinds(run) == (["retries without end"] if times >= 10 else [])


def test_timers_that_nobody_waits_for_have_leaked() -> None:
    run = Written()
    started = run.decide(*(timer(number) for number in range(10)))
    for number, first in enumerate(started):
        run.news("TimerFired", timerId=f"t{number}", startedEventId=first)
        run.decide()
        run.news("WorkflowExecutionSignaled", signalName="s")
        run.decide(("MarkerRecorded", {"markerName": "m"}))
        run.add("DecisionTaskScheduled", taskList={"name": "l"})
        run._scheduled = len(run.events)
    assert "timers leaked" in kinds(run)


def test_a_history_that_grows_to_its_limit_is_a_runaway() -> None:
    run = Written()
    for number in range(260):
        run.decide(timer(number))
        run.news("TimerFired", timerId=f"t{number}", startedEventId=len(run.events))
    [trouble] = stuck.troubles(run.captured())
    assert trouble.kind == "runaway"
    assert "360 more an hour: it reaches the limit of 25,000 at 2023-11-17" in trouble.said
