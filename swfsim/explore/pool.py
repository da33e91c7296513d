"""``Pool``: processes of this machine that are begun alike, and replaced when they die."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures.process import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from types import TracebackType

_R = TypeVar("_R")

DEATHS_MAX: Final = 3
"""So often the processes may die before it is said that the work kills them."""


class Pool:
    """Several processes, each begun with ``begin(*given)`` when there is first something to do. A
    context manager. Ctrl-C is their parent's to answer, and they end with it."""

    def __init__(self, jobs: int, begin: Callable[..., None], *given: Any) -> None:
        self.jobs = jobs
        self._begin = (begin, given)
        self._deaths = 0
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def submit(self, work: Callable[..., _R], *given: Any) -> Future[_R]:
        """Raises ``BrokenProcessPool``, here or from the future, if one died: see ``mourn``."""
        return self._started().submit(work, *given)

    def pids(self) -> list[int]:
        """The processes that are at work."""
        return list(self._executor._processes) if self._executor is not None else []

    def mourn(self, where: str) -> None:
        """One has died, and took the others along: what was submitted is to be submitted again, and
        new ones will do it. Raises ``HarnessError`` when they die over and over, which says
        ``where``."""
        self._stop()
        self._deaths += 1
        if self._deaths > DEATHS_MAX:
            raise HarnessError(dead(self._deaths, where))

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                self.jobs,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_enter,
                initargs=self._begin,
            )
            with _without_interrupts():
                for _ in range(self.jobs):
                    self._executor.submit(os.getpid)  # who finds nobody idle starts a process
        return self._executor

    def _stop(self) -> None:
        if self._executor is not None:
            with _without_interrupts():  # one more would leave them waiting for ever
                self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


def dead(deaths: int, where: str) -> str:
    """What to say when the processes that make the runs die over and over."""
    return (
        f"the processes that make the runs died {deaths} times, the last {where}: does the "
        "application end its process, or is memory short?"
    )


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """In here nobody hears Ctrl-C, nor do processes that are started, not even while they begin."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        yield
    finally:
        if main:
            signal.signal(signal.SIGINT, before)


def _enter(begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    """In a process, before its work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as those do that were started later
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(*given)


def _end_with_parent() -> None:
    """A parent that was killed cannot say so, and nobody would ever ask this process again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
