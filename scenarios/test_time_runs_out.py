"""The order as a whole runs out of time, or waits long for a worker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orders import workflow
from scenarios.app import OrdersApp, order_is_placed, resumed_from
from swfsim import Story
from swfsim.faults import times_out


def test_the_execution_times_out(tell_story: Callable[..., Story]) -> None:
    """Nobody takes SaveResults for a day, and the order has but an hour."""
    story = tell_story(execution_timeout=3_600, schedule_to_start_timeout=86_400)
    story.given(times_out("SaveResults", "SCHEDULE_TO_START"))
    story.when(order_is_placed())
    story.then(
        """
        ValidateInput → completed
        ProcessData   → completed
        EnrichData    → completed
        Workflow      → TIMED_OUT
        """,
        strict=False,  # the step's own time-out would be later
    )
    assert story.elapsed_s == pytest.approx(3_600, abs=1)


def test_a_timed_out_order_is_resumed(tell_story: Callable[..., Story]) -> None:
    """Its money was held by ProcessData and is taken by the run that goes on."""
    story = tell_story(execution_timeout=3_600, schedule_to_start_timeout=86_400)
    story.given(times_out("SaveResults", "SCHEDULE_TO_START"))
    story.when(order_is_placed())
    story.run()
    story.when(resumed_from("SaveResults"))
    story.then(
        """
        marker RESUME_FROM_STEP
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
        """,
        strict=False,  # the step's own time-out would have been later
    )
    assert isinstance(story.app, OrdersApp)
    assert story.app.payments() == ["captured"]


@pytest.mark.parametrize("step", workflow.STEPS)
def test_nobody_takes_a_step_for_an_hour(story: Story, step: str) -> None:
    story.given(times_out(step, "SCHEDULE_TO_START"))
    story.when(order_is_placed())
    story.then()
    assert story.status == "COMPLETED"
    assert story.elapsed_s == pytest.approx(3_600, abs=1)


@pytest.mark.parametrize("step", sorted(workflow.LONG_STEPS - workflow.OPTIONAL_STEPS.keys()))
@pytest.mark.parametrize(
    "kind", ["START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE", "HEARTBEAT"]
)
def test_each_time_out_at_each_long_step(story: Story, step: str, kind: str) -> None:
    story.given(times_out(step, kind, attempts=2))  # type: ignore[arg-type]
    story.when(order_is_placed())
    story.then()
    assert story.status == "COMPLETED"


def test_three_time_outs_are_three_failures(story: Story, app: OrdersApp) -> None:
    story.given(times_out("SaveResults", "START_TO_CLOSE", attempts=3))
    story.when(order_is_placed())
    story.then("""
        ValidateInput         → completed
        ProcessData           → completed
        EnrichData            → completed
        SaveResults           → timed out: START_TO_CLOSE
        SaveResults           → timed out: START_TO_CLOSE
        SaveResults           → timed out: START_TO_CLOSE
        marker ROLLBACK_INITIATED
        RollbackStep          → completed
        CompensateTransaction → completed
        Workflow              → FAILED
    """)
    assert app.saved("ORD-2024-001") is None
    assert app.payments() == ["released"]
