"""What does not end by itself: a worker that does not come back, and a run that goes on for ever.

Of a worker virtual time cannot tell: it stands still while one runs. So a thread of its own looks
every now and then, on real time, whether the run gets on. What hangs is interrupted by a signal,
which reaches even a lock that is waited for; where there are none (Windows, a run outside of the
main thread), by an asynchronous exception, which reaches Python code only.
"""

from __future__ import annotations

import _thread
import ctypes
import functools
import os
import signal
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from swfsim.errors import HarnessError
from swfsim.report import code
from swfsim.sim.workers import WorkerGreenlet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from swfsim.core.world import World

TURN_LIMIT_S = 30.0
"""Real seconds for which a worker may run without asking anything, unless a run says otherwise."""

LIMIT_STEPS = 1_000_000
"""How many steps a run may take, unless it says otherwise: some twenty thousand orders."""

LIMIT_RUNS = 10_000
"""How many runs one workflow id may have, unless the simulation says otherwise: one an hour for a
year, and then some."""

_LOOK_STEPS: Final = 10_000

_LOOKS: Final = 10
"""How often it looks before it barks. Looks are counted, not seconds: while the whole process is
stopped (Ctrl-Z, a laptop that sleeps) nobody looks."""

_SIGNAL: Final[int | None] = getattr(signal, "SIGURG", None)
"""Ignored by default, and of no use to others: what Go uses to the same end."""

_DEBUGGERS: Final = {"bdb", "pdb", "_pydevd_bundle", "pydevd", "debugpy", "pudb", "IPython"}


class Watchdog:
    """Around a run: after ``limit_s`` seconds in which ``progress`` stayed the same, ``bark`` is
    told where the run hangs, and gives the exception to interrupt it with."""

    def __init__(
        self, limit_s: float, progress: Callable[[], int], bark: Callable[[str], BaseException]
    ) -> None:
        self._pause = min(limit_s / _LOOKS, threading.TIMEOUT_MAX)
        self._progress = progress
        self._bark = bark
        self._on_duty = False
        self._watched = threading.main_thread().ident
        self._looks = 0
        self._seen = -1
        self._at = -1
        self._by_signal = False

    def __enter__(self) -> None:
        self._watched = _thread.get_ident()
        self._by_signal = LEASH.hold(self._watched, self._interrupted)
        self._looks, self._seen, self._on_duty = 0, -1, True
        _rounds(self._pause).join(self)

    def __exit__(self, *error: object) -> None:
        self._on_duty = False
        _rounds(self._pause).leave(self)
        if self._by_signal:
            LEASH.let_go()

    def look(self) -> None:
        """On the thread that makes the rounds, once every pause."""
        at = self._progress()
        self._looks = self._looks + 1 if at == self._seen else 0
        self._seen = at
        if self._looks >= _LOOKS and self._on_duty:
            self._looks = 0
            self._at = at
            self._interrupt()

    def _interrupt(self) -> None:
        assert self._watched is not None, "entered before"
        if self._by_signal and _SIGNAL is not None:
            signal.pthread_kill(self._watched, _SIGNAL)
            return
        frame = sys._current_frames().get(self._watched)
        if frame is not None and not _is_debugged(frame):
            error = self._bark(where(frame))
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._watched), ctypes.py_object(type(error))
            )

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        """The signal's handler, on the thread that hangs, and on the greenlet of its worker."""
        if frame is not None and self._progress() == self._at and not _is_debugged(frame):
            raise self._bark(where(frame))


