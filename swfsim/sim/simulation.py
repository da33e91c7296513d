"""``Simulation``: who runs, what is asked, when time jumps, when it ends.

One thread. A worker runs until it asks something; the question is a letter that takes a little
virtual time to arrive; among all that could go on at an instant, the choices say who does. When
nobody can, time jumps to the next instant at which something is due: a sleep that is over, a letter
that arrives, a deadline of the service.
"""

from __future__ import annotations

import contextlib
import functools
import heapq
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectionClosedError

from swfsim.clock import moment
from swfsim.core.events import Parked
from swfsim.errors import HarnessError
from swfsim.journal import Journal
from swfsim.sim.patches import Running
from swfsim.sim.plan import NoFaults
from swfsim.sim.workers import (
    Job,
    Letter,
    Loop,
    Sleep,
    Wait,
    Worker,
    WorkerGreenlet,
    WorkerKilled,
    current,
)
from swfsim.spec import check, limits
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.choices import Choices
    from swfsim.clock import VirtualClock
    from swfsim.core.events import Attrs, Event
    from swfsim.core.tasklists import TaskList
    from swfsim.core.world import Activity, Execution
    from swfsim.service import Service
    from swfsim.sim.plan import Faults
    from swfsim.spec.check import Params

_POLLS = ("PollForDecisionTask", "PollForActivityTask")

LATENCY_MS = 10
"""How long a call takes to reach the service, unless a run says otherwise."""

Observer = Callable[["Execution", "Event", str], None]
"""Told of every event, and who brought it about: a worker's name, or SWF."""


