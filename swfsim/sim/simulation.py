"""``Simulation``: who runs, what is asked, when time jumps, when it ends.

One thread. A worker runs until it asks something; the question is a letter that takes a little
virtual time to arrive; among all that could go on at an instant, the choices say who does. When
nobody can, time jumps to the next instant at which something is due: a sleep that is over, a letter
that arrives, a deadline of the service.
"""

from __future__ import annotations

import contextlib
import heapq
from typing import TYPE_CHECKING, Any, TypeVar

from swfsim.clock import moment
from swfsim.errors import HarnessError
from swfsim.journal import Journal
from swfsim.sim import threads
from swfsim.sim.chance import Chance
from swfsim.sim.patches import Running
from swfsim.sim.plan import NoFaults
from swfsim.sim.post import POLLS, SWF, Post
from swfsim.sim.watchdog import (
    ADVICE,
    LIMIT_RUNS,
    LIMIT_STEPS,
    TURN_LIMIT_S,
    Ends,
    Watchdog,
    check_limits,
)
from swfsim.sim.workers import (
    GREENLETS,
    Letter,
    Loop,
    Wait,
    Worker,
    WorkerKilled,
    current,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from swfsim.choices import Choices
    from swfsim.clock import VirtualClock
    from swfsim.core.events import Attrs
    from swfsim.core.world import Execution
    from swfsim.service import Service
    from swfsim.sim.plan import Faults
    from swfsim.spec.check import Params

LATENCY_MS = 10
"""How long a call takes to reach the service, unless a run says otherwise."""

_T = TypeVar("_T")


class Simulation:
    """A run of workers against a service on a virtual clock, deterministic from its choices.

    latency_ms   virtual time from a call to its arrival at the service
    idle_polls   whether a poll that finds nothing for 60 s is answered empty, as AWS does; by
                 default it stays parked until there is a task, and a day's timer costs no steps
    limit_s      virtual time after which a run is given up as endless
    limit_steps  steps after which it is, where time hardly moves
    limit_runs   runs of one workflow id after which it is
    turn_limit_s  real time after which a worker that has not come back is interrupted
    """

    def __init__(
        self,
        service: Service,
        clock: VirtualClock,
        choices: Choices,
        *,
        seed: int = 0,
        faults: Faults | None = None,
        journal: Journal | None = None,
        latency_ms: int = LATENCY_MS,
        idle_polls: bool = False,
        limit_s: float = 400 * 86_400,
        limit_steps: int = LIMIT_STEPS,
        limit_runs: int = LIMIT_RUNS,
        turn_limit_s: float = TURN_LIMIT_S,
    ) -> None:
        self.service = service
        self.clock = clock
        self.choices = choices
        self.chance = Chance(seed)
        self.workers: dict[int, Worker] = {}
        self._latency_ms = latency_ms
        check_limits(limit_s=limit_s, turn_limit_s=turn_limit_s)
        self._limit = clock.now() + round(limit_s * 1000)
        self._steps = 0
        self._ends = Ends(limit_steps, limit_runs)
        self._turn_limit_s = turn_limit_s
        self._setting_up: str | None = None
        self._ready: list[Worker] = []
        self._agenda: list[tuple[int, int, Worker, int]] = []
        self._sequence = 0
        self._added = 0
        self._running = False
        self._refused: HarnessError | None = None
        self._known_client: Any = None
        self._post = Post(
            self,
            service,
            clock,
            choices,
            faults if faults is not None else NoFaults(),
            journal if journal is not None else Journal(),
            idle_polls=idle_polls,
        )
        self.observers = self._post.observers

    # What others ask of it

    def now(self) -> int:
        return self.clock.now()

    def add(
        self, name: str, loop: Loop, *, after_s: float = 0, latency_ms: int | None = None
    ) -> Worker:
        """A further worker, which begins to run after ``after_s`` seconds of virtual time."""
        self._added += 1
        worker = Worker(name, loop, self._added)
        worker.latency_ms = self._latency_ms if latency_ms is None else latency_ms
        self.workers[worker.number] = worker
        self.wake_at(worker, self.clock.at + round(after_s * 1000))
        return worker

    def adopt(self, parent: Worker, name: str, loop: Loop) -> Worker:
        """A thread that a worker has started: it shares the worker's process, and its job."""
        worker = self.add(name, loop)
        worker.process = parent.process
        worker.process.members.append(worker)
        return worker

    def tell(self, worker: Worker, request: Wait) -> None:
        """A wait is over: the worker goes on when its turn comes."""
        if worker.request is request:
            self.make_ready(worker)

    def answer(self, client: Any, operation: str, params: Params, region: str) -> Attrs:
        """The door of the boto3 lane: a worker's call becomes a letter; others are answered."""
        worker = current()
        if worker is None:
            if self._setting_up is not None and operation in POLLS:
                raise self._dismissed(
                    f"{self._setting_up} polls for tasks itself ({operation}) and would never come "
                    'back: it is to name the loops, not to call them: {"decider": decide}'
                )
            answer = self.service.call(operation, params, region)
            self._post.deliver()
            return answer
        if client is not self._known_client:
            self._refuse_adaptive_retries(client)
            self._known_client = client
        letter = Letter(operation, params, region)
        worker.ask(letter)
        if letter.error is not None:
            raise letter.error
        assert letter.answer is not None, "a letter is answered or refused"
        return letter.answer

    def know(self, x: Execution) -> None:
        """A run is there that was not made here: rebuilt from its history."""
        self._post.know(x)

    def skew_ms(self, worker: Worker) -> int:
        """By how much this worker's clock is ahead of SWF's."""
        return self._post.faults.skew_ms(worker)

    def refuse(self, error: HarnessError) -> None:
        """A worker did what no simulation can repeat: the run ends with this error."""
        self._refused = error

    def kill(self, worker: Worker, restart_after_s: float | None = None) -> None:
        """Kill a worker with all threads of its process; ``restart_after_s`` runs its loop anew."""
        process = worker.process
        for one in list(process.members):
            self._end(one)
        if restart_after_s is not None:
            self.add(process.name, process.loop, after_s=restart_after_s)

    def _refuse_adaptive_retries(self, client: Any) -> None:
        if (getattr(client.meta.config, "retries", None) or {}).get("mode") == "adaptive":
            self._refused = HarnessError(
                "a client in retry mode 'adaptive' waits on real time where no simulation can "
                "reach it: make it with retries={'mode': 'standard'} for the simulation"
            )
            raise self._refused

    # Running

    def run(self, done: Callable[[], bool], end: int | None = None) -> None:
        """Run until ``done`` says so, or until everything is at rest: all wait, nothing is due. Up
        to the instant ``end`` at most. Raises what a worker lets escape."""
        if self._running:
            raise HarnessError("the simulation is running already: a worker cannot run it")
        self._running = True
        try:
            with Running(self), self._watchdog():
                self._go_on(done, end)
        except WorkerKilled as error:  # what hung was no worker, but a condition or an observer
            raise (self._refused or error) from None
        finally:
            self._running = False

    def set_up(self, what: str, call: Callable[[], _T]) -> _T:
        """Let an application do what comes before its workers; ``what`` names it in errors.

        Locks made there are virtual: they are for the workers. A poll would never come back.
        """
        self._setting_up = what
        try:
            with self._watchdog(), threads.virtual():
                made = call()
        except WorkerKilled as error:
            raise (self._refused or error) from None
        finally:
            self._setting_up = None
        return made

    def _watchdog(self) -> Watchdog:
        return Watchdog(self._turn_limit_s, lambda: self._steps, self._hangs)

    def _hangs(self, where: str) -> BaseException:
        """What interrupts a worker, or a set-up, that does not come back."""
        name = self._post.who
        who = self._setting_up or ("the run" if name == SWF else f"worker {name!r}")
        return self._dismissed(
            f"{who} has not come back for {self._turn_limit_s:g} s of real time. It is at {where}\n"
            f"{ADVICE}"
        )

    def _dismissed(self, why: str) -> WorkerKilled:
        """Ends whatever runs, even if it catches every ``Exception``."""
        self._refused = HarnessError(why)
        return WorkerKilled(why)

    def close(self) -> None:
        """End all workers that still run; they get to leave their ``with`` blocks."""
        before = self._refused
        with Running(self), self._watchdog():
            for worker in list(self.workers.values()):
                self._post.who = worker.name
                self._end(worker)
        if self._refused is not before and self._refused is not None:
            raise self._refused

    def _next(self) -> str:
        """Who goes on now, by name."""
        if self._ready:
            return self._ready[-1].name
        return self._agenda[0][2].name if self._agenda else SWF

    def _go_on(self, done: Callable[[], bool], end: int | None) -> None:
        """Step by step. Here and below much is written out: each call of a worker comes by."""
        ready, ends = self._ready, self._ends
        while not done():
            self._steps += 1
            if self._steps >= ends.look_at:
                ends.check(self._steps, self.service.machine.world, self._next())
            if not ready:
                if not self._move_on(end):
                    break
                continue
            number = self.choices.pick(len(ready), "who runs") if len(ready) > 1 else 0
            worker = ready.pop(number)
            request = worker.request
            if isinstance(request, Letter):
                if not self._post.serve(worker, request):
                    continue
            elif worker.greenlet is None:
                worker.greenlet = GREENLETS.hire(worker)
            self._hand_over(worker)

    def _move_on(self, end: int | None) -> bool:
        """Nobody can run: jump to the next instant. False when there is none, or only later."""
        agenda, now = self._agenda, self.clock.at
        while agenda and agenda[0][3] != agenda[0][2].turn:
            heapq.heappop(agenda)
        at = agenda[0][0] if agenda else None
        until = at if at is not None else end  # what is due later need not be known yet
        due = self.service.machine.next_deadline(None if until is None else max(until, now))
        if due is not None and (at is None or at >= due):
            at = due
        if end is not None and (at is None or at > end):
            self._move_to(end)
            return False
        if at is None:
            return False
        if at > now:  # else it is overdue, and the clock never goes back
            self._move_to(at)
            now = at
        if due is not None and due <= now:
            self.service.expire()
            self._post.deliver()
        while agenda and agenda[0][0] <= now:
            _, _, worker, turn = heapq.heappop(agenda)
            if turn == worker.turn:
                self.make_ready(worker)
        return True

    def _move_to(self, at: int) -> None:
        """To this instant, or, if that is past, nowhere."""
        if at > self._limit:
            raise HarnessError(
                "the run went past its limit of virtual time and nothing ended it: some loop "
                "sleeps for ever, or the end that was waited for never comes. Give run() an end "
                "that is reached, or a larger limit_s."
            )
        self.clock.at = max(at, self.clock.at)

    # Workers

    def wake_at(self, worker: Worker, at: int) -> None:
        self._sequence += 1
        heapq.heappush(self._agenda, (at, self._sequence, worker, worker.turn))

    def make_ready(self, worker: Worker) -> None:
        """From now on an older wake-up of this worker means nothing."""
        worker.turn += 1
        if worker.parked_on is not None:
            self._post.unpark(worker)
        self._ready.append(worker)

    def _hand_over(self, worker: Worker) -> None:
        """Run a worker until it asks the next thing, or ends."""
        running = worker.greenlet
        assert running is not None, "only a started worker is handed over to"
        worker.request = None
        self._post.who = worker.name
        try:
            asked = running.switch()
        except BaseException as error:
            error.add_note(
                f"in worker {worker.name!r} of the simulation, at {moment(self.clock.at)}"
            )
            self._forget(worker)
            if self._refused is not None:
                raise self._refused from error
            raise
        finally:
            self._post.who = SWF
        if self._refused is not None:
            raise self._refused
        if worker.greenlet is None:
            self._finish(worker)
            return
        worker.request = asked
        if isinstance(asked, Letter):
            self.wake_at(worker, self.clock.at + worker.latency_ms)
        elif asked.until is not None:
            self.wake_at(worker, asked.until)

    def _finish(self, worker: Worker) -> None:
        self._forget(worker)
        self._post.deliver()
        if worker.killed:  # by its own hand, in a fault that was planned
            self.kill(worker, worker.process.restart_after_s)

    def _forget(self, worker: Worker) -> None:
        """It has ended, one way or another."""
        worker.finished = True
        self.workers.pop(worker.number, None)
        if worker in worker.process.members:
            worker.process.members.remove(worker)
        if worker.on_end is not None:
            worker.on_end(worker)

    def _end(self, worker: Worker) -> None:
        """Kill one worker: it unwinds, and whatever it still asks is refused."""
        worker.killed = True
        worker.turn += 1
        worker.request = None
        if worker in self._ready:
            self._ready.remove(worker)
        if worker.parked_on is not None:
            self._post.unpark(worker)
        self._forget(worker)
        if (running := worker.greenlet) is None:
            return
        with contextlib.suppress(Exception):  # a dead process has no last word
            running.throw(WorkerKilled(worker.name))
        if worker.greenlet is not None:
            raise HarnessError(
                f"worker {worker.name!r} was killed and goes on asking: it catches BaseException "
                "in a loop. Let it catch Exception instead."
            )
