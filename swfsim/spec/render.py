"""Answers as a client sees them: copied by shape, every instant turned into the lane's own form.

The core speaks of instants as whole milliseconds; boto3 shows datetimes, the wire Java doubles. The
copy that this needs anyway is also what keeps a caller's hands off the world.
"""

from __future__ import annotations

import functools
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


def _history(value: Any, stamp: Stamp) -> Any:
    return [event(one, stamp) for one in value]


def _compile(shape: Any) -> Renderer:
    if shape.name == "HistoryEventList":
        return _history
    if shape.type_name == "structure":
        return _structure(shape)
    if shape.type_name == "list":
        return _list(shape)
    return _instant if shape.type_name == "timestamp" else _same


_EVENT_RENDERERS: Final[dict[str, tuple[str, Renderer]]] = {
    name: (model.EVENT_MEMBER[name], _structure(model.event_shape(name))) for name in model.EVENTS
}


def event(one: Any, stamp: Stamp) -> dict[str, Any]:
    """A recorded event (``id``, ``at``, ``kind``, ``attrs``) as a member of a history."""
    member, renderer = _EVENT_RENDERERS[one.kind]
    return {
        "eventTimestamp": stamp(one.at),
        "eventType": one.kind,
        "eventId": one.id,
        member: renderer(one.attrs, stamp),
    }


@functools.cache
def _answer_renderer(operation: str) -> Renderer:
    output = model.operation(operation).output_shape
    return _structure(output) if output is not None else (lambda value, stamp: {})


def answer(operation: str, value: dict[str, Any], stamp: Stamp) -> dict[str, Any]:
    """An operation's answer; events in it are recorded events of the core."""
    shown: dict[str, Any] = _answer_renderer(operation)(value, stamp)
    return shown
