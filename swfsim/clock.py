"""Clocks: where the service takes its time from, in whole milliseconds since the epoch.

SystemClock   the time of day; follows freezegun while a ``freeze_time`` is active
RateClock     runs so many times as fast as the real one, and can be moved forward
VirtualClock  stands still until it is moved
"""

from __future__ import annotations

import datetime
import sys
import time
from typing import Final, Protocol

from swfsim.errors import HarnessError

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND: Final = datetime.timedelta(milliseconds=1)

ODD_START: Final = 1_936_754_469_123
"""2031-05-17T03:21:09.123Z, where virtual time begins: odd enough for a wall-clock reading in
application code to stand out in the first history that shows it."""

Instant = datetime.datetime | float | int
"""An instant as a user writes it: a datetime (naive means UTC) or seconds since the epoch."""


def milliseconds(when: Instant) -> int:
    """Whole milliseconds since the epoch; raises ``HarnessError`` for what is no instant."""
    if isinstance(when, bool) or not isinstance(when, int | float | datetime.datetime):
        raise HarnessError(
            f"{when!r} is not an instant: give a datetime or seconds since the epoch"
        )
    if isinstance(when, datetime.datetime):
        aware = when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
        return (aware - _EPOCH) // _MILLISECOND
    if not 0 <= when < 253_402_300_800:
        raise HarnessError(f"{when!r} seconds since the epoch lie outside the years 1970 to 9999")
    return round(when * 1000)


def moment(at: int) -> datetime.datetime:
    """Milliseconds since the epoch as an aware datetime in UTC."""
    return _EPOCH + at * _MILLISECOND


class Clock(Protocol):
    """``now`` in milliseconds; ``stands_still`` when no real waiting can bring the next instant;
    ``rate`` is how many seconds pass in a real one while it does not."""

    def now(self) -> int: ...

    @property
    def stands_still(self) -> bool: ...

    @property
    def rate(self) -> float: ...


class SystemClock:
    """The time of day."""

    rate = 1.0

    def now(self) -> int:
        return int(time.time() * 1000)

    @property
    def stands_still(self) -> bool:
        """Under freezegun, which may or may not tick, waiting for real would be waste."""
        freezegun = sys.modules.get("freezegun.api")
        return bool(freezegun is not None and freezegun.freeze_factories)


class RateClock:
    """A clock that runs ``rate`` times as fast as the real one, from ``start`` on."""

    stands_still = False

    def __init__(self, rate: float, start: int) -> None:
        self.rate = rate
        self._start = start
        self._began = time.monotonic()

    def now(self) -> int:
        return self._start + int((time.monotonic() - self._began) * self.rate * 1000)

    def move_to(self, at: int) -> None:
        """Go on from a later instant."""
        _only_forward(self.now(), at)
        self._start, self._began = at, time.monotonic()


def _only_forward(now: int, at: int) -> None:
    if at < now:
        raise HarnessError(
            f"the service's time cannot run backwards, from {moment(now)} to {moment(at)}; "
            "a fresh fake, or a reset, starts again"
        )


class VirtualClock:
    """A clock that moves when told, and only forward. ``at`` is where it stands."""

    stands_still = True
    rate = 1.0

    def __init__(self, start: int = ODD_START) -> None:
        self.start = start
        self.at = start

    def now(self) -> int:
        return self.at

    def move_to(self, at: int) -> None:
        _only_forward(self.at, at)
        self.at = at

    def restart(self) -> None:
        self.at = self.start
