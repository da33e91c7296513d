"""Rules for strings that the model states only in prose: durations, priorities, names.

A rule is looked up by the structure and the member that hold the string. It answers None, or the
constraint in AWS's wording. The texts for these rules are not recorded anywhere; the family's own
wording with the member named is the safest guess (``docs/fidelity.md``, unknown U4).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final

from swfsim.spec import limits

Rule = Callable[[str], str | None]

Holder = tuple[str, str] | None
"""The member of a structure that holds a value: (name of the structure, name of the member)."""

_PATTERN: Final = "Member must satisfy regular expression pattern: "


def _pattern(expression: str, shown: str | None = None) -> Rule:
    matches = re.compile(expression, re.DOTALL).fullmatch
    complaint = _PATTERN + (shown or expression)
    return _remembering(lambda value: None if matches(value) else complaint)


def _remembering(rule: Rule) -> Rule:
    """The names of task lists, types and durations come again with nearly every call."""
    return functools.lru_cache(maxsize=4096)(rule)


def _duration(
    *, none: bool = True, least: int = 0, most: int | None = None, unset: bool = True
) -> Rule:
    """Decimal digits, ``NONE`` where allowed; an empty string counts as unset [D]."""
    expression = r"[0-9]{1,8}" + ("|NONE" if none else "")
    digits = re.compile(r"[0-9]{1,8}", re.ASCII).fullmatch

    def rule(value: str) -> str | None:
        if (value == "NONE" and none) or (value == "" and unset):
            return None
        if not digits(value):
            return _PATTERN + expression
        if most is not None and int(value) > most:
            return f"Member must have value less than or equal to {most}"
        if int(value) < least:
            return f"Member must have value greater than or equal to {least}"
        return None

    return _remembering(rule)


def _priority(value: str) -> str | None:
    if not re.fullmatch(r"-?[0-9]{1,10}", value, re.ASCII):
        return _PATTERN + "-?[0-9]{1,10}"
    if int(value) > 2**31 - 1:
        return f"Member must have value less than or equal to {2**31 - 1}"
    if int(value) < -(2**31):
        return f"Member must have value greater than or equal to {-(2**31)}"
    return None


# Names may hold neither ':' '/' '|' nor control characters, and may not be just "arn" [D].
_NAME = _pattern(
    r"(?!arn\Z)[^:/|\x00-\x1f\x7f-\x9f]+", r"(?!arn$)[^:/|\u0000-\u001f\u007f-\u009f]+"
)
_TRIMMED = _pattern(r"\S(.*\S)?")
_TAG = _pattern(r"[\w .:/=+\-@]*")


def _all_of(*rules: Rule) -> Rule:
    return lambda value: next((said for rule in rules if (said := rule(value))), None)


_TRIMMED_NAME: Final = _all_of(_NAME, _TRIMMED)

_ACTIVITY_TIMEOUT = _duration()
_DECISION_TIMEOUT = _duration()
_EXECUTION_TIMEOUT = _duration(none=False, most=limits.EXECUTION_S_MAX)
_EXECUTION_TIMEOUT_OR_NONE = _duration(most=limits.EXECUTION_S_MAX)

BY_MEMBER: Final[dict[str, Rule]] = {
    "defaultTaskStartToCloseTimeout": _ACTIVITY_TIMEOUT,
    "defaultTaskHeartbeatTimeout": _ACTIVITY_TIMEOUT,
    "defaultTaskScheduleToStartTimeout": _ACTIVITY_TIMEOUT,
    "defaultTaskScheduleToCloseTimeout": _ACTIVITY_TIMEOUT,
    "startToCloseTimeout": _ACTIVITY_TIMEOUT,
    "heartbeatTimeout": _ACTIVITY_TIMEOUT,
    "scheduleToStartTimeout": _ACTIVITY_TIMEOUT,
    "scheduleToCloseTimeout": _ACTIVITY_TIMEOUT,
    "taskStartToCloseTimeout": _DECISION_TIMEOUT,
    "taskListScheduleToStartTimeout": _DECISION_TIMEOUT,
    "executionStartToCloseTimeout": _EXECUTION_TIMEOUT_OR_NONE,
    "defaultExecutionStartToCloseTimeout": _EXECUTION_TIMEOUT,
    "startToFireTimeout": _duration(none=False, unset=False),
    "workflowExecutionRetentionPeriodInDays": _duration(
        most=limits.RETENTION_DAYS_MAX, unset=False
    ),
    "taskPriority": _priority,
    "defaultTaskPriority": _priority,
}
"""Rules that hold wherever the member occurs in a request."""

BY_PLACE: Final[dict[tuple[str, str], Rule]] = {
    ("RegisterDomainInput", "name"): _TRIMMED_NAME,
    ("StartWorkflowExecutionInput", "domain"): _NAME,
    ("StartWorkflowExecutionInput", "workflowId"): _NAME,
    # The API states that NONE is no execution timeout; the two decisions allow it [D].
    ("StartWorkflowExecutionInput", "executionStartToCloseTimeout"): _EXECUTION_TIMEOUT,
    ("StartChildWorkflowExecutionDecisionAttributes", "workflowId"): _NAME,
    ("RegisterWorkflowTypeInput", "name"): _NAME,
    ("RegisterWorkflowTypeInput", "version"): _NAME,
    ("RegisterActivityTypeInput", "name"): _NAME,
    ("RegisterActivityTypeInput", "version"): _NAME,
    ("ScheduleActivityTaskDecisionAttributes", "activityId"): _NAME,
    ("StartTimerDecisionAttributes", "timerId"): _NAME,
    ("ScheduleLambdaFunctionDecisionAttributes", "startToCloseTimeout"): _duration(
        none=False, least=1, most=limits.LAMBDA_S_MAX
    ),
    ("TaskList", "name"): _NAME,
    ("ResourceTag", "key"): _TAG,
    ("ResourceTag", "value"): _TAG,
}
"""Rules of one member of one structure; they come before the rules by member."""


TRIMMED_LISTS: Final = frozenset(
    {
        ("PollForActivityTaskInput", "taskList"),
        ("StartChildWorkflowExecutionDecisionAttributes", "taskList"),
    }
)
"""Where a task list's name must not begin or end with whitespace [D]; elsewhere it may."""


def rule_for(structure: str, member: str, holder: Holder) -> Rule | None:
    """The lexical rule of a string member, or None when its text is free.

    ``holder`` is the member of another structure that the structure is the value of.
    """
    if structure == "TaskList" and holder in TRIMMED_LISTS:
        return _TRIMMED_NAME
    return BY_PLACE.get((structure, member)) or BY_MEMBER.get(member)
