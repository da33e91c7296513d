"""Lambda tasks.

ScheduleLambdaFunction  LambdaFunctionScheduled | ScheduleLambdaFunctionFailed
(soon after)            LambdaFunctionStarted   | StartLambdaFunctionFailed ASSUME_ROLE_FAILED
(the function ends)     LambdaFunctionCompleted, LambdaFunctionFailed
(time)                  LambdaFunctionTimedOut

The machine runs no function: a task that has begun is put in ``World.invocations``, and whoever
drives the machine runs it and brings the outcome back through ``complete`` or ``fail``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swfsim.core.events import Outcome, happened, refused
from swfsim.core.world import Lambda
from swfsim.spec import limits

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution, Recorder

NO_ROLE: Final = "No IAM role is attached to the current workflow execution."


# Decisions


def schedule(x: Execution, asked: Attrs) -> Outcome:
    """An id may be used again, also while open: the service was seen to accept it."""
    if len(x.lambdas) >= limits.OPEN_LAMBDAS_MAX:
        return refused("OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED")
    return happened("LambdaFunctionScheduled")


# Time


def due(x: Execution, scheduled_id: int) -> int | None:
    task = x.lambdas.get(scheduled_id)
    if task is None or not x.open:
        return None
    if task.started_id:
        return task.started_at + task.start_to_close
    return task.scheduled_at + x.domain.world.behaviour.follow_up_ms


def proceed(m: Recorder, x: Execution, scheduled_id: int) -> None:
    """Begin the invocation, or end one that has run for too long."""
    task = x.lambdas[scheduled_id]
    if task.started_id:
        m.record(
            x,
            "LambdaFunctionTimedOut",
            {
                "scheduledEventId": scheduled_id,
                "startedEventId": task.started_id,
                "timeoutType": "START_TO_CLOSE",
            },
        )
    elif "lambdaRole" in x.started:
        m.record(x, "LambdaFunctionStarted", {"scheduledEventId": scheduled_id})
        x.domain.world.invocations.append((x, scheduled_id))
    else:
        m.record(
            x,
            "StartLambdaFunctionFailed",
            {
                "scheduledEventId": scheduled_id,
                "cause": "ASSUME_ROLE_FAILED",
                "message": NO_ROLE,
            },
        )


# Outcomes


def complete(m: Recorder, x: Execution, scheduled_id: int, result: str) -> None:
    """``result`` is the JSON text of what the function returned."""
    _end(m, x, scheduled_id, "LambdaFunctionCompleted", {"result": result})


def fail(m: Recorder, x: Execution, scheduled_id: int, reason: str, details: str) -> None:
    told = {"reason": reason, "details": details}
    _end(m, x, scheduled_id, "LambdaFunctionFailed", told)


def _end(m: Recorder, x: Execution, scheduled_id: int, kind: str, told: Attrs) -> None:
    """An outcome that comes too late, or after the run has closed, is dropped."""
    task = x.lambdas.get(scheduled_id)
    if task is not None and x.open:
        ids = {"scheduledEventId": scheduled_id, "startedEventId": task.started_id}
        m.record(x, kind, told | ids)


# Effects


def scheduled(x: Execution, e: Event) -> None:
    limit = int(e.attrs.get("startToCloseTimeout", limits.LAMBDA_S_DEFAULT)) * 1000
    x.lambdas[e.id] = Lambda(e.id, e.at, limit)
    world = x.domain.world
    world.deadlines.push(e.at + world.behaviour.follow_up_ms, "lambda", x, e.id)


def started(x: Execution, e: Event) -> None:
    task = x.lambdas[e.attrs["scheduledEventId"]]
    task.started_id = e.id
    task.started_at = e.at
    x.domain.world.deadlines.push(e.at + task.start_to_close, "lambda", x, task.scheduled_id)


def ended(x: Execution, e: Event) -> None:
    del x.lambdas[e.attrs["scheduledEventId"]]
