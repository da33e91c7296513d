"""Ids that a decider makes up: SWF asks only that they are new, so they may differ each time.

A uuid is one, or ``pay-17`` after the number of the event at which the decider was asked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swfsim.core.events import History

    Decisions = Sequence[Mapping[str, Any]]

MADE_UP: Final = {
    "ScheduleActivityTask": "activityId",
    "StartTimer": "timerId",
    "StartChildWorkflowExecution": "workflowId",
    "ScheduleLambdaFunction": "id",
}
"""Decisions that make up an id → the member that holds it."""

_ITS_ID: Final = "<its id>"
_OTHER_ID: Final = "<another id>"


def leveled(one: Decisions, other: Decisions, events: History) -> tuple[Decisions, Decisions]:
    """Both lists with the same words where each has an id that it makes up, in its texts too.
    As they are, if both do not make up as many."""
    known = {
        text
        for attrs in events.attrs
        for member in MADE_UP.values()
        if isinstance(text := attrs.get(member), str)
    }
    left, right = _ids(one, known), _ids(other, known)
    if len(left) != len(right):
        return one, other
    return [_level(made, left) for made in one], [_level(made, right) for made in other]


def _id(decision: Mapping[str, Any]) -> str | None:
    kind = str(decision.get("decisionType"))
    attributes = decision.get(model.DECISION_MEMBER.get(kind, ""))
    found = attributes.get(MADE_UP.get(kind, "")) if isinstance(attributes, dict) else None
    return found if isinstance(found, str) else None


def _ids(decisions: Decisions, known: set[str]) -> set[tuple[str, str]]:
    """Which are made up, each with its decision's type."""
    return {
        (str(one.get("decisionType")), found)
        for one in decisions
        if (found := _id(one)) is not None and found not in known
    }


def _level(decision: Mapping[str, Any], ids: set[tuple[str, str]]) -> Mapping[str, Any]:
    """One decision with words in the place of ids, wherever the whole of a text, or of a value in a
    JSON text, is one."""
    its = _id(decision)
    words = {found: _ITS_ID if found == its else _OTHER_ID for _, found in ids}
    leveled = _replaced(decision, words)
    assert isinstance(leveled, dict), "a decision is a dict"
    return leveled


def _replaced(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        if value in words:
            return words[value]
        for found, word in words.items():
            value = value.replace(json.dumps(found), json.dumps(word))
        return value
    if isinstance(value, dict):
        return {key: _replaced(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, words) for one in value]
    return value
