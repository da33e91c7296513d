"""A plan of faults: what befalls which letter, task or worker, and whether it ever came to that."""

from __future__ import annotations

import functools
import json
import time
from typing import TYPE_CHECKING, Any, Protocol

from swfsim.errors import HarnessError, Violation
from swfsim.sim.calls import DELIVER, KILL_AFTER, KILL_BEFORE, LOSE, Calls, Treatment
from swfsim.sim.conditions import Conditions
from swfsim.sim.faults import (
    ActivityFault,
    CallFault,
    ClockSkew,
    Crash,
    DecisionFault,
    Fault,
    ListingLag,
    concerns,
    known,
)
from swfsim.sim.refusals import Refusals
from swfsim.sim.strikes import Reach, Strikes
from swfsim.sim.waits import (
    A_LITTLE_MS,
    LONG_MS,
    check_can_time_out,
    closes_at,
    decision_closes_in_ms,
    hang,
    hold_for_schedule_to_close,
)
from swfsim.sim.workers import WorkerKilled, acting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swfsim.clock import VirtualClock
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Activity, Execution
    from swfsim.sim.workers import Job, Letter, Worker

RESPOND_ACTIVITY = (
    "RespondActivityTaskCompleted",
    "RespondActivityTaskFailed",
    "RespondActivityTaskCanceled",
)
RESPOND_DECISION = "RespondDecisionTaskCompleted"


class Faults(Protocol):
    """What a simulation consults."""

    def treat(self, worker: Worker, letter: Letter, clock: VirtualClock) -> Treatment:
        """What becomes of a letter that has arrived."""

    def takes(self, worker: Worker) -> bool:
        """Whether a worker lives to see the task that it has just been handed."""

    def hold_ms(self, x: Execution, task: Activity, attempt: int) -> int | None:
        """How long a scheduled task is kept from the workers; None for not at all."""

    def befell(self, worker: Worker, letter: Letter) -> None:
        """What was to become of this letter has come about, if it is not just delivered."""

    def timed_out(self, x: Execution, event: Event) -> None:
        """A task of an activity or a decision has timed out."""

    def refuses(self, x: Execution, decision: Attrs, number: int) -> str | None:
        """The cause for which SWF refuses a decision of the ``number``-th decision task; None if
        it is for the service to say."""

    def skew_ms(self, worker: Worker) -> int:
        """By how much a worker's clock is ahead, now that it looks at it."""

    def lag_ms(self) -> int:
        """How far behind listings are, now that somebody asks for one."""


class NoFaults:
    """Everything goes well."""

    def treat(self, worker: Worker, letter: Letter, clock: VirtualClock) -> Treatment:
        return DELIVER

    def takes(self, worker: Worker) -> bool:
        return True

    def hold_ms(self, x: Execution, task: Activity, attempt: int) -> int | None:
        return None

    def befell(self, worker: Worker, letter: Letter) -> None:
        pass

    def timed_out(self, x: Execution, event: Event) -> None:
        pass

    def refuses(self, x: Execution, decision: Attrs, number: int) -> str | None:
        return None

    def skew_ms(self, worker: Worker) -> int:
        return 0

    def lag_ms(self) -> int:
        return 0


@functools.lru_cache(maxsize=65_536)
def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


