"""Lambda tasks.

ScheduleLambdaFunction  LambdaFunctionScheduled | ScheduleLambdaFunctionFailed
(soon after)            LambdaFunctionStarted   | StartLambdaFunctionFailed ASSUME_ROLE_FAILED
(the function ends)     LambdaFunctionCompleted, LambdaFunctionFailed
(time)                  LambdaFunctionTimedOut

The machine runs no function: a task that has begun is put in ``World.invocations``, and whoever
drives the machine runs it and brings the outcome back, ``ends`` now or ``ends_later``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swfsim.core import rates
from swfsim.core.events import Outcome, happened, refused
from swfsim.core.world import Lambda, duration_ms
from swfsim.spec import check, limits

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution, Recorder

NO_ROLE: Final = "No IAM role is attached to the current workflow execution."


# Decisions


def schedule(x: Execution, asked: Attrs) -> Outcome:
    """An id may be used again, also while open: the service was seen to accept it."""
    behaviour = x.domain.world.behaviour
    if not behaviour.lambda_id_reuse and any(
        x.events.attrs[task - 1]["id"] == asked["id"] for task in x.lambdas
    ):
        return refused("ID_ALREADY_IN_USE")
    if not behaviour.lambda_available:
        return refused("LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION")
    if len(x.lambdas) >= behaviour.quotas.open_lambdas:
        return refused("OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED")
    if not rates.allows_decision(x, "ScheduleLambdaFunction"):
        return refused("LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED")
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


def _told(result: str | None, reason: str, details: str) -> tuple[str, Attrs]:
    """A result is the JSON text of what the function returned; None means that it failed."""
    if result is not None and check.length(result) > limits.DATA_MAX:
        result, reason, details = None, "ResultTooLarge", ""
    if result is not None:
        return "LambdaFunctionCompleted", {"result": result}
    kept = {"reason": reason[: limits.REASON_MAX], "details": details[: limits.DATA_MAX // 2]}
    return "LambdaFunctionFailed", kept


def ends(
    m: Recorder, x: Execution, scheduled_id: int, result: str | None, reason: str, details: str
) -> None:
    """A function has ended now; too late, or after the run has closed, that means nothing."""
    task = x.lambdas.get(scheduled_id)
    if task is not None and x.open:
        _record(m, x, task, *_told(result, reason, details))


def ends_later(
    x: Execution, scheduled_id: int, after_ms: int, result: str | None, reason: str, details: str
) -> None:
    """A function will have ended after so long, if its task still runs then."""
    task = x.lambdas.get(scheduled_id)
    if task is not None and x.open:
        at = task.started_at + after_ms
        task.outcome = (at, *_told(result, reason, details))
        x.domain.world.deadlines.push(at, "lambda outcome", x, scheduled_id)


def outcome_due(x: Execution, scheduled_id: int) -> int | None:
    task = x.lambdas.get(scheduled_id)
    return task.outcome[0] if task is not None and task.outcome is not None and x.open else None


def end(m: Recorder, x: Execution, scheduled_id: int) -> None:
    task = x.lambdas[scheduled_id]
    assert task.outcome is not None, "outcome_due() has found one"
    _record(m, x, task, *task.outcome[1:])


def _record(m: Recorder, x: Execution, task: Lambda, kind: str, told: Attrs) -> None:
    ids = {"scheduledEventId": task.scheduled_id, "startedEventId": task.started_id}
    m.record(x, kind, told | ids)


# Effects


def scheduled(x: Execution, e: Event) -> None:
    asked = duration_ms(e.attrs.get("startToCloseTimeout"))
    limit = limits.LAMBDA_S_DEFAULT * 1000 if asked is None else asked
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
