"""Which orders are valid, and what an order costs."""

from decimal import Decimal

import pytest

from orders import activities, pricing
from orders.errors import InvalidOrder
from orders.gateways.memory import MemoryStore
from orders.task import Task

SIMPLE = {
    "order_id": "ORD-2024-001",
    "customer_id": "CUST-12345",
    "items": [
        {"sku": "PROD-001", "quantity": 2, "price": 99.90},
        {"sku": "PROD-002", "quantity": 1, "price": 149.90},
    ],
    "total": 349.70,
    "payment_method": "credit_card",
}

RICH = {
    "order_id": "ORD-2024-002",
    "created_at": "2024-01-15T10:30:00",
    "customer": {
        "id": "CUST-67890",
        "name": "João Silva",
        "email": "joao@example.com",
        "tier": "premium",
    },
    "items": [
        {"sku": "P1", "name": "Notebook", "quantity": 1, "unit_price": 3500.00, "discount": 0.10},
        {"sku": "P2", "name": "Mouse", "quantity": 2, "unit_price": 50.00, "discount": 0.05},
    ],
    "shipping": {
        "method": "express",
        "address": {"street": "Rua Exemplo, 123", "city": "São Paulo"},
        "cost": 25.00,
    },
    "payment": {"method": "credit_card", "installments": 3},
    "metadata": {"source": "mobile_app", "campaign": "BLACK_FRIDAY_2024"},
}


def validate_input(order):
    """The step, in a shop that has no other orders."""
    task = Task("workflow-1", "run-1", "ValidateInput-1", "ValidateInput")
    return activities.validate_input(task, order, MemoryStore())


@pytest.mark.parametrize("order", [SIMPLE, RICH])
def test_both_shapes_of_the_usage_examples_are_valid(order):
    assert validate_input(order) == {"status": "validated", "order_id": order["order_id"]}


def test_totals():
    assert pricing.order_total(SIMPLE) == Decimal("349.70")
    assert pricing.order_total(RICH) == Decimal("3150") + Decimal("95") + Decimal("25")


def test_money_is_counted_as_written_not_as_binary_fractions():
    items = [{"sku": "A", "quantity": 3, "price": 0.1}]
    assert pricing.order_total({"items": items}) == Decimal("0.3")


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.005", "0.01"), ("0.0049", "0.00"), ("2.675", "2.68")]
)
def test_half_a_cent_rounds_up(amount, rounded):
    assert pricing.to_cents(Decimal(amount)) == Decimal(rounded)


def changed(path, value):
    """SIMPLE with one thing changed; `...` takes it away."""
    order = {**SIMPLE, "items": [dict(item) for item in SIMPLE["items"]]}
    *way, last = path.split(".")
    at = order
    for step in way:
        at = at[int(step)] if step.isdigit() else at[step]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return order


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("order_id", ...),
        ("order_id", ""),
        ("order_id", "  "),
        ("order_id", 7),
        ("order_id", None),
        ("order_id", "x" * 257),
        ("items", ...),
        ("items", []),
        ("items", "A"),
        ("items", {"0": {}}),
        ("items.0.quantity", ...),
        ("items.0.quantity", 0),
        ("items.0.quantity", -1),
        ("items.0.quantity", 1.5),
        ("items.0.quantity", "2"),
        ("items.0.quantity", True),
        ("items.0.quantity", NAN),
        ("items.1.price", -0.01),
        ("items.1.price", NAN),
        ("items.1.price", INFINITY),
        ("items.1.price", -INFINITY),
        ("items.1.price", "grátis"),
        ("items.1.price", True),
        ("items.1.price", 1e300),
        ("items.0.sku", ...),
        ("items.0.sku", ""),
        ("items.0.discount", 1.5),
        ("items.0.discount", NAN),
        ("total", 349.71),
        ("total", 349.60),
        ("total", NAN),
        ("total", "349.70"),
        ("customer_id", ""),
        ("customer", {"name": "no id"}),
        ("currency", "reais"),
        ("shipping", {"cost": -1}),
        ("payment", {"method": "card", "installments": 0}),
    ],
)
def test_a_bad_order_is_refused_and_the_reason_begins_with_the_field(path, value):
    with pytest.raises(InvalidOrder) as refused:
        validate_input(changed(path, value))
    assert str(refused.value).startswith(path)


def test_an_item_needs_one_price_and_only_one():
    with pytest.raises(InvalidOrder, match=r"items\.0: price or unit_price must be given"):
        validate_input(changed("items.0.price", ...))
    with pytest.raises(InvalidOrder, match=r"items\.0: price or unit_price"):
        validate_input(changed("items.0.unit_price", 99.90))


def test_all_problems_are_named():
    order = changed("items.0.quantity", -1)
    del order["order_id"]
    with pytest.raises(InvalidOrder) as refused:
        validate_input(order)
    assert "order_id: " in str(refused.value)
    assert "items.0.quantity: " in str(refused.value)


@pytest.mark.parametrize("total", [349.705, 349.695, 349.70, 349.7000001])
def test_a_total_may_be_off_by_half_a_cent(total):
    validate_input(changed("total", total))
