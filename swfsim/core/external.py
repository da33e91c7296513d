"""Signals and cancel requests from one execution to another, or to itself.

SignalExternalWorkflowExecution         …Initiated, and soon after
                                        ExternalWorkflowExecutionSignaled | …Failed
RequestCancelExternalWorkflowExecution  …Initiated, and soon after
                                        ExternalWorkflowExecutionCancelRequested | …Failed

The decision itself always succeeds; that the target is missing or closed is a later event,
UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION, and so is that IAM does not permit it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swfsim.core import rates
from swfsim.core.events import Outcome, happened
from swfsim.core.world import External
from swfsim.spec import model

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution, Recorder

SIGNAL = "SignalExternalWorkflowExecution"
CANCEL = "RequestCancelExternalWorkflowExecution"
DELIVERED: Final = frozenset({SIGNAL, CANCEL})
"""The decisions that can only fail after they were initiated."""


# Decisions


def signal(x: Execution, asked: Attrs) -> Outcome:
    return happened(f"{SIGNAL}Initiated")


def request_cancel(x: Execution, asked: Attrs) -> Outcome:
    return happened(f"{CANCEL}Initiated")


_RATE_EXCEEDED = {
    SIGNAL: "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
    CANCEL: "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
}


# Time: delivery follows the decision, it is never part of the batch


def due(x: Execution, initiated_id: int) -> int | None:
    sent = x.externals.get(initiated_id)
    if sent is None or sent.done:
        return None
    return sent.initiated_at + x.domain.world.behaviour.follow_up_ms


def deliver(m: Recorder, x: Execution, initiated_id: int) -> None:
    """Reaches the target even when the sender has closed meanwhile; then nobody is told."""
    initiated = x.events[initiated_id - 1]
    signalling = initiated.kind == f"{SIGNAL}Initiated"
    decision = SIGNAL if signalling else CANCEL
    if decision in x.domain.world.behaviour.denied:
        _answer(m, x, initiated, *_failure(initiated, decision, "OPERATION_NOT_PERMITTED"))
        return
    if not rates.allows_decision(x, decision):
        _answer(m, x, initiated, *_failure(initiated, decision, _RATE_EXCEEDED[decision]))
        return
    target = x.domain.open.get(initiated.attrs["workflowId"])
    run_id = initiated.attrs.get("runId")
    if target is None or (run_id and target.run_id != run_id):
        unknown = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
        _answer(m, x, initiated, *_failure(initiated, decision, unknown))
        return
    told = {"externalWorkflowExecution": x.key, "externalInitiatedEventId": initiated_id}
    if signalling:
        told |= {k: v for k, v in initiated.attrs.items() if k in ("signalName", "input")}
    m.record(
        target,
        "WorkflowExecutionSignaled" if signalling else "WorkflowExecutionCancelRequested",
        told,
    )
    kind = "ExternalWorkflowExecutionSignaled"
    if not signalling:
        kind = "ExternalWorkflowExecutionCancelRequested"
    _answer(
        m, x, initiated, kind, {"workflowExecution": target.key, "initiatedEventId": initiated_id}
    )


def _failure(initiated: Event, decision: str, cause: str) -> tuple[str, Attrs]:
    kind = model.REFUSAL[decision]
    shown = model.members(model.event_shape(kind))
    told = {name: value for name, value in initiated.attrs.items() if name in shown}
    told |= {"cause": cause, "initiatedEventId": initiated.id}
    return kind, told


def _answer(m: Recorder, x: Execution, initiated: Event, kind: str, told: Attrs) -> None:
    x.externals[initiated.id].done = True
    if x.open:
        m.record(x, kind, told)


# Effects


def initiated(x: Execution, e: Event) -> None:
    x.externals[e.id] = External(e.id, e.at)
    world = x.domain.world
    world.deadlines.push(e.at + world.behaviour.follow_up_ms, "external", x, e.id)


def answered(x: Execution, e: Event) -> None:
    x.externals.pop(e.attrs["initiatedEventId"], None)
