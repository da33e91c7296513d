"""Histories with events taken out: what stays keeps its order, and its references stay valid.

An event goes with its family: an activity with its start and end, a child with its outcome. Tasks
of the decider are put back as SWF would have made them from what is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from swfsim.checkers import CLOSES, NEWS
from swfsim.core.events import Event, History
from swfsim.core.world import duration_ms
from swfsim.debug.references import references
from swfsim.replay import decisions, histories
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from swfsim.core.events import Attrs
    from swfsim.replay.histories import Captured

_SCHEDULED: Final = "DecisionTaskScheduled"
_STARTED: Final = "DecisionTaskStarted"
_COMPLETED: Final = "DecisionTaskCompleted"
_TIMED_OUT: Final = "DecisionTaskTimedOut"
DECISION_TASKS: Final = "decision tasks"
"""The sort of those that decided nothing."""

_TASK: Final = (_SCHEDULED, _STARTED, _COMPLETED, _TIMED_OUT)

_UNHANDLED: Final = "UNHANDLED_DECISION"
_SORTED_BY: Final = ("markerName", "signalName", "name")
_FIRST_BY: Final = ("initiatedEventId", "scheduledEventId")


class Unit(NamedTuple):
    """What can only go together: the ids of a family's events. Its sort is told by the first: the
    type of event, with the name of what was done."""

    sort: str
    ids: tuple[int, ...]


def units(events: History) -> list[Unit]:
    """Everything that may be taken out of a history by itself, in order of its first event."""
    families: dict[int, list[int]] = {}
    ids_in_use: dict[tuple[str, object], int] = {}
    for event in events:
        if event.id == 1 or event.kind in _TASK:
            continue
        families.setdefault(_first_of(event, events, ids_in_use), []).append(event.id)
    return [
        Unit(_sort(events, first), tuple(members)) for first, members in sorted(families.items())
    ]


def _sort(events: History, first: int) -> str:
    kind, attrs = events.kinds[first - 1], events.attrs[first - 1]
    told = [attrs.get("activityType", {}).get("name"), *(attrs.get(name) for name in _SORTED_BY)]
    return " ".join([kind, *(one for one in told if one)])


def _first_of(event: Event, events: History, ids_in_use: dict[tuple[str, object], int]) -> int:
    """The event that this one's family began with."""
    attrs = event.attrs
    for name, word in (("timerId", "Timer"), ("activityId", "Activity")):
        if name in attrs:
            if event.kind in ("TimerStarted", "ActivityTaskScheduled"):
                ids_in_use[word, attrs[name]] = event.id
            return ids_in_use.get((word, attrs[name]), event.id)
    for name in _FIRST_BY:
        if attrs.get(name):
            return int(attrs[name])
    return event.id


def without(captured: Captured, dropped: Collection[int]) -> Captured | None:
    """The history without these events; None when what is left could never have come about.

    A decision task without news goes, too: what it decided counts as decided in the one before.
    """
    batches = _Batches(captured.events, dropped)
    if not batches.settle():
        return None
    rebuilt = _Rebuilt(captured.events, batches)
    return rebuilt.captured(captured) if rebuilt.run() else None


