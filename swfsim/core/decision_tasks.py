"""Decision tasks: none → queued → started → completed or timed out.

PollForDecisionTask           DecisionTaskStarted
RespondDecisionTaskCompleted  DecisionTaskCompleted, then the decisions in order (``machine``)
(reaction)                    DecisionTaskScheduled
(time)                        DecisionTaskTimedOut  START_TO_CLOSE, SCHEDULE_TO_START

The law of depth one: an execution has at most one started and one queued task. News that arrives
while a task is queued changes nothing, since the queued task will show it; news while one is
started queues the next at once, and that one becomes takeable when the running one ends.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from swfsim.core import pages, tokens
from swfsim.core.events import Parked
from swfsim.core.world import DecisionTask, duration_ms
from swfsim.spec import faults

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Domain, Execution, Recorder, Region

OPERATION = "PollForDecisionTask"


# Operations


def poll(m: Recorder, region: Region, asked: Attrs) -> Attrs | Parked:
    """The next task with its first page of history; with a page token, that task's next page."""
    domain = region.domain(asked["domain"])
    where = pages.position(domain.region, OPERATION, asked)
    if where is not None:
        return _next_page(domain, asked, where)
    waiting = domain.decision_list(asked["taskList"]["name"])
    task: DecisionTask | None = waiting.take()
    if task is None:
        waiting.check_pollers(domain.world.behaviour.quotas.pollers)
        return Parked(waiting, {"startedEventId": 0, "previousStartedEventId": 0})
    x = task.x
    told = {"scheduledEventId": task.scheduled_id}
    if "identity" in asked:
        told["identity"] = asked["identity"]
    last = m.record(x, "DecisionTaskStarted", told).id
    if not x.open:  # that was one event too many
        return poll(m, region, asked)
    first = _first_shown(x) if asked.get("startAtPreviousStartedEvent") else 0
    return _page(x, asked, first, last, last, x.previous_started_id, task.scheduled_id)


def _first_shown(x: Execution) -> int:
    """For startAtPreviousStartedEvent: the first event of the previous start's instant."""
    if not x.previous_started_id:
        return 0
    instants = x.events.instants
    return bisect_left(instants, instants[x.previous_started_id - 1])


def _page(
    x: Execution, asked: Attrs, first: int, last: int, started: int, previous: int, scheduled: int
) -> Attrs:
    """Events ``first`` (from 0) to ``last`` of the task; later news never enters its pages."""
    events, on = pages.cut(x, first, last, asked)
    answer = {
        "taskToken": _token(x, scheduled, started),
        "startedEventId": started,
        "previousStartedEventId": previous,
        "workflowExecution": x.key,
        "workflowType": x.started["workflowType"],
        "events": events,
    }
    if on is not None:
        left = (first, on) if events.reverse else (on, last)
        rest = (*left, started, previous, scheduled)
        answer["nextPageToken"] = pages.seal(
            x.domain.region, OPERATION, asked, x.run_id, *(str(number) for number in rest)
        )
    return answer


def _next_page(domain: Domain, asked: Attrs, where: list[str]) -> Attrs:
    run_id, *numbers = where
    x = domain.runs.get(run_id)
    if x is None:
        raise faults.invalid_token()
    return _page(x, asked, *(int(number) for number in numbers))


def _token(x: Execution, scheduled: int, started: int) -> str:
    region = x.domain.region
    kind = f"decision {region.name}"
    return tokens.seal(
        region.world.seal, kind, x.run_id, str(scheduled), str(started), x.workflow_id
    )


def holder(region: Region, token: str) -> Execution:
    """The execution whose running decision task this token answers, or the service's fault."""
    kind, run_id, scheduled, started, workflow_id = (
        *tokens.unseal(region.world.seal, token),
        *("",) * 5,
    )[:5]
    if kind != f"decision {region.name}":
        raise faults.invalid_token()
    x = region.world.runs.get(run_id)
    if x is None or not x.open:
        raise faults.unknown_execution(workflow_id, run_id)
    if x.deciding is None or x.deciding.started_id != int(started):
        raise faults.unknown_decision_task(int(scheduled))
    return x


def complete(m: Recorder, x: Execution, asked: Attrs) -> Event:
    """Record the completion; the decisions are the machine's business."""
    task = x.deciding
    assert task is not None, "holder() has found a running task"
    told: Attrs = {"scheduledEventId": task.scheduled_id, "startedEventId": task.started_id}
    if "executionContext" in asked:
        told["executionContext"] = asked["executionContext"]
    if "taskList" in asked:  # a schedule-to-start without a list has no meaning, and is ignored
        told["taskList"] = asked["taskList"]
        if "taskListScheduleToStartTimeout" in asked:
            told["taskListScheduleToStartTimeout"] = asked["taskListScheduleToStartTimeout"]
    return m.record(x, "DecisionTaskCompleted", told)


