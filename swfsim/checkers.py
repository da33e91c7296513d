"""Checkers: small named rules over a history, reading only.

``service_laws``  what Amazon SWF itself keeps in every history; a history that breaks one was not
                  made by the service, or swfsim has a bug
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swfsim.core.closing import STATUS
from swfsim.core.tables import TRIGGERS
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swfsim.core.events import Event


def service_laws(events: Sequence[Event]) -> list[str]:
    """Every broken law of a complete history, as ``event 7: …``; empty when all hold."""
    return [f"event {number}: {what}" for number, what in _broken(events)]


def _broken(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    yield from _ids_and_times(events)
    yield from _decision_tasks(events)
    yield from _batches(events)
    yield from _triggers(events)


def _ids_and_times(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
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
        closed = event.kind in STATUS


def _decision_tasks(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
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


def _batches(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """What a decision made stands right behind its DecisionTaskCompleted, at the same instant."""
    completed = at = 0
    inside = False
    late = {  # these name the decision behind them, but come later, by themselves
        model.REFUSAL[name]
        for name in (
            "StartChildWorkflowExecution",
            "SignalExternalWorkflowExecution",
            "RequestCancelExternalWorkflowExecution",
        )
    }
    for event in events:
        cause = event.attrs.get(model.DECISION_TIME_MEMBER)
        if event.kind == "DecisionTaskCompleted":
            completed, at, inside = event.id, event.at, True
        elif cause is None or (event.kind in late and event.attrs.get("initiatedEventId")):
            inside = False
        elif not inside or cause != completed or event.at != at:
            yield event.id, f"{event.kind} stands outside of the decision batch that made it"


def _triggers(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """News queues a decision task at once, unless one is queued; and only news does."""
    queued = news = False
    for number, event in enumerate(events):
        following = events[number + 1] if number + 1 < len(events) else None
        if event.kind == "DecisionTaskScheduled":
            if not news:
                yield event.id, "a decision task without news"
            queued, news = True, False
            continue
        if event.kind == "DecisionTaskStarted" or (
            event.kind == "DecisionTaskTimedOut" and not event.attrs["startedEventId"]
        ):
            queued = False
        news = news or event.kind in TRIGGERS
        in_batch = following is not None and model.DECISION_TIME_MEMBER in following.attrs
        if news and queued:
            news = False
        elif news and not in_batch and _should_schedule(event, following):
            yield event.id, f"{event.kind} is news, but no decision task follows"
            news = False


def _should_schedule(event: Event, following: Event | None) -> bool:
    """Whether a DecisionTaskScheduled is missing behind news at this event."""
    if following is None or following.kind == "DecisionTaskScheduled":
        return following is None and event.kind not in STATUS
    return following.kind not in ("ActivityTaskCanceled", *STATUS)
