"""When even taking back fails: it is tried again, and what stays broken is said."""

from __future__ import annotations

import pytest

from scenarios.app import OrdersApp, order_is_placed, resumed_from
from swfsim import Story
from swfsim.faults import fails, times_out


def test_a_rollback_step_is_tried_again(story: Story, app: OrdersApp) -> None:
    story.given(
        fails("SaveResults", "Database unavailable", attempts=3),
        fails("RollbackStep", "Database unavailable", attempts=1),
        times_out("CompensateTransaction", "START_TO_CLOSE", attempts=1),
    )
    story.when(order_is_placed())
    story.then("""
        ValidateInput         → completed
        ProcessData           → completed
        EnrichData            → completed
        SaveResults           → failed: Database unavailable
        SaveResults           → failed: Database unavailable
        SaveResults           → failed: Database unavailable
        marker ROLLBACK_INITIATED
        RollbackStep          → failed: Database unavailable
        RollbackStep          → completed
        CompensateTransaction → timed out: START_TO_CLOSE
        CompensateTransaction → completed
        Workflow              → FAILED
    """)
    assert app.payments() == ["released"]


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        ("RollbackStep", "RollbackStep, CompensateTransaction"),
        ("CompensateTransaction", "CompensateTransaction"),
    ],
)
def test_a_rollback_that_stays_broken_is_said_in_the_reason(
    story: Story, broken: str, left: str
) -> None:
    story.given(fails("SaveResults", attempts=3), fails(broken, "ledger is closed", attempts=3))
    story.when(order_is_placed())
    story.then()
    assert story.status == "FAILED"
    reason = story.latest.events[-1].attrs["reason"]
    assert reason.startswith(f"Compensation incomplete, left to do: {left}")
    assert "ledger is closed" in reason


def test_after_an_incomplete_rollback_the_order_can_still_be_resumed(
    story: Story, app: OrdersApp
) -> None:
    story.given(fails("SaveResults", attempts=3), fails("CompensateTransaction", attempts=3))
    story.when(order_is_placed())
    story.then()
    story.when(resumed_from("SaveResults"))
    story.then("""
        marker RESUME_FROM_STEP
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """)
    assert app.payments() == ["captured"]
