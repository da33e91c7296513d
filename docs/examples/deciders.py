"""Order deciders with a bug each, for the examples of docs/replay.md."""

from __future__ import annotations

import copy
from typing import Any

from orders.decider import decide

Decisions = list[dict[str, Any]]


def saves_twice(task: dict[str, Any]) -> Decisions:
    """Schedules a first attempt to save two times."""
    made: Decisions = copy.deepcopy(decide(task))  # type: ignore[arg-type]
    for decision in list(made):
        attributes = decision.get("scheduleActivityTaskDecisionAttributes", {})
        if attributes.get("activityId") == "SaveResults-1":
            made.append(decision)
    return made
