"""A production order workflow on Amazon SWF.

WorkflowStarter   starts, resumes, watches, cancels and terminates orders
DecisionWorker    decides what happens next
ActivityWorker    does the work

Each is imported when first asked for: the decider needs no database, the starter no HTTP.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orders.activity_worker import ActivityWorker
    from orders.decision_worker import DecisionWorker
    from orders.workflow_starter import WorkflowStarter

__all__ = ["ActivityWorker", "DecisionWorker", "WorkflowStarter"]

_MODULES = {
    "ActivityWorker": "orders.activity_worker",
    "DecisionWorker": "orders.decision_worker",
    "WorkflowStarter": "orders.workflow_starter",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'orders' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
