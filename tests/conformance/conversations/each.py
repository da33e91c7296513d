"""What can be said of each operation alike: IAM forbids it; its domain, run or task is unknown."""

from __future__ import annotations

from typing import Any

import botocore

from swfsim import Behaviour
from swfsim.spec import model
from swfsim.spec.behaviour import Quotas
from tests.conformance.conversations.visibility import SINCE
from tests.conformance.talk import Talk, conversation
from tests.support.driver import DOMAIN, schedule

RUN = {"workflowId": "w", "runId": "r"}
TYPE = {"name": "t", "version": "1"}
ARN = "arn:aws:swf:us-east-1:123456789012:/domain/nowhere"

NEEDED: dict[str, Any] = {
    "activityType": TYPE,
    "domain": "nowhere",
    "execution": RUN,
    "registrationStatus": "REGISTERED",
    "resourceArn": ARN,
    "signalName": "s",
    "startTimeFilter": SINCE,
    "tagKeys": ["k"],
    "tags": [{"key": "k", "value": "v"}],
    "taskList": {"name": "l"},
    "taskToken": "none",
    "version": "1",
    "workflowExecutionRetentionPeriodInDays": "1",
    "workflowId": "w",
    "workflowType": TYPE,
    "name": "nowhere",
}
"""A value for every member that some operation requires."""


def call(swf: Talk, operation: str, **more: Any) -> None:
    """With what the operation requires, and no more."""
    required = model.required(model.operation(operation).input_shape)
    asked = {name: NEEDED[name] for name in required} | more
    if operation in ("CountClosedWorkflowExecutions", "ListClosedWorkflowExecutions"):
        asked["startTimeFilter"] = SINCE
    getattr(swf.client, botocore.xform_name(operation))(**asked)


def raising(fault: str) -> list[str]:
    """The operations that may raise this fault, by the model."""
    return [
        name
        for name in model.OPERATIONS
        if fault in (shape.name for shape in model.operation(name).error_shapes)
    ]


@conversation(
    "IAM forbids each operation",
    Behaviour(denied=frozenset(model.OPERATIONS)),
    registers=True,
)
def forbidden(swf: Talk) -> None:
    for operation in raising("OperationNotPermittedFault"):
        with swf.refused("OperationNotPermittedFault", f"swf:{operation}"):
            call(swf, operation)


@conversation("each operation about a domain that is not there")
def no_such_domain(swf: Talk) -> None:
    for operation in raising("UnknownResourceFault"):
        members = model.members(model.operation(operation).input_shape)
        if "taskToken" in members:
            continue
        text = f"Unknown resource: {ARN}" if "resourceArn" in members else "Unknown domain: nowhere"
        with swf.refused("UnknownResourceFault", text):
            call(swf, operation)


@conversation("each operation about one run that is not there")
def no_such_run(swf: Talk) -> None:
    for operation in ("DescribeWorkflowExecution", "GetWorkflowExecutionHistory"):
        with swf.refused(
            "UnknownResourceFault", "Unknown execution: WorkflowExecution=[workflowId=w, runId=r]"
        ):
            call(swf, operation, domain=DOMAIN)
    for verb in ("Signal", "RequestCancel", "Terminate"):
        with swf.refused("UnknownResourceFault", "Unknown execution, workflowId = w"):
            call(swf, f"{verb}WorkflowExecution", domain=DOMAIN)


@conversation("each answer to a task of a run that has closed")
def too_late(swf: Talk) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.signal()
    swf.poll()
    swf.terminate()
    gone = f"Unknown execution: WorkflowExecution=[workflowId=order-1, runId={swf.run_id}]"
    for operation in raising("UnknownResourceFault"):
        if "taskToken" in model.members(model.operation(operation).input_shape):
            task = swf.task if "Decision" in operation else swf.work_item
            with swf.refused("ValidationException", "Invalid token"):
                call(swf, operation)
            with swf.refused("UnknownResourceFault", gone):
                call(swf, operation, taskToken=task["taskToken"])


@conversation("more polls than a task list bears", Behaviour(quotas=Quotas(pollers=0)))
def too_many_polls(swf: Talk) -> None:
    with swf.refused("LimitExceededFault"):
        swf.poll()
    with swf.refused("LimitExceededFault"):
        swf.take()
