"""What the nouns answer with: recorded events, outcomes of decisions, polls that found nothing."""

from __future__ import annotations

import functools
import itertools
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

if TYPE_CHECKING:
    from swfsim.core.tasklists import TaskList

Attrs = dict[str, Any]
"""The attributes of an event, a decision or a request, under the service's own names."""


def only(attrs: Attrs, *names: str) -> Attrs:
    """Those of the named members that are there."""
    return {name: attrs[name] for name in names if name in attrs}


class Event(NamedTuple):
    """One line of a history. Never changed once recorded.

    ``id`` counts from 1 in each run, ``at`` is the instant in milliseconds since the epoch,
    ``kind`` the event type, ``attrs`` its attribute structure.
    """

    id: int
    at: int
    kind: str
    attrs: Attrs


_event = functools.partial(tuple.__new__, Event)
"""``Event._make`` without a frame of Python: histories are read far more often than written."""


class History(Sequence[Event]):
    """The events of one run, kept as columns and handed out as ``Event``: a history may have 25,000
    of them, and there may be many histories."""

    __slots__ = ("attrs", "instants", "kinds")

    def __init__(self) -> None:
        self.instants = array("q")
        self.kinds: list[str] = []
        self.attrs: list[Attrs] = []

    def __len__(self) -> int:
        return len(self.kinds)

    def append(self, event: Event) -> None:
        self.instants.append(event.at)
        self.kinds.append(event.kind)
        self.attrs.append(event.attrs)

    def record(self, at: int, kind: str, attrs: Attrs) -> Event:
        """Append what happened now; gives the event that it became."""
        self.instants.append(at)
        self.kinds.append(kind)
        self.attrs.append(attrs)
        return _event((len(self.kinds), at, kind, attrs))

    @overload
    def __getitem__(self, place: int) -> Event: ...

    @overload
    def __getitem__(self, place: slice) -> list[Event]: ...

    def __getitem__(self, place: int | slice) -> Event | list[Event]:
        if isinstance(place, slice):
            numbers = range(*place.indices(len(self.kinds)))
            return [self[number] for number in numbers]
        number = place if place >= 0 else len(self.kinds) + place
        return Event(number + 1, self.instants[number], self.kinds[number], self.attrs[number])

    def __iter__(self) -> Iterator[Event]:
        return map(_event, zip(itertools.count(1), self.instants, self.kinds, self.attrs))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


class Happened(NamedTuple):
    """A decision took effect: the event to record, and what it holds beyond the decision's own."""

    kind: str
    more: Attrs


class Refused(NamedTuple):
    """A decision fails into its ``…Failed`` event with this cause."""

    cause: str
    more: Attrs


Outcome = Happened | Refused


def happened(kind: str, **more: Any) -> Happened:
    return Happened(kind, more)


def refused(cause: str, **more: Any) -> Refused:
    return Refused(cause, more)


class Parked(NamedTuple):
    """A poll found nothing. Whoever asked may wait for the list to get a task, or answer empty."""

    task_list: TaskList
    empty: Attrs
