"""Bugs of the order decider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orders import decider, progress, reactions, workflow
from orders.decider import _Decider
from orders.decision_worker import DecisionWorker
from orders.decisions import Draft
from orders.facts import Failure
from orders.state import OrderState
from swfsim.clock import ODD_START
from swfsim.transports.boto import stamp
from tests.explore.planted.kit import breaks, bug, takes_two

THIS_YEAR = stamp(ODD_START).year
"""In which every simulation begins."""


# What it makes of events


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


@takes_two("moment", "decision", only=["asked to resume from ProcessData", "refused onwards"])
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


# What it decides


@bug
def rollback_is_skipped(patch: pytest.MonkeyPatch) -> None:
    def fail(self: Any) -> None:
        step = self.progress.rollback_due().step
        self.progress.errors.setdefault(step, Failure("canceled"))
        self._fail_at_once(step)

    patch.setattr(_Decider, "_initiate_rollback", fail)


@takes_two("step", only=["dies", "fails"])
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


@takes_two("step", "moment", only=["fails", "cancel requested"], app="orders_with_backoff")
def timers_are_left_running(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Decider, "_cancel_timers", lambda self: None)


@takes_two("step", "decision", only=["fails", "refused onwards"], app="orders_with_backoff")
def a_timer_that_is_refused_is_started_again(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, "StartTimerFailed")


@bug
def a_second_close_goes_along(patch: pytest.MonkeyPatch) -> None:
    real = Draft.complete

    def complete(self: Draft, result: Mapping[str, object]) -> None:
        real(self, result)
        real(self, result)

    patch.setattr(Draft, "complete", complete)


@takes_two("step", "moment", only=["keeps failing", "asked to resume from SaveResults"])
def attempts_are_counted_on_after_a_resume(patch: pytest.MonkeyPatch) -> None:
    real, member = progress._SEEN["MarkerRecorded"]

    def marked(state: Any, event_id: int, it: Any) -> None:
        failures, errors = dict(state.failures), dict(state.errors)
        real(state, event_id, it)
        state.failures, state.errors = failures, errors

    patch.setitem(progress._SEEN, "MarkerRecorded", (marked, member))


@bug
def a_resume_begins_anew(patch: pytest.MonkeyPatch) -> None:
    """What came before the step counts no longer, either."""
    real, member = progress._SEEN["MarkerRecorded"]

    def marked(state: Any, event_id: int, it: Any) -> None:
        real(state, event_id, it)
        if it["markerName"] == workflow.RESUME_MARKER:
            state.results.clear()

    patch.setitem(progress._SEEN, "MarkerRecorded", (marked, member))


@takes_two("moment", only=["asked to resume from ProcessData", "asked to resume from SaveResults"])
def a_wish_that_comes_while_another_is_granted_is_dropped(patch: pytest.MonkeyPatch) -> None:
    real = reactions._resume_begins

    def begins(state: Any, details: Any) -> None:
        real(state, details)
        state.resume = None

    patch.setattr(reactions, "_resume_begins", begins)


@bug
def nobody_is_asked_to_stop(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Decider, "_request_cancel_of", lambda self, chosen: None)


# What only laws show: it depends on what every run of the sweep has in common


@breaks("paged")
def the_first_page_is_taken_for_the_history(patch: pytest.MonkeyPatch) -> None:
    """Orders with more than a thousand events are rare."""
    patch.setattr(DecisionWorker, "_with_all_pages", lambda self, task: task)


@breaks("shifted")
def it_works_until_the_end_of_the_year(patch: pytest.MonkeyPatch) -> None:
    real = decider.answer

    def answer(task: Any, rules: Any = workflow.DEFAULT_RULES) -> Any:
        if task["events"][-1]["eventTimestamp"].year > THIS_YEAR:
            task = {**task, "events": task["events"][:1]}
        return real(task, rules)

    patch.setattr(decider, "answer", answer)


@breaks("renamed")
def it_knows_its_orders_by_their_workflow_id(patch: pytest.MonkeyPatch) -> None:
    real = DecisionWorker._work

    def work(self: Any, task: Any) -> None:
        if task["workflowExecution"]["workflowId"].startswith("workflow-"):
            real(self, task)

    patch.setattr(DecisionWorker, "_work", work)


@breaks("strangers")
def it_takes_any_marker_for_a_rollback(patch: pytest.MonkeyPatch) -> None:
    def marked(state: Any, event_id: int, it: Any) -> None:
        reactions._rollback_begins(state, event_id, {})

    patch.setitem(progress._SEEN, "MarkerRecorded", (marked, _MARKED))


@breaks("redelivered")
def it_decides_nothing_twice(patch: pytest.MonkeyPatch) -> None:
    """A task that comes again was answered, it thinks."""
    real = DecisionWorker._work
    seen: set[tuple[str, int]] = set()

    def work(self: Any, task: Any) -> None:
        key = task["workflowExecution"]["runId"], task["startedEventId"]
        if key not in seen:
            seen.add(key)
            real(self, task)

    patch.setattr(DecisionWorker, "_work", work)


_MARKED = "markerRecordedEventAttributes"
