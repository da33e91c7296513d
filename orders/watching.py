"""Standing by while orders run: the live monitor, and starting many orders in a row.

Both speak to a person at a terminal, in the words of the project's usage examples.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from orders import aws, messages
from orders.errors import OrdersError
from orders.facts import CLOSE_EVENTS

if TYPE_CHECKING:
    from types_boto3_swf.type_defs import HistoryEventTypeDef

RULE = "=" * 60
LONGEST_PAUSE_S = 86_400
_ID_SHOWN = 60
Say = Callable[[str], object]


class Starter(Protocol):
    """What standing by takes of a WorkflowStarter."""

    def get_workflow_history(
        self, workflow_id: str, run_id: str
    ) -> "list[HistoryEventTypeDef]": ...

    def start_workflow(self, order: Any) -> dict[str, str]: ...


@dataclass
class BatchReport:
    """What became of a batch. failed: (position from 1, order id or '?', why)."""

    total: int
    workflow_ids: list[str] = field(default_factory=list)
    failed: list[tuple[int, str, str]] = field(default_factory=list)


def checked_pause(seconds: float) -> float:
    """The pause, if one can sleep for it; ValueError otherwise, also for "not a number"."""
    if not 0 <= seconds <= LONGEST_PAUSE_S:
        raise ValueError(f"{seconds} is not a number of seconds from 0 to {LONGEST_PAUSE_S}")
    return seconds


def monitor(
    starter: Starter, workflow_id: str, run_id: str, interval: float, say: Say
) -> str | None:
    """Say each new event until the run closes; returns the closing event's type.

    interval: seconds between two looks; ValueError if one cannot wait so long. None if the user
    interrupted or the run cannot be read.
    """
    checked_pause(interval)
    say(f"Monitorando workflow {workflow_id}...")
    say(RULE)
    seen = 0
    while True:
        try:
            events = starter.get_workflow_history(workflow_id, run_id)
            for event in events[seen:]:
                say(f"[{event['eventTimestamp']}] {event['eventType']}")
            if events and events[-1]["eventType"] in CLOSE_EVENTS:
                say(RULE)
                say(f"Workflow finalizado: {events[-1]['eventType']}")
                return events[-1]["eventType"]
            seen = len(events)
            time.sleep(interval)
        except KeyboardInterrupt:
            say("\nMonitoramento interrompido pelo usuário")
            return None
        except (OrdersError, ClientError, BotoCoreError) as error:
            say(f"Erro ao monitorar: {error}")
            if not aws.is_transient(error):
                return None
            time.sleep(interval)


def start_batch(starter: Starter, orders: Sequence[Any], delay: float, say: Say) -> BatchReport:
    """Start the orders one by one, `delay` seconds apart; a bad one is told of and passed over.

    An OrdersError among the orders stands for one that could not be read. ValueError, before
    anything is started, for a delay one cannot wait.
    """
    checked_pause(delay)
    report = BatchReport(total=len(orders))
    say(f"Processando lote de {report.total} pedidos...")
    for position, order in enumerate(orders, 1):
        order_id = _shown_id(order)
        if report.workflow_ids and delay:
            time.sleep(delay)  # so as not to use up the account's rate of calls
        try:
            if isinstance(order, OrdersError):
                raise order
            started = starter.start_workflow(order)
        except (OrdersError, ClientError, BotoCoreError) as error:
            report.failed.append((position, order_id, str(error)))
            say(f"[{position}/{report.total}] Erro ao processar {order_id}: {error}")
        else:
            report.workflow_ids.append(started["workflow_id"])
            say(f"[{position}/{report.total}] Pedido {order_id} iniciado")
    say(f"\nTotal processado: {len(report.workflow_ids)}/{report.total}")
    return report


def _shown_id(order: Any) -> str:
    """The order id as one can print it, whatever it is."""
    order_id = order.get("order_id", "?") if isinstance(order, dict) else "?"
    text = order_id if isinstance(order_id, str) else messages.json_name(order_id)
    return messages.cut(" ".join(text.split()), _ID_SHOWN)