def count_pending(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    """A task that is queued behind a running one is scheduled and not started, so it counts."""
    waiting = region.domain(asked["domain"]).decision_lists.get(asked["taskList"]["name"])
    return {"count": 0 if waiting is None else waiting.scheduled, "truncated": False}


# Reactions


def schedule(m: Recorder, x: Execution) -> None:
    """Queue a decision task, unless one is queued or the run has closed."""
    if x.queued is not None or not x.open:
        return
    settings, limit = x.started, None
    told: Attrs = {"taskList": settings["taskList"]}
    if x.override is not None:
        name, limit = x.override
        told["taskList"] = {"name": name}
    if limit is not None or x.domain.world.behaviour.decision_schedule_to_start:
        told["scheduleToStartTimeout"] = limit or "NONE"
    if "taskStartToCloseTimeout" in settings:
        told["startToCloseTimeout"] = settings["taskStartToCloseTimeout"]
    if "taskPriority" in settings:
        told["taskPriority"] = settings["taskPriority"]
    m.record(x, "DecisionTaskScheduled", told)


# Time


def due(x: Execution, started_id: int) -> int | None:
    task = x.deciding
    if task is None or task.started_id != started_id or not x.open:
        return None
    return None if task.start_to_close is None else task.started_at + task.start_to_close


def time_out(m: Recorder, x: Execution, started_id: int) -> None:
    task = x.deciding
    assert task is not None, "due() has found a running task"
    _record_time_out(m, x, "START_TO_CLOSE", task)


def due_to_start(x: Execution, scheduled_id: int) -> int | None:
    """The clock runs while the task lies in its list, not while it stands behind a running one."""
    task = x.queued
    if task is None or task.scheduled_id != scheduled_id or x.deciding is not None or not x.open:
        return None
    limit = task.schedule_to_start
    return None if limit is None else task.listed_at + limit


def time_out_to_start(m: Recorder, x: Execution, scheduled_id: int) -> None:
    task = x.queued
    assert task is not None, "due_to_start() has found a queued task"
    _record_time_out(m, x, "SCHEDULE_TO_START", task)


def _record_time_out(m: Recorder, x: Execution, kind: str, task: DecisionTask) -> None:
    m.record(
        x,
        "DecisionTaskTimedOut",
        {
            "timeoutType": kind,
            "scheduledEventId": task.scheduled_id,
            "startedEventId": task.started_id,
        },
    )


# Effects


def scheduled(x: Execution, e: Event) -> None:
    attrs = e.attrs
    task = x.queued = DecisionTask(
        x,
        e.id,
        e.at,
        attrs["taskList"]["name"],
        int(attrs.get("taskPriority", 0)),
        duration_ms(attrs.get("startToCloseTimeout")),
        duration_ms(attrs.get("scheduleToStartTimeout")),
    )
    if x.deciding is None:
        _list(x, task, e.at)
    else:
        x.domain.decision_list(task.list_name).hold(task)


def _list(x: Execution, task: DecisionTask, at: int) -> None:
    """From now on a poll can take the task."""
    task.listed_at = at
    x.domain.decision_list(task.list_name).add(task, task.priority)
    if task.schedule_to_start is not None:
        due = at + task.schedule_to_start
        x.domain.world.deadlines.push(due, "decision task to start", x, task.scheduled_id)


def started(x: Execution, e: Event) -> None:
    task = x.queued
    assert task is not None, "only a queued task can start"
    x.domain.decision_list(task.list_name).remove(task)
    x.queued = None
    x.deciding = task
    task.started_id = e.id
    task.started_at = e.at
    if task.start_to_close is not None:
        x.domain.world.deadlines.push(e.at + task.start_to_close, "decision task", x, e.id)


def completed(x: Execution, e: Event) -> None:
    x.previous_started_id = e.attrs["startedEventId"]
    x.context = e.attrs.get("executionContext", x.context)
    if "taskList" in e.attrs:
        limit = e.attrs.get("taskListScheduleToStartTimeout")
        x.override = (e.attrs["taskList"]["name"], None if limit == "NONE" else limit)
    _free(x, e.at)


def timed_out(x: Execution, e: Event) -> None:
    """An override of the task list with a time limit ends with the first time-out."""
    if x.override is not None and x.override[1] is not None:
        x.override = None
    if e.attrs["timeoutType"] == "SCHEDULE_TO_START":
        task = x.queued
        assert task is not None, "only a queued task can miss its start"
        x.domain.decision_list(task.list_name).remove(task)
        x.queued = None
    else:
        _free(x, e.at)


def _free(x: Execution, at: int) -> None:
    """The running task has ended: the queued one, if any, can be taken from now on."""
    x.deciding = None
    if x.queued is not None:
        _list(x, x.queued, at)
