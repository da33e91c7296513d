"""Example 7: an order with discounts, shipping, instalments and names that are not ASCII."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from scenarios.app import OrdersApp, order_is_placed
from swfsim import Story


def _complex_order() -> dict[str, Any]:
    return {
        "order_id": "ORD-2024-002",
        "created_at": datetime.now().isoformat(),
        "customer": {
            "id": "CUST-67890",
            "name": "João Silva",
            "email": "joao@example.com",
            "tier": "premium",
        },
        "items": [
            {
                "sku": "PROD-001",
                "name": "Notebook",
                "quantity": 1,
                "unit_price": 3500.00,
                "discount": 0.10,
            },
            {
                "sku": "PROD-002",
                "name": "Mouse",
                "quantity": 2,
                "unit_price": 50.00,
                "discount": 0.05,
            },
        ],
        "shipping": {
            "method": "express",
            "address": {
                "street": "Rua Exemplo, 123",
                "city": "São Paulo",
                "state": "SP",
                "zip": "01234-567",
            },
            "cost": 25.00,
        },
        "payment": {"method": "credit_card", "installments": 3},
        "metadata": {"source": "mobile_app", "campaign": "BLACK_FRIDAY_2024"},
    }


def test_a_complex_order_goes_through(story: Story, app: OrdersApp) -> None:
    story.when(order_is_placed(_complex_order()))
    story.then()
    assert story.status == "COMPLETED"
    record = app.saved("ORD-2024-002")
    assert record is not None
    assert record.total == "3270.00"  # 3500 less 10 %, twice 50 less 5 %, and 25 for shipping
    assert record.content["order"]["customer"]["name"] == "João Silva"
    assert "São Paulo" in story.latest.started["input"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"order_id": ""}, "order_id"),
        ({"order_id": None}, "order_id"),
        ({"items": []}, "items"),
        ({"items": [{"sku": "A", "quantity": -1, "price": 2}]}, "items.0.quantity"),
        ({"items": [{"sku": "A", "quantity": 0, "price": 2}]}, "items.0.quantity"),
        ({"items": [{"sku": "A", "quantity": 1, "price": float("nan")}]}, "items.0.price"),
        ({"items": [{"sku": "A", "quantity": 1, "price": float("inf")}]}, "items.0.price"),
        ({"total": 1.00}, "total"),
    ],
)
def test_an_order_that_breaks_a_rule_fails_at_once_and_names_the_field(
    story: Story, app: OrdersApp, change: dict[str, Any], field: str
) -> None:
    story.when(order_is_placed({**_complex_order(), **change}))
    story.then()
    seen = [event for event in story.latest.events if event.kind == "ActivityTaskFailed"]
    assert len(seen) == 1, "a validation error is not tried again"
    assert field in seen[0].attrs["reason"]
    assert field in story.latest.events[-1].attrs["reason"]
    assert story.status == "FAILED"
    assert app.payments() == []


def test_the_result_names_the_order(story: Story) -> None:
    story.when(order_is_placed(_complex_order()))
    story.then()
    result = json.loads(story.latest.events[-1].attrs["result"])
    assert result["order_id"] == "ORD-2024-002"
    assert result["status"] == "completed"