class _Batches:
    """Which decision tasks stay, and what each of them decides. ``of`` maps the id of a start to
    the events that its decisions left; what happened otherwise is in ``between``."""

    def __init__(self, events: History, dropped: Collection[int]) -> None:
        self.of: dict[int, list[Event]] = {}
        self.ends: dict[int, Event] = {}  # the start of a decision task → the event that ended it
        self.between: list[Event] = []
        at_hand = 0
        for event in events:
            if event.id in dropped or event.kind == _SCHEDULED:
                at_hand = at_hand if event.id in dropped else 0
            elif event.kind in (_COMPLETED, _TIMED_OUT):
                at_hand = event.attrs.get("startedEventId") or 0
                self.between.append(event)
                self.ends[at_hand] = event
                if event.kind == _COMPLETED:
                    self.of[at_hand] = []
            elif at_hand in self.of and _was_decided(event, self.ends[at_hand]):
                self.of[at_hand].append(event)
            else:
                at_hand = 0
                self.between.append(event)

    def settle(self) -> bool:
        """Let tasks go that nothing called for; False when that cannot be."""
        kept: list[Event] = []
        queued = unheard = False
        started = last = 0
        for event in self.between:
            if event.kind == _STARTED:
                if not queued or started:
                    continue
                queued, started = False, event.id
            elif event.kind in (_COMPLETED, _TIMED_OUT) and event.attrs.get("startedEventId"):
                whose = event.attrs["startedEventId"]
                if whose != started:
                    if not self._move(whose, last):
                        return False
                    continue
                started = 0
                if event.kind == _COMPLETED:
                    last = whose
                    unheard = any(one.kind in NEWS for one in self.of[whose])
                else:
                    unheard = True
                queued = queued or unheard
            elif event.kind in NEWS:
                queued = True
            kept.append(event)
        self.between = kept
        return True

    def _move(self, whose: int, last: int) -> bool:
        """What a task decided that is no more, the one before it has."""
        moved = self.of.pop(whose, [])
        if not moved:
            return True
        if last not in self.of or any(one.kind in NEWS for one in moved):
            return False
        self.of[last] += moved
        return True


def _was_decided(event: Event, completed: Event) -> bool:
    return event.attrs.get(model.DECISION_TIME_MEMBER) == completed.id and decisions.is_direct(
        event
    )


class _Rebuilt:
    """A history made anew from what stays, with decision tasks where SWF would schedule them."""

    def __init__(self, events: History, batches: _Batches) -> None:
        self._batches = batches
        self._events = events
        self._lists = _Lists(events)
        self._made = History()
        self._new_id: dict[int, int] = {}
        self._moved: set[int] = set()  # what was decided, and counts as decided earlier
        self._queued = 0  # the new id of a decision task that waits
        self._running = (0, 0)  # new ids of the running task, scheduled and started

    def captured(self, of: Captured) -> Captured:
        return histories.Captured(
            of.source, self._made, of.workflow_id, of.run_id, page_size=of.page_size
        )

    def run(self) -> bool:
        for event in self._batches.between:
            if event.kind == _STARTED:
                if not self._queued or self._waits_too_long(event):
                    return False
                number = self._append(event, {"scheduledEventId": self._queued})
                self._running, self._queued = (self._queued, number), 0
            elif event.kind in (_COMPLETED, _TIMED_OUT) and event.attrs.get("startedEventId"):
                if not self._end(event):
                    return False
            elif event.kind == _TIMED_OUT:  # nobody had taken it
                if not self._can_time_out(event):
                    continue  # it goes on waiting
                self._append(event, {"scheduledEventId": self._queued})
                self._queued = 0
            elif not self._keep(event):
                return False
            if event.kind in NEWS:
                self._schedule(event.at)
        return True

    def _append(self, event: Event, changed: Mapping[str, object]) -> int:
        number = len(self._made) + 1
        made = Event(number, event.at, event.kind, {**event.attrs, **changed})
        self._made.append(made)
        self._lists.heard(made)
        self._new_id[event.id] = number
        return number

    def _limit(self) -> int | None:
        """The milliseconds in which the task that waits has to be taken."""
        told = self._made.attrs[self._queued - 1].get("scheduleToStartTimeout")
        return duration_ms(told)

    def _can_time_out(self, event: Event) -> bool:
        """Whether the task that waits is not taken in time just when this one was not."""
        if not self._queued or self._limit() is None:
            return False
        then = _listed_at(self._events, event.attrs["scheduledEventId"], event.id - 1)
        return then == _listed_at(self._made, self._queued, len(self._made))

    def _waits_too_long(self, event: Event) -> bool:
        """Whether the task that starts would have timed out before; what was possible stays so."""
        limit = self._limit()
        if limit is None:
            return False
        now = _listed_at(self._made, self._queued, len(self._made))
        then = _listed_at(self._events, event.attrs["scheduledEventId"], event.id - 1)
        return event.at - now > limit and now < then

    def _keep(self, event: Event) -> bool:
        changed = {}
        for name in references(event.kind):
            if event.attrs.get(name):
                if event.attrs[name] not in self._new_id:
                    return False
                changed[name] = self._new_id[event.attrs[name]]
                if name == _since(event) and event.attrs[name] in self._moved:
                    return False  # it would have come at another time
        self._append(event, changed)
        return True

    def _schedule(self, at: int) -> None:
        if not self._queued:
            self._queued = len(self._made) + 1
            self._made.append(Event(self._queued, at, _SCHEDULED, self._lists.settings()))

    def _end(self, event: Event) -> bool:
        """The running task ends; what it decided follows."""
        scheduled, started = self._running
        ended = self._append(event, {"scheduledEventId": scheduled, "startedEventId": started})
        decided = self._batches.of.get(event.attrs["startedEventId"], [])
        for one in decided:
            unhandled = one.attrs.get("cause") == _UNHANDLED
            if unhandled != bool(self._queued) and (unhandled or one.kind in CLOSES):
                return False  # a run closes if, and only if, there is no news
            then = one.attrs[model.DECISION_TIME_MEMBER]
            self._new_id[then] = ended
            if then != event.id:  # the task that decided it is no more
                self._moved.add(one.id)
            if not self._keep(one._replace(at=event.at)):
                return False
        if any(one.kind in NEWS for one in decided) and decided[-1].kind not in CLOSES:
            self._schedule(event.at)
        return True


