"""An application whose run has a child: it completes if the child does, and else fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import boto3

from swfsim import App

DOMAIN = "home"
KIND = {"name": "child", "version": "1"}


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    return {
        "decisionType": kind,
        f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes,
    }


def parent(kinds: list[str]) -> list[dict[str, Any]]:
    if "ChildWorkflowExecutionCompleted" in kinds:
        return [decision("CompleteWorkflowExecution")]
    if "ChildWorkflowExecutionFailed" in kinds:
        return [decision("FailWorkflowExecution", reason="no child")]
    if "StartChildWorkflowExecutionInitiated" in kinds:
        return []
    return [decision("StartChildWorkflowExecution", workflowId="K", workflowType=KIND)]


def child(kinds: list[str]) -> list[dict[str, Any]]:
    """Waits a minute, and completes."""
    if "TimerFired" in kinds:
        return [decision("CompleteWorkflowExecution", result="grown up")]
    if "TimerStarted" in kinds:
        return []
    return [decision("StartTimer", timerId="youth", startToFireTimeout="60")]


class Household(App):
    def register(self) -> None:
        client: Any = boto3.client("swf")
        client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
        for name in ("parent", "child"):
            client.register_workflow_type(
                domain=DOMAIN,
                name=name,
                version="1",
                defaultTaskList={"name": name},
                defaultTaskStartToCloseTimeout="60",
                defaultExecutionStartToCloseTimeout="3600",
                defaultChildPolicy="TERMINATE",
            )

    def workers(self, wrap: Any) -> Mapping[str, Callable[[], object]]:
        return {
            "parent": lambda: _decide_for_ever("parent", parent),
            "child": lambda: _decide_for_ever("child", child),
        }

    def start(self, given: Any) -> tuple[str, str]:
        client: Any = boto3.client("swf")
        kind = {"name": "parent", "version": "1"}
        started = client.start_workflow_execution(domain=DOMAIN, workflowId="P", workflowType=kind)
        return "P", started["runId"]


def _decide_for_ever(task_list: str, decide: Callable[[list[str]], list[dict[str, Any]]]) -> None:
    client: Any = boto3.client("swf")
    while True:
        task = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": task_list})
        if task.get("taskToken"):
            made: Any = decide([event["eventType"] for event in task["events"]])
            client.respond_decision_task_completed(taskToken=task["taskToken"], decisions=made)