class Leash:
    """The signal's handler, in place once however many watchdogs hold it, each inside the other;
    the innermost answers."""

    def __init__(self) -> None:
        self._held: list[Callable[[int, FrameType | None], None]] = []
        self._before: Any = None

    def hold(self, thread: int, interrupted: Callable[[int, FrameType | None], None]) -> bool:
        """False where no signal can interrupt this thread: then it is not held."""
        if _SIGNAL is None or threading.main_thread().ident != thread:
            return False
        if not self._held:
            self._before = signal.signal(_SIGNAL, self._pulled)
        self._held.append(interrupted)
        return True

    def let_go(self) -> None:
        self._held.pop()
        if not self._held and _SIGNAL is not None:
            signal.signal(_SIGNAL, self._before or signal.SIG_DFL)

    def _pulled(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._held[-1](number, frame)


LEASH = Leash()
"""The one of the process."""


class _Rounds:
    """A thread that lets the watchdogs of one pause look, for as long as there are any.

    It outlives each of them a little: runs by the thousand follow each other, and to start a thread
    for each takes as long as a tenth of a run.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._dogs: list[Watchdog] = []
        self._under_way = False
        self._lock = _thread.allocate_lock()
        self._never = _thread.allocate_lock()  # waiting for it is a sleep that nobody has patched
        self._never.acquire()

    def join(self, dog: Watchdog) -> None:
        with self._lock:
            self._dogs.append(dog)
            start, self._under_way = not self._under_way, True
        if start:
            _thread.start_new_thread(self._make, ())

    def leave(self, dog: Watchdog) -> None:
        with self._lock:
            self._dogs.remove(dog)

    def _make(self) -> None:
        while True:
            self._never.acquire(timeout=self._pause)
            with self._lock:
                dogs = list(self._dogs)
                self._under_way = bool(dogs)
            if not dogs:
                return
            for dog in dogs:
                dog.look()


@functools.cache
def _rounds(pause: float) -> _Rounds:
    """In a process that was forked, the thread is not there: see ``register_at_fork``."""
    return _Rounds(pause)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_rounds.cache_clear)


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """From the innermost out, as far as the worker's own."""
    while frame is not None and frame.f_code is not WorkerGreenlet._live.__code__:
        yield frame
        frame = frame.f_back


def _is_debugged(frame: FrameType) -> bool:
    return any(
        str(one.f_globals.get("__name__")).partition(".")[0] in _DEBUGGERS for one in _frames(frame)
    )


def where(frame: FrameType) -> str:
    """The innermost line of the application, as ``code.line`` shows it."""
    frames = [(one.f_code.co_filename, one.f_lineno, one.f_code.co_name) for one in _frames(frame)]
    return code.line(code.own(frames)[0])


ADVICE: Final = (
    "Virtual time stands still while a worker runs, so a loop that looks at the clock never ends: "
    "let it time.sleep(). A lock, queue or executor that was made outside of the simulation, at "
    "module level say, waits for real, and nobody comes to let it go: make it in the worker, or in "
    "__init__ of the App. Work that really takes so long needs a larger turn_limit_s."
)


def check_limits(**limits: float) -> None:
    """Raises ``HarnessError`` for a limit that is no number above 0."""
    for name, limit in limits.items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0:
            raise HarnessError(f"{name} must be a number above 0, not {limit!r}")


class Ends:
    """Whether a run may go on. It looks at ``look_at`` steps, and again some thousands later."""

    def __init__(self, limit_steps: int, limit_runs: int) -> None:
        check_limits(limit_steps=limit_steps, limit_runs=limit_runs)
        self._limit_steps = limit_steps
        self._limit_runs = limit_runs
        self.look_at = self._next(0)

    def _next(self, steps: int) -> int:
        return min(steps + _LOOK_STEPS, steps + self._limit_runs, self._limit_steps)

    def check(self, steps: int, world: World, busy: str) -> None:
        """Raises ``HarnessError`` if nothing seems to end this run; ``busy`` goes on next."""
        runs = Counter(x.workflow_id for x in world.runs.values()).most_common(1)
        for workflow_id, count in runs:
            if count > self._limit_runs:
                raise HarnessError(
                    f"workflow {workflow_id!r} is in its run number {count:,}, and nothing ends "
                    "the chain: does it always continue as new? Give it an end that is reached, "
                    "or a larger limit_runs."
                )
        if steps >= self._limit_steps:
            raise HarnessError(
                f"the run took {steps:,} steps (calls, sleeps, waits), with {len(world.runs):,} "
                f"executions, and nothing ended it; worker {busy!r} is about to go on. Give it an "
                "end that is reached, or a larger limit_steps."
            )
        self.look_at = self._next(steps)