def _since(event: Event) -> str | None:
    """The member that names the event from which on the time ran that brought this one."""
    if event.kind == "TimerFired":
        return "startedEventId"
    until = event.attrs.get("timeoutType", "")
    return (
        ("scheduledEventId" if until.startswith("SCHEDULE") else "startedEventId")
        if until
        else None
    )


class _Lists:
    """In which task list the next decision task waits, and how long: a completed one may have
    named another list, to which a time limit may belong that ends with the first time-out."""

    def __init__(self, events: History) -> None:
        first = events.attrs[events.kinds.index(_SCHEDULED)] if _SCHEDULED in events.kinds else {}
        self._usual: Attrs = dict(first)
        self._other: Attrs | None = None

    def heard(self, event: Event) -> None:
        if event.kind == _COMPLETED and "taskList" in event.attrs:
            self._other = event.attrs
        elif event.kind == _TIMED_OUT and self._limit is not None:
            self._other = None

    @property
    def _limit(self) -> str | None:
        told = self._other.get("taskListScheduleToStartTimeout") if self._other else None
        return None if told == "NONE" else told

    def settings(self) -> Attrs:
        """The attributes of a DecisionTaskScheduled that is recorded now."""
        if self._other is None:
            return self._usual
        told = {**self._usual, "taskList": self._other["taskList"]}
        if self._limit is not None:
            told["scheduleToStartTimeout"] = self._limit
        return told


def _listed_at(events: History, scheduled_id: int, last: int) -> int:
    """When a task, scheduled but not started up to event ``last``, could be taken: once the one
    that ran then had ended."""
    places = range(last - 1, scheduled_id - 1, -1)
    ended = (n for n in places if events.kinds[n] in (_COMPLETED, _TIMED_OUT))
    return events.instants[next(ended, scheduled_id - 1)]


def decision_tasks(events: History) -> list[Unit]:
    """The decision tasks that decided nothing, each with its start and its end."""
    found = []
    for event in events:
        started = event.attrs.get("startedEventId")
        in_vain = event.kind == _TIMED_OUT or (
            event.kind == _COMPLETED and not decisions.behind(events, event.id)
        )
        if in_vain and started:
            found.append(Unit(DECISION_TASKS, (started, event.id)))
    return found


def until(captured: Captured, last: int) -> Captured:
    """The history up to and with this event."""
    events = History()
    events.instants = captured.events.instants[:last]
    events.kinds = captured.events.kinds[:last]
    events.attrs = captured.events.attrs[:last]
    return histories.Captured(
        captured.source, events, captured.workflow_id, captured.run_id, page_size=captured.page_size
    )


def edited(captured: Captured, changed: Iterable[Event]) -> Captured:
    """The history with these events in the place of those with their ids."""
    copy = until(captured, len(captured.events))
    for event in changed:
        copy.events.kinds[event.id - 1] = event.kind
        copy.events.attrs[event.id - 1] = event.attrs
        copy.events.instants[event.id - 1] = event.at
    return copy
