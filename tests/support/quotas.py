"""What tests of retention, limits and rates share."""

from __future__ import annotations

from typing import Any

from tests.support.driver import (
    Driver,
)


def causes(swf: Driver) -> list[str]:
    """The causes of all that failed, in order."""
    return [
        attributes["cause"]
        for event in swf.history()
        for attributes in event.values()
        if isinstance(attributes, dict) and "cause" in attributes
    ]


def kept_in(swf: Driver, days: str) -> Any:
    """A domain of this retention, with a run of it that has just closed; its key."""
    swf.client.register_domain(name="kept", workflowExecutionRetentionPeriodInDays=days)
    swf.client.register_workflow_type(domain="kept", name="order", version="1.0")
    run_id = swf.client.start_workflow_execution(
        domain="kept",
        workflowId="order-1",
        workflowType={"name": "order", "version": "1.0"},
        taskList={"name": "deciders"},
        executionStartToCloseTimeout="60",
        taskStartToCloseTimeout="60",
        childPolicy="TERMINATE",
        tagList=["kept"],
    )["runId"]
    swf.client.terminate_workflow_execution(domain="kept", workflowId="order-1")
    return {"domain": "kept", "execution": {"workflowId": "order-1", "runId": run_id}}
