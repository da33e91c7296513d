"""What the activities need from the world, as interfaces. Real ones are in `orders.gateways`.

Every method may be called twice with the same arguments, also at the same time from two workers:
SWF times out an attempt and starts another while the first may still be running. So each is
idempotent by its key, and each says what a late call meets.

Failures worth another attempt are raised as any exception; those that are not, as
`orders.errors.NonRetryable`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

from orders.messages import Reference

PaymentState = Literal["none", "authorized", "captured", "released", "refunded"]


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """What is kept of an order that went through. `content` is a JSON object.

    At most one record stands per order id; `workflow_id` and `run_id` say who saved it last.
    """

    order_id: str
    workflow_id: str
    run_id: str
    payment_key: str
    total: str
    content: dict[str, Any]
    status: Literal["saved", "rolled_back"] = "saved"


@dataclass(frozen=True, slots=True)
class Saved:
    """The record that stands after a save, and whether that save wrote it."""

    record: OrderRecord
    written: bool


class OrderStore(Protocol):
    """Orders on record, at most one standing per order id.

    Runs of a workflow follow each other when one is resumed. Once a later run has saved, or this
    run was rolled back, what a worker left over from before still tries is refused.
    """

    def find(self, order_id: str) -> OrderRecord | None:
        """The record of this order, standing or rolled back."""

    def save(self, record: OrderRecord, earlier_runs: Sequence[str] = ()) -> Saved:
        """Make this record stand, in one transaction.

        - nothing stands, or what stands is this workflow's own with other content: written
        - this workflow's own, same content: kept, not written
        - another workflow's: kept, not written, and returned
        - `record.run_id` was rolled back, or another run of this workflow, which it does not
          carry on from, has saved: RolledBack

        `earlier_runs`, those this run carries on from, may not save any more.
        """

    def roll_back(
        self, order_id: str, workflow_id: str, run_id: str, earlier_runs: Sequence[str] = ()
    ) -> OrderRecord | None:
        """Take back what these runs saved; from now on they may not save any more.

        Returns the record taken back, also when called again; None when they have none. A run
        that a later one has superseded takes nothing back.
        """


class Payments(Protocol):
    """Money, by key. none → authorized → captured; released and refunded are final."""

    def authorize(self, key: str, amount: Decimal, currency: str, order_id: str) -> PaymentState:
        """Hold the amount, and say how the key stands then: authorized, or captured already.

        PaymentRefused when declined, when the key was released or refunded, and when it holds
        another amount.
        """

    def state(self, key: str) -> PaymentState:
        """How the key stands; "none" if nothing was ever asked about it."""

    def capture(self, key: str) -> None:
        """Take the money that is held; done once. PaymentRefused when none is held."""

    def release(self, key: str) -> PaymentState:
        """Let the money go: released if it was held or never asked for, refunded if captured.

        Final: a later authorize or capture with this key is refused.
        """


class Notifier(Protocol):
    def notify(self, key: str, message: dict[str, Any]) -> None:
        """Tell the customer, once per key."""


class ExternalApi(Protocol):
    def enrich(self, order_id: str) -> Any:
        """What the external service knows about this order, as a JSON value."""


class Payloads(Protocol):
    """Texts too long for SWF, by content: storing twice is storing once."""

    def save(self, text: str) -> Reference:
        """Store the text; the same text gives the same reference (see `orders.messages`)."""

    def load(self, reference: Reference) -> str:
        """The text. PayloadMissing if it is not there, or is not what was stored."""


@dataclass(frozen=True, slots=True)
class Ports:
    store: OrderStore
    payments: Payments
    notifier: Notifier
    external_api: ExternalApi
    payloads: Payloads
