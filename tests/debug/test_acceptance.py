"""Whether the service would have taken what is decided now: form, types, and what happened while
the decider was deciding."""

from __future__ import annotations

from typing import Any

import pytest

from swfsim.debug import acceptance, tasks
from swfsim.replay.histories import Captured
from tests.debug.written import Written

PAY = {"name": "Pay", "version": "1"}
LIST = {"name": "l"}


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    return {
        "decisionType": kind,
        f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes,
    }


COMPLETE = decision("CompleteWorkflowExecution")
MARK = decision("RecordMarker", markerName="m")


def refusals(captured: Captured, *made: dict[str, Any], task: int = 1) -> list[str]:
    found = acceptance.refusals(captured, tasks.of(captured)[task - 1], list(made))
    assert found is not None, "the history before can be played"
    return found


def marked() -> Captured:
    run = Written(pace=0)
    run.decide(("MarkerRecorded", {"markerName": "m"}))
    return run.captured()


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ({}, "decisions.1.member.decisionType"),
        ({"decisionType": "RecordMarker"}, "recordMarkerDecisionAttributes"),
        ({"decisionType": "Wait"}, "decisionType"),
        (decision("RecordMarker"), "markerName"),
        (decision("RecordMarker", markerName="m", details="x" * 32_769), "32768"),
        (decision("StartTimer", timerId="t", startToFireTimeout="-5"), "startToFireTimeout"),
        (decision("StartTimer", timerId="t", startToFireTimeout=5), "SerializationException"),
        (
            decision("ScheduleActivityTask", activityId="1", activityType={"name": "Pay"}),
            "activityType.version",
        ),
    ],
)
def test_a_decision_of_wrong_form_is_refused_in_the_words_of_the_service(
    made: dict[str, Any], says: str
) -> None:
    [refusal] = refusals(marked(), made)
    assert says in refusal


def test_more_decisions_than_an_answer_may_hold_are_refused() -> None:
    [refusal] = refusals(marked(), *[MARK] * 1_001)
    assert refusal.startswith("ValidationException")
    assert refusals(marked(), *[MARK] * 100) == []


# While it was deciding
#
#   3  DecisionTaskStarted
#   4  …                      what the decider has not seen, and the service has
#   5  DecisionTaskScheduled
#   6  DecisionTaskCompleted


def test_a_signal_that_came_while_deciding_forbids_to_close() -> None:
    run = Written(pace=0)
    run.news_while_deciding("WorkflowExecutionSignaled", signalName="s")
    assert refusals(run.captured(), COMPLETE) == [
        "CompleteWorkflowExecutionFailed: UNHANDLED_DECISION"
    ]
    assert refusals(marked(), COMPLETE) == []


def test_a_timer_that_fired_while_deciding_has_freed_its_id() -> None:
    timer = {"timerId": "t", "startToFireTimeout": "10"}
    run = Written(pace=0)
    [first] = run.decide(("TimerStarted", timer))
    run.news("WorkflowExecutionSignaled", signalName="s")
    fired = {"timerId": "t", "startedEventId": first}
    run.wait(10)
    run.news_while_deciding("TimerFired", ("TimerStarted", timer), **fired)
    assert refusals(run.captured(), decision("StartTimer", **timer), task=2) == []


# Types


def test_the_next_version_of_a_run_counts_as_registered() -> None:
    assert (
        refusals(marked(), decision("ContinueAsNewWorkflowExecution", workflowTypeVersion="2"))
        == []
    )


@pytest.mark.parametrize("cause", ["ACTIVITY_TYPE_DOES_NOT_EXIST", "ACTIVITY_TYPE_DEPRECATED"])
def test_a_type_that_was_refused_is_refused_again(cause: str) -> None:
    run = Written(pace=0)
    refused = {"activityType": PAY, "activityId": "1", "cause": cause}
    run.decide(("ScheduleActivityTaskFailed", refused))
    pay = decision("ScheduleActivityTask", activityType=PAY, activityId="2")
    assert refusals(run.captured(), pay) == [f"ScheduleActivityTaskFailed: {cause}"]


def test_a_type_that_was_refused_before_and_taken_since_is_taken() -> None:
    run = Written(pace=0)
    cause = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    run.decide(
        ("ScheduleActivityTaskFailed", {"activityType": PAY, "activityId": "1", "cause": cause})
    )
    run.next()
    run.decide(
        ("ActivityTaskScheduled", {"activityType": PAY, "activityId": "1", "taskList": LIST})
    )
    pay = decision("ScheduleActivityTask", activityType=PAY, activityId="2")
    assert refusals(run.captured(), pay, task=2) == []
