"""What must be true of every order, whatever befalls it, as rules for any run of ``OrdersApp``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orders import workflow
from scenarios.step_rules import (
    MARKERS,
    a_resume_repeats_no_earlier_step,
    a_resume_that_was_asked_for_begins,
    a_step_gets_all_its_attempts,
    carried,
    object_in,
    step_of,
    what_is_at_work_is_asked_to_stop,
)
from swfsim.checkers import FAMILY_ENDS, OPENED_BY
from swfsim.core.events import Event
from swfsim.core.world import Execution
from swfsim.rules import SHIPPED, Run, always, at_the_end, sometimes


def latest_runs(run: Run) -> list[Execution]:
    """The latest run of each order."""
    return list({x.workflow_id: x for x in run.executions}.values())


def order_of(x: Execution) -> str:
    return str(object_in(x.started.get("input")).get("order_id"))


def told(x: Execution) -> Mapping[str, Any]:
    """What a failed or canceled order says of itself."""
    return object_in(x.events[-1].attrs.get("details"))


@at_the_end
def a_completed_order_is_saved_paid_and_told_of(run: Run) -> Iterator[str]:
    for x in latest_runs(run):
        if x.close_status == "COMPLETED":
            record = run.app.saved(order_of(x))
            if record is None or record.workflow_id != x.workflow_id:
                yield f"{x.workflow_id} completed, and no record of it stands"
            elif run.app.ports.payments.state(record.payment_key) != "captured":
                yield f"{x.workflow_id} completed, and its money was not taken"
            if f"{x.workflow_id}/completed" not in run.app.ports.notifier.sent:
                yield f"{x.workflow_id} completed, and its customer was not told"


@at_the_end
def a_failed_order_leaves_nothing_behind_or_says_so(run: Run) -> Iterator[str]:
    for x in latest_runs(run):
        if x.close_status not in ("FAILED", "CANCELED"):
            continue
        if told(x).get("compensation") == "incomplete":
            continue
        record = run.app.saved(order_of(x))
        if record is not None and record.workflow_id == x.workflow_id:
            yield f"{x.workflow_id} is {x.close_status}, and its record stands"
        for key, state in payments_of(run, x):
            if state in ("authorized", "captured"):
                yield f"{x.workflow_id} is {x.close_status}, and payment {key} is {state}"


def payments_of(run: Run, x: Execution) -> list[tuple[str, str]]:
    return [
        (key, state)
        for key, (state, _, _) in run.app.ports.payments.payments.items()
        if key.split("/")[0] == x.workflow_id
    ]


@at_the_end
def an_order_that_nothing_befalls_completes(run: Run) -> Iterator[str]:
    for x in run.executions:
        if not run.given and x.close_status != "COMPLETED":
            yield f"{x.workflow_id} is {x.close_status or 'OPEN'}, and nothing went wrong"


@at_the_end
def no_order_is_paid_twice(run: Run) -> Iterator[str]:
    for x in latest_runs(run):
        taken = [key for key, state in payments_of(run, x) if state in ("authorized", "captured")]
        if len(taken) > 1:
            yield f"{x.workflow_id} has money held or taken under {', '.join(taken)}"


@at_the_end
def no_order_is_lost(run: Run) -> Iterator[str]:
    """Nobody waits for ever: it ends by its own decision, unless somebody terminated it, or nobody
    was at work until its time was over, or it was never permitted to close."""
    excused = {what for what in ("TERMINATED", "TIMED_OUT") if _is_given(run, what)}
    for x in latest_runs(run):
        if x.close_status not in ("COMPLETED", "FAILED", "CANCELED", *excused):
            yield f"{x.workflow_id} is {x.close_status or 'OPEN'}"


_EXCUSES = {
    "TERMINATED": ("terminated",),
    "TIMED_OUT": (
        "nobody is at work until the execution times out",
        "WorkflowExecution OPERATION_NOT_PERMITTED",
    ),
}


def _is_given(run: Run, status: str) -> bool:
    return any(excuse in one for one in run.given for excuse in _EXCUSES[status])


@always
def no_step_runs_before_its_predecessor(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    done: set[str] = set(carried(events))
    for event in events:
        if event.kind == "ActivityTaskCompleted":
            done.add(step_of(events, event))
        elif event.kind == "ActivityTaskScheduled":
            step = event.attrs["activityType"]["name"]
            if step in workflow.STEPS:
                missing = set(workflow.STEPS[: workflow.STEPS.index(step)]) - done
                if missing:
                    yield event.id, f"{step} is scheduled before {', '.join(sorted(missing))}"
            elif step == workflow.COMPENSATE_TRANSACTION and workflow.ROLLBACK_STEP not in done:
                yield event.id, f"{step} is scheduled before {workflow.ROLLBACK_STEP}"


@always
def no_activity_id_comes_twice(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """So an attempt that was lost count of shows."""
    seen: set[str] = set()
    for event in events:
        if event.kind == "ActivityTaskScheduled":
            activity_id = event.attrs["activityId"]
            if activity_id in seen:
                yield event.id, f"{activity_id} was scheduled before"
            seen.add(activity_id)


@always
def nothing_goes_forward_after_a_cancel_request(
    events: Sequence[Event],
) -> Iterator[tuple[int, str]]:
    """As soon as the decider was told."""
    asked = 0
    for event in events:
        attrs = event.attrs
        if event.kind == "WorkflowExecutionCancelRequested":
            asked = asked or event.id
        elif event.kind == "ActivityTaskScheduled" and asked:
            told = events[attrs["decisionTaskCompletedEventId"] - 1].attrs["startedEventId"]
            step = attrs["activityType"]["name"]
            if asked < told and step not in workflow.ROLLBACK_STEPS:
                yield event.id, f"{step} is scheduled although somebody asked to cancel"


@always
def nothing_is_left_open_at_any_close(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """Of its own: it waits for what is at work, and cancels its timers if SWF permits it."""
    left: set[int] = set()
    for event in events:
        if event.kind == "CancelTimerFailed":
            timer = event.attrs["timerId"]
            left -= {one for one in left if events[one - 1].attrs.get("timerId") == timer}
        elif event.kind in ("ActivityTaskScheduled", "TimerStarted"):
            left.add(event.id)
        elif event.kind in FAMILY_ENDS:
            left.discard(event.attrs[OPENED_BY[FAMILY_ENDS[event.kind]]])
        elif event.kind in ("WorkflowExecutionFailed", "WorkflowExecutionCanceled"):
            for first in left:
                yield event.id, f"{events[first - 1].kind}, event {first}, is still open"


@at_the_end
def a_customer_is_told_once(run: Run) -> Iterator[str]:
    for x in latest_runs(run):
        keys = [key for key in run.app.ports.notifier.sent if key.startswith(x.workflow_id)]
        if len(keys) > 1:
            yield f"{x.workflow_id} told its customer under {', '.join(keys)}"


@always
def nothing_goes_forward_after_rollback_began(
    events: Sequence[Event],
) -> Iterator[tuple[int, str]]:
    begun = False
    for event in events:
        attrs = event.attrs
        if event.kind in MARKERS:
            begun = begun or attrs["markerName"] == workflow.ROLLBACK_MARKER
        elif begun and event.kind == "ActivityTaskScheduled":
            step = attrs["activityType"]["name"]
            if step not in workflow.ROLLBACK_STEPS:
                yield event.id, f"{step} is scheduled although the order is being rolled back"
        elif begun and event.kind == "WorkflowExecutionCompleted":
            yield event.id, "completes although it was rolled back"


@sometimes
def some_order_completes(run: Run) -> bool:
    return any(x.close_status == "COMPLETED" for x in run.executions)


@sometimes
def some_attempt_is_repeated(run: Run) -> bool:
    return any(
        event.kind == "ActivityTaskScheduled" and event.attrs["activityId"].endswith("-2")
        for _, events in run.histories
        for event in events
    )


@sometimes
def some_order_is_canceled(run: Run) -> bool:
    return any(x.close_status == "CANCELED" for x in run.executions)


@sometimes
def some_order_is_taken_back(run: Run) -> bool:
    return any(state in ("released", "refunded") for state in run.app.payments())


@sometimes
def some_money_is_refunded(run: Run) -> bool:
    return "refunded" in run.app.payments()


@sometimes
def some_answer_comes_too_late(run: Run) -> bool:
    return any(
        call.operation.startswith("Respond") and getattr(call.answer, "code", "") != ""
        for call in run.calls
    )


ORDER_RULES = (
    *SHIPPED,
    a_completed_order_is_saved_paid_and_told_of,
    a_failed_order_leaves_nothing_behind_or_says_so,
    no_order_is_paid_twice,
    no_order_is_lost,
    no_step_runs_before_its_predecessor,
    an_order_that_nothing_befalls_completes,
    a_step_gets_all_its_attempts,
    a_resume_repeats_no_earlier_step,
    a_resume_that_was_asked_for_begins,
    what_is_at_work_is_asked_to_stop,
    no_activity_id_comes_twice,
    a_customer_is_told_once,
    nothing_is_left_open_at_any_close,
    nothing_goes_forward_after_a_cancel_request,
    nothing_goes_forward_after_rollback_began,
    some_order_completes,
    some_attempt_is_repeated,
    some_order_is_canceled,
    some_order_is_taken_back,
    some_money_is_refunded,
    some_answer_comes_too_late,
)
"""Rules of any application, and those of orders."""
