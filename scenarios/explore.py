"""The order application for ``swfsim explore``: every fault at every place, the rules of
``scenarios.rules``, and what operators do to orders.

    swfsim explore scenarios.explore:orders
    swfsim explore scenarios.explore:orders_by_two
    swfsim explore scenarios.explore:orders_with_backoff
    swfsim swarm scenarios.explore:patient_orders --storm 2000 --settle 720 --hours 10000
    swfsim explore scenarios.explore:orders_that_beat
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import operator
from collections.abc import Mapping
from typing import Any

from orders import workflow
from orders.errors import NonRetryable, OrdersError
from orders.ports import OrderRecord
from orders.settings import Settings
from scenarios.app import OrdersApp, an_order, resumed_from
from scenarios.rules import ORDER_RULES
from swfsim.explore.app import Explorable
from swfsim.stories import Happening, Story


def _asked_to_resume(step: str) -> Happening:
    """Somebody tries to resume the latest run, which may well be refused."""

    def resume(story: Story) -> None:
        with contextlib.suppress(OrdersError):
            resumed_from(step)(story)

    return resume


@functools.cache
def _settings(**given: Any) -> Settings:
    """They cannot change, and reading them takes as long as half an order."""
    return Settings(external_api_url="local", **given)


_content = operator.attrgetter(*(one.name for one in dataclasses.fields(OrderRecord)))

DAY_S = 86_400


class Orders(OrdersApp, Explorable):
    """One order of the first example."""

    rules = ORDER_RULES
    happenings: Mapping[str, Happening] = {
        f"asked to resume from {step}": _asked_to_resume(step) for step in workflow.STEPS[1::2]
    }
    errors: Mapping[str, Exception] = {"not retryable": NonRetryable("cannot be done")}
    registers_once = True

    def make_settings(self, **given: Any) -> Settings:
        return _settings(**given)

    def example(self) -> Any:
        return an_order()

    def another(self, number: int) -> Any:
        return an_order(order_id=f"ORD-2024-{number:03}")

    def state(self) -> object:
        ports = self.ports
        payments = ports.payments.payments.items()
        return (
            [(order_id, _content(record)) for order_id, record in ports.store.orders.items()],
            sorted(ports.store.ended.items()),
            [(key, state, str(amount), currency) for key, (state, amount, currency) in payments],
            sorted(ports.notifier.sent),
        )


orders = Orders


def orders_by_two() -> Orders:
    """With a second worker for activities: an attempt may be under way while an older one, that
    SWF waits for no longer, is at it still."""
    return Orders(activity_workers=2)


def orders_with_backoff() -> Orders:
    """With half a minute between attempts, in which somebody may want something."""
    return Orders(retry_backoff=30)


def patient_orders() -> Orders:
    """Of a shop that takes its time: a day between attempts, of which there are ten, three days for
    a step, of which it is heard once a day, a week until somebody takes it, a year for the
    whole."""
    return Orders(
        retry_backoff=DAY_S,
        retry_backoff_cap=DAY_S,
        max_attempts=10,
        activity_task_timeout=3 * DAY_S,
        long_activity_task_timeout=3 * DAY_S,
        heartbeat_timeout=DAY_S,
        schedule_to_start_timeout=7 * DAY_S,
        execution_timeout=365 * DAY_S,
    )


def orders_that_beat() -> Orders:
    """With steps that take as long as a heartbeat may stay away: a worker has to beat meanwhile."""
    return Orders(heartbeat_timeout=1)
