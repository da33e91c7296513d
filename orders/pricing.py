"""What an order costs. Money is Decimal, in the order's currency; rates are fractions of 1."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
DEFAULT_CURRENCY = "BRL"


def decimal(number: float | int | Decimal) -> Decimal:
    """The number as it is written: 99.9 is 99.9, not its nearest binary fraction."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


def line_total(item: Mapping[str, Any]) -> Decimal:
    """Quantity times price (`price` or `unit_price`), less `discount`. Not rounded."""
    price = item.get("price")
    price = decimal(item["unit_price"] if price is None else price)
    quantity: int = item["quantity"]
    discount = item.get("discount")
    return price * quantity * (1 - decimal(discount)) if discount else price * quantity


def shipping_cost(order: Mapping[str, Any]) -> Decimal:
    return decimal((order.get("shipping") or {}).get("cost") or 0)


def order_total(order: Mapping[str, Any]) -> Decimal:
    """All lines and shipping. Not rounded."""
    return sum((line_total(item) for item in order["items"]), shipping_cost(order))


def to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def currency(order: Mapping[str, Any]) -> str:
    return str(order.get("currency") or DEFAULT_CURRENCY)
