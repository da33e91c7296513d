"""Children, and signals and cancel requests to other executions."""

from __future__ import annotations

from typing import Any

from swfsim import Behaviour
from swfsim.spec.behaviour import Quotas
from tests.conformance.talk import Talk, conversation
from tests.support.driver import (
    DOMAIN,
    cancel,
    cancel_external,
    child,
    complete,
    fail,
    signal_external,
)

ORDER = {"name": "order", "version": "1.0"}
ROLE = "arn:aws:iam::123456789012:role/swf"
KIDS = {"name": "kids"}


def begin(swf: Talk, **more: Any) -> dict[str, str]:
    """A parent with a child that decides on a list of its own; gives the child's execution."""
    swf.start()
    swf.decide(child("kid", taskList=KIDS, **more))
    swf.wait()
    kid: dict[str, str] = swf.told("ChildWorkflowExecutionStarted", initiatedEventId=5)[
        "workflowExecution"
    ]
    return kid


def parent(swf: Talk) -> dict[str, str]:
    """The execution that was started last: whoever started, signalled or cancelled another."""
    return {"workflowId": "order-1", "runId": swf.run_id}


def closed(swf: Talk, kid: dict[str, str], how: str, **more: Any) -> None:
    """The parent was told how its child of ``begin`` closed."""
    swf.told(
        f"ChildWorkflowExecution{how}",
        workflowExecution=kid,
        workflowType=ORDER,
        initiatedEventId=5,
        startedEventId=6,
        **more,
    )


def not_started(swf: Talk, cause: str, **more: Any) -> None:
    """A child was refused, at once unless an Initiated event is named."""
    swf.failed("StartChildWorkflowExecution", cause, **{"initiatedEventId": 0, **more})


@conversation("a child starts, and completes")
def child_completes(swf: Talk) -> None:
    kid = begin(
        swf, input="3", control="eldest", tagList=["young"], taskPriority="-1", lambdaRole=ROLE
    )
    swf.told(
        "StartChildWorkflowExecutionInitiated",
        workflowId="kid",
        workflowType=ORDER,
        control="eldest",
        input="3",
        tagList=["young"],
        taskPriority="-1",
        lambdaRole=ROLE,
        taskList=KIDS,
        executionStartToCloseTimeout="3600",
        taskStartToCloseTimeout="300",
        childPolicy="TERMINATE",
        decisionTaskCompletedEventId=4,
    )
    swf.told("ChildWorkflowExecutionStarted", workflowExecution=kid, workflowType=ORDER)
    swf.told(
        "WorkflowExecutionStarted",
        kid,
        parentWorkflowExecution=parent(swf),
        parentInitiatedEventId=5,
        input="3",
    )
    swf.poll("kids")
    swf.answer(complete(result="9"))
    closed(swf, kid, "Completed", result="9")


@conversation("a child fails")
def child_fails(swf: Talk) -> None:
    kid = begin(swf)
    swf.poll("kids")
    swf.answer(fail(reason="tired", details="very"))
    closed(swf, kid, "Failed", reason="tired", details="very")


@conversation("a child cancels itself when its parent asks")
def child_cancels(swf: Talk) -> None:
    kid = begin(swf)
    swf.decide(cancel_external("kid", control="now", runId=kid["runId"]))
    initiated = swf.told("RequestCancelExternalWorkflowExecutionInitiated", **kid, control="now")
    assert initiated["decisionTaskCompletedEventId"] == 9
    swf.wait()
    swf.told("ExternalWorkflowExecutionCancelRequested", workflowExecution=kid, initiatedEventId=10)
    swf.told(
        "WorkflowExecutionCancelRequested",
        kid,
        externalWorkflowExecution=parent(swf),
        externalInitiatedEventId=10,
        cause=None,
    )
    swf.poll("kids")
    swf.answer(cancel(details="stopped"))
    closed(swf, kid, "Canceled", details="stopped")


@conversation("a child times out")
def child_times_out(swf: Talk) -> None:
    kid = begin(swf, executionStartToCloseTimeout="60")
    swf.wait(60)
    swf.told("WorkflowExecutionTimedOut", kid, timeoutType="START_TO_CLOSE")
    closed(swf, kid, "TimedOut", timeoutType="START_TO_CLOSE")


@conversation("a child is terminated by an operator")
def child_terminated(swf: Talk) -> None:
    kid = begin(swf)
    swf.client.terminate_workflow_execution(domain=DOMAIN, **kid)
    closed(swf, kid, "Terminated")


@conversation("a closing parent applies its child policy: terminate")
def policy_terminates(swf: Talk) -> None:
    kid = begin(swf)
    swf.terminate()
    swf.told("WorkflowExecutionTerminated", kid, cause="CHILD_POLICY_APPLIED", reason=None)


@conversation("a closing parent applies its child policy: request cancel")
def policy_asks(swf: Talk) -> None:
    kid = begin(swf)
    swf.terminate(childPolicy="REQUEST_CANCEL")
    swf.told("WorkflowExecutionTerminated", childPolicy="REQUEST_CANCEL")
    swf.told(
        "WorkflowExecutionCancelRequested",
        kid,
        cause="CHILD_POLICY_APPLIED",
        externalInitiatedEventId=0,
        externalWorkflowExecution=parent(swf),
    )