class Plan:
    """The faults of a scenario. ``steps`` and ``workers`` are the names that faults may use; with
    none given, any."""

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        steps: Iterable[str] = (),
        workers: Iterable[str] = (),
        *,
        work_s: float = 0,
    ) -> None:
        """``work_s`` is how long each activity takes before it does what it does."""
        self._work_s = work_s
        self._steps = list(steps)
        self._workers = list(workers)
        self._activity: dict[tuple[str, int], list[ActivityFault]] = {}
        self._decision: dict[int, list[DecisionFault]] = {}
        self._held: dict[tuple[str, int], tuple[ActivityFault | DecisionFault, int]] = {}
        self.strikes = Strikes()
        self.calls = Calls(self.strikes)
        self.conditions = Conditions(self.strikes)
        self._refusals = Refusals(self.strikes, _read)
        self.add(*faults)

    def know(self, steps: Iterable[str] = (), workers: Iterable[str] = ()) -> None:
        """The names of the run, once they are known. Raises ``HarnessError`` for a crash of
        somebody else."""
        self._steps = list(steps) or self._steps
        self._workers = list(workers) or self._workers
        if self._workers:
            self.calls.check_workers(self._workers)
            self.conditions.check_workers(self._workers)

    def add(self, *faults: Fault) -> None:
        """Raises ``HarnessError`` for an unknown step, or two faults at one place."""
        for fault in faults:
            match fault:
                case ActivityFault():
                    self._add_at_step(fault)
                case DecisionFault(kind="decision refused"):
                    self._refusals.add(fault)
                case DecisionFault():
                    for number in fault.decisions:
                        self._put(self._decision.setdefault(number, []), fault)
                case Crash() | CallFault() | ClockSkew() | ListingLag():
                    self._add_named(fault)
                case _:
                    raise HarnessError(f"{fault!r} is not a fault: see swfsim.faults")

    def _add_named(self, fault: Crash | CallFault | ClockSkew | ListingLag) -> None:
        if self._workers and not isinstance(fault, ListingLag):
            known(fault.worker, self._workers, "worker of this application")
        there: Fault | None
        if isinstance(fault, Crash | CallFault):
            there = self.calls.add(fault)
        else:
            there = self.conditions.add(fault)
        if there is not None:
            raise HarnessError(f"two faults at one place: {there}, and {fault}")

    def _add_at_step(self, fault: ActivityFault) -> None:
        if self._steps:
            known(fault.step, self._steps, "step of this application")
        for number in fault.attempts:
            self._put(self._activity.setdefault((fault.step, number), []), fault)

    @staticmethod
    def _put(there: list[Any], fault: ActivityFault | DecisionFault) -> None:
        if fault.only is None and any(other.only is None for other in there):
            raise HarnessError(f"two faults at one place: {there[0]}, and {fault}")
        there.append(fault)

    def check_all_struck(self) -> None:
        """Raises ``Violation`` for a fault that has not acted in this run."""
        given: list[tuple[Fault, int]] = []
        for (_, attempt), at_step in self._activity.items():
            given += [(fault, attempt) for fault in at_step]
        for decision, at_decision in self._decision.items():
            given += [(fault, decision) for fault in at_decision]
        given += [(fault, fault.nth) for fault in self.calls]
        given += [(fault, 1) for fault in self.conditions]
        given += self._refusals
        idle = [told for one in given if (told := self.strikes.complaint(*one)) is not None]
        if idle:
            raise Violation(
                "a fault that was given never came about, so the story did not test it:\n  "
                + "\n  ".join(idle)
            )

    # Which fault is here

    def _find(self, there: Iterable[Any], x: Execution, number: int) -> Any:
        given = x.started.get("input", "")
        for fault in there:
            if concerns(fault.only, x, _read):
                self.strikes.note(fault, number, Reach.ARRIVED)
                return fault
            self.strikes.pass_by(fault, number, given)
        return None

    def _at_step(self, x: Execution, step: str, attempt: int) -> ActivityFault | None:
        there = self._activity.get((step, attempt))
        return self._find(there, x, attempt) if there else None

    def _of_job(self, job: Job | None) -> ActivityFault | None:
        return self._at_step(job.x, job.step, job.attempt) if job is not None else None

    def _of_decision(self, worker: Worker) -> DecisionFault | None:
        if not self._decision or worker.deciding is None:
            return None
        x, number = worker.deciding
        there = self._decision.get(number)
        return self._find(there, x, number) if there else None

    # What befalls letters

    def treat(self, worker: Worker, letter: Letter, clock: VirtualClock) -> Treatment:
        befallen = self.calls.treat(worker, letter, clock.at)
        if befallen is not None:
            return befallen
        if letter.operation == RESPOND_DECISION:
            return self._treat_decision(worker, letter, clock)
        job = worker.process.job
        fault = self._of_job(job) if self._activity else None
        if fault is None or job is None:
            return DELIVER
        if letter.operation in RESPOND_ACTIVITY:
            return self._treat_answer(worker, letter, clock, fault, job)
        if letter.operation == "RecordActivityTaskHeartbeat" and fault.detail == "HEARTBEAT":
            return LOSE
        return DELIVER

    def befell(self, worker: Worker, letter: Letter) -> None:
        self.calls.befell(worker, letter)

    def _treat_answer(
        self, worker: Worker, letter: Letter, clock: VirtualClock, fault: ActivityFault, job: Job
    ) -> Treatment:
        match fault.kind:
            case "answer lost" if job.scheduled_id in job.x.activities:
                self.strikes.note(fault, job.attempt, Reach.ACTED)
                return LOSE
            case "answer late" if not letter.delayed:
                letter.delayed = True
                self._hold(fault, job.attempt, job.x, job.scheduled_id)
                gone = closes_at(job, clock)
                return Treatment(delay_ms=gone + A_LITTLE_MS - clock.at)
            case "worker dies" if fault.detail == "after answering":
                self.strikes.note(fault, job.attempt, Reach.ACTED)
                worker.process.restart_after_s = fault.restart_after_s
                return KILL_AFTER
        return DELIVER

    def _treat_decision(self, worker: Worker, letter: Letter, clock: VirtualClock) -> Treatment:
        fault = self._of_decision(worker)
        if fault is None or letter.delayed or worker.deciding is None:
            return DELIVER
        x, number = worker.deciding
        if fault.kind == "decision times out":
            if x.deciding is not None:
                self._hold(fault, number, x, x.deciding.scheduled_id)
            letter.delayed = True
            return Treatment(delay_ms=decision_closes_in_ms(worker, clock) + A_LITTLE_MS)
        self.strikes.note(fault, number, Reach.ACTED)
        worker.process.restart_after_s = fault.restart_after_s
        return {"before answering": KILL_BEFORE, "after answering": KILL_AFTER}.get(
            fault.detail, DELIVER
        )

    def takes(self, worker: Worker) -> bool:
        fault = self._of_decision(worker)
        if fault is None or fault.detail != "before deciding" or worker.deciding is None:
            return True
        self.strikes.note(fault, worker.deciding[1], Reach.ACTED)
        worker.process.restart_after_s = fault.restart_after_s
        return False

    def hold_ms(self, x: Execution, task: Activity, attempt: int) -> int | None:
        step = x.events.attrs[task.scheduled_id - 1]["activityType"]["name"]
        fault = self._at_step(x, step, attempt)
        if fault is None or fault.kind != "times out":
            return None
        check_can_time_out(fault, task)
        self._held[x.run_id, task.scheduled_id] = fault, attempt
        if fault.detail == "SCHEDULE_TO_START":
            self.strikes.note(fault, attempt, Reach.BEGUN)
            return task.schedule_to_start
        if fault.detail == "SCHEDULE_TO_CLOSE":
            return hold_for_schedule_to_close(fault, task)
        return None

    # What only time can bring about

    def _hold(
        self, fault: ActivityFault | DecisionFault, number: int, x: Execution, scheduled_id: int
    ) -> None:
        self._held[x.run_id, scheduled_id] = fault, number
        self.strikes.note(fault, number, Reach.BEGUN)

    def timed_out(self, x: Execution, event: Event) -> None:
        fault, number = self._held.pop((x.run_id, event.attrs["scheduledEventId"]), (None, 0))
        if fault is None:
            return
        if fault.kind != "times out" or fault.detail == event.attrs["timeoutType"]:
            self.strikes.note(fault, number, Reach.ACTED)

    # What becomes of decisions

    def refuses(self, x: Execution, decision: Attrs, number: int) -> str | None:
        return self._refusals.cause(x, decision, number)

    # What surrounds the run

    def skew_ms(self, worker: Worker) -> int:
        return self.conditions.skew_ms(worker.process.name)

    def lag_ms(self) -> int:
        return self.conditions.lag_ms()

    # What befalls activities

    def wrap(self, function: Callable[[Any], Any], clock: VirtualClock) -> Callable[[Any], Any]:
        """An activity that fails, hangs or dies when the plan says so, and else just runs."""

        def work(given: Any) -> Any:
            if self._work_s:
                time.sleep(self._work_s)
            return function(given)

        @functools.wraps(function)
        def run(given: Any) -> Any:
            worker = acting()
            job = worker.process.job if worker is not None else None
            fault = self._of_job(job)
            if worker is None or job is None or fault is None:
                return work(given)
            match fault.kind:
                case "fails" if fault.error is not None:
                    self.strikes.note(fault, job.attempt, Reach.ACTED)
                    raise fault.error.with_traceback(None)  # it may have been raised elsewhere
                case "times out":
                    self.strikes.note(fault, job.attempt, Reach.BEGUN)
                    hang(worker, clock)
                    raise TimeoutError(f"{job.step} was stuck, says the scenario")
                case "effect late":
                    self._hold(fault, job.attempt, job.x, job.scheduled_id)
                    hang(worker, clock, LONG_MS)
                case "worker dies" if fault.detail != "after answering":
                    if fault.detail == "after the effect":
                        work(given)
                    self.strikes.note(fault, job.attempt, Reach.ACTED)
                    worker.process.restart_after_s = fault.restart_after_s
                    raise WorkerKilled(worker.name)
            return work(given)

        return run
