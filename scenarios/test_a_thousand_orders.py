"""A thousand Brazilian orders on several workers, of which some meet trouble."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import pytest
from faker import Faker

from scenarios.app import OrdersApp
from swfsim import Story
from swfsim.faults import fails, times_out, worker_dies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ORDERS = 1_000


def _orders() -> Iterator[dict[str, Any]]:
    fake = Faker("pt_BR")
    fake.seed_instance(2024)
    for number in range(ORDERS):
        items = [
            {
                "sku": fake.bothify("PROD-###"),
                "name": fake.word(),
                "quantity": fake.random_int(1, 5),
                "price": fake.random_int(100, 90_000) / 100,
            }
            for _ in range(fake.random_int(1, 3))
        ]
        yield {
            "order_id": f"ORD-{number:04}",
            "customer": {"id": fake.cpf(), "name": fake.name(), "email": fake.email()},
            "items": items,
            "shipping": {"address": {"street": fake.street_address(), "city": fake.city()}},
        }


def _number(order: dict[str, Any]) -> int:
    return int(order["order_id"][-4:])


@pytest.mark.virtual("places hundreds of orders")
def test_every_order_ends_well_or_is_taken_back(tell_story: Callable[..., Story]) -> None:
    """Of a hundred, two never get saved, three are unlucky for a while, one has no items.

    Eight workers: with one, the ten that get stuck for ten minutes each keep all the others waiting
    for over an hour, and tasks that nobody takes time out.
    """
    story = tell_story(activity_workers=8)
    app = cast("OrdersApp", story.app)
    orders = list(_orders())
    for order in orders[7::100]:
        order["items"] = []
    story.given(
        fails("SaveResults", "disk full", attempts=3, only=lambda o: _number(o) % 50 == 3),
        fails("ProcessData", "busy", attempts=2, only=lambda o: _number(o) % 100 == 11),
        times_out("EnrichData", "START_TO_CLOSE", only=lambda o: _number(o) % 100 == 22),
        worker_dies("SaveResults", "after the effect", only=lambda o: _number(o) % 100 == 33),
    )
    story.when(lambda story: app.starter.process_batch(orders))
    story.then()

    ended = Counter(x.close_status for x in story.executions)
    assert ended == {"COMPLETED": 970, "FAILED": 30}
    assert Counter(app.payments()) == {"captured": 970, "released": 20}
    assert app.notified() == 970
    assert sum(app.saved(order["order_id"]) is not None for order in orders) == 970
