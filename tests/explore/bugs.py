"""Known bugs, planted one at a time in the order workflow and in the machine under it.

Each is a function that plants it with pytest's ``monkeypatch``. They are the mistakes that people
make: something forgotten, counted wrong, done twice, in the wrong order, or too soon.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from orders import activities, decider, progress, workflow
from orders.activity_worker import ActivityWorker
from orders.decider import _Decider
from orders.decision_worker import DecisionWorker
from orders.decisions import Draft
from orders.errors import NonRetryable
from orders.facts import Failure
from orders.gateways.memory import MemoryPayments, MemoryStore
from orders.messages import to_json
from orders.state import OrderState
from orders.worker import Worker
from scenarios.explore import orders, orders_by_two, orders_with_backoff
from swfsim.app import AppFactory
from swfsim.core import machine, tables
from swfsim.explore.places import KINDS, Kind

Plant = Callable[[pytest.MonkeyPatch], None]


class Bug(NamedTuple):
    """How it is planted, and the smallest sweep that is to find it."""

    plant: Plant
    app: AppFactory = orders
    faults: int = 1
    kinds: tuple[Kind, ...] = KINDS


BUGS: dict[str, Bug] = {}


def _keep(plant: Plant, **sweep: Any) -> Plant:
    BUGS[plant.__name__.replace("_", " ")] = Bug(plant, **sweep)
    return plant


def bug(plant: Plant) -> Plant:
    """One that a single fault shows."""
    return _keep(plant)


def takes_two(*kinds: Kind, app: AppFactory = orders) -> Callable[[Plant], Plant]:
    """One that takes two faults, at places of these kinds."""
    return functools.partial(_keep, app=app, faults=2, kinds=kinds)


# The decider: what it makes of events


def _deaf_to(patch: pytest.MonkeyPatch, *kinds: str) -> None:
    for kind in kinds:
        assert kind in progress._SEEN
        patch.setitem(progress._SEEN, kind, (lambda state, event_id, it: None, ""))


def _uncounted(patch: pytest.MonkeyPatch, kind: str) -> None:
    """The activity is over, but its attempt is not counted."""
    _, member = progress._SEEN[kind]

    def forget(state: Any, event_id: int, it: Any) -> None:
        activity = state.open.pop(it["scheduledEventId"], None)
        if activity is not None and activity.step in workflow.UNDOABLE_STEPS:
            state.undoable = True

    patch.setitem(progress._SEEN, kind, (forget, member))


@bug
def a_timed_out_attempt_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    _uncounted(patch, "ActivityTaskTimedOut")


@bug
def a_failed_attempt_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    _uncounted(patch, "ActivityTaskFailed")


@bug
def a_time_out_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, "ActivityTaskTimedOut")


@bug
def an_activity_that_could_not_be_scheduled_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, "ScheduleActivityTaskFailed")


@takes_two("step", "decision")
def a_marker_that_is_refused_is_decided_again(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, "RecordMarkerFailed")


@bug
def a_close_that_is_refused_is_decided_again(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, *(f"{how}WorkflowExecutionFailed" for how in ("Complete", "Fail", "Cancel")))


@bug
def a_cancel_request_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, "WorkflowExecutionCancelRequested")


@bug
def what_comes_while_deciding_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """Wishes that came between a decision task's start and its answer are taken for old."""
    real = decider.answer
    wishes = ("WorkflowExecutionSignaled", "WorkflowExecutionCancelRequested")

    def answer(task: Mapping[str, Any], rules: Any = workflow.DEFAULT_RULES) -> Any:
        kept, deciding = [], False
        for event in task["events"]:
            kind = event["eventType"]
            deciding = kind == "DecisionTaskStarted" or (
                deciding and not kind.startswith("DecisionTaskCompleted")
            )
            if not (deciding and kind in wishes):
                kept.append(event)
        return real({**task, "events": kept}, rules)

    patch.setattr(decider, "answer", answer)


@bug
def an_unknown_signal_stops_the_decider(patch: pytest.MonkeyPatch) -> None:
    real, member = progress._SEEN["WorkflowExecutionSignaled"]

    def signaled(state: Any, event_id: int, it: Any) -> None:
        if it["signalName"] != workflow.RESUME_SIGNAL:
            raise KeyError(it["signalName"])
        real(state, event_id, it)

    patch.setitem(progress._SEEN, "WorkflowExecutionSignaled", (signaled, member))


