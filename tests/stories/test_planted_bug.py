"""A decider that forgets a timed-out attempt is caught by the stories of the order workflow."""

from __future__ import annotations

from typing import Any

import pytest

from orders import progress, reactions
from orders.facts import Activity
from scenarios.app import OrdersApp, order_is_placed
from swfsim import Story
from swfsim.faults import times_out


def forget(state: Any, event_id: int, it: Any) -> None:
    """The activity is over, but its attempt is not counted."""
    activity: Activity | None = state.open.pop(it["scheduledEventId"], None)
    assert activity is not None


def tell(story: Story) -> None:
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


def test_the_decider_as_it_is_passes() -> None:
    with Story(OrdersApp) as story:
        tell(story)


def test_one_that_forgets_a_timed_out_attempt_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = "ActivityTaskTimedOut"
    assert kind in reactions.REACTIONS
    monkeypatch.setitem(progress._SEEN, kind, (forget, "activityTaskTimedOutEventAttributes"))
    with Story(OrdersApp) as story, pytest.raises(AssertionError) as caught:
        tell(story)
    assert "> marker ROLLBACK_INITIATED" in str(caught.value)
    assert "| SaveResults → completed" in str(caught.value)


def test_one_that_does_not_notice_it_at_all_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = "ActivityTaskTimedOut"
    monkeypatch.setitem(progress._SEEN, kind, (lambda *seen: None, ""))
    with Story(OrdersApp) as story, pytest.raises(AssertionError) as caught:
        tell(story)
    assert "| Workflow → TIMED_OUT" in str(caught.value)
