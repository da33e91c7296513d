"""Threads and locks of application code, while it runs in a simulation.

A thread that a worker starts (for heartbeats, say) is adopted: it becomes a worker of the same
process, on the same virtual clock. ``threading.Lock`` and ``RLock`` made by a worker are virtual
too, and with them everything the standard library builds on them: Event, Condition, Semaphore,
Queue, ThreadPoolExecutor. So are those that an application makes for itself before its
workers run. Called from anywhere else, the real ones answer.
"""

from __future__ import annotations

import contextlib
import importlib
import queue
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import greenlet

from swfsim.errors import HarnessError
from swfsim.sim.workers import Wait, Worker, current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_imports_under_way = importlib._bootstrap._module_locks  # type: ignore[attr-defined]

REAL_LOCK = threading.Lock
REAL_RLOCK = threading.RLock
REAL_THREAD = threading.Thread


class Hub(Protocol):
    """What locks and threads need of the simulation."""

    def now(self) -> int: ...

    def adopt(self, parent: Worker, name: str, loop: Callable[[], object]) -> Worker: ...

    def tell(self, worker: Worker, request: Wait) -> None: ...


_hub: list[Hub] = []
_set_up: list[object] = [None]


@contextlib.contextmanager
def virtual() -> Iterator[None]:
    """Locks that are made in here are virtual, as they are in workers."""
    _set_up.append(greenlet.getcurrent())
    try:
        yield
    finally:
        _set_up.pop()


def enter(hub: Hub) -> None:
    _hub.append(hub)


def leave(hub: Hub) -> None:
    _hub.remove(hub)


def _worker(what: str) -> Worker:
    worker = current()
    if worker is None:
        raise HarnessError(
            f"a {what} made inside a simulation would have to wait outside of it: "
            "make it where it is used"
        )
    worker.check_alive()
    return worker


def _until(timeout: float) -> int | None:
    return None if timeout < 0 else _hub[-1].now() + round(timeout * 1000)


class VirtualLock:
    """A lock whose waiting is virtual."""

    __slots__ = ("_held", "_waiters")

    def __init__(self) -> None:
        self._held = False
        self._waiters: deque[tuple[Worker, Wait]] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not self._held:
            self._held = True
            return True
        if not blocking or timeout == 0:
            return False
        worker = _worker("lock")
        wait = Wait(_until(timeout))
        self._waiters.append((worker, wait))
        try:
            worker.ask(wait)
        except BaseException:
            if wait.told:  # it died with the lock just handed to it
                self.release()
            raise
        return wait.told

    def release(self) -> None:
        """The longest-waiting live worker gets the lock straight away."""
        if not self._held:
            raise RuntimeError("release unlocked lock")
        while self._waiters:
            worker, wait = self._waiters.popleft()
            if worker.request is wait and not worker.killed:
                wait.told = True
                _hub[-1].tell(worker, wait)
                return
        self._held = False

    def locked(self) -> bool:
        return self._held

    __enter__ = acquire

    def __exit__(self, *error: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._held = False

    # What threading.Condition asks of a lock, and would otherwise make for itself, each time

    _is_owned = locked

    def _release_save(self) -> None:
        self.release()

    def _acquire_restore(self, state: None) -> None:
        self.acquire()


OUTSIDE = object()
"""Owns what is locked from outside of any worker, where one thread at a time may use it."""


class VirtualRLock:
    """A lock that its owner may take again."""

    def __init__(self) -> None:
        self._lock = VirtualLock()
        self._owner: object = None
        self._count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        me = current() or OUTSIDE
        if self._owner is me:
            self._count += 1
            return True
        if self._lock.acquire(blocking, timeout):
            self._owner = me
            self._count = 1
            return True
        return False

    def release(self) -> None:
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = None
            self._lock.release()

    __enter__ = acquire

    def __exit__(self, *error: object) -> None:
        self.release()

    # What threading.Condition asks of a re-entrant lock

    def _release_save(self) -> tuple[int, object]:
        state = self._count, self._owner
        self._count, self._owner = 0, None
        self._lock.release()
        return state

    def _acquire_restore(self, state: tuple[int, object]) -> None:
        self._lock.acquire()
        self._count, self._owner = state

    def _is_owned(self) -> bool:
        return self._owner is (current() or OUTSIDE)


def make_lock() -> Any:
    return VirtualLock() if _wants_virtual() else REAL_LOCK()


def make_rlock() -> Any:
    return VirtualRLock() if _wants_virtual() else REAL_RLOCK()


def _wants_virtual() -> bool:
    """In a worker, and where an application is made, but not for a module that happens to be
    imported there first: that one outlives it."""
    here = greenlet.getcurrent()
    if getattr(here, "worker", None) is None and here is not _set_up[-1]:
        return False
    if not _imports_under_way:
        return True
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return False
        frame = frame.f_back
    return True


# Threads


def start(thread: threading.Thread) -> None:
    """Stands for ``Thread.start``: adopt the threads of workers, leave others alone."""
    parent = current()
    if parent is None:
        _REAL["start"](thread)
        return
    if getattr(thread, "_swfsim_worker", None) is not None:
        raise RuntimeError("threads can only be started once")

    def loop() -> None:
        try:
            thread.run()
        except SystemExit:
            pass
        except Exception:  # ends the thread and is shown, as of any thread
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), thread)))

    process = parent.process
    process.threads += 1
    worker = _hub[-1].adopt(parent, f"{process.name}/thread {process.threads}", loop)
    worker.thread = thread
    thread._swfsim_worker = worker  # type: ignore[attr-defined]
    thread._swfsim_ended = _Ended()  # type: ignore[attr-defined]
    worker.on_end = thread._swfsim_ended.tell  # type: ignore[attr-defined]


