"""OrderStore in a SQL database."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, update

from orders.errors import RolledBack
from orders.gateways.database import Database, insert_if_absent, order_runs, orders
from orders.ports import OrderRecord, Saved

_COLUMNS = tuple(field.name for field in fields(OrderRecord))

ACTIVE, SUPERSEDED, ROLLED_BACK = "active", "superseded", "rolled_back"


class SqlOrderStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, order_id: str) -> OrderRecord | None:
        with self._database.transaction() as connection:
            return _find(connection, order_id)

    def save(self, record: OrderRecord, earlier_runs: Sequence[str] = ()) -> Saved:
        with self._database.transaction() as connection:
            _claim_run(connection, record.order_id, record.run_id)
            for run_id in earlier_runs:
                _end_run(connection, record.order_id, run_id, SUPERSEDED)
            if insert_if_absent(connection, orders, _row(record)):
                return Saved(record, written=True)
            return _save_over(connection, record, [record.run_id, *earlier_runs])

    def roll_back(
        self, order_id: str, workflow_id: str, run_id: str, earlier_runs: Sequence[str] = ()
    ) -> OrderRecord | None:
        with self._database.transaction() as connection:
            if _end_run(connection, order_id, run_id, ROLLED_BACK) == SUPERSEDED:
                return None
            for run in earlier_runs:
                _end_run(connection, order_id, run, ROLLED_BACK)
            known = [run_id, *earlier_runs]
            connection.execute(
                update(orders)
                .where(orders.c.order_id == order_id, _is_saved_by(workflow_id, known))
                .values(status=ROLLED_BACK)
            )
            record = _find(connection, order_id)
            is_ours = record and record.workflow_id == workflow_id and record.run_id in known
            return record if is_ours else None


def _find(connection: Connection, order_id: str) -> OrderRecord | None:
    row = connection.execute(select(orders).where(orders.c.order_id == order_id)).first()
    return None if row is None else OrderRecord(**row._asdict())


def _row(record: OrderRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _COLUMNS}


def _is_saved_by(workflow_id: str, runs: Sequence[str]) -> ColumnElement[bool]:
    return and_(orders.c.workflow_id == workflow_id, orders.c.run_id.in_(runs))


def _save_over(connection: Connection, record: OrderRecord, runs: Sequence[str]) -> Saved:
    """Save where a row is already: over one of these runs or one rolled back, no other."""
    standing = _find(connection, record.order_id)
    same = standing is not None and replace(standing, run_id=record.run_id) == record
    taken = connection.execute(
        update(orders)
        .where(
            orders.c.order_id == record.order_id,
            _is_saved_by(record.workflow_id, runs) | (orders.c.status == ROLLED_BACK),
        )
        .values(_row(record))
    )
    if taken.rowcount:
        return Saved(record, written=not same)
    standing = _find(connection, record.order_id)
    assert standing is not None  # rows are never deleted
    if standing.workflow_id == record.workflow_id:
        raise RolledBack(f"run {record.run_id} was superseded by {standing.run_id}")
    return Saved(standing, written=False)


def _claim_run(connection: Connection, order_id: str, run_id: str) -> None:
    """Hold this run's row until the transaction ends. RolledBack if the run may not save."""
    key = {"order_id": order_id, "run_id": run_id}
    if insert_if_absent(connection, order_runs, {**key, "state": ACTIVE}):
        return
    still_active = connection.execute(
        update(order_runs)
        .where(
            order_runs.c.order_id == order_id,
            order_runs.c.run_id == run_id,
            order_runs.c.state == ACTIVE,
        )
        .values(state=ACTIVE)
    )
    if not still_active.rowcount:
        raise RolledBack(f"run {run_id} of order {order_id} was rolled back or superseded")


def _end_run(connection: Connection, order_id: str, run_id: str, state: str) -> str:
    """Let this run save no more; returns why it may not. Superseded outweighs rolled back."""
    key = {"order_id": order_id, "run_id": run_id}
    if insert_if_absent(connection, order_runs, {**key, "state": state}):
        return state
    mine = (order_runs.c.order_id == order_id) & (order_runs.c.run_id == run_id)
    connection.execute(
        update(order_runs).where(mine, order_runs.c.state != SUPERSEDED).values(state=state)
    )
    return str(connection.execute(select(order_runs.c.state).where(mine)).scalar_one())
