"""Histories of runs in which anything happens, made by a fake from a number."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import boto3

from swfsim import fake_swf
from swfsim.replay import histories
from swfsim.replay.histories import Captured
from swfsim.spec import model

STICKY = {"taskList": {"name": "sticky"}, "taskListScheduleToStartTimeout": "10"}


def any_run(seed: int) -> Captured:
    """The run of a decider that decides anything, among workers and others who do anything."""
    return _Happening(seed).history()


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    return {"decisionType": kind, model.DECISION_MEMBER[kind]: attributes}


class _Happening:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.deciding: str | None = None
        self.working: list[str] = []

    def history(self) -> Captured:
        with fake_swf(clock="virtual") as fake:
            self.swf = boto3.client("swf", region_name="us-east-1")
            run_id = self._begin()
            for _ in range(60):
                fake.advance(self.chance.choice([0.01, 0.05, 1, 1, 7, 7, 31, 120]))
                what = self.chance.choices(
                    [self._decide, self._take_work, self._answer_work, self._disturb],
                    [45, 15, 15, 10],
                )[0]
                with contextlib.suppress(self.swf.exceptions.UnknownResourceFault):
                    what()  # unless it is too late, or the run is over
            execution = {"workflowId": "w", "runId": run_id}
            shown = self.swf.get_workflow_execution_history(domain="d", execution=execution)
        text = json.dumps(shown["events"], default=lambda at: at.isoformat())
        [found] = histories.parse(
            {"workflowExecution": execution, "events": json.loads(text)}, "any"
        )
        return found

    def _begin(self) -> str:
        self.swf.register_domain(name="d", workflowExecutionRetentionPeriodInDays="7")
        self.swf.register_workflow_type(
            domain="d",
            name="w",
            version="1",
            defaultTaskList={"name": "l"},
            defaultTaskStartToCloseTimeout="30",
            defaultExecutionStartToCloseTimeout="90000",
            defaultChildPolicy="TERMINATE",
        )
        self.swf.register_activity_type(
            domain="d",
            name="a",
            version="1",
            defaultTaskList={"name": "work"},
            defaultTaskScheduleToStartTimeout="40",
            defaultTaskScheduleToCloseTimeout="100",
            defaultTaskStartToCloseTimeout="50",
            defaultTaskHeartbeatTimeout="NONE",
        )
        started = self.swf.start_workflow_execution(
            domain="d", workflowId="w", workflowType={"name": "w", "version": "1"}
        )
        return str(started["runId"])

    def _decision(self) -> dict[str, Any]:
        kind = {"name": self.chance.choice("aaaz"), "version": "1"}
        name = self.chance.choice("abc")
        seconds = self.chance.choice(["0", "5", "60"])
        other = self.chance.choice("wn")
        return self.chance.choice(
            [
                decision("ScheduleActivityTask", activityType=kind, activityId=name),
                decision("ScheduleActivityTask", activityType=kind, activityId=name),
                decision("RequestCancelActivityTask", activityId=name),
                decision("StartTimer", timerId=name, startToFireTimeout=seconds),
                decision("CancelTimer", timerId=name),
                decision("RecordMarker", markerName=name),
                decision("SignalExternalWorkflowExecution", workflowId=other, signalName="s"),
                decision("RequestCancelExternalWorkflowExecution", workflowId=other),
                decision("ScheduleLambdaFunction", id=name, name="f"),
            ]
        )

    def _decide(self) -> None:
        if self.deciding is None:
            for name in ("l", "sticky"):
                task_list = {"name": name}
                if self.swf.count_pending_decision_tasks(domain="d", taskList=task_list)["count"]:
                    task = self.swf.poll_for_decision_task(domain="d", taskList=task_list)
                    self.deciding = task.get("taskToken")
                    return
            return
        token, self.deciding = self.deciding, None
        if self.chance.random() < 0.2:
            return  # this decider has crashed
        made = [self._decision() for _ in range(self.chance.randrange(4))]
        if self.chance.random() < 0.12:
            made = [
                one for one in made if not one["decisionType"].startswith(("Schedule", "Start"))
            ]
            made.append(decision("CompleteWorkflowExecution"))
        sticky = STICKY if self.chance.random() < 0.3 else {}
        self.swf.respond_decision_task_completed(taskToken=token, decisions=made, **sticky)

    def _take_work(self) -> None:
        task_list = {"name": "work"}
        if self.swf.count_pending_activity_tasks(domain="d", taskList=task_list)["count"]:
            task = self.swf.poll_for_activity_task(domain="d", taskList=task_list)
            self.working.append(task["taskToken"])

    def _answer_work(self) -> None:
        if self.working:
            token = self.working.pop(self.chance.randrange(len(self.working)))
            if self.chance.random() < 0.5:
                self.swf.respond_activity_task_completed(taskToken=token, result="ok")
            else:
                self.swf.respond_activity_task_failed(taskToken=token, reason="no")

    def _disturb(self) -> None:
        if self.chance.random() < 0.7:
            self.swf.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
        else:
            self.swf.request_cancel_workflow_execution(domain="d", workflowId="w")
