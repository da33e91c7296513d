"""Orders as Hypothesis strategies: all that ``ValidateInput`` lets through, in both shapes."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

from orders import pricing

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: bool(text.strip())
)
money = st.integers(0, 10_000_00).map(lambda cents: cents / 100)
fractions = st.integers(0, 100).map(lambda percent: percent / 100)


def _items(price: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"sku": names, "quantity": st.integers(1, 1000), price: money},
        optional={"discount": fractions},
    )


_customers = st.fixed_dictionaries({"id": names}, optional={"name": names, "email": st.emails()})
_payments = st.fixed_dictionaries(
    {"method": st.sampled_from(["credit_card", "pix"])},
    optional={"installments": st.integers(1, 12)},
)


def _with_total(order: dict[str, Any]) -> dict[str, Any]:
    return {**order, "total": float(pricing.to_cents(pricing.order_total(order)))}


def orders(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Valid orders. ``fields`` are drawn for the fields of these names instead."""
    given = {
        "order_id": names,
        "items": st.sampled_from(["price", "unit_price"]).flatmap(
            lambda price: st.lists(_items(price), min_size=1, max_size=4)
        ),
    }
    perhaps = {
        "currency": st.sampled_from(["BRL", "USD"]),
        "customer_id": names,
        "customer": _customers,
        "payment_method": st.sampled_from(["credit_card", "pix"]),
        "payment": _payments,
        "shipping": st.fixed_dictionaries({"cost": money}),
    }
    optional = {name: one for name, one in perhaps.items() if name not in fields}
    drawn = st.fixed_dictionaries({**given, **fields}, optional=optional)
    return drawn.flatmap(lambda order: st.sampled_from([order, _with_total(order)]))
