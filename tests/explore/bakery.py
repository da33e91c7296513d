"""A bakery: dough and oven are made ready at the same time, then it bakes. Deciders for it, one as
it should be and others that break a law each."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import boto3

from swfsim.app import Wrap
from swfsim.clock import ODD_START
from swfsim.transports.boto import stamp
from tests.explore import toy
from tests.explore.toy import Kiosk, client, patiently

Task = Mapping[str, Any]
Decisions = list[dict[str, Any]]
TODAY = stamp(ODD_START)
"""When every simulation begins."""

BOTH = ("Dough", "Oven")


def schedule(step: str) -> dict[str, Any]:
    return toy.schedule(step, 1)


def done(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The steps that are done, in the order in which they were."""
    found = []
    for event in events:
        if event["eventType"] == "ActivityTaskCompleted":
            first = event["activityTaskCompletedEventAttributes"]["scheduledEventId"]
            scheduled = events[first - 1]["activityTaskScheduledEventAttributes"]
            found.append(scheduled["activityType"]["name"])
    return found


def kinds(events: Sequence[Mapping[str, Any]]) -> list[str]:
    return [event["eventType"] for event in events]


def right(task: Task) -> Decisions:
    events = task["events"]
    scheduled = kinds(events).count("ActivityTaskScheduled")
    if not scheduled:
        return [schedule(step) for step in BOTH]
    if "Bake" in done(events):
        return [{"decisionType": "CompleteWorkflowExecution"}]
    if set(BOTH) <= set(done(events)) and scheduled == len(BOTH):
        return [schedule("Bake")]
    return []


remembered: set[str] = set()


def remembers(task: Task) -> Decisions:
    """It answers a task once, and takes the same task for an old one."""
    key = f"{task['workflowExecution']} {len(task['events'])}"
    if key in remembered:
        return []
    remembered.add(key)
    return right(task)


def counts_tasks(task: Task) -> Decisions:
    """It takes the second task for the one after both are ready."""
    if kinds(task["events"]).count("DecisionTaskStarted") > 4:
        return []
    return right(task)


def sleeps_at_night(task: Task) -> Decisions:
    return right(task) if task["events"][0]["eventTimestamp"].hour == TODAY.hour else []


def reads_years(task: Task) -> Decisions:
    return right(task) if task["events"][0]["eventTimestamp"].year == TODAY.year else []


def knows_its_customers(task: Task) -> Decisions:
    return right(task) if task["workflowExecution"]["workflowId"] == "sale" else []


def takes_signals_for_orders(task: Task) -> Decisions:
    again = kinds(task["events"]).count("WorkflowExecutionSignaled")
    return right(task) + [schedule("Dough")] * again


def fears_markers(task: Task) -> Decisions:
    if "MarkerRecorded" in kinds(task["events"]):
        raise ValueError("what is this?")
    return right(task)


def looks_at_news_only(task: Task) -> Decisions:
    """It bakes when both became ready since it was asked last."""
    events = task["events"]
    new = done(events)[len(done(events[: task["previousStartedEventId"]])) :]
    if set(BOTH) <= set(new):
        return [schedule("Bake")]
    return [] if set(new) & set(BOTH) else right(task)


def looks_at_the_latest(task: Task) -> Decisions:
    """It bakes when the oven is ready, since that takes longest, usually."""
    ready = done(task["events"])
    if len(ready) == len(BOTH) and ready[-1] != "Oven":
        return []
    return right(task)


_ids = itertools.count(1)


def never_uses_an_id_twice(task: Task) -> Decisions:
    """Each activity id is new, as a uuid would be, and its input tells it."""
    made = right(task)
    for one in made:
        attributes = one.get("scheduleActivityTaskDecisionAttributes")
        if attributes:
            attributes["activityId"] = f"one of many, {next(_ids)}"
            attributes["input"] = json.dumps({"key": attributes["activityId"]})
    return made


def names_ids_after_the_task(task: Task) -> Decisions:
    made = right(task)
    for number, one in enumerate(made):
        if "scheduleActivityTaskDecisionAttributes" in one:
            new = f"{task['startedEventId']}-{number}"
            one["scheduleActivityTaskDecisionAttributes"]["activityId"] = new
    return made


