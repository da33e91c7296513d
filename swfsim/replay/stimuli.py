"""Stimuli: what came from outside of SWF, by the event that shows it.

Each function brings one captured event about on the stage, through the API call behind it where
there was one, and says why it cannot if it cannot.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from swfsim.core import activities, runs
from swfsim.core.events import Event, Parked, only
from swfsim.core.tables import DEADLINES
from swfsim.replay import decisions
from swfsim.replay.histories import UNTIMED
from swfsim.replay.stage import DOMAIN, OWN_CAUSES, Scene
from swfsim.spec import model

if TYPE_CHECKING:
    from swfsim.core.events import Attrs
    from swfsim.core.world import Activity, Execution

LATE_MS: Final = 5_000
"""How long after its due time a time-out may come; 1 to 12 ms are usual on the service."""


class Impossible(Exception):  # noqa: N818 - said of a stimulus
    """The stimulus makes no sense in the state that the machine is in."""


_CHILD: Final = "StartChildWorkflowExecutionInitiated"
_SIGNAL: Final = "SignalExternalWorkflowExecutionInitiated"
_CANCEL: Final = "RequestCancelExternalWorkflowExecutionInitiated"
_LAMBDA: Final = "LambdaFunctionScheduled"

_UNDER_WAY: Final = {
    _CHILD: "children",
    _SIGNAL: "externals",
    _CANCEL: "externals",
    _LAMBDA: "lambdas",
}
"""The event that begins something outside of the run → where the run keeps it till it ends."""

BEGUN_BY: Final = {
    **{kind: _CHILD for kind in model.EVENTS if kind.startswith("ChildWorkflowExecution")},
    "StartChildWorkflowExecutionFailed": _CHILD,
    "ExternalWorkflowExecutionSignaled": _SIGNAL,
    "SignalExternalWorkflowExecutionFailed": _SIGNAL,
    "ExternalWorkflowExecutionCancelRequested": _CANCEL,
    "RequestCancelExternalWorkflowExecutionFailed": _CANCEL,
    "LambdaFunctionStarted": _LAMBDA,
    "LambdaFunctionCompleted": _LAMBDA,
    "LambdaFunctionFailed": _LAMBDA,
    "StartLambdaFunctionFailed": _LAMBDA,
}
"""What comes from outside of the run → the event that began it."""

WHERE: Final = {kind: _UNDER_WAY[begins] for kind, begins in BEGUN_BY.items()}
"""What comes from outside of the run → where the run keeps what it is about."""


# Stimuli: what came from outside, by the event that shows it


def _start(scene: Scene, event: Event) -> str | None:
    captured = scene.captured
    settings = {k: v for k, v in event.attrs.items() if k != "workflowType"}
    if "parentWorkflowExecution" not in settings:
        settings.pop("parentInitiatedEventId", None)
    scene.x = runs.begin(
        scene.machine,
        scene.domain,
        captured.workflow_id or "captured",
        event.attrs["workflowType"],
        settings,
        captured.run_id,
    )
    return None


def _run(scene: Scene) -> Execution:
    if scene.x is None:
        raise Impossible("no execution was started before")
    return scene.x


def _start_deciding(scene: Scene, event: Event) -> str | None:
    x = _run(scene)
    if x.queued is None or x.deciding is not None:
        return "no decision task is waiting to be taken"
    answer = scene.call(
        "PollForDecisionTask",
        domain=DOMAIN,
        taskList={"name": x.queued.list_name},
        **only(event.attrs, "identity"),
    )
    if not isinstance(answer, Parked):  # its start was not one event too many
        scene.decision_token = answer["taskToken"]
    return None


def _decide(scene: Scene, event: Event) -> str | None:
    x = _run(scene)
    if x.deciding is None:
        return "no decision task is running"
    left = decisions.behind(scene.events, event.id)
    scene.machine.forced = [
        cause if (cause := one.attrs.get("cause")) not in OWN_CAUSES else None for one in left
    ]
    for one in left:
        if "newExecutionRunId" in one.attrs:
            scene.machine.world.next_run_ids.append(one.attrs["newExecutionRunId"])
    context = only(event.attrs, "executionContext", "taskList", "taskListScheduleToStartTimeout")
    scene.call(
        "RespondDecisionTaskCompleted",
        taskToken=scene.decision_token,
        decisions=[decisions.acceptable(decisions.decision(one)) for one in left],
        **context,
    )
    return None


def _start_working(scene: Scene, event: Event) -> str | None:
    x = _run(scene)
    task = x.activities.get(event.attrs["scheduledEventId"])
    if task is None or task.started_id:
        return "no such activity task is waiting to be taken"
    scene.domain.activity_list(task.list_name).put_first(task)
    answer = scene.call(
        "PollForActivityTask",
        domain=DOMAIN,
        taskList={"name": task.list_name},
        **only(event.attrs, "identity"),
    )
    if not isinstance(answer, Parked):
        scene.activity_tokens[task.scheduled_id] = answer["taskToken"]
    return None


def _answer_activity(scene: Scene, event: Event) -> str | None:
    token = scene.activity_tokens.get(event.attrs["scheduledEventId"])
    if event.kind == "ActivityTaskCanceled" and not event.attrs["startedEventId"]:
        return _cancel_unstarted(scene, event)
    if token is None:
        return "no worker has that activity task"
    scene.call(
        f"Respond{event.kind}", taskToken=token, **only(event.attrs, "result", "reason", "details")
    )
    return None


def _cancel_unstarted(scene: Scene, event: Event) -> str | None:
    """The service does what a decider had asked for, a little later."""
    x = _run(scene)
    task = x.activities.get(event.attrs["scheduledEventId"])
    if task is None or task.started_id or not task.cancel_id:
        return "no unstarted activity is to be cancelled"
    activities.cancel_unstarted(scene.machine, x, x.events[task.cancel_id - 1])
    scene.machine.settle()
    return None


def _signal(scene: Scene, event: Event) -> str | None:
    if event.attrs.get("externalWorkflowExecution"):
        return _record(scene, event)
    scene.call(
        "SignalWorkflowExecution",
        domain=DOMAIN,
        workflowId=_run(scene).workflow_id,
        **only(event.attrs, "signalName", "input"),
    )
    return None


def _request_cancel(scene: Scene, event: Event) -> str | None:
    if event.attrs.get("externalWorkflowExecution") or event.attrs.get("cause"):
        return _record(scene, event)
    workflow_id = _run(scene).workflow_id
    scene.call("RequestCancelWorkflowExecution", domain=DOMAIN, workflowId=workflow_id)
    return None


def _terminate(scene: Scene, event: Event) -> str | None:
    if event.attrs.get("cause") != "OPERATOR_INITIATED":
        return _record(scene, event)
    scene.call(
        "TerminateWorkflowExecution",
        domain=DOMAIN,
        workflowId=_run(scene).workflow_id,
        **only(event.attrs, "reason", "details", "childPolicy"),
    )
    return None


def _record(scene: Scene, event: Event) -> str | None:
    """What another execution, or Lambda, brought about: the event itself is the stimulus."""
    x = _run(scene)
    if not x.open:
        return "the machine has closed the execution before"
    told = dict(event.attrs)
    begins = BEGUN_BY.get(event.kind)
    if begins is not None:
        first = told.get("initiatedEventId") or told.get("scheduledEventId") or 0
        under_way = getattr(x, _UNDER_WAY[begins]).get(first)
        if under_way is None or x.events[first - 1].kind != begins:
            return f"no {begins} with the number {first} is under way"
        told |= _follows(x.events[first - 1], event, getattr(under_way, "started_id", 0))
    scene.machine.record(x, event.kind, told)
    scene.machine.settle()
    return None


def _follows(begun: Event, event: Event, started_id: int) -> Attrs:
    """What a later event must say, since an earlier one in the same history began it."""
    shown = model.members(model.event_shape(event.kind))
    told: Attrs = {}
    if model.DECISION_TIME_MEMBER in shown:  # a failure tells the decision again
        told = {name: value for name, value in begun.attrs.items() if name in shown}
    if "startedEventId" in shown:
        if not started_id:
            raise Impossible(f"what event {begun.id} began has not started")
        told["startedEventId"] = started_id
    elif started_id:
        raise Impossible(f"what event {begun.id} began has started before")
    if "workflowExecution" in shown:
        addressed = {name: value for name, value in begun.attrs.items() if value}
        told["workflowExecution"] = {
            **event.attrs["workflowExecution"],
            **only(addressed, "workflowId", "runId"),
        }
        told |= _child_type(begun, event, started_id)
    return told


def _child_type(begun: Event, event: Event, started_id: int) -> Attrs:
    """A child has the type that was decided; a run that carried it on may have another version."""
    if "workflowType" not in event.attrs:
        return {}
    decided = begun.attrs["workflowType"]
    if not started_id:
        return {"workflowType": decided}
    return {"workflowType": {**event.attrs["workflowType"], "name": decided["name"]}}


def _time(scene: Scene, event: Event) -> str | None:
    """A deadline that comes true, at its due time or a little later."""
    x = _run(scene)
    kind, key = BY_TIME[event.kind](event.attrs)
    due = DEADLINES[kind].due(x, key)
    if due is None:
        return "nothing of the kind was pending"
    if kind == "activity":
        return _time_out_activity(scene, event, x.activities[key])
    if kind == "lambda" and "startToCloseTimeout" not in x.events.attrs[key - 1]:
        due = event.at  # the service's default has changed over the years
    if event.at == UNTIMED:
        scene.machine.expire(due)
    elif not due <= event.at <= due + LATE_MS:
        return f"it was due {event.at - due} ms before its time"
    scene.machine.fire(kind, x, key)
    return None


def _time_out_activity(scene: Scene, event: Event, task: Activity) -> str | None:
    """Which of two time-outs that are due within moments comes first is the service's choice."""
    task.details = event.attrs.get("details")
    running = sorted(activities.dues(task))
    first_due, _, first = running[0]
    which = event.attrs["timeoutType"]
    due = next((due for due, _, kind in running if kind == which), None)
    if due is None:
        return f"no {which} was running"
    if event.at == UNTIMED:
        sooner = _always_sooner(task, which)
        if sooner:
            return f"{sooner} always comes before {which}"
        scene.machine.expire(first_due)
    elif not due <= event.at <= first_due + LATE_MS:
        return f"{first} was due at {first_due}, {which} at {due}"
    if first == which:
        scene.machine.fire("activity", task.x, task.scheduled_id)
        return None
    told = only(event.attrs, "details", "timeoutType", "scheduledEventId")
    told["startedEventId"] = task.started_id
    scene.machine.record(task.x, event.kind, told)
    return None


