"""The work of each step: its input and what it needs from the world in, a dict out.

The input is the order itself plus `results`, what earlier steps returned. Every function may be
run again, also while an earlier attempt is still at it: see `orders.ports` for what makes that
harmless. They raise `orders.errors.NonRetryable` where another attempt cannot help.

Money goes by key. A workflow holds it under its own id; the first run needs no other. A rollback
gives that key back for good, so a run resumed after it holds the money under `<workflow id>/<run
id>`. At most one key of a workflow is held or captured at any time.

The record of an order belongs to the workflow that saved it, which may still take it back. So no
other workflow completes on it: one that places the same order again fails, and says who has it.
"""

import logging
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orders import pricing
from orders.errors import NotStanding, OrderTaken, RolledBack
from orders.messages import RESERVED
from orders.order import check_order
from orders.ports import ExternalApi, OrderRecord, OrderStore, Payments, Ports
from orders.task import Task

logger = logging.getLogger(__name__)

Data = dict[str, Any]
Input = Mapping[str, Any]

_STANDS = ("authorized", "captured")
_GIVEN_BACK = ("released", "refunded")


def validate_input(task: Task, data: Input, store: OrderStore) -> Data:
    """Raises InvalidOrder, naming the fields; OrderTaken if another workflow has saved it.

    SaveResults asks again, when it counts; asked here, nobody's money is held in vain.
    """
    check_order(data)
    _require_not_of_another(store.find(data["order_id"]), task, data)
    return {"status": "validated", "order_id": data["order_id"]}


def process_data(task: Task, data: Input, payments: Payments) -> Data:
    """Add up what the order costs and have the money held."""
    total = pricing.to_cents(pricing.order_total(data))
    key = _hold(task, data, payments, total)
    return {
        "status": "processed",
        "order_id": data["order_id"],
        "total": str(total),
        "currency": pricing.currency(data),
        "item_count": sum(item["quantity"] for item in data["items"]),
        "payment_key": key,
    }


def enrich_data(task: Task, data: Input) -> Data:
    """Work out what later readers of the order want to know of each line and of the customer."""
    lines = []
    for item in data["items"]:
        task.checkpoint()
        lines.append(
            {
                "sku": item["sku"],
                "quantity": item["quantity"],
                "line_total": str(pricing.to_cents(pricing.line_total(item))),
            }
        )
    customer = data.get("customer") or {}
    return {
        "status": "enriched",
        "order_id": data["order_id"],
        "customer_id": customer.get("id") or data.get("customer_id"),
        "customer_tier": customer.get("tier", "standard"),
        "shipping_cost": str(pricing.to_cents(pricing.shipping_cost(data))),
        "lines": lines,
    }


def call_external_api(task: Task, data: Input, external_api: ExternalApi) -> Data:
    """Ask the external service about the order."""
    task.checkpoint()
    order_id = data["order_id"]
    return {
        "status": "api_called",
        "order_id": order_id,
        "external_data": external_api.enrich(order_id),
        "called_at": time.time(),
    }


def save_results(task: Task, data: Input, ports: Ports) -> Data:
    """Put the order on record and take the money.

    Raises OrderTaken if another workflow has saved it, RolledBack if this run may save no more.
    The money held meanwhile is let go by the rollback that follows.
    """
    order_id = data["order_id"]
    processed = data["results"]["ProcessData"]
    standing = ports.store.find(order_id)
    _require_not_of_another(standing, task, data)
    _require_not_of_later_run(standing, task, data)

    task.checkpoint()
    key = _standing_key(task, data, ports.payments, processed)
    content = {"order": _order_itself(data), "results": data["results"]}
    record = OrderRecord(order_id, task.workflow_id, task.run_id, key, processed["total"], content)
    saved = ports.store.save(record, _earlier_runs(data))
    _require_not_of_another(saved.record, task, data)
    if not saved.written:
        logger.info("Order %s already saved, skipping", order_id, extra=task.about(order_id))
    ports.payments.capture(key)
    return {
        "status": "saved",
        "order_id": order_id,
        "total": saved.record.total,
        "payment_key": saved.record.payment_key,
        "workflow_id": saved.record.workflow_id,
        "run_id": saved.record.run_id,
    }


def notify_completion(task: Task, data: Input, ports: Ports) -> Data:
    """Tell the customer, once per workflow however often the step is run.

    Raises NotStanding for an order whose record or money was taken back: it is not complete.
    """
    _require_standing(task, data, ports)
    customer = data.get("customer") or {}
    message = {
        "order_id": data["order_id"],
        "status": "completed",
        "total": data["results"]["ProcessData"]["total"],
        "customer_id": customer.get("id") or data.get("customer_id"),
        "email": customer.get("email"),
    }
    ports.notifier.notify(f"{task.workflow_id}/completed", message)
    return {"status": "notified", "order_id": data["order_id"]}


