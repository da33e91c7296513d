"""Workers and deciders die at every step and moment; no order is lost, none is paid twice."""

from __future__ import annotations

import pytest

from orders import workflow
from scenarios.app import OrdersApp, order_is_placed
from swfsim import Story
from swfsim.faults import (
    answer_late,
    answer_lost,
    crash,
    decider_dies,
    decision_times_out,
    fails,
    worker_dies,
)

MOMENTS = ["before", "after the effect", "after answering"]


def _went_well(story: Story, app: OrdersApp) -> None:
    assert story.status == "COMPLETED"
    assert len(story.executions) == 1
    assert app.saved("ORD-2024-001") is not None
    assert app.payments() == ["captured"]
    assert app.notified() == 1


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", workflow.STEPS)
def test_the_worker_dies(story: Story, app: OrdersApp, step: str, moment: str) -> None:
    story.given(worker_dies(step, moment))  # type: ignore[arg-type]
    story.when(order_is_placed())
    story.then()
    _went_well(story, app)


@pytest.mark.parametrize("step", workflow.STEPS)
def test_the_answer_is_lost(story: Story, app: OrdersApp, step: str) -> None:
    story.given(answer_lost(step))
    story.when(order_is_placed())
    story.then()
    _went_well(story, app)


@pytest.mark.parametrize("step", workflow.STEPS)
def test_the_answer_is_late(story: Story, app: OrdersApp, step: str) -> None:
    story.given(answer_late(step))
    story.when(order_is_placed())
    story.then()
    _went_well(story, app)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", workflow.ROLLBACK_STEPS)
def test_the_worker_dies_while_taking_back(
    story: Story, app: OrdersApp, step: str, moment: str
) -> None:
    story.given(fails("SaveResults", attempts=3), worker_dies(step, moment))  # type: ignore[arg-type]
    story.when(order_is_placed())
    story.then()
    assert story.status == "FAILED"
    assert app.saved("ORD-2024-001") is None
    assert app.payments() == ["released"]
    assert app.notified() == 0


@pytest.mark.parametrize("moment", ["before deciding", "before answering", "after answering"])
@pytest.mark.parametrize("decision", range(1, 7))
def test_the_decider_dies(story: Story, app: OrdersApp, decision: int, moment: str) -> None:
    story.given(decider_dies(decision, moment))  # type: ignore[arg-type]
    story.when(order_is_placed())
    story.then()
    _went_well(story, app)


@pytest.mark.parametrize("decision", range(1, 7))
def test_the_decision_comes_too_late(story: Story, app: OrdersApp, decision: int) -> None:
    story.given(decision_times_out(decision))
    story.when(order_is_placed())
    story.then()
    _went_well(story, app)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_worker_dies_at_a_call(story: Story, app: OrdersApp, moment: str) -> None:
    """By the call instead of by the step: its third answer."""
    story.given(
        crash("activities", "RespondActivityTaskCompleted", moment, nth=3)  # type: ignore[arg-type]
    )
    story.when(order_is_placed())
    story.then()
    _went_well(story, app)


def test_everybody_dies_once_in_one_order(story: Story, app: OrdersApp) -> None:
    story.given(
        *(worker_dies(step, "after the effect") for step in workflow.STEPS),
        *(decider_dies(decision, "before answering") for decision in (1, 4, 8)),
    )
    story.when(order_is_placed())
    story.then()
    _went_well(story, app)
