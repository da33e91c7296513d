"""Whether the events of a captured history hang together as those of one run do.

A history that was edited, or merged from two runs, would otherwise be judged, and the decider
blamed for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swfsim.checkers import CLOSES, FAMILY_ENDS, FAMILY_OPENS, OPENED_BY, STARTS
from swfsim.replay import decisions
from swfsim.replay.histories import UNTIMED, Unusable, short
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.core.events import Attrs, History
    from swfsim.replay.histories import Captured

JITTER_MS: Final = 1_000
"""How far an event may lie before those in front of it: clocks differ from machine to machine, and
samples of 2012 run back by some milliseconds."""

_DECISION_TASK: Final = "DecisionTask"
_BEGINS: Final = "WorkflowExecutionStarted"
_DECIDED: Final = model.DECISION_TIME_MEMBER
_OPENERS: Final = {family: kind for kind, family in FAMILY_OPENS.items()}
_STARTERS: Final = {family: kind for kind, family in STARTS.items()}
_ALWAYS: Final = (_DECISION_TASK, "ActivityTask")
"""Families whose events name the one that scheduled them without exception."""


def _referred(kind: str) -> Iterator[tuple[str, str]]:
    """Members of an event type that name an earlier event → the type of that one."""
    family = STARTS.get(kind) or FAMILY_ENDS.get(kind, "")
    known = {_DECIDED: "DecisionTaskCompleted"}
    if kind.startswith(_DECISION_TASK):
        known |= {
            f"{how.lower()}EventId": f"{_DECISION_TASK}{how}" for how in ("Scheduled", "Started")
        }
    elif family:
        known |= {"startedEventId": _STARTERS.get(family, "")}
        known |= {OPENED_BY[family]: _OPENERS[family]}
        known |= {"latestCancelRequestedEventId": "ActivityTaskCancelRequested"}
    for name in model.members(model.event_shape(kind)):
        if name in known:
            yield name, known[name]


_OF_KIND: Final = {kind: dict(_referred(kind)) for kind in model.EVENTS}
_NAMES: Final = {kind: tuple(found) for kind, found in _OF_KIND.items()}


def references(kind: str) -> tuple[str, ...]:
    """The members of an event type that name an earlier event of the same history."""
    return _NAMES[kind]


def check(captured: Captured) -> None:
    """Raises ``Unusable`` for a history that hangs together no more."""
    number, what = next(_broken(captured.events), (0, ""))
    if number:
        kind = captured.events.kinds[number - 1]
        raise Unusable(
            f"{captured.source}: event {number}, {kind}, {what}; was the file edited, or merged "
            "from two runs?"
        )


def _broken(events: History) -> Iterator[tuple[int, str]]:
    """What is wrong, by event; lazily, since the first is told."""
    seen = _Seen(events)
    closed = latest = 0
    for number, (kind, attrs) in enumerate(zip(events.kinds, events.attrs, strict=True), 1):
        at = events.instants[number - 1]
        if kind == _BEGINS and number > 1:
            yield number, "is a second start"
        if closed:
            yield number, f"comes behind the end of the run, event {closed}"
        if at != UNTIMED and at < latest - JITTER_MS:
            yield number, f"lies {(latest - at) / 1000:g} s before the events in front of it"
        latest = max(latest, at)
        yield from seen.refers(number, kind, attrs)
        if kind in CLOSES:
            closed = number


class _Seen:
    """The events so far, as far as later ones may name them."""

    def __init__(self, events: History) -> None:
        self._kinds = events.kinds
        self._attrs = events.attrs
        self._once: dict[tuple[int, bool], int] = {}  # (scheduled, or an end) → event
        self._completed = 0

    def refers(self, number: int, kind: str, attrs: Attrs) -> Iterator[tuple[int, str]]:
        for name, wanted in _OF_KIND[kind].items():
            named = attrs.get(name, 0)
            if 0 < named < number and self._kinds[named - 1] == wanted:
                continue
            if not named and not (name == "scheduledEventId" and kind.startswith(_ALWAYS)):
                continue
            there = f", {self._kinds[named - 1]}," if 0 < named < number else ", not before it,"
            yield number, f"names event {short(named)}{there} as its {name}"
        if kind == "DecisionTaskCompleted":
            self._completed = number
        if attrs.get(_DECIDED, self._completed) != self._completed and decisions.is_direct_kind(
            kind, attrs
        ):
            told = f"the decision task completed with event {attrs[_DECIDED]}"
            yield number, f"was decided by {told}, and others lie between"
        yield from self._ends(number, kind, attrs)

    def _ends(self, number: int, kind: str, attrs: Attrs) -> Iterator[tuple[int, str]]:
        """A task is started once and ends once, and its end names its own start."""
        family = STARTS.get(kind) or FAMILY_ENDS.get(kind)
        opened_by = OPENED_BY[family] if family else "scheduledEventId"
        first = attrs.get(opened_by, 0)
        if not first or (family is None and not kind.startswith(_DECISION_TASK)):
            return
        key = (first, kind.endswith("Started"))
        if key in self._once:
            yield number, f"repeats event {self._once[key]}, both are of event {first}"
        self._once[key] = number
        started = attrs.get("startedEventId", 0)
        if started and opened_by != "startedEventId":
            its_first: Any = self._attrs[started - 1].get(opened_by)
            if its_first != first:
                yield number, f"is of event {first}, and names a start, {started}, of {its_first}"