def rollback_step(task: Task, data: Input, store: OrderStore) -> Data:
    """Take back the record, and refuse what a worker left over from before may still save."""
    order_id = data.get("order_id")
    record = None
    if isinstance(order_id, str):  # else ValidateInput let nothing through
        record = store.roll_back(order_id, task.workflow_id, task.run_id, _earlier_runs(data))
    return {
        "status": "rolled_back",
        "order_id": order_id,
        "step": data["step_to_rollback"],
        "record_taken_back": record is not None,
    }


def compensate_transaction(task: Task, data: Input, ports: Ports) -> Data:
    """Let go of all money this workflow may hold or have taken, under any of its keys.

    Also of keys it never got to use: an authorisation that comes late is refused from now on.
    When a later run of the workflow has saved the order meanwhile, the money it took is that run's.
    """
    order_id = data.get("order_id")
    record = ports.store.find(order_id) if isinstance(order_id, str) else None
    later = record if record is not None and _is_of_later_run(record, task, data) else None
    ours = [key for key in _keys(task, data) if later is None or key != later.payment_key]
    return {
        "status": "superseded" if later else "compensated",
        "order_id": order_id,
        "payments": {key: ports.payments.release(key) for key in ours},
    }


# Money


def _hold(task: Task, data: Input, payments: Payments, total: Decimal) -> str:
    """Have the total held under a key of this workflow; returns the key."""
    key = task.workflow_id
    if _earlier_runs(data):
        # The first key that was not given back. Every run of the workflow, also one that a worker
        # left over from before still works for, finds the same, so nothing is held twice.
        keys = _keys(task, data)
        key = next((each for each in keys if payments.state(each) not in _GIVEN_BACK), keys[-1])
    payments.authorize(key, total, pricing.currency(data), data["order_id"])
    return key


def _standing_key(task: Task, data: Input, payments: Payments, processed: Input) -> str:
    """The key ProcessData got the money held under, or a new one if that was given back since."""
    key: str = processed["payment_key"]
    if payments.state(key) in _STANDS:
        return key
    return _hold(task, data, payments, Decimal(processed["total"]))


def _keys(task: Task, data: Input) -> list[str]:
    """Every key this workflow may have used, oldest first; the last is this run's own."""
    runs = [*_earlier_runs(data), task.run_id]
    return [task.workflow_id, *(f"{task.workflow_id}/{run}" for run in runs)]


# The record


def _is_of_another(record: OrderRecord, task: Task) -> bool:
    return record.status == "saved" and record.workflow_id != task.workflow_id


def _is_of_later_run(record: OrderRecord, task: Task, data: Input) -> bool:
    known_runs = (*_earlier_runs(data), task.run_id)
    return (
        record.status == "saved"
        and record.workflow_id == task.workflow_id
        and record.run_id not in known_runs
    )


def _require_not_of_another(record: OrderRecord | None, task: Task, data: Input) -> None:
    if record is None or not _is_of_another(record, task):
        return
    whose = f"Already saved by workflow {record.workflow_id}"
    if record.content.get("order") == _order_itself(data):
        raise OrderTaken(f"{whose}, and not placed a second time: order {record.order_id}")
    raise OrderTaken(
        f"{whose} with other content, total {record.total}: order_id {record.order_id}; "
        "another order needs another order_id"
    )


def _require_not_of_later_run(record: OrderRecord | None, task: Task, data: Input) -> None:
    if record is not None and _is_of_later_run(record, task, data):
        raise RolledBack(f"run {task.run_id} was superseded: run {record.run_id} saved the order")


def _require_standing(task: Task, data: Input, ports: Ports) -> None:
    record = ports.store.find(data["order_id"])
    if record is None or record.workflow_id != task.workflow_id:
        problem = "this workflow has no record of it"
    elif record.status != "saved":
        problem = "its record was rolled back"
    else:
        payment = ports.payments.state(record.payment_key)
        if payment == "captured":
            return
        problem = f"its payment is {payment}"
    raise NotStanding(
        f"{problem}, so it cannot be completed: order {data['order_id']}; resume from SaveResults"
    )


def _order_itself(data: Input) -> Data:
    """The order as it was placed, without what the workflow put beside it."""
    return {name: data[name] for name in data if name not in RESERVED}


def _earlier_runs(data: Input) -> list[str]:
    runs = (data.get("_workflow") or {}).get("runs", [])
    return [str(run) for run in runs]
