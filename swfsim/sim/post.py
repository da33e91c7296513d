"""``Post``: letters on their way to the service and back.

It puts a worker's letter to the service, unless a fault befalls it; keeps polls that found nothing
until their list gets a task; and knows which task each worker is busy with, so that faults can be
named by step and attempt.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ConnectionClosedError

from swfsim.core.events import Parked
from swfsim.sim.calls import DELIVER
from swfsim.sim.workers import Job, Letter, Worker
from swfsim.spec import limits, model
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.choices import Choices
    from swfsim.clock import VirtualClock
    from swfsim.core.events import Attrs, Event
    from swfsim.core.tasklists import TaskList
    from swfsim.core.world import Activity, Execution
    from swfsim.journal import Journal
    from swfsim.service import Service
    from swfsim.sim.plan import Faults

POLLS = ("PollForDecisionTask", "PollForActivityTask")
_LISTINGS = frozenset(
    name
    for name in model.OPERATIONS
    if name.startswith(("List", "Count", "Describe")) and "WorkflowExecution" in name
)
"""What is only eventually consistent."""

_TIMED_OUT = ("ActivityTaskTimedOut", "DecisionTaskTimedOut")

SWF = "SWF"
"""Who brings about what no worker does: time-outs, timers, starts of children."""

Observer = Callable[["Execution", "Event", str], None]
"""Told of every event, and who brought it about: a worker's name, or SWF."""


class Desk(Protocol):
    """What the post asks of whoever lets the workers run."""

    def make_ready(self, worker: Worker) -> None: ...

    def wake_at(self, worker: Worker, at: int) -> None: ...

    def kill(self, worker: Worker, restart_after_s: float | None = None) -> None: ...

    def add(self, name: str, loop: Callable[[], object], *, after_s: float = 0) -> Worker: ...


