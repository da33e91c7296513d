"""Runs that cannot move, or move without getting anywhere, told from their histories."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

from swfsim.clock import moment
from swfsim.core.closing import STATUS
from swfsim.core.fold import fold
from swfsim.core.machine import Machine
from swfsim.debug import tasks
from swfsim.debug.outcomes import attempts
from swfsim.replay.decisions import SUCCESS
from swfsim.spec import limits
from swfsim.spec.behaviour import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.core.world import Execution
    from swfsim.replay.histories import Captured

IN_A_ROW: Final = 10
"""How often in a row something has to come to nothing before it counts as going on for ever."""

_LONG: Final = 1_000
_HOUR_MS: Final = 3_600_000
_WORD: Final = "that nothing came of"


class Trouble(NamedTuple):
    """What is wrong with a run: of which kind, said in a sentence, and the event it is seen at."""

    kind: str
    said: str
    event_id: int


def troubles(captured: Captured) -> list[Trouble]:
    """Everything that is wrong with a run, open or closed."""
    found = [*_storms(captured), *_lost_decisions(captured), *_retries(captured)]
    found += _idle_timers(captured)
    if captured.events.kinds[-1] not in STATUS:
        x = _state(captured)
        found += [*_stuck(captured, x), *_waiting(captured, x), *_slope(captured, x)]
    return found


def _state(captured: Captured) -> Execution:
    """What an open run's history adds up to."""
    machine = Machine(behaviour=Behaviour())
    domain = {"name": "d", "workflowExecutionRetentionPeriodInDays": "90"}
    machine.call("RegisterDomain", domain, 0)
    found = machine.world.region("us-east-1").domain("d")
    return fold(found, captured.workflow_id or "w", captured.run_id or "r", captured.events)


def _stuck(captured: Captured, x: Execution) -> Iterator[Trouble]:
    under_way = (x.queued, x.deciding, x.activities, x.timers, x.children, x.externals, x.lambdas)
    if not any(under_way):
        end = f"its time-out at {moment(x.due):%Y-%m-%d %H:%M}Z" if x.due else "its time-out"
        yield Trouble(
            "stuck",
            f"nothing is pending that could move it: only a signal, a cancel request or {end} will",
            len(captured.events),
        )


def _waiting(captured: Captured, x: Execution) -> Iterator[Trouble]:
    """What may be waited for until the run itself times out."""
    for task in x.activities.values():
        unlimited = task.schedule_to_close is None and (
            task.start_to_close is None and task.heartbeat is None
            if task.started_id
            else task.schedule_to_start is None
        )
        if unlimited:
            what = "answered" if task.started_id else "taken by a worker"
            said = f"activity {task.id} has no time-out in which it must be {what}"
            yield Trouble("no time-out", said, task.scheduled_id)
    usual, task_list = x.started["taskList"]["name"], x.queued.list_name if x.queued else ""
    if x.queued and not x.deciding and task_list != usual and x.queued.schedule_to_start is None:
        said = (
            f"the decision task waits in the task list {task_list}, not in {usual}, and has no "
            "time-out in which it must be taken: it waits for ever if nobody polls there"
        )
        yield Trouble("no time-out", said, x.queued.scheduled_id)
    for name, timer in x.timers.items():
        if x.due is not None and timer.due > x.due:
            said = f"timer {name} fires only after the run has timed out"
            yield Trouble("timer too late", said, timer.started_id)
    if len(x.timers) >= limits.OPEN_TIMERS_MAX // 2:
        said = f"{len(x.timers):,} timers are open, of {limits.OPEN_TIMERS_MAX:,} that may be"
        yield Trouble("timers leaked", said, max(one.started_id for one in x.timers.values()))


def _slope(captured: Captured, x: Execution) -> Iterator[Trouble]:
    """Whether the history grows towards its limit faster than its time runs out."""
    count = len(captured.events)
    if count < _LONG or not captured.timed:
        return
    instants = captured.events.instants
    since = instants[count // 2]
    hours = max(instants[-1] - since, 1) / _HOUR_MS
    rate = (count - 1 - count // 2) / hours
    reached = instants[-1] + (limits.EVENTS_MAX - count) / rate * _HOUR_MS
    if x.due is not None and reached < x.due:
        said = (
            f"{count:,} events, {rate:,.0f} more an hour: it reaches the limit of "
            f"{limits.EVENTS_MAX:,} at {moment(int(reached)):%Y-%m-%d %H:%M}Z and is terminated"
        )
        yield Trouble("runaway", said, count)


def _runs_of(captured: Captured, idle: bool) -> Iterator[list[tasks.Task]]:
    """Decision tasks in a row that decided nothing (``idle``), or timed out."""

    def belongs(task: tasks.Task) -> bool:
        if task.completed_id is None:
            return not idle
        return idle and not any(one.kind in SUCCESS for one in task.decided)

    for wanted, row in itertools.groupby(tasks.of(captured), belongs):
        found = list(row)
        if wanted and len(found) >= IN_A_ROW:
            yield found


def _storms(captured: Captured) -> Iterator[Trouble]:
    for row in _runs_of(captured, idle=True):
        said = f"a decision storm: {len(row):,} decision tasks in a row {_WORD}"
        causes = {one.attrs["cause"] for task in row for one in task.decided}
        said += f", refused with {', '.join(sorted(causes))}" if causes else ""
        yield Trouble("decision storm", said, row[0].started_id)


def _lost_decisions(captured: Captured) -> Iterator[Trouble]:
    for row in _runs_of(captured, idle=False):
        said = f"{len(row):,} decision tasks in a row were taken and never answered"
        yield Trouble("decider fails", said, row[0].started_id)


def _retries(captured: Captured) -> Iterator[Trouble]:
    """Activities that fail over and over."""
    by_name: dict[str, list[int]] = {}
    for one in attempts(captured.events):
        row = by_name.setdefault(one.name, [])
        if one.kind == "ActivityTaskCompleted":
            row.clear()
        elif one.kind:
            row.append(one.scheduled_id)
            if len(row) == IN_A_ROW:
                said = f"{one.name} failed {IN_A_ROW} times in a row and is tried on"
                yield Trouble("retries without end", said, row[0])


def _idle_timers(captured: Captured) -> Iterator[Trouble]:
    """Timers that fire and move nothing: nobody waits for them any more."""
    idle = []
    for task in tasks.of(captured):
        new = [one for one in tasks.news(captured, task) if one.kind == "TimerFired"]
        if task.answered and not task.decided and new:
            idle += new
    if len(idle) >= IN_A_ROW:
        said = f"timers leaked: {len(idle):,} fired {_WORD}"
        yield Trouble("timers leaked", said, idle[0].id)
