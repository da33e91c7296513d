"""What the nouns answer with: recorded events, outcomes of decisions, polls that found nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

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