@bug
def an_answer_that_was_sent_is_taken_for_received(patch: pytest.MonkeyPatch) -> None:
    """The decider remembers which steps it has scheduled, and does not look."""
    sent: set[str] = set()
    real = Draft.schedule_activity

    def schedule(self: Draft, step: str, activity_id: str, given: Any) -> None:
        if activity_id not in sent:
            sent.add(activity_id)
            real(self, step, activity_id, given)

    def start(self: DecisionWorker, *args: Any, **more: Any) -> None:
        sent.clear()
        begin(self, *args, **more)

    begin = DecisionWorker.__init__
    patch.setattr(Draft, "schedule_activity", schedule)
    patch.setattr(DecisionWorker, "__init__", start)


@bug
def half_a_history_is_decided_on(patch: pytest.MonkeyPatch) -> None:
    """It takes the news for the whole."""
    real = decider.answer

    def answer(task: Mapping[str, Any], rules: Any = workflow.DEFAULT_RULES) -> Any:
        since = task["previousStartedEventId"]
        news = task["events"][max(1, since) :]
        return real({**task, "events": [task["events"][0], *news]}, rules)

    patch.setattr(decider, "answer", answer)


# The decider: what it decides


@bug
def rollback_is_skipped(patch: pytest.MonkeyPatch) -> None:
    def fail(self: Any) -> None:
        step = self.progress.rollback_due().step
        self.progress.errors.setdefault(step, Failure("canceled"))
        self._fail_at_once(step)

    patch.setattr(_Decider, "_initiate_rollback", fail)


@takes_two("step")
def rollback_is_skipped_when_nothing_has_answered_yet(patch: pytest.MonkeyPatch) -> None:
    """As if a step whose worker died had left nothing behind."""

    def has_left_something(self: OrderState) -> bool:
        return any(step in self.results for step in workflow.UNDOABLE_STEPS)

    patch.setattr(OrderState, "has_left_something", has_left_something)


@bug
def money_is_not_given_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(workflow, "ROLLBACK_STEPS", (workflow.ROLLBACK_STEP,))


@bug
def the_record_is_not_taken_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(workflow, "ROLLBACK_STEPS", (workflow.COMPENSATE_TRANSACTION,))


@bug
def money_is_given_back_before_the_record(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(workflow, "ROLLBACK_STEPS", workflow.ROLLBACK_STEPS[::-1])


@bug
def the_customer_is_told_before_the_order_is_saved(patch: pytest.MonkeyPatch) -> None:
    real = OrderState.next_step

    def next_step(self: OrderState) -> str | None:
        step = real(self)
        if step == workflow.SAVE_RESULTS and workflow.NOTIFY_COMPLETION not in self.results:
            return workflow.NOTIFY_COMPLETION
        return step

    patch.setattr(OrderState, "next_step", next_step)


@bug
def the_customer_is_never_told(patch: pytest.MonkeyPatch) -> None:
    real = OrderState.next_step
    last = workflow.NOTIFY_COMPLETION
    patch.setattr(OrderState, "next_step", lambda s: None if real(s) == last else real(s))


@bug
def a_step_is_scheduled_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OrderState, "activity_of", lambda self, step: None)


@bug
def a_cancel_does_not_wait_for_what_is_under_way(patch: pytest.MonkeyPatch) -> None:
    def stop(self: Any) -> None:
        if "ProcessData" in self.progress.results:
            self._initiate_rollback()
        else:
            self.draft.cancel({})

    patch.setattr(_Decider, "_stop", stop)


@bug
def attempts_never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Decider, "_is_broken", lambda self, step: False)


@bug
def a_failed_order_is_called_completed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Draft, "fail", lambda self, reason, details: self.complete(details))


@takes_two("step", "moment", app=orders_with_backoff)
def timers_are_left_running(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Decider, "_cancel_timers", lambda self: None)


@takes_two("step", "decision", app=orders_with_backoff)
def a_timer_that_is_refused_is_started_again(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, "StartTimerFailed")


