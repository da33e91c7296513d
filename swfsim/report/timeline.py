"""The timeline of a run: virtual time, who, what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution

_SHOWN: Final = ("cause", "timeoutType", "reason", "markerName", "signalName", "startToFireTimeout")
"""Attributes that tell the most, in this order; the rest is in the history."""

_QUIET: Final = frozenset({"DecisionTaskScheduled", "DecisionTaskStarted", "DecisionTaskCompleted"})
"""The beat of every workflow; left out of a brief timeline."""

WIDTH: Final = 100
_WHAT_AT: Final = 33
"""The column in which events are told."""


class Moment(NamedTuple):
    """An event with whoever brought it about: a worker's name, or SWF."""

    x: Execution
    event: Event
    who: str


class Record:
    """What was seen of a run, event by event; kept flat, three fields each, since runs are long."""

    def __init__(self) -> None:
        self._fields: list[Any] = []

    def note(self, x: Execution, event_id: int, who: str) -> None:
        self._fields += (x, event_id, who)

    def __iter__(self) -> Iterator[Moment]:
        fields = iter(self._fields)
        for x, event_id, who in zip(*[fields] * 3, strict=True):
            yield Moment(x, x.events[event_id - 1], who)


def elapsed(milliseconds: int) -> str:
    """``0:01:00.250``, with days in front when there are any."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    shown = f"{hours}:{minutes:02}:{seconds:02}.{rest:03}"
    return f"{days}d {shown}" if days else shown


def subject(x: Execution, attrs: Attrs) -> str:
    """What an event is about: the activity, the timer, the child."""
    if "activityType" in attrs:
        name: str = attrs["activityType"]["name"]
        activity_id: str = attrs["activityId"]
        return activity_id if activity_id.startswith(name) else f"{name} ({activity_id})"
    scheduled_id = attrs.get("scheduledEventId")
    if scheduled_id:
        return subject(x, x.events.attrs[scheduled_id - 1])
    for member in ("activityId", "timerId", "workflowId", "name"):
        if member in attrs:
            return str(attrs[member])
    return ""


def describe(moment: Moment) -> str:
    """``ActivityTaskFailed SaveResults-1: Database unavailable``"""
    attrs = moment.event.attrs
    about = subject(moment.x, attrs)
    more = [str(attrs[name]) for name in _SHOWN if name in attrs]
    return " ".join(filter(None, (moment.event.kind, about))) + (
        f": {', '.join(more)}" if more else ""
    )


def line(moment: Moment, start: int, *, workflow: bool) -> str:
    """One line of at most 100 columns; ``workflow`` names the execution too."""
    event = moment.event
    name = f"{moment.x.workflow_id[:20]:<20} " if workflow else ""
    shown = f"{elapsed(event.at - start):>14}  {moment.who[:16]:<16} {name}{describe(moment)}"
    return cut(shown)


def cut(shown: str) -> str:
    """A line that fits."""
    return shown if len(shown) <= WIDTH else shown[: WIDTH - 1] + "…"


def why(moment: Moment) -> str:
    """What else there is to say of a time-out: the task list from which nobody took the task."""
    event, events = moment.event, moment.x.events
    if event.kind == "WorkflowExecutionTimedOut":
        for before in reversed(events[: event.id - 1]):
            if before.kind == "DecisionTaskScheduled":
                return f"(nobody took its decision task from {before.attrs['taskList']['name']!r})"
            if before.kind in _QUIET:
                break
    elif event.attrs.get("timeoutType") == "SCHEDULE_TO_START":
        scheduled = events.attrs[event.attrs["scheduledEventId"] - 1]
        return f"(nobody took it from {scheduled['taskList']['name']!r})"
    return ""


def text(moments: Iterable[Moment], start: int, *, brief: bool = True) -> Iterator[str]:
    """The timeline, line by line. ``brief`` leaves out the decision tasks' own events."""
    kept = [m for m in moments if not brief or m.event.kind not in _QUIET]
    several = len({m.x.workflow_id for m in kept}) > 1
    for moment in kept:
        yield line(moment, start, workflow=several)
        if reason := why(moment):
            yield cut(f"{'':>{_WHAT_AT}}{reason}")
