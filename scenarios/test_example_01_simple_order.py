"""Example 1: one order, from beginning to end."""

from __future__ import annotations

import re

import pytest

from scenarios.app import ORDER, OrdersApp, order_is_placed
from swfsim import Story


def test_an_order_goes_through_all_steps(story: Story) -> None:
    story.when(order_is_placed())
    story.then("""
        ValidateInput    → completed
        ProcessData      → completed
        EnrichData       → completed
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """)


def test_the_outside_world_knows_of_it_once(story: Story, app: OrdersApp) -> None:
    story.when(order_is_placed())
    story.then()
    record = app.saved("ORD-2024-001")
    assert record is not None
    assert record.total == "349.70"
    assert app.payments() == ["captured"]
    assert app.notified() == 1


def test_the_starter_tells_both_ids(
    story: Story, app: OrdersApp, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example's own lines."""

    def place(story: Story) -> None:
        result = app.starter.start_workflow(ORDER)
        print(f"Pedido {ORDER['order_id']} em processamento")
        print(f"Workflow ID: {result['workflow_id']}")
        print(f"Run ID: {result['run_id']}")

    story.when(place)
    story.then()
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "Pedido ORD-2024-001 em processamento"
    uuid4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(f"Workflow ID: workflow-{uuid4}", second)
    assert third == f"Run ID: {story.latest.run_id}"
