"""The decision tasks of a captured history: what each PollForDecisionTask had answered.

Which poll answered which events is in the history itself: a task shows everything up to its own
DecisionTaskStarted, and names the start of the last task that was completed before it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.replay import decisions
from swfsim.spec import render
from swfsim.transports.boto import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.core.events import Attrs, Event
    from swfsim.replay.histories import Captured

Answer = list[dict[str, Any]]
Decide = Callable[[Mapping[str, Any]], Answer]
"""A decider: from a poll's whole answer to decisions."""

_ENDS: Final = ("DecisionTaskCompleted", "DecisionTaskTimedOut")


class Task(NamedTuple):
    """One decision task. ``number`` counts from 1; ids are event ids; ``at`` is in milliseconds.

    ``completed_id`` is None for a task that timed out or was never answered, and ``decided`` is
    then empty; ``decided`` are the events that its decisions left, in order. ``under_way_id`` is
    the last event before the task ended: what came behind ``started_id`` its decider has not seen.
    """

    number: int
    scheduled_id: int
    started_id: int
    previous_started_id: int
    at: int
    completed_id: int | None
    decided: list[Event]
    under_way_id: int

    @property
    def answered(self) -> bool:
        return self.completed_id is not None


def of(captured: Captured) -> list[Task]:
    """Every decision task that a worker has taken, in order."""
    return list(_tasks(captured))


def _tasks(captured: Captured) -> Iterator[Task]:
    events = captured.events
    ends = _ends(captured)
    previous = 0
    for number, event in enumerate(_of_kind(captured, "DecisionTaskStarted"), 1):
        end = ends.get(event.id)
        completed_id = end.id if end is not None and end.kind == _ENDS[0] else None
        decided = [] if completed_id is None else decisions.behind(events, completed_id)
        yield Task(
            number,
            scheduled_id=event.attrs["scheduledEventId"],
            started_id=event.id,
            previous_started_id=previous,
            at=event.at,
            completed_id=completed_id,
            decided=decided,
            under_way_id=end.id - 1 if end is not None else len(events),
        )
        if completed_id is not None:
            previous = event.id


def _ends(captured: Captured) -> dict[int, Event]:
    """The start of a decision task → the event that ended it."""
    found = {}
    for kind in _ENDS:
        for event in _of_kind(captured, kind):
            found[event.attrs["startedEventId"]] = event
    return found


def _of_kind(captured: Captured, wanted: str) -> Iterator[Event]:
    events = captured.events
    for place, kind in enumerate(events.kinds):
        if kind == wanted:
            yield events[place]


class Polls:
    """The answers of PollForDecisionTask for one history, in boto3's form.

    The events are shown once and shared between the answers, which are lists of their own: a
    history of 25,000 events has thousands of tasks. ``changed`` finds the event that a decider
    has written into.
    """

    def __init__(self, captured: Captured) -> None:
        self._captured = captured
        self.events = self._shown()

    def _shown(self) -> list[dict[str, Any]]:
        return render.history(self._captured.events, stamp)

    def answer(self, task: Task) -> dict[str, Any]:
        """The whole answer, all pages put together."""
        captured = self._captured
        return {
            "taskToken": self.token(task),
            "startedEventId": task.started_id,
            "previousStartedEventId": task.previous_started_id,
            "workflowExecution": execution_of(captured),
            "workflowType": dict(captured.events.attrs[0]["workflowType"]),
            "events": self.events[: task.started_id],
        }

    def token(self, task: Task) -> str:
        """The task's token, of which the history tells nothing."""
        return f"{self._captured.run_id or 'run'}:{task.started_id}"

    def attributes(self, event_id: int) -> Attrs:
        """What an event says, as recorded."""
        return self._captured.events.attrs[event_id - 1]

    def changed(self) -> int | None:
        """The id of the first event that is no longer what the history says; None if all are."""
        fresh = self._shown()
        if fresh == self.events:
            return None
        return next(
            number
            for number, (one, other) in enumerate(zip(fresh, self.events, strict=True), 1)
            if one != other
        )


def execution_of(captured: Captured) -> Attrs:
    """Workflow id and run id; made up where the file tells none."""
    return {
        "workflowId": captured.workflow_id or "unknown",
        "runId": captured.run_id or "unknown",
    }


def news(captured: Captured, task: Task) -> list[Event]:
    """The events that were new to the decider, its own task's two left out."""
    events = captured.events
    return [
        events[place]
        for place in range(task.previous_started_id, task.started_id)
        if not events.kinds[place].startswith("DecisionTask")
    ]


def copies(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events of one's own: down to where nothing can be changed."""
    return [_copy(event) for event in events]


def _copy(value: Any) -> Any:
    if type(value) is dict:
        return {name: _copy(one) for name, one in value.items()}
    return [_copy(one) for one in value] if type(value) is list else value


class Guarded(dict[str, Any]):
    """A dictionary of an event that notes from which line it is written into."""

    _written: list[str]

    @classmethod
    def of(cls, value: Any, written: list[str]) -> Any:
        """A guarded copy; what is no dictionary is itself."""
        if not isinstance(value, dict):
            return value
        guarded = cls({name: cls.of(one, written) for name, one in value.items()})
        guarded._written = written
        return guarded

    def _note(self) -> None:
        frame = sys._getframe(2)
        self._written.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")

    def __setitem__(self, key: str, value: Any) -> None:
        self._note()
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self._note()
        super().__delitem__(key)

    def pop(self, *args: Any) -> Any:
        self._note()
        return super().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        self._note()
        super().update(*args, **kwargs)

    def setdefault(self, key: str, default: Any = None) -> Any:
        self._note()
        return super().setdefault(key, default)

    def clear(self) -> None:
        self._note()
        super().clear()
