"""Decisions, read back out of a history.

Every decision leaves an event that names its DecisionTaskCompleted and holds the decision's own
attributes, so the list that a decider answered can be told from the events behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swfsim.core.events import Attrs, Event

SUCCESS: Final = {
    "ActivityTaskScheduled": "ScheduleActivityTask",
    "ActivityTaskCancelRequested": "RequestCancelActivityTask",
    "TimerStarted": "StartTimer",
    "TimerCanceled": "CancelTimer",
    "MarkerRecorded": "RecordMarker",
    "StartChildWorkflowExecutionInitiated": "StartChildWorkflowExecution",
    "SignalExternalWorkflowExecutionInitiated": "SignalExternalWorkflowExecution",
    "RequestCancelExternalWorkflowExecutionInitiated": "RequestCancelExternalWorkflowExecution",
    "LambdaFunctionScheduled": "ScheduleLambdaFunction",
    "WorkflowExecutionCompleted": "CompleteWorkflowExecution",
    "WorkflowExecutionFailed": "FailWorkflowExecution",
    "WorkflowExecutionCanceled": "CancelWorkflowExecution",
    "WorkflowExecutionContinuedAsNew": "ContinueAsNewWorkflowExecution",
}
"""The event of a decision that took effect → the decision type."""

DECIDED: Final = SUCCESS | {refusal: decision for decision, refusal in model.REFUSAL.items()}
"""The event that a decision left, in either case → the decision type."""


def is_direct(event: Event) -> bool:
    """Whether a decision left this event at once; three failures may also come later, by
    themselves, and then name the event that initiated them."""
    return is_direct_kind(event.kind, event.attrs)


def is_direct_kind(kind: str, attrs: Attrs) -> bool:
    """The same, of an event's type and attributes."""
    return kind in DECIDED and not (kind not in SUCCESS and attrs.get("initiatedEventId"))


def decision(event: Event) -> dict[str, Any]:
    """The decision behind an event, as a decider would have written it.

    Settings that the event shows resolved are shown as if decided; of a refused decision only what
    its failure tells is known.
    """
    kind = DECIDED[event.kind]
    shown = model.members(model.decision_shape(kind))
    attributes = {name: value for name, value in event.attrs.items() if name in shown}
    if event.kind == "WorkflowExecutionContinuedAsNew":
        attributes["workflowTypeVersion"] = event.attrs["workflowType"]["version"]
    return {"decisionType": kind, model.DECISION_MEMBER[kind]: attributes}


def acceptable(made: dict[str, Any]) -> dict[str, Any]:
    """A decision with stand-ins for what the service requires and a failure does not show."""
    kind = made["decisionType"]
    shape = model.decision_shape(kind)
    shown = model.members(shape)
    needed = {
        name: "0" if shown[name].name.startswith("Duration") else "unknown"
        for name in model.required(shape)
    }
    member = model.DECISION_MEMBER[kind]
    return {**made, member: {**needed, **made[member]}}


def behind(events: Sequence[Event], completed_id: int) -> list[Event]:
    """The events that the decisions of one DecisionTaskCompleted left, in order."""
    found = []
    for number in range(completed_id, len(events)):
        event = events[number]
        if event.attrs.get(model.DECISION_TIME_MEMBER) != completed_id or not is_direct(event):
            break
        found.append(event)
    return found
