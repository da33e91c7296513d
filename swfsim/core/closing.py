"""Closing an execution.

CompleteWorkflowExecution       WorkflowExecutionCompleted      | …Failed  UNHANDLED_DECISION
FailWorkflowExecution           WorkflowExecutionFailed         | …Failed  UNHANDLED_DECISION
CancelWorkflowExecution         WorkflowExecutionCanceled       | …Failed  UNHANDLED_DECISION
ContinueAsNewWorkflowExecution  WorkflowExecutionContinuedAsNew | …Failed  UNHANDLED_DECISION,
                                WORKFLOW_TYPE_DOES_NOT_EXIST, WORKFLOW_TYPE_DEPRECATED,
                                DEFAULT_…_UNDEFINED

A close is refused while a newer decision task waits: something happened that the decider has not
seen. Open activities, timers and children do not keep an execution from closing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swfsim.core import rates, runs
from swfsim.core.events import Outcome, happened, only, refused

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution, Recorder

STATUS: Final = {
    "WorkflowExecutionCompleted": "COMPLETED",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionContinuedAsNew": "CONTINUED_AS_NEW",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
    "WorkflowExecutionTerminated": "TERMINATED",
}
"""The events that close an execution, and the close status that each gives it."""


# Decisions


def complete(x: Execution, asked: Attrs) -> Outcome:
    return refused("UNHANDLED_DECISION") if x.queued else happened("WorkflowExecutionCompleted")


def fail(x: Execution, asked: Attrs) -> Outcome:
    return refused("UNHANDLED_DECISION") if x.queued else happened("WorkflowExecutionFailed")


def cancel(x: Execution, asked: Attrs) -> Outcome:
    """No cancel request need have come before."""
    return refused("UNHANDLED_DECISION") if x.queued else happened("WorkflowExecutionCanceled")


def continue_as_new(x: Execution, asked: Attrs) -> Outcome:
    """Settings come from the decision, else from the type; never from the run that closes."""
    if x.queued:
        return refused("UNHANDLED_DECISION")
    old = x.started["workflowType"]
    name = {"name": old["name"], "version": asked.get("workflowTypeVersion", old["version"])}
    kind = x.domain.type_of(x.domain.workflow_types, name)
    cause = runs.type_cause(x.domain, kind)
    if kind is None or cause:
        return refused(cause or "")
    settings, missing = runs.resolve(kind, asked)
    if missing:
        return refused(runs.undefined_cause(missing))
    if not rates.allows_decision(x, "ContinueAsNewWorkflowExecution"):
        return refused("CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED")
    return happened(
        "WorkflowExecutionContinuedAsNew",
        **settings,
        workflowType=name,
        newExecutionRunId=x.domain.world.new_run_id(),
    )


# Effects


def closed(x: Execution, e: Event) -> None:
    """Tasks and timers vanish without an event; what was open stays counted as it was."""
    x.open = False
    x.close_status = STATUS[e.kind]
    x.closed_at = e.at
    domain = x.domain
    if domain.open.get(x.workflow_id) is x:
        del domain.open[x.workflow_id]
    if x.queued is not None:
        domain.decision_list(x.queued.list_name).remove(x.queued)
    for activity in x.activities.values():
        if not activity.started_id:
            domain.activity_list(activity.list_name).remove(activity)
    domain.visibility.note(x)
    domain.closed.append(x)
    x.shown = None  # nobody polls for it any more


# Reactions


def begin_next_run(m: Recorder, x: Execution, e: Event) -> None:
    """The continuation starts at once; the parent link goes with it."""
    carried = ("parentWorkflowExecution", "parentInitiatedEventId")
    settings = only(x.started, *carried)
    settings |= only(e.attrs, "input", "tagList", *runs.MANDATORY, *runs.OPTIONAL)
    settings["continuedExecutionRunId"] = x.run_id
    runs.begin(
        m,
        x.domain,
        x.workflow_id,
        e.attrs["workflowType"],
        settings,
        e.attrs["newExecutionRunId"],
    )


def end_at_event_limit(m: Recorder, x: Execution) -> None:
    """A run that reaches the limit of events is terminated by the service."""
    if x.open:
        m.record(
            x,
            "WorkflowExecutionTerminated",
            {"cause": "EVENT_LIMIT_EXCEEDED", "childPolicy": x.started["childPolicy"]},
        )