def _always_sooner(task: Activity, which: str) -> str | None:
    """A time-out that comes before this one whatever happened.

    Without times nobody knows how long the task waited for its worker, and the worker may have
    beaten as long as it liked: either is taken as it suits this time-out best.
    """
    never = math.inf
    waited: float = 0
    if which == "SCHEDULE_TO_CLOSE":
        waited = never if task.schedule_to_start is None else task.schedule_to_start
    limits = {
        "START_TO_CLOSE": _limit(task.start_to_close) + waited if task.started_id else never,
        "SCHEDULE_TO_START": never if task.started_id else _limit(task.schedule_to_start),
        "HEARTBEAT": _limit(task.heartbeat) if which == "HEARTBEAT" else never,
        "SCHEDULE_TO_CLOSE": _limit(task.schedule_to_close),
    }
    sooner = min(limits, key=lambda kind: (limits[kind], kind != which))
    return None if sooner == which else sooner


def _limit(duration: int | None) -> float:
    return math.inf if duration is None else duration


def _decision_deadline(attrs: Attrs) -> tuple[str, Any]:
    if attrs["timeoutType"] == "SCHEDULE_TO_START":
        return "decision task to start", attrs["scheduledEventId"]
    return "decision task", attrs["startedEventId"]


BY_TIME: Final[dict[str, Callable[[Any], tuple[str, Any]]]] = {
    "TimerFired": lambda attrs: ("timer", attrs["timerId"]),
    "ActivityTaskTimedOut": lambda attrs: ("activity", attrs["scheduledEventId"]),
    "DecisionTaskTimedOut": _decision_deadline,
    "LambdaFunctionTimedOut": lambda attrs: ("lambda", attrs["scheduledEventId"]),
    "WorkflowExecutionTimedOut": lambda attrs: ("execution", None),
}

Stimulus = Callable[[Scene, Event], str | None]

STIMULI: Final[dict[str, Stimulus]] = {
    "WorkflowExecutionStarted": _start,
    "DecisionTaskStarted": _start_deciding,
    "DecisionTaskCompleted": _decide,
    "ActivityTaskStarted": _start_working,
    "ActivityTaskCompleted": _answer_activity,
    "ActivityTaskFailed": _answer_activity,
    "ActivityTaskCanceled": _answer_activity,
    "WorkflowExecutionSignaled": _signal,
    "WorkflowExecutionCancelRequested": _request_cancel,
    "WorkflowExecutionTerminated": _terminate,
    **dict.fromkeys(BY_TIME, _time),
    **dict.fromkeys(BEGUN_BY, _record),
}
