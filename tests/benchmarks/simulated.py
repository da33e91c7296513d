"""The order workflow with its own loops, and a year of daily timers, on virtual time."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3

from scenarios.app import OrdersApp, an_order
from swfsim import Env, Story
from tests.benchmarks.figures import Figure, median, seconds

DAYS = 365
DAY_S = 86_390
"""Ten seconds short: an execution lasts 365 days at most, and the decisions take time as well."""


def orders_a_second(count: int) -> float:
    """Orders placed in a row by one starter, all through decider and activities to completion."""
    with Story(OrdersApp) as story:
        starter = story.app.starter  # type: ignore[attr-defined]

        def place(_: Story) -> None:
            for number in range(count):
                starter.start_workflow(an_order(order_id=f"ORD-{number}"))

        story.when(place)
        took = seconds(story.run)
        assert all(x.close_status == "COMPLETED" for x in story.executions)
    return count / took


def decide_day_by_day() -> None:
    client: Any = boto3.client("swf")
    for day in range(DAYS + 1):
        task = client.poll_for_decision_task(domain="year", taskList={"name": "decisions"})
        attributes = {"timerId": f"day-{day}", "startToFireTimeout": str(DAY_S)}
        decision: dict[str, Any] = {
            "decisionType": "StartTimer",
            "startTimerDecisionAttributes": attributes,
        }
        if day == DAYS:
            decision = {"decisionType": "CompleteWorkflowExecution"}
        client.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[decision])


def a_year() -> None:
    with Env.sim() as env:
        client = env.client()
        client.register_domain(name="year", workflowExecutionRetentionPeriodInDays="1")
        client.register_workflow_type(domain="year", name="daily", version="1")
        client.start_workflow_execution(
            domain="year",
            workflowId="w",
            workflowType={"name": "daily", "version": "1"},
            taskList={"name": "decisions"},
            executionStartToCloseTimeout="31536000",
            taskStartToCloseTimeout="60",
            childPolicy="TERMINATE",
        )
        env.add("decider", decide_day_by_day)
        env.run()
        [x] = env.executions()
        assert sum(event.kind == "TimerFired" for event in x.events) == DAYS
        assert x.close_status == "COMPLETED"


def all_scenarios() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "scenarios"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}\na scenario fails, so its time means nothing")


def figures() -> Iterator[Figure]:
    orders_a_second(100)  # warm up
    rate = statistics.median(orders_a_second(500) for _ in range(5))
    yield Figure("orders, all loops unmodified, simulated", rate, "orders/s", at_least=500)
    a_year()
    yield Figure("a workflow of 365 daily timers", median(a_year, 5) * 1000, "ms", at_most=200)
    yield Figure("pytest scenarios/, whole", seconds(all_scenarios), "s", at_most=20)
