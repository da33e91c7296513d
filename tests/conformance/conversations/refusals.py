"""Calls that are refused whatever the state of things, and what IAM does not permit."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from swfsim import Behaviour
from swfsim.spec import model
from tests.conformance.talk import Talk, conversation
from tests.support.driver import (
    DOMAIN,
    cancel,
    cancel_activity,
    cancel_external,
    cancel_timer,
    child,
    complete,
    completes,
    continue_as_new,
    decision,
    fail,
    marker,
    schedule,
    signal_external,
    timer,
)

ORDER = {"name": "order", "version": "1.0"}
NO_LAMBDA = frozenset(model.DECISIONS) - {"ScheduleLambdaFunction"}  # it has no such cause


@conversation("IAM refuses decisions one by one", Behaviour(denied=NO_LAMBDA))
def decisions_not_permitted(swf: Talk) -> None:
    swf.start()
    kept = [
        schedule("a"),
        cancel_activity("a"),
        timer("t", 1),
        cancel_timer("t"),
        marker("m"),
        child("kid", control="c"),
        signal_external("order-1", control="s"),
        cancel_external("order-1"),
    ]
    closes = [complete(), fail(), cancel(), continue_as_new()]
    assert {one["decisionType"] for one in kept + closes} == NO_LAMBDA
    swf.decide(*kept)
    swf.wait()
    for one in kept:
        swf.failed(one["decisionType"], "OPERATION_NOT_PERMITTED", decisionTaskCompletedEventId=4)
    swf.failed("StartChildWorkflowExecution", "OPERATION_NOT_PERMITTED", initiatedEventId=0)
    for kind in ("SignalExternal", "RequestCancelExternal"):
        initiated = swf.last(f"{kind}WorkflowExecutionInitiated")["eventId"]
        name = f"{kind}WorkflowExecution"
        swf.failed(name, "OPERATION_NOT_PERMITTED", initiatedEventId=initiated)
    for one in closes:
        swf.decide(one)
        swf.failed(one["decisionType"], "OPERATION_NOT_PERMITTED")


@conversation("starts that are refused")
def starts(swf: Talk) -> None:
    def start(**asked: Any) -> None:
        swf.client.start_workflow_execution(domain=DOMAIN, workflowId="w", **asked)

    bare = {"name": "bare", "version": "1"}
    swf.client.register_workflow_type(domain=DOMAIN, **bare)
    with swf.refused("UnknownResourceFault", "Unknown type: WorkflowType=[name=no, version=1]"):
        start(workflowType={"name": "no", "version": "1"})
    with swf.refused("DefaultUndefinedFault", "executionStartToCloseTimeout"):
        start(workflowType=bare)
    start(workflowType=ORDER)
    with swf.refused("WorkflowExecutionAlreadyStartedFault"):
        start(workflowType=ORDER)
    swf.client.deprecate_workflow_type(domain=DOMAIN, workflowType=ORDER)
    with swf.refused("TypeDeprecatedFault", "WorkflowType=[name=order, version=1.0]"):
        start(workflowType=ORDER)


@conversation("what is not there, or no longer")
def unknown(swf: Talk) -> None:
    with swf.refused("UnknownResourceFault", "Unknown domain: nowhere"):
        swf.client.poll_for_decision_task(domain="nowhere", taskList={"name": "deciders"})
    with swf.refused("UnknownResourceFault", "Unknown execution, workflowId = order-1"):
        swf.signal()
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.terminate()
    gone = f"Unknown execution: WorkflowExecution=[workflowId=order-1, runId={swf.run_id}]"
    with swf.refused("UnknownResourceFault", gone):
        swf.report(completes())
    with swf.refused("UnknownResourceFault", gone):
        swf.beat()


@conversation("values that the service refuses and an SDK does not")
def invalid(swf: Talk) -> None:
    with swf.refused("ValidationException", "Member must have length less than or equal to 256"):
        swf.start("w" * 257)
    with swf.refused("ValidationException", "executionStartToCloseTimeout"):
        swf.start(executionStartToCloseTimeout="NONE")
    with swf.refused("ValidationException", "Invalid token"):
        swf.client.respond_activity_task_completed(taskToken="made up")
    swf.start()
    swf.poll()
    with swf.refused("ValidationException", "decisionType"):
        swf.answer({"decisionType": "DoSomething"})


@conversation("required members, missing")
def missing(swf: Talk) -> None:
    with pytest.raises(botocore.exceptions.ParamValidationError, match="workflowId"):
        swf.client.start_workflow_execution(domain=DOMAIN, workflowType=ORDER)
    with swf.refused("ValidationException", "Member must not be null"):
        swf.unchecked().start_workflow_execution(domain=DOMAIN, workflowType=ORDER)
    swf.start()
    swf.poll()
    with swf.refused("ValidationException", "recordMarkerDecisionAttributes.markerName"):
        swf.unchecked().respond_decision_task_completed(
            taskToken=swf.task["taskToken"], decisions=[decision("RecordMarker")]
        )


@conversation("values of a wrong kind, from a caller that does not check")
def wrong_kind(swf: Talk) -> None:
    with swf.refused("SerializationException"):
        swf.unchecked().start_workflow_execution(
            domain=DOMAIN, workflowId="w", workflowType=ORDER, taskStartToCloseTimeout=60
        )


@conversation(
    "the service has troubles of its own",
    Behaviour(outages={"DescribeDomain": ["InternalFailure", "ServiceUnavailable"]}),
)
def outages(swf: Talk) -> None:
    for code in ("InternalFailure", "ServiceUnavailable"):
        with swf.refused(code):
            swf.client.describe_domain(name=DOMAIN)
    assert swf.client.describe_domain(name=DOMAIN)["domainInfo"]["name"] == DOMAIN


@conversation("an operation that the service does not have")
def not_yet(swf: Talk) -> None:
    with swf.refused("UnknownOperationException"):
        swf.client_of_tomorrow("ListMiracles").list_miracles(registrationStatus="REGISTERED")
