"""Calls that fail, and decisions that SWF refuses, as faults of a story."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.app import OrdersApp, order_is_placed, terminated
from swfsim import Story, Violation
from swfsim.errors import HarnessError
from swfsim.faults import call_fails, decision_refused, effect_late
from swfsim.sim.faults import refusal_causes
from swfsim.spec import model

ANSWER = "RespondActivityTaskCompleted"


def told_of(story: Story, operation: str) -> list[str]:
    """What became of each call of this operation: the fault's code, lost, or done."""
    outcomes = []
    for call in story.env.journal:  # type: ignore[union-attr]
        if call.operation == operation:
            code = getattr(call.answer, "code", None)
            outcomes.append("lost" if call.answer is None else code or "done")
    return outcomes


@pytest.mark.parametrize(
    ("how", "outcomes"),
    [
        ("throttled", ["ThrottlingException", "done"]),
        ("server error", ["InternalFailure", "done"]),
        ("never arrives", ["lost", "done"]),
        ("answer lost", ["done", "UnknownResourceFault"]),
        ("sent twice", ["done", "UnknownResourceFault"]),
    ],
)
def test_an_answer_that_fails_is_given_again(how: Any, outcomes: list[str]) -> None:
    with Story(OrdersApp) as story:
        story.given(call_fails("activities", ANSWER, how, nth=2))
        story.when(order_is_placed())
        story.then()
        assert story.status == "COMPLETED"
        assert told_of(story, ANSWER)[1:3] == outcomes


@pytest.mark.parametrize("how", ["throttled", "never arrives"])
def test_a_poll_that_fails_costs_no_task(how: Any) -> None:
    with Story(OrdersApp) as story:
        story.given(call_fails("decider", "PollForDecisionTask", how, nth=2))
        story.when(order_is_placed())
        story.then()
        assert "DecisionTaskTimedOut" not in story.latest.events.kinds


@pytest.mark.parametrize("how", ["answer lost", "sent twice"])
def test_a_poll_whose_answer_is_lost_loses_its_task_until_it_times_out(how: Any) -> None:
    with Story(OrdersApp) as story:
        story.given(call_fails("decider", "PollForDecisionTask", how, nth=2))
        story.when(order_is_placed())
        story.then()
        assert story.latest.events.kinds.count("DecisionTaskTimedOut") == 1
        assert story.status == "COMPLETED"


def test_a_call_that_is_never_made_has_not_failed() -> None:
    with Story(OrdersApp) as story:
        story.given(call_fails("activities", ANSWER, "throttled", nth=99))
        story.when(order_is_placed())
        with pytest.raises(Violation, match=f"never: throttled: {ANSWER} number 99 of activities"):
            story.then()


def test_a_decision_is_refused_once_for_the_cause_given() -> None:
    with Story(OrdersApp) as story:
        story.given(decision_refused(2, "ScheduleActivityTask", "OPEN_ACTIVITIES_LIMIT_EXCEEDED"))
        story.when(order_is_placed())
        story.then("""
            ValidateInput             → completed
            ProcessData               → refused: OPEN_ACTIVITIES_LIMIT_EXCEEDED
            timer retry-ProcessData-2 → fired
            ProcessData               → completed
            EnrichData                → completed
            SaveResults               → completed
            NotifyCompletion          → completed
            Workflow                  → COMPLETED
        """)


def test_a_decision_task_without_such_a_decision_is_said() -> None:
    with Story(OrdersApp) as story:
        story.given(decision_refused(2, "CancelTimer", "OPERATION_NOT_PERMITTED"))
        story.when(order_is_placed())
        with pytest.raises(Violation, match="led to no decision of the type"):
            story.then()


@pytest.mark.parametrize("decision", model.DECISIONS)
def test_every_cause_that_can_be_given_is_one_of_the_model(decision: str) -> None:
    shape = model.members(model.event_shape(model.REFUSAL[decision]))["cause"]
    assert set(refusal_causes(decision)) <= set(model.enum(shape.name))


def test_a_cause_that_follows_from_the_execution_is_not_given() -> None:
    with pytest.raises(HarnessError, match="never refused for 'ACTIVITY_ID_ALREADY_IN_USE'"):
        decision_refused(1, "ScheduleActivityTask", "ACTIVITY_ID_ALREADY_IN_USE")


def test_two_faults_at_one_call_are_refused() -> None:
    with Story(OrdersApp) as story, pytest.raises(HarnessError, match="two faults at one place"):
        story.given(
            call_fails("decider", "PollForDecisionTask", "throttled"),
            call_fails("decider", "PollForDecisionTask", "sent twice"),
        )


def test_a_decision_may_be_refused_from_then_on() -> None:
    """Without permission to schedule anything, not even the rollback can be had."""
    with Story(OrdersApp) as story:
        cause = "OPERATION_NOT_PERMITTED"
        story.given(decision_refused(2, "ScheduleActivityTask", cause, onwards=True))
        story.when(order_is_placed())
        story.then()
        refusals = story.latest.events.kinds.count("ScheduleActivityTaskFailed")
        assert (story.status, refusals) == ("FAILED", 1)


def test_work_that_is_done_too_late_is_done_beside_the_next_attempt() -> None:
    with Story(lambda: OrdersApp(activity_workers=2)) as story:
        story.given(effect_late("ProcessData"))
        story.when(order_is_placed())
        story.then("""
            ValidateInput    → completed
            ProcessData      → timed out: START_TO_CLOSE
            ProcessData      → completed
            EnrichData       → completed
            SaveResults      → completed
            NotifyCompletion → completed
            Workflow         → COMPLETED
        """)
        story.env.run(for_s=60)
        assert told_of(story, ANSWER).count("UnknownResourceFault") == 1
        assert story.app.payments() == ["captured"]  # type: ignore[attr-defined]


def test_work_that_is_never_too_late_is_said() -> None:
    with Story(OrdersApp) as story:
        story.given(effect_late("SaveResults"))
        story.when(order_is_placed())
        story.when(300, terminated("enough"))
        with pytest.raises(Violation, match="never timed out while the work was held back"):
            story.then()
