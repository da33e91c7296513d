"""Small implementations that need no service, for development.

Payments and notifications are kept in the same database as the orders, so that a worker that is
started again finds them.
"""

import logging
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select, update

from orders.errors import PaymentRefused
from orders.gateways.database import Database, insert_if_absent, notifications, payments
from orders.ports import PaymentState

logger = logging.getLogger(__name__)


class LocalPayments:
    """Holds, takes and gives back money that does not exist. Declines nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def authorize(self, key: str, amount: Decimal, currency: str, order_id: str) -> PaymentState:
        row = {"order_id": order_id, "amount": str(amount), "currency": currency}
        with self._database.transaction() as connection:
            if insert_if_absent(connection, payments, {"key": key, **row, "state": "authorized"}):
                return "authorized"
            held = connection.execute(select(payments).where(payments.c.key == key)).one()
            if held.state in ("released", "refunded"):
                raise PaymentRefused(f"payment {key} was {held.state}")
            if (held.amount, held.currency) != (row["amount"], currency):
                raise PaymentRefused(f"payment {key} holds {held.amount} {held.currency} already")
            state: PaymentState = held.state
            return state

    def state(self, key: str) -> PaymentState:
        with self._database.transaction() as connection:
            return _state(connection, key)

    def capture(self, key: str) -> None:
        with self._database.transaction() as connection:
            _move(connection, key, "authorized", "captured")
            state = _state(connection, key)
            if state != "captured":
                raise PaymentRefused(f"payment {key} is not held but {state}")

    def release(self, key: str) -> PaymentState:
        never_used = {
            "key": key,
            "order_id": "",
            "amount": "0",
            "currency": "",
            "state": "released",
        }
        with self._database.transaction() as connection:
            if not insert_if_absent(connection, payments, never_used):
                _move(connection, key, "authorized", "released")
                _move(connection, key, "captured", "refunded")
            return _state(connection, key)


def _state(connection: Connection, key: str) -> PaymentState:
    query = select(payments.c.state).where(payments.c.key == key)
    state: PaymentState | None = connection.execute(query).scalar()
    return state or "none"


def _move(connection: Connection, key: str, before: PaymentState, after: PaymentState) -> None:
    """Change the state if it is `before`, in one statement."""
    connection.execute(
        update(payments)
        .where(payments.c.key == key, payments.c.state == before)
        .values(state=after)
    )


class LocalNotifier:
    """Writes down what a customer would be told, and logs it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def notify(self, key: str, message: dict[str, Any]) -> None:
        with self._database.transaction() as connection:
            is_new = insert_if_absent(connection, notifications, {"key": key, "message": message})
        if is_new:
            order_id = message.get("order_id")
            logger.info("Notified: %s", message, extra={"order_id": order_id})


class LocalExternalApi:
    """An external service that knows of every order that it exists."""

    def enrich(self, order_id: str) -> dict[str, Any]:
        return {"order_id": order_id, "known": True}
