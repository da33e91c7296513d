"""Virtual hours: how long something was going on, and what it was that took so long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from swfsim.checkers import FAMILY_ENDS, FAMILY_OPENS, OPENED_BY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from swfsim.core.world import Execution

Interval = tuple[int, int]

_HOUR_MS: Final = 3_600_000


class Hours(NamedTuple):
    """Virtual hours in which at least one execution was open, each hour counted once however many
    were. ``at_work`` are those of them in which an activity was scheduled or under way, ``waiting``
    those in which none was, but a timer ran; the others passed with decisions, or with waiting for
    a decider."""

    open: float = 0.0
    at_work: float = 0.0
    waiting: float = 0.0

    @property
    def busy(self) -> float:
        """Those in which something was under way."""
        return self.at_work + self.waiting

    def plus(self, other: Hours) -> Hours:
        return Hours(*(one + more for one, more in zip(self, other, strict=True)))


def of(executions: Iterable[Execution], now: int) -> Hours:
    """The hours of these executions up to the instant ``now``, in milliseconds."""
    lives: list[Interval] = []
    work: list[Interval] = []
    timers: list[Interval] = []
    for x in executions:
        end = now if x.closed_at is None else x.closed_at
        lives.append((x.started_at, end))
        for family, interval in _families(x, end):
            if family == "activity":
                work.append(interval)
            elif family == "timer":
                timers.append(interval)
    at_work = length(work)
    return Hours(
        length(lives) / _HOUR_MS,
        at_work / _HOUR_MS,
        (length([*work, *timers]) - at_work) / _HOUR_MS,
    )


def length(intervals: Sequence[Interval]) -> int:
    """How long at least one of these lasts, in their own unit."""
    total = until = 0
    for begin, end in sorted(intervals):
        total += max(0, end - max(begin, until))
        until = max(until, end)
    return total


def _families(x: Execution, end: int) -> Iterator[tuple[str, Interval]]:
    left: dict[int, tuple[str, int]] = {}
    events = x.events
    for number, (kind, at) in enumerate(zip(events.kinds, events.instants, strict=True), 1):
        if kind in FAMILY_OPENS:
            left[number] = FAMILY_OPENS[kind], at
        elif kind in FAMILY_ENDS:
            opened = events.attrs[number - 1].get(OPENED_BY[FAMILY_ENDS[kind]])
            if opened in left:
                family, since = left.pop(opened)
                yield family, (since, at)
    for family, since in left.values():
        yield family, (since, end)
