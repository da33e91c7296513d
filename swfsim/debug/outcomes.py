"""What became of the activities of a captured history, to be had again.

Recorded outcomes come again where the same activity and input recur, in the order recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from swfsim.core.events import only

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event, History

ENDS: Final = {f"ActivityTask{how}": how for how in ("Completed", "Failed", "TimedOut", "Canceled")}


class Attempt(NamedTuple):
    """One activity task: its events by id, 0 for those that are not there; times in
    milliseconds from its schedule, and what it ended with."""

    name: str
    given: str | None
    nth: int
    scheduled_id: int
    started_id: int = 0
    ended_id: int = 0
    waits_ms: int = 0
    takes_ms: int = 0
    kind: str = ""
    attrs: Attrs = {}  # noqa: RUF012 - never written


def attempts(events: History) -> list[Attempt]:
    """Every activity task of a history, in order of schedule."""
    found: dict[int, Attempt] = {}
    counts: dict[str, int] = {}
    for event in events:
        attrs = event.attrs
        if event.kind == "ActivityTaskScheduled":
            name = attrs["activityType"]["name"]
            counts[name] = counts.get(name, 0) + 1
            found[event.id] = Attempt(name, attrs.get("input"), counts[name], event.id)
        elif attrs.get("scheduledEventId") in found:
            found[attrs["scheduledEventId"]] = _further(
                found[attrs["scheduledEventId"]], event, events
            )
    return list(found.values())


def _further(attempt: Attempt, event: Event, events: History) -> Attempt:
    since = event.at - events.instants[attempt.scheduled_id - 1]
    if event.kind == "ActivityTaskStarted":
        return attempt._replace(started_id=event.id, waits_ms=since)
    if event.kind not in ENDS:
        return attempt
    told = only(event.attrs, "result", "reason", "details", "timeoutType")
    return attempt._replace(
        ended_id=event.id, takes_ms=since - attempt.waits_ms, kind=event.kind, attrs=told
    )


class Pool:
    """Outcomes that may come again. ``loosely``: also for another input, by type and number, so
    that every activity has some outcome; one never seen completes."""

    def __init__(self, attempts: list[Attempt], *, loosely: bool = False) -> None:
        ended = [one for one in attempts if one.kind]
        self._left: dict[tuple[str, str | None], list[Attempt]] = {}
        for one in ended:
            self._left.setdefault((one.name, one.given), []).append(one)
        self._last_of = {one.name: one for one in ended if one.kind == "ActivityTaskCompleted"}
        self._loosely = loosely

    def take(self, name: str, given: str | None) -> Attempt | None:
        """The next outcome of this activity with this input."""
        same = self._left.get((name, given))
        if same:
            return same.pop(0)
        if not self._loosely:
            return None
        for (other, _), left in self._left.items():
            if other == name and left:
                return left.pop(0)
        never = Attempt(name, given, 1, 0, 1, 1, 10, 10, "ActivityTaskCompleted")
        return self._last_of.get(name, never)
