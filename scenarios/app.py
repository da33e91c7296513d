"""The order application as the harness runs it: its real decider, activities and starter, with
outside services that live in memory.

``orders`` is the application for ``swfsim run scenarios.app:orders``; the verbs below are what
happens in its stories.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from orders import ActivityWorker, DecisionWorker, WorkflowStarter, workflow
from orders.aws import swf_client
from orders.gateways.memory import memory_ports
from orders.register import register_all
from orders.settings import Settings
from swfsim import App
from swfsim.errors import NotLive

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from types_boto3_swf import SWFClient

    from orders.ports import OrderRecord
    from swfsim.app import Live, Loop, Wrap
    from swfsim.stories import Happening, Story


def an_order(**changes: Any) -> dict[str, Any]:
    """The order of the first example, with some fields changed."""
    return {
        "order_id": "ORD-2024-001",
        "customer_id": "CUST-12345",
        "items": [
            {"sku": "PROD-001", "quantity": 2, "price": 99.90},
            {"sku": "PROD-002", "quantity": 1, "price": 149.90},
        ],
        "total": 349.70,
        "payment_method": "credit_card",
        **changes,
    }


ORDER = an_order()


@functools.cache
def _client() -> SWFClient:
    """One client for all workers of all stories: making one takes longer than a whole order."""
    return swf_client()


class OrdersApp(App):
    """Orders with everything outside of SWF in memory; ``settings`` as in production."""

    steps = workflow.ALL_STEPS

    def __init__(self, activity_workers: int = 1, **settings: Any) -> None:
        self.activity_workers = activity_workers
        self.settings = self.make_settings(**settings)
        self._given = settings
        self.ports: Any = memory_ports()

    def make_settings(self, **given: Any) -> Settings:
        return Settings(external_api_url="local", **given)

    def go_live(self, live: Live) -> None:
        if self.settings.retry_backoff > 2:
            raise NotLive(f"attempts are {self.settings.retry_backoff} s and more apart")
        short = {
            "activity_task_timeout": 4,
            "long_activity_task_timeout": 4,
            "heartbeat_timeout": 2,
            "decision_task_timeout": 3,
            "execution_timeout": 120,
        }
        names = {
            "domain": live.domain,
            "decision_task_list": live.unique("decisions"),
            "activity_task_list": live.unique("activities"),
        }
        self.settings = Settings(external_api_url="local", **(self._given | short | names))

    def register(self) -> None:
        register_all(_client(), self.settings)

    def workers(self, wrap: Wrap) -> Mapping[str, Loop]:
        loops: dict[str, Loop] = {"decider": self._decide}
        for number in range(1, self.activity_workers + 1):
            name = "activities" if self.activity_workers == 1 else f"activities-{number}"
            loops[name] = lambda: self._work(wrap)
        return loops

    def _decide(self) -> None:
        DecisionWorker(_client(), self.settings, payloads=self.ports.payloads).run()

    def _work(self, wrap: Wrap) -> None:
        worker = ActivityWorker(_client(), self.settings, self.ports)
        worker.activities = {step: wrap(function) for step, function in worker.activities.items()}
        worker.run()

    @property
    def starter(self) -> WorkflowStarter:
        return WorkflowStarter(_client(), self.settings, payloads=self.ports.payloads)

    def start(self, given: Any) -> tuple[str, str]:
        started = self.starter.start_workflow(given)
        return started["workflow_id"], started["run_id"]

    # The outside world, for a look into it

    def saved(self, order_id: str) -> OrderRecord | None:
        """The record of an order that stands; None if there is none, or it was rolled back."""
        record: OrderRecord | None = self.ports.store.find(order_id)
        return record if record is not None and record.status == "saved" else None

    def payments(self) -> list[str]:
        """The state of every payment that ever held money: authorized, captured, released,
        refunded."""
        return [state for state, amount, _ in self.ports.payments.payments.values() if amount]

    def notified(self) -> int:
        """How many customers were told that their order is complete."""
        return len(self.ports.notifier.sent)


orders = OrdersApp


# What happens in stories


def order_is_placed(
    order: Mapping[str, Any] | None = None, optional_steps: Iterable[str] = ()
) -> Happening:
    placed = ORDER if order is None else order
    return lambda story: story.app.starter.start_workflow(placed, optional_steps)  # type: ignore[attr-defined]


def resumed_from(step: str) -> Happening:
    """The latest run is resumed from this step, whether it is open or closed."""

    def resume(story: Story) -> None:
        x = story.latest
        story.app.starter.resume_workflow_from_step(x.workflow_id, x.run_id, step)  # type: ignore[attr-defined]

    return resume


def cancelled() -> Happening:
    """Somebody asks for the latest run to be cancelled."""

    def cancel(story: Story) -> None:
        x = story.latest
        story.app.starter.cancel_workflow(x.workflow_id, x.run_id)  # type: ignore[attr-defined]

    return cancel


def terminated(reason: str) -> Happening:
    """An operator terminates the latest run."""

    def terminate(story: Story) -> None:
        x = story.latest
        story.app.starter.terminate_workflow(x.workflow_id, x.run_id, reason)  # type: ignore[attr-defined]

    return terminate