class Post:
    """Serves the letters of one simulation."""

    def __init__(
        self,
        desk: Desk,
        service: Service,
        clock: VirtualClock,
        choices: Choices,
        faults: Faults,
        journal: Journal,
        *,
        idle_polls: bool,
    ) -> None:
        self._desk = desk
        self.service = service
        self.clock = clock
        self.choices = choices
        self.faults = faults
        self.journal = journal
        self.who = SWF
        self.observers: list[Observer] = []
        self._idle_polls = idle_polls
        self._parked: dict[TaskList, list[Worker]] = {}
        self._attempts: dict[tuple[str, str], int] = {}
        self._attempt_of: dict[tuple[str, int], int] = {}
        self._decisions: dict[str, int] = {}
        self._scheduled: list[tuple[Execution, Activity]] = []
        service.machine.watch = self._watch
        service.machine.refuse = self._refuses

    def attempt_of(self, x: Execution, scheduled_id: int) -> int:
        """How often this activity's type had been scheduled in its workflow id, itself included."""
        return self._attempt_of[x.run_id, scheduled_id]

    def know(self, x: Execution) -> None:
        """A run that was not made here: its attempts and decisions count, its tasks are there."""
        for event in x.events:
            if event.kind == "ActivityTaskScheduled":
                self._count_attempt(x, event)
            elif event.kind == "DecisionTaskStarted":
                self._decisions[x.workflow_id] = self._decisions.get(x.workflow_id, 0) + 1
        self.deliver()

    def unpark(self, worker: Worker) -> None:
        """A worker's poll waits no longer."""
        waiting = worker.parked_on
        assert waiting is not None, "only a parked worker can be unparked"
        waiting.pollers -= 1
        self._parked[waiting].remove(worker)
        worker.parked_on = None

    def serve(self, worker: Worker, letter: Letter) -> bool:
        """Answer a letter; False when its worker has to go on waiting, or is no more."""
        treatment = self.faults.treat(worker, letter, self.clock)
        if treatment.delay_ms:
            self._desk.wake_at(worker, self.clock.at + treatment.delay_ms)
            return False
        if not treatment.reaches:
            letter.error = treatment.error
            self._note(worker, letter, letter.error if isinstance(letter.error, Fault) else None)
        elif not self._ask(worker, letter):
            return False
        elif treatment.twice and not letter.repeated:
            letter.repeated, letter.error = True, None
            if not self._ask(worker, letter):
                return False
        if treatment.kills or (worker.handed and not self.faults.takes(worker)):
            self.faults.befell(worker, letter)
            self._desk.kill(worker, worker.process.restart_after_s)
            return False
        if not treatment.returns:
            letter.answer = None
            letter.error = ConnectionClosedError(
                endpoint_url=f"https://swf.{letter.region}.amazonaws.com/"
            )
            letter.error.add_note(
                "a fault given to this run lost the answer: a worker has to live with that"
            )
        if treatment is not DELIVER:
            self.faults.befell(worker, letter)
        return True

    def _ask(self, worker: Worker, letter: Letter) -> bool:
        """Put the letter to the service; False when it is a poll that has to wait."""
        service = self.service
        worker.handed = False
        if service.machine.world.deadlines.soonest <= self.clock.at:
            service.machine.expire(self.clock.at)
        self.who = worker.name
        if letter.operation in _LISTINGS:
            world = service.machine.world
            world.lag_ms = max(world.lag_ms, self.faults.lag_ms())
        try:
            answer = service.ask(
                letter.operation, letter.params, letter.region, again=letter.waited
            )
        except Fault as fault:
            letter.error = fault
            self._note(worker, letter, fault)
            return True
        finally:
            self.who = SWF
            self.deliver()
        if isinstance(answer, Parked):
            if letter.gives_up_at is None or letter.gives_up_at > self.clock.at:
                self._park(worker, letter, answer)
                return False
            answer = service.empty(answer)
        letter.answer = answer
        self._note(worker, letter, answer)
        if letter.operation in POLLS and "workflowExecution" in answer:
            self._hand(worker, letter, answer)
        return True

    def _park(self, worker: Worker, letter: Letter, parked: Parked) -> None:
        waiting = worker.parked_on = parked.task_list
        self._parked.setdefault(waiting, []).append(worker)
        waiting.pollers += 1
        letter.waited = True
        if self._idle_polls:
            if letter.gives_up_at is None:
                letter.gives_up_at = self.clock.at + limits.LONG_POLL_S * 1000
            self._desk.wake_at(worker, letter.gives_up_at)

    def deliver(self) -> None:
        """Polls whose list has got a task are asked again; which one of them is a choice."""
        if self._scheduled:
            self._hold_back()
        arrivals = self.service.machine.world.arrivals
        while arrivals:
            waiting = arrivals.pop()
            parked = self._parked.get(waiting)
            if parked:
                number = self.choices.pick(len(parked), "who takes it") if len(parked) > 1 else 0
                self._desk.make_ready(parked[number])

    def _hold_back(self) -> None:
        """Keep tasks from the workers that the faults want to be taken late, or never."""
        scheduled, self._scheduled = self._scheduled, []
        for x, task in scheduled:
            attempt = self._attempt_of[x.run_id, task.scheduled_id]
            held_ms = self.faults.hold_ms(x, task, attempt)
            if held_ms is not None:
                x.domain.activity_list(task.list_name).remove(task)
                self._desk.add(SWF, functools.partial(_put_back, x, task), after_s=held_ms / 1000)

    def _note(self, worker: Worker, letter: Letter, answer: Attrs | Fault | None) -> None:
        self.journal.note(self.clock.at, worker.name, letter.operation, letter.params, answer)

    def _hand(self, worker: Worker, letter: Letter, answer: Attrs) -> None:
        """Remember what task the worker has got; a further page is no new task."""
        if letter.params.get("nextPageToken"):
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

    def _refuses(self, x: Execution, decision: Attrs) -> str | None:
        return self.faults.refuses(x, decision, self._decisions[x.workflow_id])

    def _watch(self, x: Execution, event: Event) -> None:
        if event.kind == "ActivityTaskScheduled":
            self._count_attempt(x, event)
            self._scheduled.append((x, x.activities[event.id]))
        elif event.kind == "DecisionTaskStarted":
            self._decisions[x.workflow_id] = self._decisions.get(x.workflow_id, 0) + 1
        elif event.kind in _TIMED_OUT:
            self.faults.timed_out(x, event)
        for observe in self.observers:
            observe(x, event, self.who)

    def _count_attempt(self, x: Execution, scheduled: Event) -> None:
        key = (x.workflow_id, scheduled.attrs["activityType"]["name"])
        self._attempts[key] = self._attempts.get(key, 0) + 1
        self._attempt_of[x.run_id, scheduled.id] = self._attempts[key]


def _put_back(x: Execution, task: Activity) -> None:
    """A task that was held back can be taken, if it is still waiting."""
    if x.open and x.activities.get(task.scheduled_id) is task and not task.started_id:
        x.domain.activity_list(task.list_name).add(task, task.priority)
