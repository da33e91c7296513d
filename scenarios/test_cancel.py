"""A customer cancels while the order is under way: what was done is taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orders import workflow
from scenarios.app import OrdersApp, cancelled, order_is_placed
from swfsim import Story
from swfsim.faults import fails, times_out


def test_cancelled_while_nothing_was_done_yet(story: Story, app: OrdersApp) -> None:
    story.given(times_out("ValidateInput", "SCHEDULE_TO_START"))
    story.when(order_is_placed())
    story.when("ValidateInput scheduled", cancelled())
    story.then(
        """
        cancel requested
        ValidateInput → canceled
        Workflow      → CANCELED
        """,
        strict=False,  # the time-out is given to keep it from the workers, and never comes
    )
    assert app.payments() == []


def test_cancelled_in_mid_flight(story: Story, app: OrdersApp) -> None:
    story.when(order_is_placed())
    story.when("EnrichData scheduled", cancelled())
    story.then("""
        ValidateInput         → completed
        ProcessData           → completed
        cancel requested
        EnrichData            → completed
        marker ROLLBACK_INITIATED
        RollbackStep          → completed
        CompensateTransaction → completed
        Workflow              → CANCELED
    """)
    assert app.payments() == ["released"]
    assert "CompensateTransaction" in story.latest.events[-1].attrs["details"]


@pytest.mark.parametrize("step", workflow.STEPS)
@pytest.mark.parametrize("word", ["scheduled", "started", "completed"])
def test_cancelled_at_any_step(story: Story, app: OrdersApp, step: str, word: str) -> None:
    """Either everything is taken back, or the order was already through."""
    story.when(order_is_placed())
    story.when(f"{step} {word}", cancelled())
    story.then()
    if story.status == "CANCELED":
        assert app.saved("ORD-2024-001") is None
        assert app.payments() in ([], ["released"], ["refunded"])
    else:
        assert story.status == "COMPLETED"
        assert app.payments() == ["captured"]
        assert app.notified() == 1


def test_cancelled_while_waiting_for_the_next_attempt(tell_story: Callable[..., Story]) -> None:
    story = tell_story(retry_backoff=300)
    story.given(fails("EnrichData"))
    story.when(order_is_placed())
    story.when("TimerStarted", cancelled())
    story.then("""
        ValidateInput            → completed
        ProcessData              → completed
        EnrichData               → failed: failed by the scenario
        cancel requested
        timer retry-EnrichData-2 → canceled
        marker ROLLBACK_INITIATED
        RollbackStep             → completed
        CompensateTransaction    → completed
        Workflow                 → CANCELED
    """)


def test_a_long_step_stops_when_its_heartbeat_tells_it_to(story: Story) -> None:
    """The worker of SaveResults is stuck but beats; it learns of the cancel from its heartbeat."""
    story.given(times_out("SaveResults", "START_TO_CLOSE"))
    story.when(order_is_placed())
    story.when("SaveResults started", cancelled())
    story.then()
    assert story.status == "CANCELED"


def test_cancelled_twice_is_cancelled_once(story: Story, app: OrdersApp) -> None:
    story.when(order_is_placed())
    story.when("ProcessData started", cancelled(), cancelled())
    story.then()
    assert story.status == "CANCELED"
    assert app.payments() == ["released"]
