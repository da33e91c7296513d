"""Executions, from outside.

StartWorkflowExecution          WorkflowExecutionStarted
SignalWorkflowExecution         WorkflowExecutionSignaled
RequestCancelWorkflowExecution  WorkflowExecutionCancelRequested
TerminateWorkflowExecution      WorkflowExecutionTerminated
(time)                          WorkflowExecutionTimedOut
DescribeWorkflowExecution, GetWorkflowExecutionHistory
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swfsim.core import pages, rates, runs
from swfsim.core.events import only
from swfsim.core.visibility import info
from swfsim.core.world import DEPRECATED
from swfsim.spec import faults
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution, Recorder, Region


# Operations


def start(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    """Checks in the order of the service: type, deprecation, open run, then missing defaults."""
    domain = region.domain(asked["domain"])
    name = asked["workflowType"]
    kind = domain.type_of(domain.workflow_types, name)
    if kind is None:
        raise faults.unknown_type("WorkflowType", name["name"], name["version"])
    if DEPRECATED in (kind.status, domain.status):
        raise Fault("TypeDeprecatedFault", kind.text)
    if asked["workflowId"] in domain.open:
        raise Fault("WorkflowExecutionAlreadyStartedFault")
    settings, missing = runs.resolve(kind, asked)
    if missing:
        raise Fault("DefaultUndefinedFault", missing)
    if len(domain.open) >= domain.world.behaviour.quotas.open_executions:
        raise Fault("LimitExceededFault", "Too many open workflow executions in the domain")
    settings |= only(asked, "input", "tagList")
    x = runs.begin(m, domain, asked["workflowId"], name, settings)
    return {"runId": x.run_id}


def signal(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    x = region.domain(asked["domain"]).open_run(asked["workflowId"], asked.get("runId"))
    rates.take_call(x, "SignalWorkflowExecution")
    told = only(asked, "signalName", "input") | {"externalInitiatedEventId": 0}
    m.record(x, "WorkflowExecutionSignaled", told)
    return {}


def request_cancel(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    x = region.domain(asked["domain"]).open_run(asked["workflowId"], asked.get("runId"))
    rates.take_call(x, "RequestCancelWorkflowExecution")
    m.record(x, "WorkflowExecutionCancelRequested", {"externalInitiatedEventId": 0})
    return {}


def terminate(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    """The child policy of the call replaces the execution's own for this termination."""
    x = region.domain(asked["domain"]).open_run(asked["workflowId"], asked.get("runId"))
    told = only(asked, "reason", "details")
    told["childPolicy"] = asked.get("childPolicy", x.started["childPolicy"])
    m.record(x, "WorkflowExecutionTerminated", told | {"cause": "OPERATOR_INITIATED"})
    return {}


def describe(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    """Knows of a start and of a close no sooner than the listings do."""
    wanted = asked["execution"]
    x = region.domain(asked["domain"]).run(wanted["workflowId"], wanted["runId"])
    shown = m.world.now - m.world.lag_ms
    if x.started_at > shown:
        raise faults.unknown_execution(wanted["workflowId"], wanted["runId"])
    answer: Attrs = {
        "executionInfo": info(x, x.closed_at is None or x.closed_at > shown),
        "executionConfiguration": only(x.started, *runs.MANDATORY, *runs.OPTIONAL),
        "openCounts": open_counts(x),
    }
    if x.latest_activity_at is not None:
        answer["latestActivityTaskTimestamp"] = x.latest_activity_at
    if x.context is not None:
        answer["latestExecutionContext"] = x.context
    return answer


def open_counts(x: Execution) -> dict[str, int]:
    """A closed run keeps the counts it had when it closed, as recorded from the service."""
    return {
        "openActivityTasks": len(x.activities),
        "openDecisionTasks": int(x.queued is not None or x.deciding is not None),
        "openTimers": len(x.timers),
        "openChildWorkflowExecutions": len(x.children),
        "openLambdaFunctions": len(x.lambdas),
    }


def history(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    wanted = asked["execution"]
    domain = region.domain(asked["domain"])
    x = domain.run(wanted["workflowId"], wanted["runId"])
    reverse = asked.get("reverseOrder", False)
    start, end = 0, len(x.events)
    operation = "GetWorkflowExecutionHistory"
    rates.take_call(x, operation)
    where = pages.position(domain.region, operation, asked)
    if where is not None:
        start, end = (0, int(where[0])) if reverse else (int(where[0]), end)
    events, on = pages.cut(x, start, end, asked)
    answer: Attrs = {"events": events}
    if on is not None:
        answer["nextPageToken"] = pages.seal(domain.region, operation, asked, str(on))
    return answer


# Time


def due(x: Execution, key: None) -> int | None:
    return x.due if x.open else None


def time_out(m: Recorder, x: Execution, key: None) -> None:
    m.record(
        x,
        "WorkflowExecutionTimedOut",
        {"timeoutType": "START_TO_CLOSE", "childPolicy": x.started["childPolicy"]},
    )


# Effects


def cancel_requested(x: Execution, e: Event) -> None:
    x.cancel_requested = True
