"""Whether the events of a captured history refer to each other as those of one run do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swfsim.replay.histories import Unusable
from swfsim.spec import model

if TYPE_CHECKING:
    from swfsim.replay.histories import Captured

REFERRED: Final = {
    "scheduledEventId": "Scheduled",
    "startedEventId": "Started",
    "initiatedEventId": "Initiated",
    "latestCancelRequestedEventId": "CancelRequested",
    model.DECISION_TIME_MEMBER: "DecisionTaskCompleted",
}
"""Members that name an earlier event of the same history → how that event's type ends."""

_OF_KIND: Final = {
    kind: tuple(name for name in REFERRED if name in model.members(model.event_shape(kind)))
    for kind in model.EVENTS
}
_ALWAYS: Final = ("DecisionTask", "ActivityTask")
"""Families whose events name the one that scheduled them without exception."""


def references(kind: str) -> tuple[str, ...]:
    """The members of an event type that name an earlier event of the same history."""
    return _OF_KIND[kind]


def check(captured: Captured) -> None:
    """Raises ``Unusable`` for a history that was edited so that it hangs together no more."""
    kinds = captured.events.kinds
    for number, (kind, attrs) in enumerate(zip(kinds, captured.events.attrs, strict=True), 1):
        for name in _OF_KIND[kind]:
            named = attrs.get(name, 0)
            if 0 < named < number and kinds[named - 1].endswith(REFERRED[name]):
                continue
            if not named and not (name == "scheduledEventId" and kind.startswith(_ALWAYS)):
                continue
            there = f", {kinds[named - 1]}," if 0 < named < number else ", not before it,"
            raise Unusable(
                f"{captured.source}: event {number}, {kind}, names event {named}{there} as its "
                f"{name}; was the file edited, or merged from two runs?"
            )
