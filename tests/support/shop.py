"""A small application for tests of the harness: one decider, one worker, three steps in a row.

It is written as an application would be, with blocking loops, real ``time``, ``uuid`` and threads.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import botocore.exceptions

from swfsim import App

STEPS = ("Take", "Pack", "Send")
DOMAIN = "shop"


def decide_for_ever() -> None:
    client: Any = boto3.client("swf")
    while True:
        task = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})
        if not task.get("taskToken"):
            continue
        decisions = decide(task["events"])
        answer(client.respond_decision_task_completed, task, decisions=decisions)


def decide(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The next step, the same again after it failed or timed out, or the end."""
    count = {event["eventType"]: 0 for event in events}
    for event in events:
        count[event["eventType"]] += 1
    done = count.get("ActivityTaskCompleted", 0)
    ended = done + sum(count.get(f"ActivityTask{how}", 0) for how in ("Failed", "TimedOut"))
    scheduled = count.get("ActivityTaskScheduled", 0)
    if scheduled > ended:
        return []
    if done == len(STEPS):
        return [{"decisionType": "CompleteWorkflowExecution"}]
    attributes = {
        "activityId": f"{STEPS[done]}-{scheduled}",
        "activityType": {"name": STEPS[done], "version": "1"},
        "input": "{}",
    }
    return [
        {
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": attributes,
        }
    ]


def work_for_ever(wrap: Callable[[Any], Any] = lambda function: function) -> None:
    client: Any = boto3.client("swf")
    functions = {step: wrap(lambda given, step=step: work(step)) for step in STEPS}
    while True:
        task = client.poll_for_activity_task(domain=DOMAIN, taskList={"name": "activities"})
        if not task.get("taskToken"):
            continue
        over = threading.Event()
        threading.Thread(target=beat, args=(client, task["taskToken"], over), daemon=True).start()
        try:
            result = functions[task["activityType"]["name"]](task.get("input"))
        except Exception as error:
            answer(client.respond_activity_task_failed, task, reason=str(error))
        else:
            answer(client.respond_activity_task_completed, task, result=result)
        over.set()


def answer(call: Callable[..., Any], task: Mapping[str, Any], **more: Any) -> None:
    too_late_or_lost = (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError)
    with contextlib.suppress(*too_late_or_lost):
        call(taskToken=task["taskToken"], **more)


def work(step: str) -> str:
    time.sleep(3)
    return f"{step} {uuid.uuid4()} at {time.time()}"


def beat(client: Any, token: str, over: threading.Event) -> None:
    while not over.wait(5):
        try:
            client.record_activity_task_heartbeat(taskToken=token)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
            return


class Shop(App):
    steps = STEPS

    def register(self) -> None:
        client: Any = boto3.client("swf")
        client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        client.register_workflow_type(
            domain=DOMAIN,
            name="shopping",
            version="1",
            defaultTaskList={"name": "decisions"},
            defaultTaskStartToCloseTimeout="60",
            defaultExecutionStartToCloseTimeout="86400",
            defaultChildPolicy="TERMINATE",
        )
        for step in STEPS:
            client.register_activity_type(
                domain=DOMAIN,
                name=step,
                version="1",
                defaultTaskList={"name": "activities"},
                defaultTaskScheduleToStartTimeout="300",
                defaultTaskScheduleToCloseTimeout="400",
                defaultTaskStartToCloseTimeout="120",
                defaultTaskHeartbeatTimeout="30",
            )

    def workers(self, wrap: Callable[[Any], Any]) -> Mapping[str, Callable[[], object]]:
        return {"decider": decide_for_ever, "worker": lambda: work_for_ever(wrap)}

    def start(self, given: Any) -> tuple[str, str]:
        client: Any = boto3.client("swf")
        workflow_id = f"shopping-{uuid.uuid4()}"
        started = client.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": "shopping", "version": "1"},
            input=str(given),
        )
        return workflow_id, started["runId"]


def shopping(given: Any = "") -> Callable[[Any], object]:
    """Somebody goes shopping."""
    return lambda story: story.app.start(given)
