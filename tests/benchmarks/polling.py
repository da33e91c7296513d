"""The five-activity workflow through boto3, one polling call after the other, here and on moto.

Start, five times (poll and answer a decision task, poll and answer an activity task), then the
last decision task: 23 calls, 35 events.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator
from typing import Any

import boto3
from botocore import xform_name
from moto import mock_aws

from swfsim import fake_swf
from tests.benchmarks.figures import Figure, seconds
from tests.benchmarks.five import DOMAIN, REGISTRATIONS

_numbers = itertools.count()


def register(client: Any) -> None:
    for operation, asked in REGISTRATIONS:
        getattr(client, xform_name(operation))(**asked)


def execute(client: Any) -> None:
    """One execution from start to completion."""
    client.start_workflow_execution(
        domain=DOMAIN,
        workflowId=f"w{next(_numbers)}",
        workflowType={"name": "five", "version": "1"},
        input='{"order": 1}',
    )
    for step in range(5):
        attributes = {
            "activityId": f"step-{step}",
            "activityType": {"name": "step", "version": "1"},
            "input": '{"order": 1}',
        }
        _decide(client, "ScheduleActivityTask", scheduleActivityTaskDecisionAttributes=attributes)
        task = client.poll_for_activity_task(domain=DOMAIN, taskList={"name": "activities"})
        client.respond_activity_task_completed(taskToken=task["taskToken"], result="done")
    events = _decide(
        client,
        "CompleteWorkflowExecution",
        completeWorkflowExecutionDecisionAttributes={"result": "done"},
    )
    assert len(events) == 33


def _decide(client: Any, kind: str, **attributes: Any) -> Any:
    task = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})
    client.respond_decision_task_completed(
        taskToken=task["taskToken"], decisions=[{"decisionType": kind, **attributes}]
    )
    return task["events"]


def one_by_one(client: Any, count: int) -> list[float]:
    return [seconds(lambda: execute(client)) for _ in range(count)]


def ours_fresh(count: int) -> list[float]:
    with fake_swf(clock="virtual"):
        client: Any = boto3.client("swf", region_name="us-east-1")
        register(client)
        return one_by_one(client, count)


def motos_fresh(count: int) -> list[float]:
    with mock_aws():
        client: Any = boto3.client("swf", region_name="us-east-1")
        register(client)
        return one_by_one(client, count)


def figures(rounds: int = 5, many: int = 10_000) -> Iterator[Figure]:
    ours_fresh(50)  # warm up
    ours, motos = [], []
    for _ in range(rounds):  # in turn, so that a change of the machine's mood meets both
        ours.append(statistics.median(ours_fresh(200)))
        motos.append(statistics.median(motos_fresh(10)))
    own = statistics.median(ours)
    ratio = statistics.median(theirs / mine for mine, theirs in zip(ours, motos, strict=True))
    yield Figure("five activities, 23 calls, fresh backend", 1 / own, "runs/s", at_least=1000)
    yield Figure("  the same on moto, fresh backend", 1 / statistics.median(motos), "runs/s")
    yield Figure("  times as fast as moto, median of pairs", ratio, "x", at_least=25)
    with fake_swf(clock="virtual"):
        client: Any = boto3.client("swf", region_name="us-east-1")
        register(client)
        one_by_one(client, 20)
        first = statistics.median(one_by_one(client, 100))
        one_by_one(client, many)
        last = statistics.median(one_by_one(client, 100))
    yield Figure(f"  cost after {many:,} executions, to the first", last / first, "x", at_most=1.3)