@bug
def a_second_close_goes_along(patch: pytest.MonkeyPatch) -> None:
    real = Draft.complete

    def complete(self: Draft, result: Mapping[str, object]) -> None:
        real(self, result)
        real(self, result)

    patch.setattr(Draft, "complete", complete)


# The activities


@bug
def money_is_held_anew_with_each_attempt(patch: pytest.MonkeyPatch) -> None:
    real = MemoryPayments.authorize

    def authorize(self: Any, key: str, *more: Any) -> Any:
        while key in self.payments:
            key += "/again"
        return real(self, key, *more)

    patch.setattr(MemoryPayments, "authorize", authorize)


@bug
def the_customer_is_told_with_each_attempt(patch: pytest.MonkeyPatch) -> None:
    real = activities.notify_completion

    def notify(task: Any, data: Any, ports: Any) -> Any:
        key = f"{task.workflow_id}/attempt-{task.attempt}"
        ports.notifier.notify(key, {"order_id": data["order_id"]})
        return real(task, data, ports)

    patch.setattr(activities, "notify_completion", notify)


@bug
def what_was_saved_already_is_an_error(patch: pytest.MonkeyPatch) -> None:
    """The attempt after a lost answer fails for good, and the rollback leaves alone what it does
    not know to be saved."""
    real = MemoryStore.save

    def save(self: Any, record: Any, earlier: Any = ()) -> Any:
        if record.order_id in self.orders:
            raise NonRetryable("duplicate key")
        return real(self, record, earlier)

    patch.setattr(MemoryStore, "save", save)
    patch.setattr(MemoryStore, "roll_back", lambda self, *more: None)


@bug
def money_that_was_taken_is_not_refunded(patch: pytest.MonkeyPatch) -> None:
    real = MemoryPayments.release

    def release(self: Any, key: str) -> Any:
        return "captured" if self.state(key) == "captured" else real(self, key)

    patch.setattr(MemoryPayments, "release", release)


@takes_two("step", "moment", app=orders_by_two)
def a_late_worker_may_still_hold_money_after_the_rollback(patch: pytest.MonkeyPatch) -> None:
    """Releasing what was never held leaves no trace."""
    real = MemoryPayments.release

    def release(self: Any, key: str) -> Any:
        return real(self, key) if key in self.payments else "none"

    patch.setattr(MemoryPayments, "release", release)


# The workers


@bug
def a_worker_ends_when_a_poll_fails(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Worker, "_try_poll", lambda self: self._poll())


@bug
def a_worker_ends_when_its_answer_is_refused(patch: pytest.MonkeyPatch) -> None:
    def answer(self: Any, call: Any, **params: Any) -> None:
        self._patiently(900, call, **params)

    patch.setattr(Worker, "_answer", answer)


@bug
def a_failure_is_reported_as_a_result(patch: pytest.MonkeyPatch) -> None:
    def report(self: Any, task: Any, error: Exception, extra: Any) -> None:
        text = to_json({"status": "saved", "error": str(error)})
        self._answer(self.client.respond_activity_task_completed, taskToken=task.token, result=text)

    patch.setattr(ActivityWorker, "_report_failure", report)


# The machine


def _no_task_behind(patch: pytest.MonkeyPatch, kind: str) -> None:
    assert kind in tables.TRIGGERS
    patch.setattr(machine, "TRIGGERS", tables.TRIGGERS - {kind})


@bug
def the_service_is_silent_about_time_outs(patch: pytest.MonkeyPatch) -> None:
    _no_task_behind(patch, "ActivityTaskTimedOut")


@bug
def the_service_is_silent_about_signals(patch: pytest.MonkeyPatch) -> None:
    _no_task_behind(patch, "WorkflowExecutionSignaled")


@bug
def the_service_does_not_ask_again_after_a_decision_timed_out(patch: pytest.MonkeyPatch) -> None:
    _no_task_behind(patch, "DecisionTaskTimedOut")


@bug
def the_service_keeps_timed_out_activities_open(patch: pytest.MonkeyPatch) -> None:
    kept = {k: effect for k, effect in tables.EFFECTS.items() if k != "ActivityTaskTimedOut"}
    patch.setattr(machine, "EFFECTS", kept)