class Simulation:
    """A run of workers against a service on a virtual clock, deterministic from its choices.

    latency_ms   virtual time from a call to its arrival at the service
    idle_polls   whether a poll that finds nothing for 60 s is answered empty, as AWS does; by
                 default it stays parked until there is a task, and a day's timer costs no steps
    limit_s      virtual time after which a run is given up as endless
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
    ) -> None:
        self.service = service
        self.clock = clock
        self.choices = choices
        self.faults: Faults = faults if faults is not None else NoFaults()
        self.journal = journal if journal is not None else Journal()
        self.entropy = random.Random(f"entropy {seed}")
        self.workers: dict[int, Worker] = {}
        self.observers: list[Observer] = []
        self._latency_ms = latency_ms
        self._idle_polls = idle_polls
        self._limit = clock.now() + round(limit_s * 1000)
        self._ready: list[Worker] = []
        self._agenda: list[tuple[int, int, Worker, int]] = []
        self._sequence = 0
        self._parked: dict[TaskList, list[Worker]] = {}
        self._attempts: dict[tuple[str, str], int] = {}
        self._attempt_of: dict[tuple[str, int], int] = {}
        self._decisions: dict[str, int] = {}
        self._scheduled: list[tuple[Execution, Activity]] = []
        self._added = 0
        self._running = False
        self._refused: HarnessError | None = None
        self._known_client: Any = None
        self._who = "SWF"
        service.machine.watch = self._watch

    # What others ask of it

    def now(self) -> int:
        return self.clock.now()

    def add(self, name: str, loop: Loop, *, after_s: float = 0) -> Worker:
        """A further worker, which begins to run after ``after_s`` seconds of virtual time."""
        self._added += 1
        worker = Worker(name, loop, self._added)
        self.workers[worker.number] = worker
        self._wake_at(worker, self.clock.at + round(after_s * 1000))
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
            self._make_ready(worker)

    def answer(self, client: Any, operation: str, params: Params, region: str) -> Attrs:
        """The door of the boto3 lane: a worker's call becomes a letter; others are answered."""
        worker = current()
        if worker is None:
            answer = self.service.call(operation, params, region)
            self._after_service()
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

    def attempt_of(self, x: Execution, scheduled_id: int) -> int:
        """How often this activity's type had been scheduled in its workflow id, itself included."""
        return self._attempt_of[x.run_id, scheduled_id]

    def _refuse_adaptive_retries(self, client: Any) -> None:
        retries = getattr(client.meta.config, "retries", None) or {}
        if retries.get("mode") == "adaptive":
            self.refuse(
                HarnessError(
                    "a client in retry mode 'adaptive' waits on real time where no simulation can "
                    "reach it: make it with retries={'mode': 'standard'} for the simulation"
                )
            )
            raise self._refused or AssertionError

    # Running

    def run(self, done: Callable[[], bool]) -> None:
        """Run until ``done`` says so, or until everything is at rest: all wait, nothing is due.

        An exception that a worker lets escape ends the run and is raised here.
        """
        if self._running:
            raise HarnessError("the simulation is running already: a worker cannot run it")
        self._running = True
        try:
            with Running(self):
                while not done():
                    if self._ready:
                        self._step(self._next_worker())
                    elif not self._move_on():
                        break
        finally:
            self._running = False

    def close(self) -> None:
        """End all workers that still run; they get to leave their ``with`` blocks."""
        with Running(self):
            for worker in list(self.workers.values()):
                self._end(worker)

    def _next_worker(self) -> Worker:
        ready = self._ready
        if len(ready) == 1:
            return ready.pop()
        return ready.pop(self.choices.pick(len(ready), "who runs"))

    def _move_on(self) -> bool:
        """Nobody can run: jump to the next instant. False when there is none."""
        agenda = self._agenda
        while agenda and agenda[0][3] != agenda[0][2].turn:
            heapq.heappop(agenda)
        due = self.service.machine.next_deadline()
        if not agenda and due is None:
            return False
        nearest = [agenda[0][0]] if agenda else []
        if due is not None:
            nearest.append(due)
        self._move_to(max(min(nearest), self.clock.at))
        if due is not None and due <= self.clock.at:
            self.service.expire()
            self._after_service()
        while agenda and agenda[0][0] <= self.clock.at:
            _, _, worker, turn = heapq.heappop(agenda)
            if turn == worker.turn:
                self._make_ready(worker)
        return True

    def _move_to(self, at: int) -> None:
        if at > self._limit:
            raise HarnessError(
                "the run went past its limit of virtual time and nothing ended it: some loop "
                "sleeps for ever, or the end that was waited for never comes. Give run() an end "
                "that is reached, or a larger limit_s."
            )
        self.clock.move_to(at)

    # Workers

    def _wake_at(self, worker: Worker, at: int) -> None:
        self._sequence += 1
        heapq.heappush(self._agenda, (at, self._sequence, worker, worker.turn))

    def _make_ready(self, worker: Worker) -> None:
        """From now on an older wake-up of this worker means nothing."""
        worker.turn += 1
        if worker.parked_on is not None:
            self._unpark(worker)
        self._ready.append(worker)

    def _unpark(self, worker: Worker) -> None:
        waiting = worker.parked_on
        assert waiting is not None, "only a parked worker can be unparked"
        waiting.pollers -= 1
        self._parked[waiting].remove(worker)
        worker.parked_on = None

    def _step(self, worker: Worker) -> None:
        """Let one worker go on by one thing."""
        request = worker.request
        if isinstance(request, Letter):
            if not self._serve(worker, request):
                return
        elif worker.greenlet is None:
            worker.greenlet = WorkerGreenlet(worker)
        self._hand_over(worker)

    def _hand_over(self, worker: Worker) -> None:
        """Run a worker until it asks the next thing, or ends."""
        assert worker.greenlet is not None, "only a started worker is handed over to"
        worker.request = None
        self._who = worker.name
        try:
            asked = worker.greenlet.switch()
        except BaseException as error:
            error.add_note(
                f"in worker {worker.name!r} of the simulation, at {moment(self.clock.at)}"
            )
            self._forget(worker)
            if self._refused is not None:
                raise self._refused from error
            raise
        finally:
            self._who = "SWF"
        if self._refused is not None:
            raise self._refused
        if worker.greenlet.dead:
            self._finish(worker)
        else:
            self._take(worker, asked)

    def _take(self, worker: Worker, request: Letter | Sleep | Wait) -> None:
        worker.request = request
        match request:
            case Letter():
                self._wake_at(worker, self.clock.at + self._latency_ms)
            case Sleep(until=until):
                self._wake_at(worker, until)
            case Wait(until=int(until)):
                self._wake_at(worker, until)

    def _finish(self, worker: Worker) -> None:
        self._forget(worker)
        self._after_service()
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
            self._unpark(worker)
        self._forget(worker)
        running = worker.greenlet
        if running is None or running.dead:
            return
        with contextlib.suppress(Exception):  # a dead process has no last word
            running.throw(WorkerKilled(worker.name))
        if not running.dead:
            raise HarnessError(
                f"worker {worker.name!r} was killed and goes on asking: it catches BaseException "
                "in a loop. Let it catch Exception instead."
            )

    # The service

    def _serve(self, worker: Worker, letter: Letter) -> bool:
        """Answer a letter; False when its worker has to go on waiting, or is no more."""
        treatment = self.faults.treat(worker, letter, self.clock)
        if treatment.delay_ms:
            self._wake_at(worker, self.clock.at + treatment.delay_ms)
            return False
        if not treatment.reaches:
            self._note(worker, letter, None)
        elif not self._ask(worker, letter):
            return False
        if treatment.kills or (worker.handed and not self.faults.takes(worker)):
            self.kill(worker, worker.process.restart_after_s)
            return False
        if not treatment.returns:
            letter.answer = None
            letter.error = ConnectionClosedError(
                endpoint_url=f"https://swf.{letter.region}.amazonaws.com/"
            )
        return True

    def _ask(self, worker: Worker, letter: Letter) -> bool:
        """Put the letter to the service; False when it is a poll that has to wait."""
        service = self.service
        worker.handed = False
        service.machine.expire(self.clock.at)
        self._who = worker.name
        try:
            answer = service.ask(letter.operation, letter.params, letter.region)
        except Fault as fault:
            letter.error = fault
            self._note(worker, letter, fault)
            return True
        finally:
            self._who = "SWF"
            self._after_service()
        if isinstance(answer, Parked):
            if letter.gives_up_at is None or letter.gives_up_at > self.clock.at:
                self._park(worker, letter, answer)
                return False
            answer = service.empty(answer)
        letter.answer = answer
        self._note(worker, letter, answer)
        if letter.operation in _POLLS and "workflowExecution" in answer:
            self._hand(worker, letter, answer)
        return True

    def _park(self, worker: Worker, letter: Letter, parked: Parked) -> None:
        waiting = worker.parked_on = parked.task_list
        self._parked.setdefault(waiting, []).append(worker)
        waiting.pollers += 1
        if self._idle_polls:
            if letter.gives_up_at is None:
                letter.gives_up_at = self.clock.at + limits.LONG_POLL_S * 1000
            self._wake_at(worker, letter.gives_up_at)

    def _after_service(self) -> None:
        """Polls whose list has got a task are asked again; which one of them is a choice."""
        if self._scheduled:
            self._hold_back()
        arrivals = self.service.machine.world.arrivals
        while arrivals:
            waiting = arrivals.pop()
            parked = self._parked.get(waiting)
            if parked:
                number = self.choices.pick(len(parked), "who takes it") if len(parked) > 1 else 0
                self._make_ready(parked[number])

    def _hold_back(self) -> None:
        """Keep tasks from the workers that the faults want to be taken late, or never."""
        scheduled, self._scheduled = self._scheduled, []
        for x, task in scheduled:
            attempt = self._attempt_of[x.run_id, task.scheduled_id]
            held_ms = self.faults.hold_ms(x, task, attempt)
            if held_ms is not None:
                x.domain.activity_list(task.list_name).remove(task)
                self.add("SWF", functools.partial(_put_back, x, task), after_s=held_ms / 1000)

    def _note(self, worker: Worker, letter: Letter, answer: Attrs | Fault | None) -> None:
        params = check.plain(letter.params)
        self.journal.note(self.clock.at, worker.name, letter.operation, params, answer)

    def _hand(self, worker: Worker, letter: Letter, answer: Attrs) -> None:
        """Remember what task the worker has got; a further page is no new task."""
        if check.plain(letter.params).get("nextPageToken"):
            return
        run_id = answer["workflowExecution"]["runId"]
        x = self.service.machine.world.runs[run_id]
        worker.handed = True
        if letter.operation == "PollForDecisionTask":
            worker.deciding = (x, self._decisions[x.workflow_id])
        else:
            scheduled_id = x.events.attrs[answer["startedEventId"] - 1]["scheduledEventId"]
            worker.process.job = Job(
                x,
                answer["activityType"]["name"],
                self._attempt_of[run_id, scheduled_id],
                scheduled_id,
            )

    def _watch(self, x: Execution, event: Event) -> None:
        if event.kind == "ActivityTaskScheduled":
            key = (x.workflow_id, event.attrs["activityType"]["name"])
            self._attempts[key] = self._attempts.get(key, 0) + 1
            self._attempt_of[x.run_id, event.id] = self._attempts[key]
            self._scheduled.append((x, x.activities[event.id]))
        elif event.kind == "DecisionTaskStarted":
            self._decisions[x.workflow_id] = self._decisions.get(x.workflow_id, 0) + 1
        for observe in self.observers:
            observe(x, event, self._who)


def _put_back(x: Execution, task: Activity) -> None:
    """A task that was held back can be taken, if it is still waiting."""
    if x.open and x.activities.get(task.scheduled_id) is task and not task.started_id:
        x.domain.activity_list(task.list_name).add(task, task.priority)
