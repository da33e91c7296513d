"""Example 6: an operator terminates an order."""

from __future__ import annotations

import pytest

from orders.errors import UnknownRun
from scenarios.app import OrdersApp, order_is_placed, terminated
from swfsim import Story
from swfsim.faults import times_out


def test_a_stuck_order_is_terminated(story: Story) -> None:
    story.given(times_out("ProcessData", "SCHEDULE_TO_START"))
    story.when(order_is_placed())
    story.when(60, terminated("Pedido cancelado pelo cliente"))
    story.then(
        """
        ValidateInput → completed
        Workflow      → TERMINATED
        """,
        strict=False,  # the time-out is given to keep it from the workers, and never comes
    )
    last = story.latest.events[-1].attrs
    assert last["reason"] == "Pedido cancelado pelo cliente"
    assert last["cause"] == "OPERATOR_INITIATED"


def test_what_the_worker_still_answers_meets_a_closed_run(story: Story, app: OrdersApp) -> None:
    """Terminated while SaveResults is at work: its answer comes too late, the worker lives on and
    serves the next order."""
    story.when(order_is_placed())
    story.when("SaveResults started", terminated("enough"))
    story.then()
    assert story.status == "TERMINATED"
    story.when(order_is_placed({**_next_order()}))
    story.then()
    assert story.status == "COMPLETED"


def _next_order() -> dict[str, object]:
    return {"order_id": "ORD-2", "items": [{"sku": "PROD-001", "quantity": 1, "price": 5}]}


def test_terminating_a_closed_run_is_a_clear_error(story: Story, app: OrdersApp) -> None:
    story.when(order_is_placed())
    story.then()

    def terminate(story: Story) -> None:
        with pytest.raises(UnknownRun, match="closed"):
            terminated("too late")(story)

    story.when(terminate)
    story.then()
    assert story.status == "COMPLETED"
