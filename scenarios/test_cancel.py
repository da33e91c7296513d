"""A customer cancels while the order is under way: what was done is taken back."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orders import workflow
from orders.errors import UnknownRun
from scenarios.app import OrdersApp, cancelled, order_is_placed
from swfsim import Story
from swfsim.faults import fails, times_out
from swfsim.report.flow import flow

if TYPE_CHECKING:
    from swfsim.stories import Happening


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


class _SlowApi:
    """An external service that takes its time."""

    def enrich(self, order_id: str) -> dict[str, str]:
        time.sleep(2)
        return {"order_id": order_id}


def test_cancelled_in_mid_flight(story: Story, app: OrdersApp) -> None:
    """While a worker is at a step. What it has begun it ends, and then all is taken back."""
    app.ports = dataclasses.replace(app.ports, external_api=_SlowApi())
    story.when(order_is_placed(optional_steps=["CallExternalAPI"]))
    story.when("CallExternalAPI started", cancelled())
    story.then("""
        ValidateInput         → completed
        ProcessData           → completed
        EnrichData            → completed
        cancel requested
        CallExternalAPI       → completed
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
    """Either everything is taken back, or the order was already through.

    The request races with the workers, and the seed says who wins: after the last step it may find
    the run closed.
    """
    too_late: list[UnknownRun] = []
    story.when(order_is_placed())
    story.when(f"{step} {word}", _cancelled_unless_closed(too_late))
    story.then()
    assert bool(too_late) == ("cancel requested" not in flow(story.latest.events))
    if story.status == "CANCELED":
        assert app.saved("ORD-2024-001") is None
        assert app.payments() in ([], ["released"], ["refunded"])
    else:
        assert story.status == "COMPLETED"
        assert app.payments() == ["captured"]
        assert app.notified() == 1


def _cancelled_unless_closed(too_late: list[UnknownRun]) -> Happening:
    """Somebody asks for the latest run to be cancelled, and may be told that it is closed."""
    cancel = cancelled()

    def attempt(story: Story) -> None:
        try:
            cancel(story)
        except UnknownRun as refusal:
            assert not story.latest.open
            too_late.append(refusal)

    return attempt


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
