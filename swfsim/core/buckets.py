"""``Bucket``: a token bucket on the service's own time."""

from __future__ import annotations

_MILLISECONDS = 1000.0


class Bucket:
    """Holds up to ``capacity`` tokens and gets ``refill`` a second."""

    __slots__ = ("_at", "_capacity", "_refill", "_tokens")

    def __init__(self, capacity: int, refill: float, now: int) -> None:
        self._capacity = capacity
        self._refill = refill
        self._tokens = float(capacity)
        self._at = now

    def take(self, now: int) -> bool:
        """Take one token; False when there is none."""
        gained = (now - self._at) / _MILLISECONDS * self._refill
        self._tokens = min(self._capacity, self._tokens + gained)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
