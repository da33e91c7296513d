"""The laws: ways to change a history that must not change what is decided."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.checkers import FAMILY_ENDS, OPENED_BY
from swfsim.core.tables import CLOSE_DECISIONS
from swfsim.debug import tasks
from swfsim.debug.references import references
from swfsim.laws import naming
from swfsim.laws.writing import Writing
from swfsim.replay.histories import UNTIMED
from swfsim.spec import limits, model

if TYPE_CHECKING:
    from swfsim.core.events import Event, History
    from swfsim.laws.deciding import Deciding
    from swfsim.replay.histories import Captured

A_YEAR_MS: Final = 365 * 86_400_000 + 5 * 3_600_000 + 1_234_567
"""And some hours: another time of day, on another weekday, in another year."""
STRANGER: Final = "SWFSIM_STRANGER"
"""The name of a signal and of a marker that no decider knows."""


class Variant(NamedTuple):
    """A history that must not change what is decided at its last decision task.

    ``events`` take the place of the task's own; ``page_size`` that of the decider's pages;
    ``names`` are new names → old ones, to be read back in the decisions; ``decided`` are decisions
    that an earlier task has led to already, and with ``in_any_order`` only which there are counts.
    ``others`` tell the same in other ways: it is enough to decide as before under one of them.
    """

    events: History
    page_size: int = limits.PAGE_SIZE_MAX
    names: Mapping[str, str] = {}
    decided: Sequence[Mapping[str, Any]] = ()
    in_any_order: bool = False
    others: Sequence[Variant] = ()


Law = Callable[["Deciding", "Captured"], Iterator[Variant]]
"""From a history that ends with a decision task to histories that mean the same."""


def redelivered(deciding: Deciding, captured: Captured) -> Iterator[Variant]:
    yield Variant(captured.events)
    events = Writing(captured.events)
    started = events.last
    at = started.at if started.at == UNTIMED else started.at + 60_000
    scheduled = started.attrs["scheduledEventId"]
    told = {"scheduledEventId": scheduled, "startedEventId": started.id}
    events.add("DecisionTaskTimedOut", at, {**told, "timeoutType": "START_TO_CLOSE"})
    events.add("DecisionTaskScheduled", at, dict(captured.events.attrs[scheduled - 1]))
    again = events.last.id
    events.add("DecisionTaskStarted", at, {**started.attrs, "scheduledEventId": again})
    yield Variant(events.written)


def paged(deciding: Deciding, captured: Captured) -> Iterator[Variant]:
    if deciding.has_pages:
        yield Variant(captured.events, page_size=1)


def shifted(deciding: Deciding, captured: Captured) -> Iterator[Variant]:
    if captured.timed:
        events = Writing([])
        for event in captured.events:
            events.add(event.kind, event.at + A_YEAR_MS, event.attrs)
        yield Variant(events.written)


def renamed(deciding: Deciding, captured: Captured) -> Iterator[Variant]:
    names = naming.new_names(captured)
    old = {new: name for name, new in names.items()}
    first, *others = (Variant(one, names=old) for one in naming.tellings(captured, names))
    yield first._replace(others=others)


def strangers(deciding: Deciding, captured: Captured) -> Iterator[Variant]:
    """Just before the task starts, so that no other event gets another number. Not where SWF has
    refused to close the run: there, a decider may wait for whatever anybody says."""
    if any(kind in _NOT_CLOSED for kind in captured.events.kinds):
        return
    signal = {"signalName": STRANGER, "input": "?", "externalInitiatedEventId": 0}
    completed = [e.id for e in captured.events if e.kind == "DecisionTaskCompleted"]
    marker = {"markerName": STRANGER, "details": "?", model.DECISION_TIME_MEMBER: 0}
    for kind, attrs in (("WorkflowExecutionSignaled", signal), ("MarkerRecorded", marker)):
        if kind == "MarkerRecorded":
            if not completed:
                continue
            attrs = {**attrs, model.DECISION_TIME_MEMBER: completed[-1]}
        events = Writing(captured.events[:-1])
        started = captured.events[-1]
        events.add(kind, started.at, attrs)
        events.add(started.kind, started.at, started.attrs)
        yield Variant(events.written)


def swapped(deciding: Deciding, captured: Captured) -> Iterator[Variant]:
    """Each two completions that follow each other in the news, if both could have come first."""
    for one, other in itertools.pairwise(_completions(captured)):
        if _latest_named(other) < one.id:
            events = Writing([])
            for event in captured.events:
                told = {one.id: other, other.id: one}.get(event.id, event)
                events.add(told.kind, event.at, told.attrs)
            yield Variant(events.written, in_any_order=True)


def cut(deciding: Deciding, captured: Captured) -> Iterator[Variant]:
    """Between each two completions the decider is asked, and answers."""
    events = captured.events
    answered = max((one.id for one in events if one.kind == "DecisionTaskCompleted"), default=0)
    since = [one for one in events[answered:-1] if not one.kind.startswith("DecisionTask")]
    for first, second in itertools.pairwise(_completions(captured)):
        if first.id < answered:
            continue  # it came while the task before was being decided
        before = [one for one in since if one.id <= first.id]
        writing = Writing(events[:answered])
        writing.go_on_and_ask(before, events[-1], first.at)
        shown = writing.last.id
        made = deciding.at(writing.written, captured)
        if made.raised is not None or not writing.decide(shown, made.decisions):
            continue
        behind = [one for one in since if one.id > first.id]
        writing.go_on_and_ask(behind, events[-1], second.at)
        yield Variant(writing.written, decided=made.decisions, in_any_order=True)


LAWS: Final[dict[str, Law]] = {
    law.__name__: law for law in (redelivered, paged, shifted, renamed, strangers, cut, swapped)
}
"""All of them, by name."""


_NOT_CLOSED: Final = frozenset(model.REFUSAL[one] for one in CLOSE_DECISIONS)


def _completions(captured: Captured) -> list[Event]:
    """What has ended since the decider decided last: activities, timers, children and their like,
    each of which it would hear of alone as well."""
    task = tasks.of(captured)[-1]
    news = tasks.news(captured, task)
    quiet = "TimerCanceled"  # which the decider did itself
    return [
        one
        for one in news
        if one.kind in FAMILY_ENDS and one.kind != quiet and one.attrs[OPENED_BY_OF[one.kind]]
    ]


OPENED_BY_OF: Final = {kind: OPENED_BY[family] for kind, family in FAMILY_ENDS.items()}
"""The event that ends something → the member that names the event which opened it."""


def _latest_named(event: Event) -> int:
    """The latest event that this one refers to."""
    return max((event.attrs.get(name, 0) for name in references(event.kind)), default=0)
