"""``Driver``: one workflow, driven by hand through a boto3 client, in few words.

    swf.start()
    swf.decide(schedule("a"))
    swf.work(completes("done"))
    swf.decide(complete())
    swf.shows('''
        1   WorkflowExecutionStarted
        2 = DecisionTaskScheduled
        …''')

Each verb happens 50 ms after the one before, so that events of one cause, and only they, share an
instant.
"""

from __future__ import annotations

from typing import Any

import boto3

from swfsim import Fake
from swfsim.report.table import normal, table
from swfsim.spec import model

DOMAIN = "shop"
STEP_S = 0.05

Decision = dict[str, Any]


class Driver:
    """``task`` and ``work_item`` are the decision and the activity task that were polled last.

    With ``step_s`` 0 it leaves the time alone, for clocks that cannot be moved.
    """

    def __init__(self, fake: Fake, step_s: float = STEP_S) -> None:
        self.fake = fake
        self.step_s = step_s
        self.client: Any = boto3.client("swf", region_name="us-east-1")
        self.run_id = ""
        self.workflow_id = "order-1"
        self.task: dict[str, Any] = {}
        self.work_item: dict[str, Any] = {}

    def register(self, **workflow_defaults: Any) -> Driver:
        """A domain, the workflow type ``order`` 1.0 and the activity type ``pay`` 1.0."""
        self.client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
        self.client.register_workflow_type(
            domain=DOMAIN,
            name="order",
            version="1.0",
            **{
                "defaultTaskList": {"name": "deciders"},
                "defaultTaskStartToCloseTimeout": "300",
                "defaultExecutionStartToCloseTimeout": "3600",
                "defaultChildPolicy": "TERMINATE",
                **workflow_defaults,
            },
        )
        self.client.register_activity_type(
            domain=DOMAIN,
            name="pay",
            version="1.0",
            defaultTaskList={"name": "workers"},
            defaultTaskScheduleToStartTimeout="600",
            defaultTaskScheduleToCloseTimeout="900",
            defaultTaskStartToCloseTimeout="300",
            defaultTaskHeartbeatTimeout="NONE",
        )
        return self

    def wait(self, seconds: float | None = None) -> Driver:
        if seconds or self.step_s:
            self.fake.advance(self.step_s if seconds is None else seconds)
        return self

    # What happens to the execution

    def start(self, workflow_id: str = "order-1", **more: Any) -> str:
        self.wait()
        self.workflow_id = workflow_id
        answer = self.client.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": "order", "version": "1.0"},
            **more,
        )
        self.run_id = answer["runId"]
        return self.run_id

    def poll(self, task_list: str = "deciders", **more: Any) -> dict[str, Any]:
        """Take a decision task."""
        self.wait()
        self.task = self.client.poll_for_decision_task(
            domain=DOMAIN, taskList={"name": task_list}, **more
        )
        return self.task

    def answer(self, *decisions: Decision, **more: Any) -> Driver:
        """Answer the decision task taken last."""
        self.wait()
        self.client.respond_decision_task_completed(
            taskToken=self.task["taskToken"], decisions=list(decisions), **more
        )
        return self

    def decide(self, *decisions: Decision, **more: Any) -> Driver:
        """Take a decision task and answer it."""
        polled = self.poll()
        assert "taskToken" in polled, "there is no decision task to take"
        return self.answer(*decisions, **more)

    def take(self, task_list: str = "workers") -> dict[str, Any]:
        """Take an activity task."""
        self.wait()
        self.work_item = self.client.poll_for_activity_task(
            domain=DOMAIN, taskList={"name": task_list}
        )
        return self.work_item

    def work(self, outcome: tuple[str, dict[str, Any]]) -> Driver:
        """Take an activity task and answer it: ``completes(…)``, ``fails(…)``, ``cancels(…)``."""
        polled = self.take()
        assert "taskToken" in polled, "there is no activity task to take"
        return self.report(outcome)

    def report(self, outcome: tuple[str, dict[str, Any]]) -> Driver:
        """Answer the activity task taken last."""
        self.wait()
        call, more = outcome
        getattr(self.client, call)(taskToken=self.work_item["taskToken"], **more)
        return self

    def beat(self, **more: Any) -> bool:
        """A heartbeat; whether cancellation was asked for."""
        self.wait()
        token = self.work_item["taskToken"]
        answer = self.client.record_activity_task_heartbeat(taskToken=token, **more)
        asked: bool = answer["cancelRequested"]
        return asked

    def signal(self, name: str = "hurry", **more: Any) -> Driver:
        self.wait()
        self.client.signal_workflow_execution(
            domain=DOMAIN, workflowId=self.workflow_id, signalName=name, **more
        )
        return self

    def request_cancel(self) -> Driver:
        self.wait()
        self.client.request_cancel_workflow_execution(domain=DOMAIN, workflowId=self.workflow_id)
        return self

    def terminate(self, **more: Any) -> Driver:
        self.wait()
        self.client.terminate_workflow_execution(domain=DOMAIN, workflowId=self.workflow_id, **more)
        return self

    # What can be seen of it

    def history(self, run_id: str | None = None, workflow_id: str | None = None) -> Any:
        """All events, in boto3's form."""
        execution = {
            "workflowId": workflow_id or self.workflow_id,
            "runId": run_id or self.run_id,
        }
        return self.client.get_workflow_execution_history(domain=DOMAIN, execution=execution)[
            "events"
        ]

    def attributes(self, event_id: int) -> dict[str, Any]:
        """The attributes of one event of the current run."""
        event = self.history()[event_id - 1]
        found: dict[str, Any] = event[model.EVENT_MEMBER[event["eventType"]]]
        return found

    def describe(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.describe_workflow_execution(
            domain=DOMAIN, execution={"workflowId": self.workflow_id, "runId": self.run_id}
        )
        return answer

    def shows(self, expected: str, run_id: str | None = None) -> None:
        """The history is this table; lines from the first one written on."""
        seen = table(self.history(run_id)).splitlines()
        wanted = normal(expected).splitlines()
        first = int(wanted[0].split()[0])
        assert "\n".join(seen[first - 1 :]) == "\n".join(wanted)


# Decisions, in few words


def decision(kind: str, **attributes: Any) -> Decision:
    return {"decisionType": kind, model.DECISION_MEMBER[kind]: attributes}


def schedule(activity_id: str, **more: Any) -> Decision:
    kind = {"name": "pay", "version": "1.0"}
    return decision(
        "ScheduleActivityTask", **{"activityId": activity_id, "activityType": kind, **more}
    )


def cancel_activity(activity_id: str) -> Decision:
    return decision("RequestCancelActivityTask", activityId=activity_id)


def timer(timer_id: str, seconds: int, **more: Any) -> Decision:
    return decision("StartTimer", timerId=timer_id, startToFireTimeout=str(seconds), **more)


def cancel_timer(timer_id: str) -> Decision:
    return decision("CancelTimer", timerId=timer_id)


def marker(name: str, **more: Any) -> Decision:
    return decision("RecordMarker", markerName=name, **more)


def child(workflow_id: str, **more: Any) -> Decision:
    kind = {"name": "order", "version": "1.0"}
    return decision(
        "StartChildWorkflowExecution",
        **{"workflowId": workflow_id, "workflowType": kind, **more},
    )


def signal_external(workflow_id: str, name: str = "hurry", **more: Any) -> Decision:
    return decision(
        "SignalExternalWorkflowExecution", workflowId=workflow_id, signalName=name, **more
    )


def cancel_external(workflow_id: str, **more: Any) -> Decision:
    return decision("RequestCancelExternalWorkflowExecution", workflowId=workflow_id, **more)


def run_lambda(lambda_id: str, name: str = "tax", **more: Any) -> Decision:
    return decision("ScheduleLambdaFunction", id=lambda_id, name=name, **more)


def complete(**more: Any) -> Decision:
    return decision("CompleteWorkflowExecution", **more)


def fail(**more: Any) -> Decision:
    return decision("FailWorkflowExecution", **more)


def cancel(**more: Any) -> Decision:
    return decision("CancelWorkflowExecution", **more)


def continue_as_new(**more: Any) -> Decision:
    return decision("ContinueAsNewWorkflowExecution", **more)


# Outcomes of activities


def completes(result: str | None = None) -> tuple[str, dict[str, Any]]:
    return "respond_activity_task_completed", {} if result is None else {"result": result}


def fails(reason: str = "broken", **more: Any) -> tuple[str, dict[str, Any]]:
    return "respond_activity_task_failed", {"reason": reason, **more}


def cancels(**more: Any) -> tuple[str, dict[str, Any]]:
    return "respond_activity_task_canceled", more
