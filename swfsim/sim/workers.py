"""A blocking loop as an actor: it posts a letter and waits, it sleeps, it waits for a lock.

Each worker runs on a greenlet of its own, so that handing over costs next to nothing and only one
runs at a time. What the loop cannot tell: between its call and the answer, the simulation has run.
"""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import greenlet

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from swfsim.core.events import Attrs
    from swfsim.core.tasklists import TaskList
    from swfsim.core.world import Execution
    from swfsim.spec.check import Params

DYING_CALLS_MAX = 1_000
"""A worker that is killed and still asks this often is not going to end."""

Loop = Callable[[], object]
"""What a worker runs: an ordinary function, usually one that polls for ever."""


class WorkerKilled(BaseException):
    """A worker dies, as by kill -9. A ``BaseException``, so that ``except Exception`` cannot live
    through it; while it unwinds, whatever it still tries to ask is refused with another one."""


@dataclass(slots=True, eq=False)
class Letter:
    """A call of the SWF API, posted by a worker."""

    operation: str
    params: Params
    region: str
    answer: Attrs | None = None
    error: Exception | None = None
    delayed: bool = False
    repeated: bool = False
    nth: int = 0  # which call of this operation it is, of its process, from 1 on when it arrives
    gives_up_at: int | None = None  # a poll's end, where idle polls are answered
    waited: bool = False  # a poll that was parked, and counted as a request when it came


@dataclass(slots=True, eq=False)
class Sleep:
    """Wants to go on at this instant of virtual time, in milliseconds."""

    until: int


@dataclass(slots=True, eq=False)
class Wait:
    """Wants to go on when somebody says so, or at the instant ``until``; for virtual locks."""

    until: int | None = None
    told: bool = False


@dataclass(slots=True)
class Job:
    """The task that a worker is busy with. ``attempt`` counts from 1 within the workflow id."""

    x: Execution
    step: str
    attempt: int
    scheduled_id: int


@dataclass(slots=True, eq=False)
class Worker:
    """A loop that runs in the simulation, and what it waits for.

    ``process`` is the worker that would share its memory in production: the worker itself, or for
    an adopted thread the one that started it. When a process dies, all of it does.
    """

    name: str
    loop: Loop
    number: int
    process: Worker = field(init=False, repr=False)
    greenlet: WorkerGreenlet | None = field(default=None, repr=False)
    request: Letter | Sleep | Wait | None = field(default=None, repr=False)
    latency_ms: int = 0  # of its calls
    turn: int = 0  # which of its requests is current, so that an outdated wake-up is noticed
    job: Job | None = None
    deciding: tuple[Execution, int] | None = None  # its decision task, and which of the workflow
    parked_on: TaskList | None = None
    killed: bool = False
    finished: bool = False
    handed: bool = False  # its last answer was a task
    refusals: int = 0
    threads: int = 0  # that the process has started
    thread_names: int = 0
    restart_after_s: float | None = None
    members: list[Worker] = field(default_factory=list, repr=False)  # of the process, alive
    on_end: Callable[[Worker], None] | None = field(default=None, repr=False)
    thread: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.process = self
        self.members.append(self)

    @property
    def alive(self) -> bool:
        return not self.finished

    def ask(self, request: Letter | Sleep | Wait) -> None:
        """Called on the worker's own greenlet: hand over to the simulation until it is answered."""
        if self.killed:
            self.check_alive()
        self._hand_over(request)
        if self.killed:
            raise WorkerKilled(self.name)

    def check_alive(self) -> None:
        """Raises ``WorkerKilled`` in a worker that is dead; one that catches it over and over is
        left standing for good."""
        if self.killed:
            self.refusals += 1
            while self.refusals > DYING_CALLS_MAX:
                self._hand_over(None)
            raise WorkerKilled(self.name)

    def _hand_over(self, request: Letter | Sleep | Wait | None) -> None:
        me = self.greenlet
        if me is None or me.parent is None:
            raise HarnessError(f"worker {self.name!r} is not part of a running simulation")
        me.parent.switch(request)


class WorkerGreenlet(greenlet.greenlet):
    """The greenlet of a worker; ``current`` finds the worker by it.

    Its worker has no greenlet any more once it has ended. The greenlet itself may go on with
    another worker: see ``Greenlets``.
    """

    worker: Worker | None

    def __init__(self, worker: Worker) -> None:
        super().__init__(self._live)
        self.worker = worker

    def _live(self) -> None:
        while self.worker is not None:
            try:
                self.worker.loop()
            except WorkerKilled:
                self.worker.killed = True
            finally:
                self.worker.greenlet = None
                self.worker = None
            if GREENLETS.keep(self) and self.parent is not None:
                self.parent.switch()


class Greenlets:
    """Greenlets for workers. A context manager: inside it those whose worker has ended are kept
    for the next one, in this run or a later one.

    To make one costs as much as ten calls, since Python gets memory from the system for each and
    gives it back when it ends. Nothing passes from worker to worker: their frames are gone, and
    context variables, all else that a greenlet holds, begin empty as in a new one.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._thread = 0
        self._idle: list[WorkerGreenlet] = []

    def __enter__(self) -> Greenlets:
        self._depth += 1
        if self._depth == 1:
            self._thread = _thread.get_ident()
        return self

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth:
            idle, self._idle = self._idle, []
            for one in idle:
                one.parent = greenlet.getcurrent()
                one.throw()

    def hire(self, worker: Worker) -> WorkerGreenlet:
        """A greenlet that is to run this worker when it is switched to."""
        if not self._idle or self._thread != _thread.get_ident():
            return WorkerGreenlet(worker)
        found = self._idle.pop()
        found.worker = worker
        found.parent = greenlet.getcurrent()
        found.gr_context = None
        return found

    def keep(self, idle: WorkerGreenlet) -> bool:
        """False where it is to end instead: a greenlet belongs to the thread that made it."""
        if not self._depth or self._thread != _thread.get_ident():
            return False
        self._idle.append(idle)
        return True


GREENLETS = Greenlets()
"""Those of the process."""

_threads = threading.local()


def act_as(worker: Worker) -> None:
    """This thread is a worker's, outside of any simulation."""
    _threads.worker = worker


def acting() -> Worker | None:
    """The worker that is at work here: in a simulation, or on a thread of its own."""
    return current() or getattr(_threads, "worker", None)


def current() -> Worker | None:
    """The worker on whose greenlet this is called; None outside of any."""
    return getattr(greenlet.getcurrent(), "worker", None)
