"""Bugs of the order activities, and of both workers."""

from __future__ import annotations

from typing import Any

import pytest

from orders import activities
from orders.activity_worker import ActivityWorker
from orders.errors import NonRetryable
from orders.gateways.memory import MemoryPayments, MemoryStore
from orders.messages import to_json
from orders.task import Heartbeat
from orders.worker import Worker
from tests.explore.planted.kit import bug, shown_by, takes_two


@bug
def money_is_held_anew_with_each_attempt(patch: pytest.MonkeyPatch) -> None:
    real = MemoryPayments.authorize

    def authorize(self: Any, key: str, *more: Any) -> Any:
        while key in self.payments:
            key += "/again"
        return real(self, key, *more)

    patch.setattr(MemoryPayments, "authorize", authorize)


@bug
def the_customer_is_told_with_each_attempt(patch: pytest.MonkeyPatch) -> None:
    real = activities.notify_completion

    def notify(task: Any, data: Any, ports: Any) -> Any:
        key = f"{task.workflow_id}/attempt-{task.attempt}"
        ports.notifier.notify(key, {"order_id": data["order_id"]})
        return real(task, data, ports)

    patch.setattr(activities, "notify_completion", notify)


@bug
def what_was_saved_already_is_an_error(patch: pytest.MonkeyPatch) -> None:
    """The attempt after a lost answer fails for good, and the rollback leaves alone what it does
    not know to be saved."""
    real = MemoryStore.save

    def save(self: Any, record: Any, earlier: Any = ()) -> Any:
        if record.order_id in self.orders:
            raise NonRetryable("duplicate key")
        return real(self, record, earlier)

    patch.setattr(MemoryStore, "save", save)
    patch.setattr(MemoryStore, "roll_back", lambda self, *more: None)


@bug
def money_that_was_taken_is_not_refunded(patch: pytest.MonkeyPatch) -> None:
    real = MemoryPayments.release

    def release(self: Any, key: str) -> Any:
        return "captured" if self.state(key) == "captured" else real(self, key)

    patch.setattr(MemoryPayments, "release", release)


@takes_two("step", "moment", only=["effect late", "cancel requested"], app="orders_by_two")
def a_late_worker_may_still_hold_money_after_the_rollback(patch: pytest.MonkeyPatch) -> None:
    """Releasing what was never held leaves no trace."""
    real = MemoryPayments.release

    def release(self: Any, key: str) -> Any:
        return real(self, key) if key in self.payments else "none"

    patch.setattr(MemoryPayments, "release", release)


# The workers


@bug
def a_worker_ends_when_a_poll_fails(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Worker, "_try_poll", lambda self: self._poll())


@bug
def a_worker_ends_when_its_answer_is_refused(patch: pytest.MonkeyPatch) -> None:
    def answer(self: Any, call: Any, **params: Any) -> None:
        self._patiently(900, call, params)

    patch.setattr(Worker, "_answer", answer)


@bug
def a_failure_is_reported_as_a_result(patch: pytest.MonkeyPatch) -> None:
    def report(self: Any, task: Any, error: Exception, extra: Any) -> None:
        text = to_json({"status": "saved", "error": str(error)})
        self._answer(self.client.respond_activity_task_completed, taskToken=task.token, result=text)

    patch.setattr(ActivityWorker, "_report_failure", report)


@shown_by("orders_that_beat")
def a_worker_does_not_beat(patch: pytest.MonkeyPatch) -> None:
    """The step takes its time, and SWF gives it up."""
    patch.setattr(Heartbeat, "__enter__", lambda self: None)
