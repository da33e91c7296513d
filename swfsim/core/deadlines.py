"""``Deadlines``: what time will bring, earliest first.

Entries are never searched for: one that has lost its meaning (the task was completed, the run has
closed) is noticed when it comes up, by asking the noun for its true due time. Stale entries are
swept out whenever the heap has doubled, so that its size follows what is really pending.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container
from typing import Any, Final

Due = Callable[[Any, Any], int | None]
"""The instant at which a noun of an execution is really due; None when nothing is pending."""

Entry = tuple[int, int, int, str, Any, Any]
"""due, rank, sequence, kind, execution, key of the noun"""

NEVER: Final = 1 << 62
"""Later than any instant."""


class Deadlines:
    """A heap of (instant, kind, execution, key).

    ``due_of`` gives for each kind the function that knows the true due time; ``ranks`` orders
    kinds that fall on one instant (0 unless named). Before ``soonest`` surely nothing is due: an
    entry never comes too late.
    """

    __slots__ = ("_due_of", "_heap", "_ranks", "_sequence", "_sweep_at", "soonest")

    def __init__(self, due_of: dict[str, Due], ranks: dict[str, int]) -> None:
        self._heap: list[Entry] = []
        self.soonest = NEVER
        self._due_of = due_of
        self._ranks = ranks
        self._sequence = 0
        self._sweep_at = 1024

    def push(self, due: int, kind: str, x: Any, key: Any = None) -> None:
        self._sequence += 1
        heapq.heappush(self._heap, (due, self._ranks.get(kind, 0), self._sequence, kind, x, key))
        if due < self.soonest:
            self.soonest = due
        if len(self._heap) > self._sweep_at:
            self._sweep()

    def _sweep(self) -> None:
        due_of = self._due_of
        self._heap = [
            entry for entry in self._heap if due_of[entry[3]](entry[4], entry[5]) is not None
        ]
        heapq.heapify(self._heap)
        self.soonest = self._heap[0][0] if self._heap else NEVER
        self._sweep_at = max(1024, 2 * len(self._heap))

    def earliest(self) -> Entry | None:
        """The next entry that still means something, left in place."""
        while self._heap:
            entry = self._heap[0]
            due, _, _, kind, x, key = entry
            actual = self._due_of[kind](x, key)
            if actual == due:
                return entry
            self.pop()
            if actual is not None and actual > due:  # put off, by a heartbeat say
                self.push(actual, kind, x, key)
        return None

    def pop(self) -> None:
        """Drop the entry that ``earliest`` has just shown."""
        heapq.heappop(self._heap)
        self.soonest = self._heap[0][0] if self._heap else NEVER

    def pending(self, but: Container[str] = ()) -> set[tuple[int, str, str, Any]]:
        """Everything pending, but not of these kinds, as (due, kind, run id, key): for whoever
        compares two moments."""
        return {
            (due, kind, x.run_id, key)
            for due, _, _, kind, x, key in self._heap
            if kind not in but and self._due_of[kind](x, key) == due
        }
