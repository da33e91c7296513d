"""One order, placed by two workflows: whose record stands, and what the other tells."""

from __future__ import annotations

from scenarios.app import OrdersApp, an_order, order_is_placed
from swfsim import Story
from swfsim.faults import times_out


def _reason(story: Story) -> str:
    reason: str = story.latest.events[-1].attrs["reason"]
    return reason


def test_the_second_does_not_complete_on_a_record_that_may_still_be_taken_back(
    story: Story, app: OrdersApp
) -> None:
    """The first is saved, and cancelled before its customer is told. Had the second completed on
    its record, nothing would stand now, and a customer would wait for an order that is complete."""
    story.given(times_out("NotifyCompletion", "SCHEDULE_TO_START"))
    story.when(order_is_placed())
    story.when("NotifyCompletion scheduled", order_is_placed())
    story.when(30, lambda story: app.starter.cancel_workflow(*_ids(story, 0)))
    story.then(strict=False)  # it is held back, and closed before it times out
    first, second = story.executions
    assert first.close_status == "CANCELED"
    assert second.close_status == "FAILED"
    assert f"Already saved by workflow {first.workflow_id}" in second.events[-1].attrs["reason"]
    assert app.saved("ORD-2024-001") is None
    assert app.payments() == ["refunded"]
    assert app.notified() == 0


def test_when_the_first_to_save_was_taken_back_the_other_is_resumed_and_stands(
    story: Story, app: OrdersApp
) -> None:
    """Both are valid, because neither is saved yet; the quick one saves, the slow one may not."""
    slow, quick = an_order(via="telephone"), an_order(via="web")
    story.given(
        times_out("EnrichData", "SCHEDULE_TO_START", only=lambda o: o["via"] == "telephone"),
        times_out("NotifyCompletion", "SCHEDULE_TO_START", only=lambda o: o["via"] == "web"),
    )
    story.when(order_is_placed(slow))
    story.when(1, order_is_placed(quick))
    story.when("SaveResults failed", lambda story: app.starter.cancel_workflow(*_ids(story, 1)))
    story.then(strict=False)  # it is held back, and closed before it times out
    assert [x.close_status for x in story.executions] == ["FAILED", "CANCELED"]
    assert sorted(app.payments()) == ["refunded", "released"]

    story.when(lambda story: app.starter.resume_workflow_from_step(*_ids(story, 0), "SaveResults"))
    story.then(
        """
        marker RESUME_FROM_STEP
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """,
        strict=False,
    )
    record = app.saved("ORD-2024-001")
    assert record is not None
    assert record.workflow_id == story.executions[0].workflow_id
    assert sorted(app.payments()) == ["captured", "refunded", "released"]


def _ids(story: Story, number: int) -> tuple[str, str]:
    x = story.executions[number]
    return x.workflow_id, x.run_id


def test_another_order_of_the_same_id_is_refused_and_nobody_hears_a_wrong_total(
    story: Story, app: OrdersApp
) -> None:
    story.when(order_is_placed())
    story.then()
    dearer = [{"sku": "PROD-003", "quantity": 1, "price": 999.0}]
    story.when(order_is_placed(an_order(items=dearer, total=999.0)))
    story.then()
    assert story.status == "FAILED"
    assert "with other content, total 349.70: order_id ORD-2024-001" in _reason(story)
    assert [message["total"] for message in app.ports.notifier.sent.values()] == ["349.70"]
    assert app.payments() == ["captured"]
