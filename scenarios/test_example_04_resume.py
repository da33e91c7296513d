"""Example 4: a bug stopped the order at EnrichData; it is mended, and the order goes on there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orders.errors import (
    OrdersError,
    RunCompleted,
    RunSuperseded,
    StepNotReached,
    TakenBack,
    UnknownRun,
    UnknownStep,
)
from scenarios.app import OrdersApp, cancelled, order_is_placed, resumed_from, terminated
from swfsim import Story
from swfsim.faults import decision_refused, fails, times_out

if TYPE_CHECKING:
    from swfsim.stories import Happening


def test_a_failed_run_is_resumed_after_the_bug_is_mended(story: Story, app: OrdersApp) -> None:
    """The run is closed, so the order is started anew under its workflow id, with the results of
    the earlier steps. The first three attempts meet the bug; it is mended before the fourth."""
    story.given(fails("EnrichData", "bug in the enrichment", attempts=3))
    story.when(order_is_placed())
    story.then("""
        ValidateInput         → completed
        ProcessData           → completed
        EnrichData            → failed: bug in the enrichment
        EnrichData            → failed: bug in the enrichment
        EnrichData            → failed: bug in the enrichment
        marker ROLLBACK_INITIATED
        RollbackStep          → completed
        CompensateTransaction → completed
        Workflow              → FAILED
    """)
    failed = story.latest
    story.when(resumed_from("EnrichData"))
    story.then("""
        marker RESUME_FROM_STEP
        EnrichData       → completed
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """)
    assert story.latest.workflow_id == failed.workflow_id
    assert story.latest.run_id != failed.run_id
    assert sorted(app.payments()) == ["captured", "released"]
    assert app.notified() == 1


def test_an_open_run_is_signalled(tell_story: Callable[..., Story]) -> None:
    """Between two attempts, while the backoff runs, somebody asks to go on at once."""
    story = tell_story(retry_backoff=300)
    story.given(fails("EnrichData", "bug in the enrichment", attempts=1))
    story.when(order_is_placed())
    story.when("TimerStarted", resumed_from("EnrichData"))
    story.then("""
        ValidateInput             → completed
        ProcessData               → completed
        EnrichData                → failed: bug in the enrichment
        signal RESUME_FROM_STEP
        timer retry-EnrichData-2  → canceled
        marker RESUME_FROM_STEP
        EnrichData                → completed
        SaveResults               → completed
        NotifyCompletion          → completed
        Workflow                  → COMPLETED
    """)
    assert len(story.executions) == 1
    assert story.elapsed_s < 5


def test_an_open_run_goes_back_to_an_earlier_step(story: Story, app: OrdersApp) -> None:
    """The worker of SaveResults is stuck; the order is taken back to EnrichData, and what the stuck
    attempt brings in the end no longer counts."""
    story.given(times_out("SaveResults", "START_TO_CLOSE"))
    story.when(order_is_placed())
    story.when("SaveResults started", resumed_from("EnrichData"))
    story.then("""
        ValidateInput           → completed
        ProcessData             → completed
        EnrichData              → completed
        signal RESUME_FROM_STEP
        marker RESUME_FROM_STEP
        SaveResults             → timed out: START_TO_CLOSE
        EnrichData              → completed
        SaveResults             → completed
        NotifyCompletion        → completed
        Workflow                → COMPLETED
    """)
    assert app.payments() == ["captured"]


def _refused(step: str, why: list[OrdersError]) -> Happening:
    """Resuming the latest run from this step, which is refused."""
    resume = resumed_from(step)

    def attempt(story: Story) -> None:
        with pytest.raises(OrdersError) as refusal:
            resume(story)
        why.append(refusal.value)

    return attempt


def test_a_step_left_behind_ends_before_the_order_is_taken_back(story: Story) -> None:
    """Somebody goes back while EnrichData is at work, and from then on nothing may be scheduled:
    the order gives up, but not before EnrichData has ended."""
    refused = ("ScheduleActivityTask", "OPERATION_NOT_PERMITTED")
    story.given(times_out("EnrichData", "START_TO_CLOSE"))
    story.given(decision_refused(4, *refused, onwards=True))
    story.when(order_is_placed())
    story.when("EnrichData started", resumed_from("ProcessData"))
    story.then("""
        ValidateInput           → completed
        ProcessData             → completed
        signal RESUME_FROM_STEP
        marker RESUME_FROM_STEP
        ProcessData             → refused: OPERATION_NOT_PERMITTED
        EnrichData              → timed out: START_TO_CLOSE
        marker ROLLBACK_INITIATED
        RollbackStep            → refused: OPERATION_NOT_PERMITTED
        Workflow                → FAILED
    """)


def test_resuming_a_run_that_completed_is_refused(story: Story) -> None:
    why: list[OrdersError] = []
    story.when(order_is_placed())
    story.then()
    story.when(_refused("EnrichData", why))
    story.then()
    assert isinstance(why[0], RunCompleted)
    assert len(story.executions) == 1


def test_resuming_behind_what_was_never_done_is_refused(story: Story) -> None:
    why: list[OrdersError] = []
    story.given(fails("ProcessData", attempts=3))
    story.when(order_is_placed())
    story.then()
    story.when(_refused("SaveResults", why))
    story.then()
    assert isinstance(why[0], StepNotReached)
    assert "ProcessData" in str(why[0])


def test_an_order_that_was_rolled_back_is_not_resumed_behind_saving(
    story: Story, app: OrdersApp
) -> None:
    """It was on record and paid, then nobody could be told, and all was taken back. To tell the
    customer now that the order is complete would be a lie: it must be saved, and paid, again."""
    why: list[OrdersError] = []
    story.given(fails("NotifyCompletion", "mail server is down", attempts=3))
    story.when(order_is_placed())
    story.then()
    assert app.payments() == ["refunded"]
    story.when(_refused("NotifyCompletion", why))
    story.then()
    assert isinstance(why[0], TakenBack)
    assert "resume from SaveResults" in str(why[0])
    assert len(story.executions) == 1

    story.when(resumed_from("SaveResults"))
    story.then("""
        marker RESUME_FROM_STEP
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """)
    assert app.saved("ORD-2024-001") is not None
    assert sorted(app.payments()) == ["captured", "refunded"]
    assert app.notified() == 1


def test_nor_is_one_that_was_cancelled_after_it_was_saved(story: Story, app: OrdersApp) -> None:
    why: list[OrdersError] = []
    story.given(times_out("NotifyCompletion", "SCHEDULE_TO_START"))
    story.when(order_is_placed())
    story.when("NotifyCompletion scheduled", cancelled())
    story.then(strict=False)
    assert story.status == "CANCELED"
    story.when(_refused("NotifyCompletion", why))
    story.then(strict=False)
    assert isinstance(why[0], TakenBack)
    assert app.payments() == ["refunded"]
    assert app.notified() == 0


def test_an_order_that_stands_is_resumed_behind_saving(story: Story, app: OrdersApp) -> None:
    """Terminated, nothing was taken back: the customer is all that is left to tell."""
    story.given(times_out("NotifyCompletion", "SCHEDULE_TO_START"))
    story.when(order_is_placed())
    story.when("NotifyCompletion scheduled", terminated("by mistake"))
    story.then(strict=False)
    story.when(resumed_from("NotifyCompletion"))
    story.then(
        """
        marker RESUME_FROM_STEP
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """,
        strict=False,
    )
    assert app.payments() == ["captured"]
    assert app.notified() == 1


def test_a_run_that_was_resumed_is_not_resumed_a_second_time(story: Story, app: OrdersApp) -> None:
    """Else both runs that carry it on would take the customer's money."""
    why: list[OrdersError] = []
    story.given(fails("EnrichData", attempts=3))
    story.when(order_is_placed())
    story.then()
    first = story.latest
    story.when(resumed_from("EnrichData"))
    story.then()
    second = story.latest

    def again(story: Story) -> None:
        with pytest.raises(RunSuperseded) as refusal:
            app.starter.resume_workflow_from_step(first.workflow_id, first.run_id, "EnrichData")
        why.append(refusal.value)

    story.when(again)
    story.then()
    assert second.run_id in str(why[0])
    assert sorted(app.payments()) == ["captured", "released"]


