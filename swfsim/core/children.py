"""Child workflows.

StartChildWorkflowExecution  StartChildWorkflowExecutionInitiated | …Failed
(soon after)                 ChildWorkflowExecutionStarted | …Failed WORKFLOW_ALREADY_RUNNING
(the child closes)           ChildWorkflowExecutionCompleted, …Failed, …TimedOut, …Canceled,
                             …Terminated
(the parent closes)          by its child policy, WorkflowExecutionTerminated or
                             WorkflowExecutionCancelRequested on every open child,
                             cause CHILD_POLICY_APPLIED
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swfsim.core import rates, runs
from swfsim.core.events import Outcome, happened, only, refused
from swfsim.core.world import Child
from swfsim.spec import model

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution, Recorder


_UNDOCUMENTED = frozenset(
    {
        "WorkflowExecutionCompleted",
        "WorkflowExecutionFailed",
        "WorkflowExecutionCanceled",
        "WorkflowExecutionContinuedAsNew",
    }
)
"""Closes on which the documentation does not say that the child policy is applied; a capture does
for the first."""


# Decisions


def start(x: Execution, asked: Attrs) -> Outcome:
    """Refused at once, no Initiated event is written and its id in the failure is 0."""
    name = asked["workflowType"]
    kind = x.domain.type_of(x.domain.workflow_types, name)
    cause = runs.type_cause(x.domain, kind)
    if kind is None or cause:
        return refused(cause or "", initiatedEventId=0)
    settings, missing = runs.resolve(kind, asked)
    if missing:
        return refused(runs.undefined_cause(missing), initiatedEventId=0)
    quotas = x.domain.world.behaviour.quotas
    if len(x.children) >= quotas.open_children:
        return refused("OPEN_CHILDREN_LIMIT_EXCEEDED", initiatedEventId=0)
    if len(x.domain.open) + x.starting >= quotas.open_executions:
        return refused("OPEN_WORKFLOWS_LIMIT_EXCEEDED", initiatedEventId=0)
    if not rates.allows_decision(x, "StartChildWorkflowExecution"):
        return refused("CHILD_CREATION_RATE_EXCEEDED", initiatedEventId=0)
    return happened("StartChildWorkflowExecutionInitiated", **settings)


# Time: the start follows the decision, it is never part of the batch


def due(x: Execution, initiated_id: int) -> int | None:
    child = x.children.get(initiated_id)
    if child is None or child.started_id or child.done:
        return None
    return child.initiated_at + x.domain.world.behaviour.follow_up_ms


def begin(m: Recorder, x: Execution, initiated_id: int) -> None:
    """Also when the parent has closed meanwhile: its policy is then applied to the new run."""
    asked = x.events.attrs[initiated_id - 1]
    domain = x.domain
    if asked["workflowId"] in domain.open:
        x.children[initiated_id].done = True
        if x.open:
            _refuse_running(m, x, initiated_id, asked)
        return
    settings = only(asked, "input", "tagList", *runs.MANDATORY, *runs.OPTIONAL)
    settings |= {"parentWorkflowExecution": x.key, "parentInitiatedEventId": initiated_id}
    child = runs.begin(m, domain, asked["workflowId"], asked["workflowType"], settings)
    if x.open:
        m.record(
            x,
            "ChildWorkflowExecutionStarted",
            {
                "workflowExecution": child.key,
                "workflowType": asked["workflowType"],
                "initiatedEventId": initiated_id,
            },
        )
    else:
        x.children[initiated_id].done = True
        close = x.events[-1]
        if _policy_applies(x, close):
            _apply(m, x, child, _policy(x, close))


def _refuse_running(m: Recorder, x: Execution, initiated_id: int, asked: Attrs) -> None:
    told = {
        "workflowType": asked["workflowType"],
        "cause": "WORKFLOW_ALREADY_RUNNING",
        "workflowId": asked["workflowId"],
        "initiatedEventId": initiated_id,
        "decisionTaskCompletedEventId": asked["decisionTaskCompletedEventId"],
    }
    if "control" in asked:
        told["control"] = asked["control"]
    m.record(x, "StartChildWorkflowExecutionFailed", told)


# Reactions


def tell_parent(m: Recorder, x: Execution, e: Event) -> None:
    """An open parent learns how its child closed; of a continuation it hears nothing."""
    above = x.started.get("parentWorkflowExecution")
    parent = x.domain.runs.get(above["runId"]) if above else None
    initiated_id = x.started["parentInitiatedEventId"]
    if parent is None or not parent.open or initiated_id not in parent.children:
        return
    kind = f"Child{e.kind}"
    shown = model.members(model.event_shape(kind))
    told = {name: value for name, value in e.attrs.items() if name in shown}
    told |= {
        "workflowExecution": x.key,
        "workflowType": x.started["workflowType"],
        "initiatedEventId": initiated_id,
        "startedEventId": parent.children[initiated_id].started_id,
    }
    m.record(parent, kind, told)


def apply_policy(m: Recorder, x: Execution, e: Event) -> None:
    """The closing parent's own policy governs; a termination may have named another."""
    if not x.children or not _policy_applies(x, e):
        return
    for child in list(x.children.values()):
        run = x.domain.open.get(child.workflow_id)
        if run is not None and _is_child(run, x, child.initiated_id):
            _apply(m, x, run, _policy(x, e))


def _policy_applies(parent: Execution, close: Event) -> bool:
    behaviour = parent.domain.world.behaviour
    if close.kind in _UNDOCUMENTED and behaviour.child_policy_on_close != "any":
        return False
    return close.kind != "WorkflowExecutionContinuedAsNew" or behaviour.child_policy_on_continue


def _policy(parent: Execution, close: Event) -> str:
    """A new run's own policy, in the event of a continuation, is not for the old run's children."""
    own: str = parent.started["childPolicy"]
    if close.kind == "WorkflowExecutionContinuedAsNew":
        return own
    return str(close.attrs.get("childPolicy", own))


def _is_child(run: Execution, parent: Execution, initiated_id: int) -> bool:
    above: Attrs = run.started.get("parentWorkflowExecution", {})
    asked: int = run.started["parentInitiatedEventId"]
    return above.get("runId") == parent.run_id and asked == initiated_id


def _apply(m: Recorder, parent: Execution, run: Execution, policy: str) -> None:
    cause = "CHILD_POLICY_APPLIED"
    if policy == "TERMINATE":
        m.record(
            run,
            "WorkflowExecutionTerminated",
            {"cause": cause, "childPolicy": run.started["childPolicy"]},
        )
    elif policy == "REQUEST_CANCEL":
        m.record(
            run,
            "WorkflowExecutionCancelRequested",
            {
                "cause": cause,
                "externalWorkflowExecution": parent.key,
                "externalInitiatedEventId": 0,
            },
        )


# Effects


def initiated(x: Execution, e: Event) -> None:
    x.children[e.id] = Child(e.id, e.at, e.attrs["workflowId"])
    x.starting += 1
    world = x.domain.world
    world.deadlines.push(e.at + world.behaviour.follow_up_ms, "child", x, e.id)


def started(x: Execution, e: Event) -> None:
    child = x.children[e.attrs["initiatedEventId"]]
    child.started_id = e.id
    x.starting -= 1
    child.run_id = e.attrs["workflowExecution"]["runId"]


def ended(x: Execution, e: Event) -> None:
    """Closed, or never started; a start refused at once was never among the children."""
    child = x.children.pop(e.attrs["initiatedEventId"], None)
    if child is not None and not child.started_id:
        x.starting -= 1
