"""``Hands``: work that is done by several processes and comes back in order.

A process that is killed is replaced, and what it had not handed in is done again.
"""

from __future__ import annotations

import itertools
from collections import deque
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from swfsim.explore.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

_T = TypeVar("_T")
_R = TypeVar("_R")

AHEAD: Final = 4
"""So much work lies ready for each process."""


class Map(Protocol):
    """Does work, item by item; the results come in the order of the items."""

    def map(self, work: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]: ...


class Hands(Pool):
    """Several processes, each begun with ``begin(*given)``. A context manager."""

    def __enter__(self) -> Hands:
        return self

    def map(self, work: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
        """Raises what ``work`` raises, and ``HarnessError`` when the processes die over it."""
        coming = iter(items)
        waiting: deque[_T] = deque()
        under_way: deque[tuple[_T, Future[_R]]] = deque()
        while True:
            missing = AHEAD * self.jobs - len(under_way) - len(waiting)
            waiting.extend(itertools.islice(coming, missing))
            if not (waiting or under_way):
                return
            try:
                while waiting:
                    under_way.append((waiting[0], self.submit(work, waiting[0])))
                    waiting.popleft()
                found = under_way[0][1].result()
            except BrokenProcessPool:
                waiting.extendleft(item for item, _ in reversed(under_way))
                under_way.clear()
                self.mourn(f"at {waiting[0]!r} or soon after")
                continue
            under_way.popleft()
            yield found
