"""The database: engine, tables, and the few statements that the gateways share.

Any URL that SQLAlchemy knows; a SQLite file by default. Tables are made when first needed.

What must hold between workers is held by the database: each transaction first writes the row the
others would write, and so waits for them (SQLite: for the whole file; others: for that row).
Nothing is decided from a row that was only read.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
)
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateTable

from orders.errors import OrdersError
from orders.messages import to_json

metadata = MetaData()

orders = Table(
    "orders",
    metadata,
    Column("order_id", String(256), primary_key=True),
    Column("workflow_id", String(256), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("payment_key", String(512), nullable=False),
    Column("total", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("content", JSON, nullable=False),
)

# Which runs may save an order: a row per run that has come so far, "active" until it may no more.
order_runs = Table(
    "order_runs",
    metadata,
    Column("order_id", String(256), primary_key=True),
    Column("run_id", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
)

payments = Table(
    "payments",
    metadata,
    Column("key", String(512), primary_key=True),
    Column("order_id", String(256), nullable=False),
    Column("amount", String(32), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(16), nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    Column("key", String(512), primary_key=True),
    Column("message", JSON, nullable=False),
)


class Database:
    """One engine, shared by the gateways of a process; safe in threads."""

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. OrdersError for a URL that cannot be one."""
        self.engine = _engine(url)
        self._ready = False
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Committed at the end of the block, rolled back if it raises."""
        if not self._ready:
            self._create_tables()
        with self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def _create_tables(self) -> None:
        with self._lock:
            if self._ready:
                return
            try:
                self._create_missing()
            except (IntegrityError, OperationalError, ProgrammingError):
                # Another process was creating them at the same time. Now they are there.
                self._create_missing()
            self._ready = True

    def _create_missing(self) -> None:
        with self.engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))


def insert_if_absent(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless its key is taken; whether it was inserted.

    Either way nobody else can change that row before our transaction ends, once it is ours; a
    concurrent insert of the same key is waited for.
    """
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(row))
    except IntegrityError:
        return False
    return True


def _engine(url: str) -> Engine:
    try:
        return _make_engine(url)
    except ArgumentError as error:
        raise OrdersError(f"ORDERS_DATABASE_URL: {str(error).splitlines()[0]}") from error
    except ImportError as error:
        raise OrdersError(f"ORDERS_DATABASE_URL: its driver is not installed: {error}") from error


def _make_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, json_serializer=to_json)
    # A database in memory is its connection: there is one, and threads take turns.
    in_memory = url in ("sqlite://", "sqlite:///:memory:")
    engine = create_engine(
        url,
        json_serializer=to_json,
        connect_args={"check_same_thread": False, "timeout": 30},
        poolclass=QueuePool,
        pool_size=1 if in_memory else 5,
        max_overflow=0 if in_memory else 10,
    )
    event.listen(engine, "connect", _take_over_transactions)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _take_over_transactions(connection: Any, _record: object) -> None:
    # The driver would begin a transaction only at the first write, too late to keep what was read.
    connection.isolation_level = None


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
