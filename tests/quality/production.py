"""Two hundred histories as production would have captured them: twenty things that befall an order,
ten orders each. The simulation makes them; nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from faker import Faker

from scenarios.app import OrdersApp, cancelled, order_is_placed, resumed_from
from swfsim import Story
from swfsim.faults import decision_times_out, fails, times_out
from swfsim.replay import histories
from swfsim.replay.histories import Captured

BACKOFF_S = 2
EACH = 10

Order = dict[str, Any]


def _nothing(story: Story) -> None:
    pass


def _cancelled_at(moment: str) -> Callable[[Story], object]:
    return lambda story: story.when(moment, cancelled())


def _fails(step: str, attempts: int) -> Callable[[Story], object]:
    return lambda story: story.given(fails(step, "busy", attempts=attempts))


def _times_out(step: str, kind: Any) -> Callable[[Story], object]:
    return lambda story: story.given(times_out(step, kind))


def _resumed(story: Story) -> None:
    story.given(fails("SaveResults", "busy"))
    story.when("SaveResults failed", resumed_from("ProcessData"))


def _resumed_while_saving(story: Story) -> None:
    story.when("SaveResults started", resumed_from("EnrichData"))


def _rollback_fails(story: Story) -> None:
    story.given(fails("SaveResults", "busy", attempts=3), fails("RollbackStep", "down", attempts=3))


def _rollback_is_retried(story: Story) -> None:
    story.given(fails("SaveResults", "busy", attempts=3), fails("RollbackStep", "down"))


BEFALLS: dict[str, Callable[[Story], object]] = {
    "goes well": _nothing,
    "validation fails once": _fails("ValidateInput", 1),
    "processing fails once": _fails("ProcessData", 1),
    "processing fails twice": _fails("ProcessData", 2),
    "processing never works": _fails("ProcessData", 3),
    "enriching never works": _fails("EnrichData", 3),
    "saving fails twice": _fails("SaveResults", 2),
    "saving never works": _fails("SaveResults", 3),
    "notifying never works": _fails("NotifyCompletion", 3),
    "enriching takes too long": _times_out("EnrichData", "START_TO_CLOSE"),
    "saving stops to beat": _times_out("SaveResults", "HEARTBEAT"),
    "nobody processes": _times_out("ProcessData", "SCHEDULE_TO_START"),
    "cancelled while it is saved": _cancelled_at("SaveResults started"),
    "cancelled at once": _cancelled_at("ValidateInput started"),
    "cancelled before a retry": lambda story: (
        _fails("SaveResults", 2)(story),
        story.when("SaveResults failed", cancelled()),
    ),
    "resumed": _resumed,
    "resumed while it is saved": _resumed_while_saving,
    "the rollback fails": _rollback_fails,
    "the rollback is retried": _rollback_is_retried,
    "a decision is late": lambda story: story.given(decision_times_out(3)),
}


def _orders() -> list[Order]:
    fake = Faker("pt_BR")
    fake.seed_instance(2024)
    return [
        {
            "order_id": f"ORD-{number:04}",
            "customer": {"id": fake.cpf(), "name": fake.name(), "email": fake.email()},
            "items": [
                {
                    "sku": fake.bothify("PROD-###"),
                    "quantity": fake.random_int(1, 5),
                    "price": fake.random_int(100, 90_000) / 100,
                }
                for _ in range(fake.random_int(1, 3))
            ],
        }
        for number in range(EACH)
    ]


def corpus() -> list[Captured]:
    """The two hundred histories."""
    return [
        _captured(f"{what}, {order['order_id']}", tell, order)
        for what, tell in BEFALLS.items()
        for order in _orders()
    ]


def _captured(source: str, tell: Callable[[Story], object], order: Order) -> Captured:
    with Story(lambda: OrdersApp(retry_backoff=BACKOFF_S)) as story:
        tell(story)
        story.when(order_is_placed(order))
        story.run()
        x = story.executions[0]
        return histories.Captured(source, x.events, x.workflow_id, x.run_id)
