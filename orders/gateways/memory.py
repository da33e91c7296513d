"""Ports that live in one process's memory: for tests and for trying things out.

They keep the same promises as the real ones, between threads too, and forget all when the process
ends.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from orders.errors import PayloadMissing, PaymentRefused, RolledBack
from orders.gateways.local import LocalExternalApi
from orders.messages import Reference, local_reference
from orders.ports import OrderRecord, PaymentState, Ports, Saved


class MemoryStore:
    """orders: order id → record. ended: (order id, run id) → why that run may not save."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderRecord] = {}
        self.ended: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def find(self, order_id: str) -> OrderRecord | None:
        return self.orders.get(order_id)

    def save(self, record: OrderRecord, earlier_runs: Sequence[str] = ()) -> Saved:
        with self._lock:
            ended = self.ended.get((record.order_id, record.run_id))
            if ended:
                raise RolledBack(f"run {record.run_id} of order {record.order_id} is {ended}")
            for run in earlier_runs:
                self.ended[record.order_id, run] = "superseded"
            standing = self.orders.get(record.order_id)
            if standing is not None and standing.status == "saved":
                if standing.workflow_id != record.workflow_id:
                    return Saved(standing, written=False)
                if standing.run_id not in (record.run_id, *earlier_runs):
                    raise RolledBack(f"run {record.run_id} was superseded by {standing.run_id}")
                if replace(standing, run_id=record.run_id) == record:
                    self.orders[record.order_id] = record
                    return Saved(record, written=False)
            self.orders[record.order_id] = record
            return Saved(record, written=True)

    def roll_back(
        self, order_id: str, workflow_id: str, run_id: str, earlier_runs: Sequence[str] = ()
    ) -> OrderRecord | None:
        with self._lock:
            if self.ended.get((order_id, run_id)) == "superseded":
                return None
            for run in (*earlier_runs, run_id):
                self.ended.setdefault((order_id, run), "rolled back")
            record = self.orders.get(order_id)
            if record is None or record.workflow_id != workflow_id:
                return None
            if record.run_id not in (run_id, *earlier_runs):
                return None
            self.orders[order_id] = replace(record, status="rolled_back")
            return self.orders[order_id]


class MemoryPayments:
    """payments: key → (state, amount, currency)."""

    def __init__(self) -> None:
        self.payments: dict[str, tuple[PaymentState, Decimal, str]] = {}
        self._lock = threading.Lock()

    def authorize(self, key: str, amount: Decimal, currency: str, order_id: str) -> PaymentState:
        with self._lock:
            state, held, held_currency = self.payments.get(key, ("none", amount, currency))
            if state in ("released", "refunded"):
                raise PaymentRefused(f"payment {key} was {state}")
            if (held, held_currency) != (amount, currency):
                raise PaymentRefused(f"payment {key} holds {held} {held_currency} already")
            if state == "none":
                state = "authorized"
                self.payments[key] = (state, amount, currency)
            return state

    def state(self, key: str) -> PaymentState:
        return self.payments[key][0] if key in self.payments else "none"

    def capture(self, key: str) -> None:
        self._move(key, {"authorized": "captured", "captured": "captured"})

    def release(self, key: str) -> PaymentState:
        return self._move(
            key,
            {
                "none": "released",
                "authorized": "released",
                "released": "released",
                "captured": "refunded",
                "refunded": "refunded",
            },
        )

    def _move(self, key: str, allowed: dict[PaymentState, PaymentState]) -> PaymentState:
        with self._lock:
            state, amount, currency = self.payments.get(key, ("none", Decimal(0), ""))
            if state not in allowed:
                raise PaymentRefused(f"payment {key} is not held but {state}")
            self.payments[key] = (allowed[state], amount, currency)
            return allowed[state]


class MemoryNotifier:
    """sent: key → message, the first that came under it."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, Any]] = {}

    def notify(self, key: str, message: dict[str, Any]) -> None:
        self.sent.setdefault(key, message)


class MemoryPayloads:
    """texts: key → text."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def save(self, text: str) -> Reference:
        reference = local_reference(text)
        self.texts[reference["local_key"]] = text
        return reference

    def load(self, reference: Reference) -> str:
        text = self.texts.get(reference.get("local_key", ""))
        if text is None:
            raise PayloadMissing(f"no payload is stored under {reference}")
        return text


def memory_ports() -> Ports:
    return Ports(
        store=MemoryStore(),
        payments=MemoryPayments(),
        notifier=MemoryNotifier(),
        external_api=LocalExternalApi(),
        payloads=MemoryPayloads(),
    )
