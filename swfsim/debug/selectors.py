"""Events named as people speak of them: ``57``, ``ActivityTaskTimedOut:SaveResults#2``.

Behind the colon stands what the event is about (an activity by its type or id, a timer, a signal, a
marker, a child, a function), behind ``#`` which time it is, counted from 1 in the history.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from swfsim.errors import HarnessError
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.core.events import Attrs, Event, History
    from swfsim.replay.histories import Captured

_FORM: Final = re.compile(r"(?P<kind>\w+)(?::(?P<about>.*?))?(?:#(?P<nth>\d{1,6}))?", re.DOTALL)
_NAMES: Final = (
    "activityId",
    "timerId",
    "signalName",
    "markerName",
    "workflowId",
    "name",
    "id",
    "activityType",
    "workflowType",
)
_LEADS_BACK: Final = ("scheduledEventId", "initiatedEventId")


def find(captured: Captured, selector: str) -> Event:
    """The event that is meant. Raises ``HarnessError`` that says what there is instead."""
    events = captured.events
    if selector.isascii() and selector.isdigit():
        number = int(selector[:9])
        if not 1 <= number <= len(events):
            raise HarnessError(
                f"{captured.source} has no event {selector}: it has events 1 to {len(events):,}"
            )
        return events[number - 1]
    match = _FORM.fullmatch(selector)
    if match is None or match["kind"] not in model.EVENT_MEMBER:
        raise HarnessError(
            f"{selector!r} names no event: give the number of one, or its type, as in "
            "57 or ActivityTaskTimedOut:SaveResults#2"
        )
    of_kind = [one for one in events if one.kind == match["kind"]]
    about = match["about"]
    found = of_kind if about is None else [one for one in of_kind if about in names(events, one)]
    nth = int(match["nth"] or 1)
    if not 1 <= nth <= len(found):
        known = sorted({name for one in of_kind for name in names(events, one)})
        told = f", about {', '.join(known[:8])}" if known and about is not None else ""
        raise HarnessError(
            f"{captured.source} has {len(found)} events {match['kind']}"
            f"{'' if about is None else ':' + about}, not {nth}; of the type it has "
            f"{len(of_kind)}{told}"
        )
    return found[nth - 1]


def names(events: History, event: Event) -> set[str]:
    """What an event is about, by all its names."""
    found = set(_own_names(event.attrs))
    for name in _LEADS_BACK:
        first = event.attrs.get(name) or 0
        if 0 < first < event.id:
            found.update(_own_names(events.attrs[first - 1]))
    return found


def _own_names(attrs: Attrs) -> Iterator[str]:
    for name in _NAMES:
        value = attrs.get(name)
        if isinstance(value, dict):
            value = value.get("name")
        if isinstance(value, str):
            yield value
