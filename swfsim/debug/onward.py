"""A captured history that goes on in simulation: loaded by the same fold, with what came from
outside coming again at its time.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from swfsim.core.events import only
from swfsim.core.fold import fold
from swfsim.core.world import Child, External
from swfsim.debug import surgery, tasks
from swfsim.debug.outcomes import Attempt, Pool
from swfsim.env import Env
from swfsim.errors import HarnessError
from swfsim.replay.stimuli import WHERE
from swfsim.sim.plan import Plan
from swfsim.sim.workers import Sleep, current
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Activity, Domain, Execution, Lambda
    from swfsim.replay.histories import Captured

_BEFORE_MS: Final = 86_400_000
_UNTOLD: Final = {"parentInitiatedEventId": 0}
"""Of the start of a run, what some tools leave out."""
_REGION: Final = "us-east-1"
OUTSIDE: Final = {
    "WorkflowExecutionSignaled": ("SignalWorkflowExecution", ("signalName", "input")),
    "WorkflowExecutionCancelRequested": ("RequestCancelWorkflowExecution", ()),
    "WorkflowExecutionTerminated": ("TerminateWorkflowExecution", ("reason", "details")),
}
"""What somebody outside did → the call behind it, and what the event keeps of its arguments."""


def undecided(captured: Captured, last: int) -> Captured:
    """The history up to this event; a decision task that is not over by then is not yet taken.

    Raises ``HarnessError`` where nothing can follow.
    """
    if "DecisionTaskScheduled" in captured.events.kinds[:3]:
        last = max(last, 1 + captured.events.kinds.index("DecisionTaskScheduled"))  # of the start
    prefix = surgery.until(captured, last)
    dropped: set[int] = set()
    for task in tasks.of(captured)[::-1]:
        if task.started_id > last:
            continue
        end = task.completed_id
        if end is not None and last < end + len(task.decided):
            dropped = {task.started_id, *range(end, last + 1)}
        elif end is None and not any(
            event.attrs.get("startedEventId") == task.started_id
            for event in prefix.events[task.started_id :]
        ):
            dropped = {task.started_id}
        break
    cut = surgery.without(prefix, dropped)  # with the decision task that its last event calls for
    if cut is None:
        raise HarnessError(f"{captured.source} cannot be taken up at event {last}")
    return cut


class Recorded(Plan):
    """Faults that strike nobody: a plan that keeps activities from the workers whose outcome is
    known, and lets that outcome come."""

    def __init__(self, onward: Onward) -> None:
        super().__init__()
        self._onward = onward

    def hold_ms(self, x: Execution, task: Activity, attempt: int) -> int | None:
        scheduled = x.events.attrs[task.scheduled_id - 1]
        pool = self._onward.pool
        known = pool.take(scheduled["activityType"]["name"], scheduled.get("input"))
        if known is not None:
            self._onward.deliver(x, task, known)
        return None


class Onward:
    """One run that goes on. ``pool`` holds the outcomes that come again."""

    def __init__(self, captured: Captured) -> None:
        if not captured.timed:
            raise HarnessError(
                f"{captured.source} tells no times, and no simulation can go on from it"
            )
        self.captured = captured
        self.pool = Pool([])
        start = max(0, captured.events.instants[0] - _BEFORE_MS)
        self.env = Env.sim(start=start / 1000, plan=Recorded(self), limit_steps=200_000)
        self._machine = self.env.service.machine
        self._ids = (captured.workflow_id or "captured", captured.run_id or "captured")

    # Loading

    def domain(self) -> Domain:
        """The domain whose types are those of the history. Raises ``HarnessError``."""
        kind = self.captured.events.attrs[0]["workflowType"]
        for domain in self._machine.world.region(_REGION).domains.values():
            if (kind["name"], kind["version"]) in domain.workflow_types:
                return domain
        raise HarnessError(
            f"the application registers no workflow type {kind['name']!r} in version "
            f"{kind['version']!r}, of which {self.captured.source} is a history"
        )

    def load(self, prefix: Captured) -> Execution:
        """The execution with this history, at its last instant."""
        first = prefix.events[0]
        whole = first._replace(attrs=_UNTOLD | first.attrs)
        x = fold(self.domain(), *self._ids, surgery.edited(prefix, [whole]).events)
        if not x.open:
            raise HarnessError(
                f"{prefix.source}: event {len(prefix.events)} has closed the run, and nothing can "
                "follow: give an earlier event"
            )
        self.env.simulation.know(x)
        return x

    def move_to(self, at: int) -> None:
        """Let virtual time pass up to an instant in milliseconds."""
        left = at - self.env.now_ms()
        if left > 0:
            self.env.run(for_s=left / 1000)

    def do_again(self, prefix: Captured, attempt: Attempt) -> None:
        """Let the application's worker do one activity once more, for what it does outside."""
        x = fold(self.domain(), *self._ids, surgery.until(prefix, attempt.scheduled_id).events)
        for task in list(x.activities.values()):
            if task.scheduled_id != attempt.scheduled_id:
                x.domain.activity_list(task.list_name).remove(task)
        self._forget_decisions(x)
        for under_way in (x.timers, x.children, x.externals, x.lambdas):
            under_way.clear()  # nothing but this activity
        self.env.simulation.know(x)
        self.env.run(until=lambda: attempt.scheduled_id not in x.activities)
        self._forget_decisions(x)
        x.open, x.close_status = False, "TERMINATED"  # out of the world again: the real run follows
        x.activities.clear()
        world = self._machine.world
        for known, key in (
            (x.domain.open, x.workflow_id),
            (x.domain.runs, x.run_id),
            (world.runs, x.run_id),
        ):
            known.pop(key, None)

    def _forget_decisions(self, x: Execution) -> None:
        for task in (x.queued, x.deciding):
            if task is not None:
                x.domain.decision_list(task.list_name).remove(task)

    # What comes again

    def outside(self, x: Execution, events: Iterable[Event], since: int) -> None:
        """Signals, cancel requests and terminations come again, so long after the instant
        ``since`` as they did."""
        for event in events:
            call = OUTSIDE.get(event.kind)
            if call is None or event.attrs.get("externalInitiatedEventId"):
                continue
            if event.attrs.get("cause") in (None, "OPERATOR_INITIATED"):
                told = only(event.attrs, *call[1])
                later = partial(self.ask, x, call[0], told)
                self.env.add("operator", later, after_s=(event.at - since) / 1000)

    def elsewhere(self, x: Execution, events: Iterable[Event], since: int) -> None:
        """What is under way outside of the run comes to its recorded end, so long after ``since``
        as it did: children, signals and cancels to others, Lambda functions."""
        for event in events:
            place = WHERE.get(event.kind)
            begun = event.attrs.get("initiatedEventId") or event.attrs.get("scheduledEventId")
            found = getattr(x, place).get(begun) if place is not None else None
            if found is None:
                continue
            if isinstance(found, Child | External):
                found.done = True  # nothing of this world starts the one, or delivers the other
            if event.kind == "LambdaFunctionStarted":
                self._happens(
                    x, event, found
                )  # in the same breath, before a function is looked for
                continue
            later = partial(self._happens, x, event, found)
            self.env.add("recorded", later, after_s=(event.at - since) / 1000)

    def _happens(self, x: Execution, event: Event, found: Child | External | Lambda) -> None:
        under_way = getattr(x, WHERE[event.kind])
        if not x.open or found not in under_way.values():
            return
        told = dict(event.attrs)
        if "startedEventId" in told:
            told["startedEventId"] = getattr(found, "started_id", 0)
        machine = self._machine
        machine.expire(self.env.now_ms())
        machine.record(x, event.kind, told)
        machine.settle()

    def ask(self, x: Execution, operation: str, told: Attrs) -> None:
        """Somebody outside makes a call about this workflow id now. Raises nothing: when the run
        is closed, whoever asks is told so."""
        self.ask_quietly(operation, {"domain": x.domain.name, "workflowId": x.workflow_id, **told})

    def ask_quietly(self, operation: str, asked: Attrs) -> None:
        """A call whose refusal is nobody's business."""
        with contextlib.suppress(Fault):
            self.env.service.ask(operation, asked, _REGION)

    def deliver(self, x: Execution, task: Activity, known: Attempt) -> None:
        """Keep a task from the workers, and let its known outcome come."""
        x.domain.activity_list(task.list_name).remove(task)
        self.env.add("recorded", partial(self._deliver, x, task, known))

    def _deliver(self, x: Execution, task: Activity, known: Attempt) -> None:
        if known.started_id and not task.started_id:
            _sleep_until(task.scheduled_at + known.waits_ms)
            self._record(x, task, "ActivityTaskStarted", {})
        if known.kind in ("", "ActivityTaskTimedOut"):
            return  # its time-outs come by themselves
        _sleep_until((task.started_at or task.scheduled_at + known.waits_ms) + known.takes_ms)
        self._record(x, task, known.kind, {**known.attrs, "startedEventId": task.started_id})

    def _record(self, x: Execution, task: Activity, kind: str, told: Attrs) -> None:
        if not x.open or x.activities.get(task.scheduled_id) is not task:
            return
        if kind == "ActivityTaskCanceled":
            if not task.cancel_id:
                return  # nobody asked it to this time: it goes on until it times out
            told = {**told, "latestCancelRequestedEventId": task.cancel_id}
        machine = self._machine
        machine.expire(self.env.now_ms())
        machine.record(x, kind, {**told, "scheduledEventId": task.scheduled_id})
        machine.settle()

    # Going on

    def run(self, enough: Callable[[], bool] = lambda: False) -> str | None:
        """Go on until every run is closed, or ``enough``; why that never happens, or None."""
        env = self.env
        try:
            env.run(until=lambda: enough() or all(not x.open for x in env.executions()))
        except HarnessError as error:
            return f"it never ends: {error}"
        if any(x.open for x in env.executions()):
            return "it is stuck: nothing that is left could move it"
        return None


def _sleep_until(at: int) -> None:
    worker: Any = current()
    worker.ask(Sleep(at))
