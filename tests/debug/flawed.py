"""Deciders with faults of their own: they decide rightly, and not from the history alone."""

from __future__ import annotations

import contextlib
import datetime
import gc
import os
import random
import socket
import threading
import time
import uuid
from typing import Any, ClassVar

import boto3

from orders import DecisionWorker
from orders.decider import decide

Decisions = list[dict[str, Any]]
Task = dict[str, Any]


def right(task: Any) -> Decisions:
    return [dict(one) for one in decide(task)]


def reads_the_clock(task: Task) -> Decisions:
    time.time()  # here
    return right(task)


def reads_the_date(task: Task) -> Decisions:
    datetime.datetime.now(datetime.UTC)  # here
    return right(task)


def collects_garbage(task: Task) -> Decisions:
    """As it may happen to any decider at any moment."""
    gc.collect(0)
    return right(task)


forgotten: list[Any] = []


def lets_go_of_what_was_forgotten(task: Task) -> Decisions:
    """As a collection does, at any moment."""
    forgotten.clear()
    return right(task)


somebody_elses_turn, its_own_turn = threading.Semaphore(0), threading.Semaphore(0)


def waits_for_another_thread(task: Task) -> Decisions:
    somebody_elses_turn.release()
    its_own_turn.acquire()
    return right(task)


def draws(task: Task) -> Decisions:
    random.randint(1, 6)  # here
    return right(task)


def makes_an_id(task: Task) -> Decisions:
    uuid.uuid4()  # here
    return right(task)


def makes_a_generator(task: Task) -> Decisions:
    random.Random()  # here
    return right(task)


def reads_a_setting(task: Task) -> Decisions:
    os.environ.get("REGION_OF_DISCOUNTS")  # here
    return right(task)


def asks_its_host(task: Task) -> Decisions:
    socket.gethostname()  # here
    return right(task)


def asks_a_server(task: Task) -> Decisions:
    with contextlib.suppress(OSError):
        socket.create_connection(("192.0.2.1", 80))  # here
    return right(task)


def writes_into_events(task: Task) -> Decisions:
    made = right(task)
    for event in task["events"]:
        if event["eventType"] == "ActivityTaskCompleted":
            event["activityTaskCompletedEventAttributes"]["result"] = "seen"  # here
    return made


seen: set[int] = set()


def changes_its_mind(task: Task) -> Decisions:
    made = right(task)
    if task["startedEventId"] in seen:
        return []
    seen.add(task["startedEventId"])
    return made


def forgets_pages(task: Task) -> Decisions:
    """Follows the first token only: right for one page and for two."""
    events = list(task["events"])
    if task.get("nextPageToken"):
        client = boto3.client("swf", region_name="us-east-1")
        page = client.poll_for_decision_task(
            domain="d", taskList={"name": "l"}, nextPageToken=task["nextPageToken"]
        )
        events += page["events"]
    return right(events)


def fetches_pages(task: Task) -> Decisions:
    events = list(task["events"])
    token = task.get("nextPageToken")
    client = boto3.client("swf", region_name="us-east-1")
    while token:
        page = client.poll_for_decision_task(
            domain="d", taskList={"name": "l"}, nextPageToken=token
        )
        events += page["events"]
        token = page.get("nextPageToken")
    return right(events)


def never_comes_back(task: Task) -> Decisions:
    while True:
        pass


def leaves(task: Task) -> Decisions:
    raise SystemExit("I am out")


class WorkerOfOnePage(DecisionWorker):
    """Takes the first page for the whole history."""

    def _with_all_pages(self, task: Any) -> Any:
        return task


class _Polls:
    """A worker that decides rightly; ``besides`` is what it says besides."""

    besides: ClassVar[dict[str, Any]]

    def __init__(self) -> None:
        self.swf = boto3.client("swf", region_name="us-east-1")

    def poll_once(self) -> None:
        task: Any = self.swf.poll_for_decision_task(domain="d", taskList={"name": "l"})
        said = {"taskToken": task["taskToken"], **self.besides}
        made: Any = right(task)
        self.swf.respond_decision_task_completed(decisions=made, **said)


class WorkerWithAContext(_Polls):
    besides: ClassVar = {"executionContext": '{"step": 2}'}


class WorkerWithTooLongAContext(_Polls):
    besides: ClassVar = {"executionContext": "x" * 40_000}


class WorkerWithAnotherToken(_Polls):
    besides: ClassVar = {"taskToken": "of yesterday"}
