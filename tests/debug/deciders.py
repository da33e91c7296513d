"""Deciders that are put to captured histories: the order decider, and ways to break it."""

from __future__ import annotations

import copy
from typing import Any

from orders.decider import decide

Decisions = list[dict[str, Any]]

calls = [0]


def as_it_is(task: Any) -> Decisions:
    return [dict(one) for one in decide(task)]


def as_a_list_of_events(events: list[dict[str, Any]]) -> Decisions:
    return as_it_is(events)


def two_arguments(task: Any, settings: Any) -> Decisions:
    return as_it_is(task)


def silent(task: Any) -> None:
    return None


def no_list(task: Any) -> Any:
    return "ScheduleActivityTask"


async def waits(task: Any) -> Decisions:
    return as_it_is(task)


def no_list_once(task: Any) -> Any:
    return "nothing" if 4 < len(task["events"]) < 12 else as_it_is(task)


def raises_after_ten_events(task: Any) -> Decisions:
    if len(task["events"]) > 10:
        raise ValueError("eleven is too many")
    return as_it_is(task)


def step_of(decision: dict[str, Any]) -> str:
    attributes = decision.get("scheduleActivityTaskDecisionAttributes", {})
    return str(attributes.get("activityType", {}).get("name", ""))


def forgets_the_last_step(task: Any) -> Decisions:
    return [one for one in as_it_is(task) if step_of(one) != "NotifyCompletion"]


def schedules_twice(task: Any) -> Decisions:
    made = as_it_is(task)
    return made + [copy.deepcopy(one) for one in made if step_of(one) == "SaveResults"]


def another_total(task: Any) -> Decisions:
    made = as_it_is(task)
    for one in made:
        if step_of(one) == "SaveResults":
            attributes = one["scheduleActivityTaskDecisionAttributes"]
            one["scheduleActivityTaskDecisionAttributes"] = {
                **attributes,
                "input": attributes["input"].replace('"total":349.7', '"total":1'),
            }
    return made


def writes_its_own(task: Any) -> Decisions:
    attributes = {"reason": "no"}
    decision = {"decisionType": "FailWorkflowExecution"}  # built here
    decision["failWorkflowExecutionDecisionAttributes"] = attributes  # type: ignore[assignment]
    return [decision]