def test_an_unknown_step_is_refused(story: Story) -> None:
    why: list[OrdersError] = []
    story.given(fails("SaveResults", attempts=3))
    story.when(order_is_placed())
    story.then()
    story.when(_refused("EnrichDatas", why))
    story.then()
    assert isinstance(why[0], UnknownStep)
    assert "EnrichData" in str(why[0])


def test_an_unknown_run_is_refused(story: Story, app: OrdersApp) -> None:
    def resume(story: Story) -> None:
        with pytest.raises(UnknownRun, match="run-xyz-456"):
            app.starter.resume_workflow_from_step(
                workflow_id="workflow-abc-123", run_id="run-xyz-456", step_name="EnrichData"
            )

    story.when(order_is_placed(), resume)
    story.then()


def test_a_resumed_run_that_fails_again_is_resumed_again(story: Story, app: OrdersApp) -> None:
    story.given(fails("EnrichData", "first bug", attempts=3))
    story.when(order_is_placed())
    story.then()
    story.given(fails("SaveResults", "second bug", attempts=3))
    story.when(resumed_from("EnrichData"))
    story.then()
    assert story.status == "FAILED"
    story.when(resumed_from("SaveResults"))
    story.then("""
        marker RESUME_FROM_STEP
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """)
    assert app.payments().count("captured") == 1
    assert app.notified() == 1
