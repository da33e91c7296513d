"""``Hands``: work that is done by several processes and comes back in order.

A process that is killed is replaced, and what it had not handed in is done again.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from types import TracebackType

_T = TypeVar("_T")
_R = TypeVar("_R")

DEATHS_MAX: Final = 3
"""So often the processes may die before it is said that the work kills them."""

AHEAD: Final = 4
"""So much work lies ready for each process."""


class Map(Protocol):
    """Does work, item by item; the results come in the order of the items."""

    def map(self, work: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]: ...


class Hands:
    """Several processes, each begun with ``begin(*given)``. A context manager."""

    def __init__(self, jobs: int, begin: Callable[..., None], *given: Any) -> None:
        self._jobs = jobs
        self._begin = (begin, given)
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Hands:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def _submit(self, work: Callable[[_T], _R], item: _T) -> Future[_R]:
        if self._executor is None:
            begin, given = self._begin
            self._executor = ProcessPoolExecutor(
                self._jobs,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=begin,
                initargs=given,
            )
        return self._executor.submit(work, item)

    def map(self, work: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
        """Raises what ``work`` raises, and ``HarnessError`` when the processes die over it."""
        coming = iter(items)
        under_way: deque[tuple[_T, Future[_R]]] = deque()
        deaths = 0
        while True:
            try:
                self._hand_out(work, coming, under_way)
                if not under_way:
                    return
                found = under_way[0][1].result()
            except BrokenProcessPool as error:
                deaths += 1
                self._stop()
                if deaths > DEATHS_MAX:
                    raise HarnessError(
                        f"the processes that make the runs died {deaths} times, the last at "
                        f"{under_way[0][0]!r} or soon after: does the application end its process, "
                        "or is memory short?"
                    ) from error
                again = [item for item, _ in under_way]
                under_way.clear()
                under_way.extend((item, self._submit(work, item)) for item in again)
                continue
            under_way.popleft()
            yield found

    def _hand_out(
        self,
        work: Callable[[_T], _R],
        coming: Iterator[_T],
        under_way: deque[tuple[_T, Future[_R]]],
    ) -> None:
        while len(under_way) < AHEAD * self._jobs:
            try:
                item = next(coming)
            except StopIteration:
                return
            under_way.append((item, self._submit(work, item)))
