"""Activity tasks.

ScheduleActivityTask          ActivityTaskScheduled | ScheduleActivityTaskFailed
RequestCancelActivityTask     ActivityTaskCancelRequested | RequestCancelActivityTaskFailed
PollForActivityTask           ActivityTaskStarted
RespondActivityTaskCompleted  ActivityTaskCompleted
RespondActivityTaskFailed     ActivityTaskFailed
RespondActivityTaskCanceled   ActivityTaskCanceled   (also unasked)
RecordActivityTaskHeartbeat   no event
(time)                        ActivityTaskTimedOut   START_TO_CLOSE, SCHEDULE_TO_START, HEARTBEAT,
                                                     SCHEDULE_TO_CLOSE
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swfsim.core import rates, tokens
from swfsim.core.events import Outcome, Parked, happened, only, refused
from swfsim.core.runs import undefined_cause
from swfsim.core.world import DEPRECATED, Activity, duration_ms
from swfsim.spec import faults

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution, Recorder, Region, Type

DEFAULTS: Final = {
    "taskList": "defaultTaskList",
    "scheduleToStartTimeout": "defaultTaskScheduleToStartTimeout",
    "scheduleToCloseTimeout": "defaultTaskScheduleToCloseTimeout",
    "startToCloseTimeout": "defaultTaskStartToCloseTimeout",
    "heartbeatTimeout": "defaultTaskHeartbeatTimeout",
}
"""Settings that every task needs with the type's default for each, in the order of the checks."""

_SETTINGS: Final = (*DEFAULTS.items(), ("taskPriority", "defaultTaskPriority"))


# Decisions


def schedule(x: Execution, asked: Attrs) -> Outcome:
    name = asked["activityType"]
    kind = x.domain.type_of(x.domain.activity_types, name)
    if kind is None:
        return refused("ACTIVITY_TYPE_DOES_NOT_EXIST")
    if kind.status == DEPRECATED:
        return refused("ACTIVITY_TYPE_DEPRECATED")
    if asked["activityId"] in x.activity_ids:
        return refused("ACTIVITY_ID_ALREADY_IN_USE")
    behaviour = x.domain.world.behaviour
    settings = _settings(kind, asked)
    missing = [member for member in DEFAULTS if member not in settings]
    if missing and (missing != ["heartbeatTimeout"] or behaviour.heartbeat_mandatory):
        return refused(undefined_cause(missing[0]))
    if len(x.activities) >= behaviour.quotas.open_activities:
        return refused("OPEN_ACTIVITIES_LIMIT_EXCEEDED")
    if not rates.allows_activity(x, settings["taskList"]["name"]):
        return refused("ACTIVITY_CREATION_RATE_EXCEEDED")
    return happened("ActivityTaskScheduled", **settings)


def _settings(kind: Type, asked: Attrs) -> Attrs:
    """A task's settings, from what was asked and else the type."""
    settings: Attrs = {}
    for member, default in _SETTINGS:
        if member in asked:
            settings[member] = asked[member]
        elif default in kind.defaults:
            settings[member] = kind.defaults[default]
    return settings


def request_cancel(x: Execution, asked: Attrs) -> Outcome:
    if asked["activityId"] not in x.activity_ids:
        return refused("ACTIVITY_ID_UNKNOWN")
    return happened("ActivityTaskCancelRequested")


# Operations


def poll(m: Recorder, region: Region, asked: Attrs) -> Attrs | Parked:
    domain = region.domain(asked["domain"])
    waiting = domain.activity_list(asked["taskList"]["name"])
    task: Activity | None = waiting.take()
    if task is None:
        waiting.check_pollers(domain.world.behaviour.quotas.pollers)
        return Parked(waiting, {"startedEventId": 0})
    x = task.x
    told = {"scheduledEventId": task.scheduled_id}
    if "identity" in asked:
        told["identity"] = asked["identity"]
    m.record(x, "ActivityTaskStarted", told)
    if not x.open:  # that was one event too many
        return poll(m, region, asked)
    scheduled = x.events.attrs[task.scheduled_id - 1]
    answer = {
        "taskToken": _token(x, task),
        "activityId": task.id,
        "startedEventId": task.started_id,
        "workflowExecution": x.key,
        "activityType": scheduled["activityType"],
    }
    if "input" in scheduled:
        answer["input"] = scheduled["input"]
    return answer


def _token(x: Execution, task: Activity) -> str:
    region = x.domain.region
    kind = f"activity {region.name}"
    return tokens.seal(region.world.seal, kind, x.run_id, str(task.scheduled_id), x.workflow_id)


def _holder(region: Region, token: str) -> tuple[Execution, Activity]:
    """The open task of a token, or the service's fault."""
    kind, run_id, scheduled, workflow_id = (
        *tokens.unseal(region.world.seal, token),
        *("",) * 4,
    )[:4]
    if kind != f"activity {region.name}":
        raise faults.invalid_token()
    x = region.world.runs.get(run_id)
    if x is None or not x.open:
        raise faults.unknown_execution(workflow_id, run_id)
    task = x.activities.get(int(scheduled))
    if task is None:
        raise faults.unknown_activity(int(scheduled))
    return x, task


