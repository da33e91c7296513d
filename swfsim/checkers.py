"""Checkers: small named rules over a history, reading only.

``service_laws``  what Amazon SWF itself keeps in every history; a history that breaks one was not
                  made by the service, or swfsim has a bug

The rules here are written down anew, from what was recorded of the service: a referee that asked
the machine's own tables would find whatever they say.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swfsim.core.events import Event

CLOSES: Final = frozenset(
    f"WorkflowExecution{how}"
    for how in ("Completed", "Failed", "Canceled", "ContinuedAsNew", "TimedOut", "Terminated")
)

DECIDED_CLOSES: Final = CLOSES - {"WorkflowExecutionTimedOut", "WorkflowExecutionTerminated"}
"""Those that a decider decides."""

NEWS: Final = frozenset(
    {
        *(name for name in model.EVENTS if name.endswith("Failed") and name not in CLOSES),
        *(name for name in model.EVENTS if name.endswith("TimedOut") and name not in CLOSES),
        *(name for name in model.EVENTS if name.startswith("ChildWorkflowExecution")),
        *(name for name in model.EVENTS if name.startswith("ExternalWorkflowExecution")),
        "WorkflowExecutionStarted",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionCancelRequested",
        "ActivityTaskCompleted",
        "ActivityTaskCanceled",
        "LambdaFunctionCompleted",
        "TimerFired",
    }
)
"""Events that a decider has to hear of: a decision task follows, unless one is queued."""


def service_laws(events: Sequence[Event]) -> list[str]:
    """Every broken law of a complete history, as ``event 7: …``; empty when all hold."""
    return [
        f"event {number}: {what}"
        for law in (ids_and_times, decision_tasks, closes, batches, news, families)
        for number, what in law(events)
    ]


def ids_and_times(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """Ids are contiguous from 1, time never runs backwards, nothing follows the close."""
    closed = False
    at = 0
    for number, event in enumerate(events, 1):
        if event.id != number:
            yield number, f"has id {event.id}"
        if event.at < at:
            yield number, "is earlier than the one before"
        if closed:
            yield number, f"{event.kind} comes after the execution was closed"
        at = event.at
        closed = closed or event.kind in CLOSES


def decision_tasks(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """At most one queued and one started; a task starts only when the one before has ended."""
    queued = started = scheduled = 0
    for event in events:
        attrs = event.attrs
        match event.kind:
            case "DecisionTaskScheduled":
                if queued:
                    yield event.id, "a second decision task is queued"
                queued = event.id
            case "DecisionTaskStarted":
                if started or attrs["scheduledEventId"] != queued:
                    yield event.id, "a decision task starts out of turn"
                queued, started, scheduled = 0, event.id, queued
            case "DecisionTaskCompleted":
                if (attrs["scheduledEventId"], attrs["startedEventId"]) != (scheduled, started):
                    yield event.id, "completes a decision task that does not run"
                started = 0
            case "DecisionTaskTimedOut":
                if attrs["startedEventId"]:
                    started = 0
                else:
                    queued = 0


def closes(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """No decision closes the execution while a decision task is queued."""
    queued = False
    for event in events:
        if event.kind == "DecisionTaskScheduled":
            queued = True
        elif event.kind == "DecisionTaskStarted" or (
            event.kind == "DecisionTaskTimedOut" and not event.attrs["startedEventId"]
        ):
            queued = False
        elif queued and event.kind in DECIDED_CLOSES:
            yield event.id, "closes the execution over news that its decider has not seen"


_FOLLOW_LATER: Final = frozenset(
    {
        "StartChildWorkflowExecutionFailed",
        "SignalExternalWorkflowExecutionFailed",
        "RequestCancelExternalWorkflowExecutionFailed",
    }
)
"""These name the decision behind them, but come later by themselves when it was initiated."""


def batches(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """What a decision made stands right behind its DecisionTaskCompleted, at the same instant."""
    completed = at = 0
    inside = False
    for event in events:
        cause = event.attrs.get(model.DECISION_TIME_MEMBER)
        if event.kind == "DecisionTaskCompleted":
            completed, at, inside = event.id, event.at, True
        elif cause is None or (event.kind in _FOLLOW_LATER and event.attrs.get("initiatedEventId")):
            inside = False
        elif not inside or cause != completed or event.at != at:
            yield event.id, f"{event.kind} stands outside of the decision batch that made it"


def news(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """News queues a decision task at once, unless one is queued; and only news does."""
    queued = unheard = False
    for event, following in itertools.zip_longest(events, events[1:]):
        if event.kind == "DecisionTaskScheduled":
            if not unheard:
                yield event.id, "a decision task without news"
            queued, unheard = True, False
            continue
        if event.kind == "DecisionTaskStarted" or (
            event.kind == "DecisionTaskTimedOut" and not event.attrs["startedEventId"]
        ):
            queued = False
        unheard = unheard or event.kind in NEWS
        in_batch = following is not None and model.DECISION_TIME_MEMBER in following.attrs
        if unheard and queued:
            unheard = False
        elif unheard and not in_batch and _misses_its_task(event, following):
            yield event.id, f"{event.kind} is news, but no decision task follows"
            unheard = False


def _misses_its_task(event: Event, following: Event | None) -> bool:
    if following is None or following.kind == "DecisionTaskScheduled":
        return following is None and event.kind not in CLOSES
    return following.kind not in ("ActivityTaskCanceled", *CLOSES)


# Families: what belongs together, joined by ids. Opened by one event, closed by at most one.

FAMILY_OPENS: Final = {
    "ActivityTaskScheduled": "activity",
    "TimerStarted": "timer",
    "StartChildWorkflowExecutionInitiated": "child",
    "SignalExternalWorkflowExecutionInitiated": "signal",
    "RequestCancelExternalWorkflowExecutionInitiated": "cancel request",
    "LambdaFunctionScheduled": "function",
}

STARTS: Final = {
    "ActivityTaskStarted": "activity",
    "ChildWorkflowExecutionStarted": "child",
    "LambdaFunctionStarted": "function",
}

FAMILY_ENDS: Final = {
    **{f"ActivityTask{how}": "activity" for how in ("Completed", "Failed", "TimedOut", "Canceled")},
    "TimerFired": "timer",
    "TimerCanceled": "timer",
    "StartChildWorkflowExecutionFailed": "child",
    **{
        f"ChildWorkflowExecution{how}": "child"
        for how in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated")
    },
    "ExternalWorkflowExecutionSignaled": "signal",
    "SignalExternalWorkflowExecutionFailed": "signal",
    "ExternalWorkflowExecutionCancelRequested": "cancel request",
    "RequestCancelExternalWorkflowExecutionFailed": "cancel request",
    **{f"LambdaFunction{how}": "function" for how in ("Completed", "Failed", "TimedOut")},
    "StartLambdaFunctionFailed": "function",
}

FAMILY_EVENTS: Final = frozenset({*FAMILY_OPENS, *FAMILY_ENDS})
"""By these alone the number of what is open changes."""

OPENED_BY: Final = {
    "activity": "scheduledEventId",
    "timer": "startedEventId",
    "child": "initiatedEventId",
    "signal": "initiatedEventId",
    "cancel request": "initiatedEventId",
    "function": "scheduledEventId",
}
"""The member that leads from a later event of a family to its first."""


def families(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """What comes later in a family leads back to its first event, which is open; ids in use are
    unique."""
    known = _Families()
    for event in events:
        if event.kind in FAMILY_OPENS:
            yield from known.opens(event, FAMILY_OPENS[event.kind])
        elif event.kind in STARTS or event.kind in FAMILY_ENDS:
            yield from known.goes_on(event)


class _Families:
    def __init__(self) -> None:
        self._open: dict[int, str] = {}  # id of the first event → family
        self._started: dict[int, int] = {}  # id of the first event → id of the one that started it
        self._named: dict[tuple[str, str], int] = {}  # (activity or timer, its id) → first event

    def opens(self, event: Event, family: str) -> Iterator[tuple[int, str]]:
        self._open[event.id] = family
        name = event.attrs.get("activityId") or event.attrs.get("timerId")
        if name is not None:
            if self._named.get((family, name)) in self._open:
                yield event.id, f"{family} {name} is open already"
            self._named[family, name] = event.id

    def goes_on(self, event: Event) -> Iterator[tuple[int, str]]:
        family = STARTS.get(event.kind) or FAMILY_ENDS[event.kind]
        first = event.attrs[OPENED_BY[family]]
        if not first:
            return  # refused at once
        if self._open.get(first) != family:
            yield event.id, f"{event.kind} belongs to no open {family}"
        elif event.kind in STARTS:
            if first in self._started:
                yield event.id, f"the {family} of event {first} starts twice"
            self._started[first] = event.id
        else:
            del self._open[first]
            told = event.attrs.get("startedEventId")
            if family != "timer" and told not in (None, self._started.get(first, 0)):
                yield event.id, f"names {told} as the start of the {family} of event {first}"


# Refusals

REFUSALS: Final = frozenset(model.REFUSAL.values())
"""What a decision leaves that SWF refuses."""

_NEVER: Final = ("ALREADY_IN_USE", "UNDEFINED")
"""Endings of refusal causes that a decider can rule out, since it alone makes ids and settings."""

_UNLESS_GONE: Final = {"activityId": "ACTIVITY_ID_UNKNOWN", "timerId": "TIMER_ID_UNKNOWN"}
"""Refusals that are no mistake when it ended while the decider was deciding."""


def foreseeable_refusals(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """Refusals of decisions that the history itself announced: event id, and what was refused."""
    ends: dict[tuple[str, str], int] = {}
    shown_to: dict[int, int] = {}  # DecisionTaskCompleted → the last event its decider saw
    for event in events:
        attrs = event.attrs
        if event.kind == "DecisionTaskCompleted":
            shown_to[event.id] = attrs["startedEventId"]
        elif event.kind in FAMILY_ENDS:
            ends[_named(events, event)] = event.id
        elif event.kind in REFUSALS:
            cause = attrs["cause"]
            seen = shown_to.get(attrs.get(model.DECISION_TIME_MEMBER, 0), 0)
            for member, unknown in _UNLESS_GONE.items():
                if cause == unknown and ends.get((member, attrs[member]), 0) <= seen:
                    yield event.id, f"{event.kind}: {attrs[member]} was not open ({cause})"
            if cause.endswith(_NEVER):
                yield event.id, f"{event.kind}: {cause}"


def _named(events: Sequence[Event], event: Event) -> tuple[str, str]:
    """(activityId or timerId, its value) of what has ended; empty texts for what has none."""
    first = event.attrs.get(OPENED_BY[FAMILY_ENDS[event.kind]])
    attrs = events[first - 1].attrs if first else {}
    for member in _UNLESS_GONE:
        if member in attrs:
            return member, attrs[member]
    return "", ""


# What is open


def keep_count(left: dict[int, str], event: Event) -> None:
    """What is open in a history: first event of each family → which family."""
    if event.kind in FAMILY_OPENS:
        left[event.id] = FAMILY_OPENS[event.kind]
    elif event.kind in FAMILY_ENDS:
        left.pop(event.attrs[OPENED_BY[FAMILY_ENDS[event.kind]]], None)
