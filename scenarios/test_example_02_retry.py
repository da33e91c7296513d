"""Example 2: an activity fails for a while, is tried again, and the order goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from scenarios.app import OrdersApp, order_is_placed
from swfsim import Story
from swfsim.faults import fails, times_out

if TYPE_CHECKING:
    from swfsim.sim.faults import ActivityTimeout


def test_two_failures_then_success(story: Story) -> None:
    story.given(fails("ProcessData", "Connection timeout", attempts=2))
    story.when(order_is_placed())
    story.then("""
        ValidateInput    → completed
        ProcessData      → failed: Connection timeout
        ProcessData      → failed: Connection timeout
        ProcessData      → completed
        EnrichData       → completed
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """)


def test_the_decision_worker_logs_it_in_these_words(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    story.given(fails("ProcessData", "Connection timeout", attempts=2))
    story.when(order_is_placed())
    with caplog.at_level(logging.INFO, logger="orders.decision_worker"):
        story.then()
    said = [r.getMessage() for r in caplog.records if r.name == "orders.decision_worker"]
    received = f"Received decision task for workflow: {story.latest.workflow_id}"
    first = said.index("Activity 'ProcessData' failed: Connection timeout")
    assert said[first - 1 : first + 8] == [
        received,
        "Activity 'ProcessData' failed: Connection timeout",
        "Retrying activity: ProcessData (attempt 2)",
        received,
        "Activity 'ProcessData' failed: Connection timeout",
        "Retrying activity: ProcessData (attempt 3)",
        received,
        "Activity 'ProcessData' completed successfully",
        "Scheduling next activity: EnrichData",
    ]


@pytest.mark.parametrize("kind", ["START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE"])
def test_time_outs_count_as_failures_do(story: Story, kind: ActivityTimeout) -> None:
    story.given(times_out("ProcessData", kind, attempts=2))
    story.when(order_is_placed())
    story.then(f"""
        ValidateInput    → completed
        ProcessData      → timed out: {kind}
        ProcessData      → timed out: {kind}
        ProcessData      → completed
        EnrichData       → completed
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """)


def test_a_long_step_that_stops_beating_is_given_to_another_worker(story: Story) -> None:
    story.given(times_out("SaveResults", "HEARTBEAT"))
    story.when(order_is_placed())
    story.then("""
        ValidateInput    → completed
        ProcessData      → completed
        EnrichData       → completed
        SaveResults      → timed out: HEARTBEAT
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """)


def test_with_a_backoff_a_timer_stands_between_the_attempts(
    tell_story: Callable[..., Story],
) -> None:
    story = tell_story(retry_backoff=30)
    story.given(fails("ProcessData", "Connection timeout", attempts=2))
    story.when(order_is_placed())
    story.then("""
        ValidateInput                   → completed
        ProcessData                     → failed: Connection timeout
        timer retry-ProcessData-2       → fired
        ProcessData                     → failed: Connection timeout
        timer retry-ProcessData-3       → fired
        ProcessData                     → completed
        EnrichData                      → completed
        SaveResults                     → completed
        NotifyCompletion                → completed
        Workflow                        → COMPLETED
    """)
    assert story.elapsed_s == pytest.approx(30 + 60, abs=1)


def test_the_money_is_taken_once_however_often_a_step_is_tried(
    story: Story, app: OrdersApp
) -> None:
    story.given(
        fails("ProcessData", attempts=2),
        fails("SaveResults", attempts=2),
        fails("NotifyCompletion", attempts=2),
    )
    story.when(order_is_placed())
    story.then()
    assert app.payments() == ["captured"]
    assert app.notified() == 1
