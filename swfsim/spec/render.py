"""Answers as a client sees them: copied by shape, every instant turned into the lane's own form.

The core speaks of instants as whole milliseconds; boto3 shows datetimes, the wire Java doubles. The
copy that this needs anyway is also what keeps a caller's hands off the world.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

from swfsim.spec import model

Stamp = Callable[[int], Any]
"""Milliseconds since the epoch, in the form of a lane."""

Renderer = Callable[[Any, Stamp], Any]


def _same(value: Any, stamp: Stamp) -> Any:
    return value


def _instant(value: Any, stamp: Stamp) -> Any:
    return stamp(value)


def _flat(value: Any, stamp: Stamp) -> Any:
    """A list or a structure that holds only plain values."""
    return value.copy()


def _list(shape: Any) -> Renderer:
    item = _compile(shape.member)
    if item is _same:
        return _flat
    return lambda value, stamp: [item(one, stamp) for one in value]


def _structure(shape: Any) -> Renderer:
    compiled = {name: _compile(member) for name, member in shape.members.items()}
    flat = tuple(name for name, one in compiled.items() if one is _flat)
    deep = tuple((name, one) for name, one in compiled.items() if one not in (_same, _flat))
    if not flat and not deep:
        return _flat

    def render(value: Any, stamp: Stamp) -> Any:
        shown = value.copy()
        for name in flat:  # most of what is nested in SWF, so without a further call
            if name in shown:
                shown[name] = shown[name].copy()
        for name, one in deep:
            if name in shown:
                shown[name] = one(shown[name], stamp)
        return shown

    return render


class _Shown:
    """The events of one execution ready to be copied: outer dicts, the member that holds the
    attributes, these themselves, and where they are nested."""

    __slots__ = ("nested", "rows", "stamp")

    def __init__(self, stamp: Stamp) -> None:
        self.stamp = stamp
        self.rows: list[tuple[dict[str, Any], str, dict[str, Any]]] = []
        self.nested: list[tuple[int, str]] = []

    def extend(self, instants: Any, kinds: Any, attributes: Any) -> None:
        """The columns of a history; those of its events that are not ready yet are made so."""
        stamp = self.stamp
        for number in range(len(self.rows), len(kinds)):
            kind = kinds[number]
            member, names = _EVENT_PARTS[kind]
            attrs = attributes[number]
            for name in names:
                if name in attrs:
                    self.nested.append((number, name))
            at = stamp(instants[number])
            outer = {"eventTimestamp": at, "eventType": kind, "eventId": number + 1}
            self.rows.append((outer, member, attrs))

    def copies(self, first: int, last: int) -> list[dict[str, Any]]:
        rows, nested = self.rows, self.nested
        page = []
        for outer, member, attrs in rows[first:last]:
            one = outer.copy()
            one[member] = attrs.copy()
            page.append(one)
        for number, name in nested[bisect_left(nested, (first,)) : bisect_left(nested, (last,))]:
            attrs = page[number - first][rows[number][1]]
            attrs[name] = attrs[name].copy()
        return page


def _history(page: Any, stamp: Stamp) -> Any:
    """The events of a page (``x``, ``first``, ``last``, ``reverse``), a copy of each."""
    x = page.x
    shown = x.shown
    if shown is None or shown.stamp is not stamp:
        shown = x.shown = _Shown(stamp)
    if len(shown.rows) < page.last:
        shown.extend(x.events.instants, x.events.kinds, x.events.attrs)
    copies: list[dict[str, Any]] = shown.copies(page.first, page.last)
    if page.reverse:
        copies.reverse()
    return copies


def _compile(shape: Any) -> Renderer:
    if shape.name == "HistoryEventList":
        return _history
    if shape.type_name == "structure":
        return _structure(shape)
    if shape.type_name == "list":
        return _list(shape)
    return _instant if shape.type_name == "timestamp" else _same


def _event_parts(kind: str) -> tuple[str, tuple[str, ...]]:
    """An event type's attribute member, and which of its attributes are not plain values."""
    shape = model.event_shape(kind)
    compiled = {name: _compile(member) for name, member in shape.members.items()}
    assert set(compiled.values()) <= {_same, _flat}, "events nest one level deep"
    return model.EVENT_MEMBER[kind], tuple(n for n, one in compiled.items() if one is _flat)


_EVENT_PARTS: Final = {kind: _event_parts(kind) for kind in model.EVENTS}


def event(one: Any, stamp: Stamp) -> dict[str, Any]:
    """One recorded event (``id``, ``at``, ``kind``, ``attrs``) as a member of a history."""
    shown = _Shown(stamp)
    shown.extend([one.at], [one.kind], [one.attrs])
    return {**shown.copies(0, 1)[0], "eventId": one.id}


def history(events: Any, stamp: Stamp) -> list[dict[str, Any]]:
    """The events of a whole history, a copy of each."""
    shown = _Shown(stamp)
    shown.extend(events.instants, events.kinds, events.attrs)
    return shown.copies(0, len(events))


@functools.cache
def renderer(operation: str) -> Renderer:
    """What shows an operation's answers; events in them are recorded events of the core."""
    output = model.operation(operation).output_shape
    return _structure(output) if output is not None else (lambda value, stamp: {})


def answer(operation: str, value: dict[str, Any], stamp: Stamp) -> dict[str, Any]:
    """An operation's answer."""
    shown: dict[str, Any] = renderer(operation)(value, stamp)
    return shown