@conversation("a closing parent applies its child policy: abandon")
def policy_abandons(swf: Talk) -> None:
    kid = begin(swf)
    swf.terminate(childPolicy="ABANDON")
    answer = swf.client.describe_workflow_execution(domain=DOMAIN, execution=kid)
    assert answer["executionInfo"]["executionStatus"] == "OPEN"
    assert swf.last("DecisionTaskScheduled", kid)["eventId"] == 2


@conversation("children that cannot be started")
def children_refused(swf: Talk) -> None:
    bare, old = ({"name": "bare", "version": version} for version in ("1", "0"))
    for kind in (bare, old):
        swf.client.register_workflow_type(domain=DOMAIN, **kind)
    swf.client.deprecate_workflow_type(domain=DOMAIN, workflowType=old)
    swf.start()
    for kind, cause in (
        ({"name": "no", "version": "1"}, "WORKFLOW_TYPE_DOES_NOT_EXIST"),
        (old, "WORKFLOW_TYPE_DEPRECATED"),
    ):
        swf.decide(child("kid", workflowType=kind, control="c"))
        not_started(swf, cause, workflowId="kid", workflowType=kind, control="c")
    settings: dict[str, object] = {}
    for member, value, missing in (
        ("executionStartToCloseTimeout", "60", "EXECUTION_START_TO_CLOSE_TIMEOUT"),
        ("taskList", KIDS, "TASK_LIST"),
        ("taskStartToCloseTimeout", "60", "TASK_START_TO_CLOSE_TIMEOUT"),
        ("childPolicy", "ABANDON", "CHILD_POLICY"),
    ):
        swf.decide(child("kid", workflowType=bare, **settings))
        not_started(swf, f"DEFAULT_{missing}_UNDEFINED")
        settings[member] = value
    swf.decide(child("kid", workflowType=bare, **settings))
    swf.wait()
    swf.told("ChildWorkflowExecutionStarted", workflowType=bare)


@conversation("a child whose id is running already fails after it was initiated")
def child_runs_already(swf: Talk) -> None:
    swf.start("kid", taskList=KIDS)
    swf.start()
    swf.decide(child("kid"))
    swf.wait()
    swf.told("StartChildWorkflowExecutionInitiated", workflowId="kid")
    not_started(
        swf,
        "WORKFLOW_ALREADY_RUNNING",
        workflowId="kid",
        initiatedEventId=5,
        decisionTaskCompletedEventId=4,
    )


@conversation(
    "an execution has room for so many children", Behaviour(quotas=Quotas(open_children=1))
)
def too_many_children(swf: Talk) -> None:
    swf.start()
    swf.decide(child("one", taskList=KIDS), child("two", taskList=KIDS))
    not_started(swf, "OPEN_CHILDREN_LIMIT_EXCEEDED", workflowId="two")


@conversation("a domain has room for so many", Behaviour(quotas=Quotas(open_executions=1)))
def too_many_executions(swf: Talk) -> None:
    swf.start()
    with swf.refused("LimitExceededFault"):
        swf.client.start_workflow_execution(domain=DOMAIN, workflowId="another", workflowType=ORDER)
    swf.decide(child("kid", taskList=KIDS))
    not_started(swf, "OPEN_WORKFLOWS_LIMIT_EXCEEDED", workflowId="kid")


@conversation("one execution signals another")
def signals(swf: Talk) -> None:
    other = {"workflowId": "other", "runId": swf.start("other", taskList=KIDS)}
    swf.start()
    swf.decide(signal_external("other", "hello", input="!", control="1", runId=other["runId"]))
    swf.told(
        "SignalExternalWorkflowExecutionInitiated",
        **other,
        signalName="hello",
        input="!",
        control="1",
        decisionTaskCompletedEventId=4,
    )
    swf.wait()
    swf.told("ExternalWorkflowExecutionSignaled", workflowExecution=other, initiatedEventId=5)
    swf.told(
        "WorkflowExecutionSignaled",
        other,
        signalName="hello",
        input="!",
        externalWorkflowExecution=parent(swf),
        externalInitiatedEventId=5,
    )


@conversation("nobody is there to be signalled or cancelled")
def nobody(swf: Talk) -> None:
    swf.start()
    swf.decide(
        signal_external("nobody", control="s", runId="never"),
        cancel_external("nobody", control="c", runId="never"),
    )
    swf.wait()
    unknown = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
    swf.failed(
        "SignalExternalWorkflowExecution",
        unknown,
        workflowId="nobody",
        runId="never",
        initiatedEventId=5,
        decisionTaskCompletedEventId=4,
        control="s",
    )
    swf.failed(
        "RequestCancelExternalWorkflowExecution",
        unknown,
        workflowId="nobody",
        runId="never",
        initiatedEventId=6,
        decisionTaskCompletedEventId=4,
        control="c",
    )
