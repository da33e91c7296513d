"""What must be true of the steps of every order, as rules: attempts, resumes, cancel requests."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orders import workflow
from swfsim.checkers import FAMILY_ENDS
from swfsim.core.events import Event
from swfsim.rules import Run, always, at_the_end

_ENDS = frozenset(kind for kind, family in FAMILY_ENDS.items() if family == "activity")

MARKERS = frozenset({"MarkerRecorded", "RecordMarkerFailed"})
"""A marker counts also where SWF refused to record it."""

_MOVES = {"ActivityTaskScheduled", *_ENDS, *MARKERS}
"""The events that change what is done of an order, or what is at work."""


@functools.lru_cache(maxsize=1024)
def object_in(text: str | None) -> Mapping[str, Any]:
    """The JSON object in a text; of anything else, an empty one. Read once for all rules, and for
    all runs that say the same."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def carried(events: Sequence[Event]) -> list[str]:
    """The steps whose results this run was started with."""
    return list(_control(events).get("results", ()))


def _control(events: Sequence[Event]) -> Mapping[str, Any]:
    """What the run was told beside the order itself."""
    return object_in(events[0].attrs.get("input")).get("_workflow") or {}


def step_of(events: Sequence[Event], event: Event) -> str:
    """The step that an event of an activity is about."""
    attrs = event.attrs
    if "activityType" not in attrs:
        attrs = events[attrs["scheduledEventId"] - 1].attrs
    return str(attrs["activityType"]["name"])


class Steps:
    """What is done of an order, and what is at work, event by event.

    done   the steps that need not be run again
    open   ActivityTaskScheduled → the step, of what is at work
    """

    def __init__(self, events: Sequence[Event]) -> None:
        told = _control(events)
        optional = set(told.get("optional_steps", ())) & workflow.OPTIONAL_STEPS.keys()
        self.order = list(workflow.steps_for(optional))
        self.done = set(told.get("results", ()))
        self.open: dict[int, str] = {}
        self._superseded: set[int] = set()

    def see(self, event: Event) -> None:
        attrs = event.attrs
        if event.kind == "ActivityTaskScheduled":
            self.open[event.id] = attrs["activityType"]["name"]
        elif event.kind in _ENDS:
            step = self.open.pop(attrs["scheduledEventId"], None)
            counts = attrs["scheduledEventId"] not in self._superseded
            if event.kind == "ActivityTaskCompleted" and step and counts:
                self.done.add(step)
        elif event.kind in MARKERS and attrs["markerName"] == workflow.RESUME_MARKER:
            self._resume(object_in(attrs.get("details")).get("step_name"))

    def _resume(self, step: Any) -> None:
        """From then on nothing counts of this step and those behind it; a marker that SWF refused
        does not say from which."""
        first = self.order.index(step) if step in self.order else 0
        self.done -= set(self.order[first:])
        self._superseded |= {number for number, at_work in self.open.items() if at_work != step}

    def can_resume(self, step: str) -> bool:
        """Whether all that comes before is done."""
        return step in self.order and self.done >= set(self.order[: self.order.index(step)])


def _has(events: Sequence[Event], kind: str) -> bool:
    return any(event.kind == kind for event in events)


@always
def a_resume_repeats_no_earlier_step(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """Neither one within a run, nor one that began a run."""
    steps = Steps(events)
    for event in events:
        if event.kind == "ActivityTaskScheduled":
            step = event.attrs["activityType"]["name"]
            if step in steps.done and step in steps.order:
                yield event.id, f"{step} is done, and was scheduled again"
        if event.kind in _MOVES:
            steps.see(event)


@always
def a_resume_that_was_asked_for_begins(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """Before the order ends, if the step had been reached; unless a later wish took its place."""
    if not _has(events, "WorkflowExecutionSignaled"):
        return
    steps = Steps(events)
    asked: dict[int, str] = {}  # signal → the step
    refused = False  # as soon as the order is taken back
    for event in events:
        if event.kind in _MOVES:
            steps.see(event)
        marker = event.attrs["markerName"] if event.kind in MARKERS else None
        if event.kind == "WorkflowExecutionSignaled":
            step = object_in(event.attrs.get("input")).get("step_name")
            named = event.attrs["signalName"] == workflow.RESUME_SIGNAL
            if named and isinstance(step, str) and steps.can_resume(step) and not refused:
                asked[event.id] = step
        elif event.kind == "WorkflowExecutionCancelRequested" or marker == workflow.ROLLBACK_MARKER:
            asked, refused = {}, True
        elif marker == workflow.RESUME_MARKER:
            told = object_in(event.attrs.get("details"))
            begun = int(told.get("event_id", event.id))
            asked = {n: one for n, one in asked.items() if n > begun and steps.can_resume(one)}
        elif event.kind in ("WorkflowExecutionCompleted", "WorkflowExecutionFailed"):
            for number, step in asked.items():
                yield event.id, f"the order was to go on from {step}, see event {number}"


_FAILURES = {
    "ActivityTaskFailed",
    "ActivityTaskTimedOut",
    "ActivityTaskCanceled",
    "ScheduleActivityTaskFailed",
}


@at_the_end
def a_step_gets_all_its_attempts(run: Run) -> Iterator[str]:
    """Before it is given up; after a resume all of them again."""
    for x, events in run.histories:
        failed: list[str] = []
        for event in events:
            marker = event.attrs["markerName"] if event.kind in MARKERS else None
            if event.kind in _FAILURES:
                failed.append(step_of(events, event))
            elif marker == workflow.RESUME_MARKER:
                failed = []
            elif marker == workflow.ROLLBACK_MARKER:
                told = object_in(event.attrs.get("details"))
                count = failed.count(told.get("step_to_rollback", ""))
                if told.get("reason") == "Max retries exceeded" and (
                    count < run.app.settings.max_attempts
                ):
                    yield f"{x.workflow_id} gave up {told['step_to_rollback']} after {count}"


@always
def what_is_at_work_is_asked_to_stop(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """As soon as the decider is told of a cancel request: nobody works on in vain."""
    if not _has(events, "WorkflowExecutionCancelRequested"):
        return
    steps = Steps(events)
    told: set[str] = set()  # activities that were asked to stop
    seen: set[str] = set()  # at work when a decider was told of a cancel request
    canceling = False
    for event in events:
        if event.kind in ("ActivityTaskCancelRequested", "RequestCancelActivityTaskFailed"):
            told.add(event.attrs["activityId"])
        elif event.kind == "WorkflowExecutionCancelRequested":
            canceling = True
        elif event.kind == "DecisionTaskStarted" and canceling:
            left = [events[number - 1].attrs for number in steps.open]
            seen = {one["activityId"] for one in left} - told
        elif event.kind == "DecisionTaskCompleted" and seen:
            wanted, seen = seen, set()
            batch = [one for one in events[event.id :] if _is_of(one, event)]
            asked = {one.attrs.get("activityId") for one in batch}
            closes = any("WorkflowExecution" in one.kind for one in batch)
            for activity in sorted(wanted - asked) if not closes else ():
                yield event.id, f"{activity} was not asked to stop"
        elif event.kind in MARKERS and event.attrs["markerName"] == workflow.ROLLBACK_MARKER:
            return
        if event.kind in _MOVES:
            steps.see(event)


def _is_of(event: Event, completed: Event) -> bool:
    return event.attrs.get("decisionTaskCompletedEventId") == completed.id