def _respond(m: Recorder, region: Region, asked: Attrs, kind: str) -> Attrs:
    x, task = _holder(region, asked["taskToken"])
    told = only(asked, "result", "reason", "details")
    told |= {"scheduledEventId": task.scheduled_id, "startedEventId": task.started_id}
    if kind == "ActivityTaskCanceled" and task.cancel_id:
        told["latestCancelRequestedEventId"] = task.cancel_id
    m.record(x, kind, told)
    return {}


def complete(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    return _respond(m, region, asked, "ActivityTaskCompleted")


def fail(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    return _respond(m, region, asked, "ActivityTaskFailed")


def cancel(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    return _respond(m, region, asked, "ActivityTaskCanceled")


def heartbeat(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    """Restarts the heartbeat clock; a beat without details keeps the last ones."""
    x, task = _holder(region, asked["taskToken"])
    rates.take_call(x, "RecordActivityTaskHeartbeat")
    task.beaten_at = region.world.now
    task.details = asked.get("details", task.details)
    return {"cancelRequested": task.cancel_id > 0}


def count_pending(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    lists = region.domain(asked["domain"]).activity_lists
    waiting = lists.get(asked["taskList"]["name"], ())
    return {"count": len(waiting), "truncated": False}


# Reactions


def cancel_unstarted(m: Recorder, x: Execution, e: Event) -> None:
    """A task that no worker has taken is cancelled by the service itself."""
    task = x.activity_ids.get(e.attrs["activityId"])
    if task is not None and not task.started_id and x.open:
        m.record(
            x,
            "ActivityTaskCanceled",
            {
                "scheduledEventId": task.scheduled_id,
                "startedEventId": 0,
                "latestCancelRequestedEventId": task.cancel_id,
            },
        )


# Time


def dues(task: Activity) -> list[tuple[int, int, str]]:
    """The time-outs that run now: (due, order among equals, type)."""
    running = []
    if task.started_id:
        if task.start_to_close is not None:
            running.append((task.started_at + task.start_to_close, 0, "START_TO_CLOSE"))
        if task.heartbeat is not None:
            running.append((task.beaten_at + task.heartbeat, 2, "HEARTBEAT"))
    elif task.schedule_to_start is not None:
        running.append((task.scheduled_at + task.schedule_to_start, 1, "SCHEDULE_TO_START"))
    if task.schedule_to_close is not None:
        running.append((task.scheduled_at + task.schedule_to_close, 3, "SCHEDULE_TO_CLOSE"))
    return running


def due(x: Execution, scheduled_id: int) -> int | None:
    task = x.activities.get(scheduled_id)
    if task is None or not x.open:
        return None
    running = dues(task)
    return min(running)[0] if running else None


def time_out(m: Recorder, x: Execution, scheduled_id: int) -> None:
    task = x.activities[scheduled_id]
    _, _, kind = min(dues(task))
    told = {
        "timeoutType": kind,
        "scheduledEventId": scheduled_id,
        "startedEventId": task.started_id,
    }
    if task.details is not None:
        told["details"] = task.details
    m.record(x, "ActivityTaskTimedOut", told)


# Effects


def scheduled(x: Execution, e: Event) -> None:
    attrs = e.attrs
    task = Activity(
        x,
        attrs["activityId"],
        e.id,
        e.at,
        attrs["taskList"]["name"],
        int(attrs.get("taskPriority", 0)),
        duration_ms(attrs.get("scheduleToStartTimeout")),
        duration_ms(attrs.get("scheduleToCloseTimeout")),
        duration_ms(attrs.get("startToCloseTimeout")),
        duration_ms(attrs.get("heartbeatTimeout")),
    )
    x.activities[e.id] = task
    x.activity_ids[task.id] = task
    x.domain.activity_list(task.list_name).add(task, task.priority)
    _watch(x, task)


def started(x: Execution, e: Event) -> None:
    task = x.activities[e.attrs["scheduledEventId"]]
    x.domain.activity_list(task.list_name).remove(task)
    task.started_id = e.id
    task.started_at = task.beaten_at = e.at
    x.latest_activity_at = e.at
    _watch(x, task)


def _watch(x: Execution, task: Activity) -> None:
    running = dues(task)
    if running:
        x.domain.world.deadlines.push(min(running)[0], "activity", x, task.scheduled_id)


def cancel_requested(x: Execution, e: Event) -> None:
    x.activity_ids[e.attrs["activityId"]].cancel_id = e.id


def ended(x: Execution, e: Event) -> None:
    task = x.activities.pop(e.attrs["scheduledEventId"])
    del x.activity_ids[task.id]
    if task.started_id:
        x.latest_activity_at = e.at
    else:
        x.domain.activity_list(task.list_name).remove(task)