def bakes_first_on_odd_ids(task: Task) -> Decisions:
    """New ids each time, and then something hangs on them."""
    made = never_uses_an_id_twice(task)
    return made[::-1] if next(_ids) % 2 else made


def reads_its_order(task: Task) -> Decisions:
    """An order of one number, under which it runs; of one type of workflow."""
    started = task["events"][0]["workflowExecutionStartedEventAttributes"]
    order = json.loads(started["input"])
    if (order["number"], order["total"]) != (1001, 100150) or int(order["id"]) < 1:
        raise ValueError(order)
    if order["id"] != task["workflowExecution"]["workflowId"]:
        raise ValueError("that is another's order")
    return right(task)


def minds_its_type(task: Task) -> Decisions:
    if task["workflowType"]["name"] != "sale":
        raise LookupError(task["workflowType"])
    return right(task)


def names_steps_after_the_run(task: Task) -> Decisions:
    """And finds them again by that name."""
    whose = task["workflowExecution"]["workflowId"]
    made = right(task)
    for one in made:
        attributes = one.get("scheduleActivityTaskDecisionAttributes")
        if attributes:
            attributes["activityId"] = f"{whose}-{attributes['activityType']['name']}"
    for event in task["events"]:
        told = event.get("activityTaskScheduledEventAttributes")
        if told and not told["activityId"].startswith(f"{whose}-"):
            raise LookupError(told["activityId"])
    return made


class FirstPage:
    """A worker that reads the first page of a history, and no other."""

    def poll_once(self) -> None:
        swf: Any = boto3.client("swf")
        task = swf.poll_for_decision_task(domain=toy.DOMAIN, taskList={"name": "decisions"})
        token = task["taskToken"]
        swf.respond_decision_task_completed(taskToken=token, decisions=right(task))


class AllPages:
    def poll_once(self) -> None:
        swf: Any = boto3.client("swf")
        pages = swf.get_paginator("poll_for_decision_task")
        asked = {"domain": toy.DOMAIN, "taskList": {"name": "decisions"}}
        found = list(pages.paginate(**asked))
        events = [event for page in found for event in page["events"]]
        decisions = right({**found[0], "events": events})
        swf.respond_decision_task_completed(taskToken=found[0]["taskToken"], decisions=decisions)


class Bakery(Kiosk):
    steps = (*BOTH, "Bake")

    def register(self) -> None:
        super().register()
        for step in self.steps:
            client().register_activity_type(
                domain=toy.DOMAIN,
                name=step,
                version="1",
                defaultTaskList={"name": "work"},
                defaultTaskScheduleToStartTimeout="300",
                defaultTaskScheduleToCloseTimeout="NONE",
                defaultTaskStartToCloseTimeout="60",
                defaultTaskHeartbeatTimeout="NONE",
            )

    def workers(self, wrap: Wrap) -> Mapping[str, Any]:
        work = functools.partial(self.work, wrap)
        return {"decider": self.decide_for_ever, "baker": work, "apprentice": work}

    def work(self, wrap: Wrap) -> None:
        work = {step: wrap(lambda given: None) for step in self.steps}
        while True:
            asked = {"domain": toy.DOMAIN, "taskList": {"name": "work"}}
            task = patiently(client().poll_for_activity_task, **asked)
            work[task["activityType"]["name"]](None)
            answer = client().respond_activity_task_completed
            patiently(answer, taskToken=task["taskToken"])

    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        return right({"events": events})


class Numbered(Bakery):
    """Its workflow id is the number of the order."""

    def start(self, given: Any) -> tuple[str, str]:
        order = {"id": "1001", "number": 1001, "total": 100150}
        started = client().start_workflow_execution(
            domain=toy.DOMAIN,
            workflowId=order["id"],
            workflowType={"name": "sale", "version": "1"},
            input=json.dumps(order),
        )
        return "1001", started["runId"]


class NamedAfterTheRun(Bakery):
    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        return names_steps_after_the_run(
            {"events": events, "workflowExecution": {"workflowId": "sale"}}
        )