class _Ended:
    """Lets those who join a thread wait for its end."""

    def __init__(self) -> None:
        self._waiters: list[tuple[Worker, Wait]] = []

    def wait(self, timeout: float | None) -> None:
        worker = _worker("thread")
        wait = Wait(_until(-1 if timeout is None else max(0.0, timeout)))
        self._waiters.append((worker, wait))
        worker.ask(wait)

    def tell(self, worker: Worker) -> None:
        pools = sys.modules.get("concurrent.futures.thread")
        if (
            pools is not None
        ):  # joins all threads of pools when Python ends, and would miss this one
            pools._threads_queues.pop(worker.thread, None)
        for waiter, wait in self._waiters:
            if waiter.request is wait and not waiter.killed:
                wait.told = True
                _hub[-1].tell(waiter, wait)


def join(thread: threading.Thread, timeout: float | None = None) -> None:
    """Stands for ``Thread.join``."""
    worker: Worker | None = getattr(thread, "_swfsim_worker", None)
    if worker is None:
        _REAL["join"](thread, timeout)
    elif worker is current():
        raise RuntimeError("cannot join current thread")
    elif worker.alive:
        thread._swfsim_ended.wait(timeout)  # type: ignore[attr-defined]


def is_alive(thread: threading.Thread) -> bool:
    """Stands for ``Thread.is_alive``."""
    worker: Worker | None = getattr(thread, "_swfsim_worker", None)
    return _REAL["is_alive"](thread) if worker is None else worker.alive


def current_thread() -> threading.Thread:
    """Stands for ``threading.current_thread``: each worker sees a thread of its own."""
    worker = current()
    if worker is None:
        found: threading.Thread = _REAL["current_thread"]()
        return found
    if worker.thread is None:
        worker.thread = REAL_THREAD(name=worker.name, daemon=True)
        worker.thread._ident = _ident(worker)
    adopted: threading.Thread = worker.thread
    return adopted


def get_ident() -> int:
    """Stands for ``threading.get_ident``."""
    worker = current()
    return _REAL["get_ident"]() if worker is None else _ident(worker)


def _ident(worker: Worker) -> int:
    return (1 << 40) + worker.number


def count() -> int:
    """Stands for the counter behind the names of threads, which is the process's own."""
    worker = current()
    if worker is None:
        number: int = _REAL["count"]()
        return number
    worker.process.thread_names += 1
    return worker.process.thread_names


def monotonic() -> float:
    """The clock of time-outs in threading and queue: virtual in a worker, real elsewhere."""
    if current() is None:
        real: float = _REAL["monotonic"]()
        return real
    return _hub[-1].now() / 1000


_REAL: dict[str, Callable[..., Any]] = {
    "start": threading.Thread.start,
    "join": threading.Thread.join,
    "is_alive": threading.Thread.is_alive,
    "current_thread": threading.current_thread,
    "get_ident": threading.get_ident,
    "monotonic": time.monotonic,
    "count": threading._counter,  # type: ignore[attr-defined]
}


def replacements() -> Iterator[tuple[Any, str, Any]]:
    """(object, attribute, what stands there during a simulation)."""
    yield threading, "Lock", make_lock
    yield threading, "_allocate_lock", make_lock
    yield threading, "RLock", make_rlock
    yield threading, "current_thread", current_thread
    yield threading, "get_ident", get_ident
    yield threading, "_time", monotonic
    yield threading, "_counter", count
    yield queue, "time", monotonic
    yield queue, "SimpleQueue", queue._PySimpleQueue  # type: ignore[attr-defined]
    yield threading.Thread, "start", start
    yield threading.Thread, "join", join
    yield threading.Thread, "is_alive", is_alive
