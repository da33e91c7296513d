"""What each event of a history means for an order: one function an event type, in `REACTIONS`.

A function takes the state of the order, the id of the event and the event's attributes. Event
types without one mean nothing to this workflow.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from orders import messages, workflow
from orders.errors import BadInput
from orders.facts import CLOSE_EVENTS, START_EVENT, Activity, Failure, Resume, Rollback
from orders.state import OrderState

Attributes = Mapping[str, Any]
Reaction = Callable[[OrderState, int, Attributes], None]

# The causes of ScheduleActivityTaskFailed that may be gone at the next attempt. All others
# (unknown or deprecated type, undefined default, not permitted) stay until somebody acts.
_THROTTLED = frozenset(("ACTIVITY_CREATION_RATE_EXCEEDED", "OPEN_ACTIVITIES_LIMIT_EXCEEDED"))
_PASSING = _THROTTLED | {"ACTIVITY_ID_ALREADY_IN_USE"}


# The execution


def started(progress: OrderState, event_id: int, it: Attributes) -> None:
    try:
        progress.order, control = messages.read_workflow_input(it.get("input"))
        if control:
            _read_control(progress, control)
    except BadInput as error:
        progress.bad_input = str(error)
    progress.order_id = messages.short_id(progress.order.get("order_id"))


def _read_control(progress: OrderState, control: Mapping[str, Any]) -> None:
    try:
        progress.steps = workflow.steps_for(control.get("optional_steps", ()))
        resume = control.get("resume")
        if resume is None:
            return
        step, runs = resume["step_name"], resume["runs"]
        carried = control[messages.RESULTS]
        before = progress.steps[: progress.steps.index(step)]
        progress.results = {name: messages.to_json(carried[name]) for name in before}
        progress.earlier_runs = [str(run) for run in runs]
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{messages.CONTROL}: not understood: {error!r}") from None
    progress.undoable = True  # whatever the earlier runs left behind
    progress.last_step = step
    progress.resume = Resume(step, START_EVENT)


def cancel_requested(progress: OrderState, event_id: int, it: Attributes) -> None:
    progress.cancel_requested = True
    progress.close_refused = None
    progress.tell(event_id, logging.INFO, "Cancel requested")


def signaled(progress: OrderState, event_id: int, it: Attributes) -> None:
    progress.close_refused = None
    name = it.get("signalName")
    if name != workflow.RESUME_SIGNAL:
        progress.tell(event_id, logging.WARNING, f"Ignoring unknown signal: {name}")
        return
    asked = messages.result_value(it.get("input"))
    step = asked.get("step_name") if isinstance(asked, dict) else None
    if isinstance(step, str):
        problem = progress.resume_problem(step)
    else:
        problem = f"input is not {{'step_name': …}} but {it.get('input')!r}"
    if problem:
        progress.tell(event_id, logging.WARNING, f"Ignoring signal {name}: {problem}")
    else:
        progress.resume = Resume(str(step), event_id)
        progress.tell(event_id, logging.INFO, f"Received signal {name}: {step}", step)


def close_refused(progress: OrderState, event_id: int, it: Attributes) -> None:
    cause = it.get("cause")
    if cause != "UNHANDLED_DECISION":  # that one only means: look again, something is new
        progress.close_refused = str(cause)


def closed_by(event_type: str) -> Reaction:
    def closed(progress: OrderState, event_id: int, it: Attributes) -> None:
        progress.closed = event_type

    return closed


# Activities


def scheduled(progress: OrderState, event_id: int, it: Attributes) -> None:
    step = it["activityType"]["name"]
    if step not in workflow.ALL_STEPS:
        return
    attempt = progress.failures.get(step, 0) + 1
    progress.open[event_id] = Activity(step, attempt, it["activityId"])
    if step not in workflow.ROLLBACK_STEPS:
        progress.last_step = step


def completed(progress: OrderState, event_id: int, it: Attributes) -> None:
    activity = _ended(progress, event_id, it, "completed successfully")
    if activity is not None:
        progress.results[activity.step] = it.get("result")


def failed(progress: OrderState, event_id: int, it: Attributes) -> None:
    reason = it.get("reason") or "no reason given"
    activity = _ended(progress, event_id, it, f"failed: {reason}", logging.WARNING)
    if activity is not None:
        _attempt_failed(progress, activity.step, Failure(reason, _is_retryable(it)))


def timed_out(progress: OrderState, event_id: int, it: Attributes) -> None:
    how = f"timed out: {it.get('timeoutType')}"
    activity = _ended(progress, event_id, it, how, logging.WARNING)
    if activity is not None:
        _attempt_failed(progress, activity.step, Failure(how))


def canceled(progress: OrderState, event_id: int, it: Attributes) -> None:
    activity = _ended(progress, event_id, it, "canceled", logging.WARNING)
    if activity is not None:
        _attempt_failed(progress, activity.step, Failure("canceled"))


def _ended(
    progress: OrderState, event_id: int, it: Attributes, how: str, level: int = logging.INFO
) -> Activity | None:
    """Close the activity the event is about; None if its outcome does not count."""
    activity = progress.open.pop(it["scheduledEventId"], None)
    if activity is None:
        return None
    step, attempt = activity.step, activity.attempt
    if step in workflow.UNDOABLE_STEPS and it.get("startedEventId"):
        progress.undoable = True
    if activity.superseded:
        text = f"Ignoring superseded activity '{step}': {how}"
        progress.tell(event_id, logging.INFO, text, step, attempt)
        return None
    progress.tell(event_id, level, f"Activity '{step}' {how}", step, attempt)
    return activity


def schedule_failed(progress: OrderState, event_id: int, it: Attributes) -> None:
    step, cause = it["activityType"]["name"], str(it.get("cause"))
    if step in workflow.ALL_STEPS:
        _attempt_failed(progress, step, Failure(cause, cause in _PASSING, cause in _THROTTLED))
        text = f"Activity '{step}' could not be scheduled: {cause}"
        progress.tell(event_id, logging.ERROR, text, step, progress.failures[step])


def _attempt_failed(progress: OrderState, step: str, failure: Failure) -> None:
    progress.failures[step] = progress.failures.get(step, 0) + 1
    progress.errors[step] = failure


def _is_retryable(it: Attributes) -> bool:
    """Activities say so in the details of a failure: {"retryable": false, …}."""
    details = messages.result_value(it.get("details"))
    return not (isinstance(details, dict) and details.get("retryable") is False)


def cancel_asked(progress: OrderState, event_id: int, it: Attributes) -> None:
    # Also when SWF refused to ask: the activity has ended, or we are not permitted. Asking again
    # would not help, and each refusal brings another decision task.
    for activity in progress.open.values():
        if activity.activity_id == it["activityId"]:
            activity.cancel_asked = True


# Timers


def timer_started(progress: OrderState, event_id: int, it: Attributes) -> None:
    progress.timers.add(it["timerId"])


def timer_gone(progress: OrderState, event_id: int, it: Attributes) -> None:
    # Canceled. Or SWF refused to cancel it: then it fires some day, and nobody minds.
    progress.timers.discard(it["timerId"])


def timer_rested(progress: OrderState, event_id: int, it: Attributes) -> None:
    # Fired. Or SWF refused to start it: an attempt too early is better than none.
    progress.timers.discard(it["timerId"])
    progress.rested.add(it["timerId"])


# Markers


def marked(progress: OrderState, event_id: int, it: Attributes) -> None:
    # A marker SWF refuses (RecordMarkerFailed) has no details. What it was to mark follows from
    # the state, and must come into effect all the same, or it is decided for ever.
    details = messages.result_value(it.get("details"))
    details = details if isinstance(details, dict) else {}
    if it.get("markerName") == workflow.ROLLBACK_MARKER:
        _rollback_begins(progress, event_id, details)
    elif it.get("markerName") == workflow.RESUME_MARKER:
        _resume_begins(progress, details)


def _rollback_begins(progress: OrderState, event_id: int, details: Attributes) -> None:
    due = progress.rollback_due()
    progress.rollback = Rollback(
        str(details.get("step_to_rollback", due.step)),
        str(details.get("reason", due.reason)),
        details.get("last_error", due.last_error),
        bool(details.get("canceling", due.canceling)),
    )
    if progress.resume is not None:
        text = f"Ignoring signal {workflow.RESUME_SIGNAL}: the order is being rolled back"
        progress.tell(event_id, logging.WARNING, text, progress.resume.step)
        progress.resume = None


def _resume_begins(progress: OrderState, details: Attributes) -> None:
    asked = progress.resume
    step = details.get("step_name", asked.step if asked else None)
    if step not in progress.steps:
        return
    begun = Resume(step, int(details.get("event_id", asked.event_id if asked else 0)))
    if begun.is_by_signal:  # the activity ids of a run that starts by resuming are fresh anyway
        progress.resumes += 1
    for name in progress.steps[progress.steps.index(step) :]:
        progress.results.pop(name, None)
    progress.failures.clear()
    progress.errors.clear()
    for activity in progress.open.values():
        activity.superseded = activity.superseded or activity.step != step
    progress.last_step = step
    # A signal that came while this one was being decided about still waits its turn.
    if asked and (asked.event_id <= begun.event_id or progress.resume_problem(asked.step)):
        progress.resume = None


REACTIONS: dict[str, Reaction] = {
    "WorkflowExecutionStarted": started,
    "WorkflowExecutionCancelRequested": cancel_requested,
    "WorkflowExecutionSignaled": signaled,
    "CompleteWorkflowExecutionFailed": close_refused,
    "FailWorkflowExecutionFailed": close_refused,
    "CancelWorkflowExecutionFailed": close_refused,
    "ActivityTaskScheduled": scheduled,
    "ActivityTaskCompleted": completed,
    "ActivityTaskFailed": failed,
    "ActivityTaskTimedOut": timed_out,
    "ActivityTaskCanceled": canceled,
    "ScheduleActivityTaskFailed": schedule_failed,
    "ActivityTaskCancelRequested": cancel_asked,
    "RequestCancelActivityTaskFailed": cancel_asked,
    "TimerStarted": timer_started,
    "TimerFired": timer_rested,
    "StartTimerFailed": timer_rested,
    "TimerCanceled": timer_gone,
    "CancelTimerFailed": timer_gone,
    "MarkerRecorded": marked,
    "RecordMarkerFailed": marked,
    **{event_type: closed_by(event_type) for event_type in CLOSE_EVENTS},
}
