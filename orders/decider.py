"""The whole workflow: what to do next, given what has happened. Pure.

    decide(task)   the decisions, for whoever wants only those
    answer(task)   the same with log lines and the payloads that must be stored before answering

Nothing here reads a clock, draws a random number or calls anything. The decider looks only at
`Progress`, never at single events, so it does not matter how many events are new, in which order
they came, or whether an earlier answer was lost: what is needed and not yet recorded is decided.

The order of precedence, which is the order of `_decide`:

    closed, or SWF will not close     nothing
    no order at all                   fail
    rollback was initiated            go on with it, then fail or cancel
    cancel requested                  stop what runs, take back what was done, cancel
    resume requested                  go back to the named step
    all steps done                    complete
    otherwise                         next step: schedule, wait, retry, or initiate rollback
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from orders import messages, workflow
from orders.decisions import Draft
from orders.facts import Event, Line, Resume, Rollback
from orders.progress import Progress
from orders.workflow import DEFAULT_RULES, Rules

if TYPE_CHECKING:
    from types_boto3_swf.type_defs import DecisionTypeDef

Task = Mapping[str, Any]


class Answer(NamedTuple):
    """decisions: for RespondDecisionTaskCompleted. lines: the log of this task.

    payloads: texts that the decisions refer to; store them before sending the decisions.
    """

    decisions: "list[DecisionTypeDef]"
    lines: list[Line]
    payloads: list[str]
    order_id: str | None


def decide(task: Task | Sequence[Event], rules: Rules = DEFAULT_RULES) -> "list[DecisionTypeDef]":
    """The decisions for a task as PollForDecisionTask gives it, or for a plain list of events.

    The events must be complete and ascending: all pages, from event 1.
    """
    return answer(task, rules).decisions


def answer(task: Task | Sequence[Event], rules: Rules = DEFAULT_RULES) -> Answer:
    """Decisions, log lines and payloads for a task or a plain list of events (see `decide`)."""
    if isinstance(task, Mapping):
        progress = Progress.of(task["events"], task.get("previousStartedEventId", 0))
    else:
        progress = Progress.of(task)
    draft = Draft(rules, progress.order_id)
    _Decider(progress, rules, draft).decide()
    lines = progress.lines + draft.lines
    return Answer(draft.decisions, lines, draft.payloads, progress.order_id)


class _Decider:
    def __init__(self, progress: Progress, rules: Rules, draft: Draft) -> None:
        self.progress = progress
        self.rules = rules
        self.draft = draft

    def decide(self) -> None:
        progress = self.progress
        if progress.closed:
            return
        if progress.close_refused:
            # Deciding to close again would be refused again, at once and for ever.
            text = f"SWF refuses to close this run ({progress.close_refused}); waiting for a signal"
            self.draft.tell(text, level=logging.ERROR)
        elif progress.bad_input:
            self.draft.fail(f"Invalid input: {progress.bad_input}", self._summary("failed"))
        elif progress.rollback:
            self._roll_back(progress.rollback)
        elif progress.cancel_requested:
            self._stop()
        elif progress.resume:
            self._resume(progress.resume)
        else:
            self._go_on()

    # Forward

    def _go_on(self) -> None:
        step = self.progress.next_step()
        if step is None:
            self._complete()
        elif self.progress.activity_of(step):
            return  # at work, or on its way out: its end brings the next decision task
        elif not self._is_broken(step):
            self._work_on(step, self._input())
        elif self.progress.open:
            # A resume left it behind, and it is still at work: what it does must not come after
            # the order was taken back and closed. Its end brings the next decision task.
            self.draft.tell(f"Cannot go on with {step}; waiting for what is still at work", step)
        elif self._is_retryable(step) or self.progress.has_left_something():
            self._initiate_rollback()
        else:
            self._fail_at_once(step)

    def _complete(self) -> None:
        self.draft.tell("All activities completed, completing workflow")
        self.draft.complete(self._summary("completed", steps=list(self.progress.steps)))

    def _fail_at_once(self, step: str) -> None:
        """Nothing was done yet that would have to be undone."""
        error = self.progress.errors[step].reason
        self.draft.tell(f"Failing workflow: {step} cannot succeed", step)
        details = self._summary("failed", failed_activity=step, last_error=error)
        self.draft.fail(f"{step} failed: {error}", details)

    def _work_on(self, step: str, input_data: Mapping[str, object]) -> None:
        """Schedule the next attempt of a step, or wait until it may be made."""
        failures = self.progress.failures.get(step, 0)
        activity_id = workflow.activity_id(step, failures + 1, self.progress.resumes)
        if failures and self._must_rest(step, failures, f"retry-{activity_id}"):
            return
        if failures:
            self.draft.tell(
                f"Retrying activity: {step} (attempt {failures + 1})", step, failures + 1
            )
        else:
            self.draft.tell(f"Scheduling next activity: {step}", step, 1)
        self.draft.schedule_activity(step, activity_id, input_data)

    def _must_rest(self, step: str, failures: int, timer_id: str) -> bool:
        """Whether the backoff before the next attempt is not over; starts its timer if need be."""
        if timer_id in self.progress.rested:
            return False
        if timer_id in self.progress.timers:
            return True
        throttled = self.progress.errors[step].throttled
        wait = self.rules.backoff(failures, throttled=throttled)
        if wait:
            text = f"Waiting {wait} s before retrying activity: {step} (attempt {failures + 1})"
            self.draft.tell(text, step, failures + 1)
            self.draft.start_timer(timer_id, wait)
        return wait > 0

    def _is_broken(self, step: str) -> bool:
        """Whether no further attempt is to be made."""
        failures = self.progress.failures.get(step, 0)
        return failures >= self.rules.max_attempts or not self._is_retryable(step)

    def _is_retryable(self, step: str) -> bool:
        error = self.progress.errors.get(step)
        return error is None or error.retryable

    # Resume

    def _resume(self, resume: Resume) -> None:
        """Marker first: what follows it in the history belongs to the resumed order."""
        progress, step = self.progress, resume.step
        self._cancel_timers()
        self._request_cancel_of(lambda open_step: open_step != step)
        self.draft.tell(f"Resuming from step: {step}", step)
        self.draft.record_marker(
            workflow.RESUME_MARKER,
            {"step_name": step, "order_id": progress.order_id, "event_id": resume.event_id},
        )
        if progress.activity_of(step):
            return
        resumes = progress.resumes + resume.is_by_signal
        before = progress.steps[: progress.steps.index(step)]
        self.draft.tell(f"Scheduling next activity: {step}", step, 1)
        self.draft.schedule_activity(
            step, workflow.activity_id(step, 1, resumes), self._input(before)
        )

    # Rollback and cancel

    def _stop(self) -> None:
        """The client asked to cancel. An order that is finished anyway completes."""
        progress = self.progress
        if progress.next_step() is None:
            self._complete()
            return
        self._cancel_timers()
        if progress.open:
            self._request_cancel_of(lambda _: True)
        elif progress.has_left_something():
            self._initiate_rollback()
        else:
            self.draft.tell("Canceling workflow: nothing to take back")
            self.draft.cancel(self._summary("canceled", undone=[]))

    def _initiate_rollback(self) -> None:
        due = self.progress.rollback_due()
        details = {
            **({} if due.canceling else {"failed_activity": due.step}),
            "reason": due.reason,
            "last_error": due.last_error,
            "step_to_rollback": due.step,
            "canceling": due.canceling,
            "order_id": self.progress.order_id,
        }
        self.draft.tell(f"{due.reason}: {due.step}. Initiating rollback", due.step)
        self.draft.record_marker(workflow.ROLLBACK_MARKER, details)
        self._roll_back(due)

    def _roll_back(self, rollback: Rollback) -> None:
        for step in workflow.ROLLBACK_STEPS:
            if step in self.progress.results:
                continue
            if self.progress.activity_of(step):
                return
            if self._is_broken(step):
                self._fail_incomplete(rollback, step)
            else:
                input_data = {**self._input(), messages.STEP_TO_ROLLBACK: rollback.step}
                self._work_on(step, input_data)
            return
        self._close_rolled_back(rollback)

    def _close_rolled_back(self, rollback: Rollback) -> None:
        undone = {
            step: messages.result_value(self.progress.results[step])
            for step in workflow.ROLLBACK_STEPS
        }
        if rollback.canceling:
            self.draft.tell("Canceling workflow: rolled back and compensated")
            self.draft.cancel(self._summary("canceled", undone=undone))
            return
        self.draft.tell("Failing workflow: rolled back and compensated", rollback.step)
        details = self._failure(rollback, compensation="completed", undone=undone)
        self.draft.fail(f"{_cause(rollback)}; rolled back and compensated", details)

    def _fail_incomplete(self, rollback: Rollback, broken: str) -> None:
        """A rollback step stays broken. What would follow it is left undone, too.

        Giving the money back while the record may still stand would be the worse half of an
        undone order, so people get it whole, with a list of what to do.
        """
        left = [step for step in workflow.ROLLBACK_STEPS if step not in self.progress.results]
        error = self.progress.errors[broken].reason
        text = f"Compensation incomplete, left to do: {', '.join(left)}"
        self.draft.tell(text, broken, level=logging.ERROR)
        details = self._failure(rollback, compensation="incomplete", left=left, broken_by=error)
        self.draft.fail(f"{text} ({broken}: {error}); {_cause(rollback)}", details)

    # What goes along

    def _input(self, steps: Sequence[str] | None = None) -> dict[str, object]:
        """The order, with the results of `steps` (default: of all that are done)."""
        progress = self.progress
        done = progress.results if steps is None else steps
        results = {step: messages.result_value(progress.results[step]) for step in done}
        input_data: dict[str, object] = {**progress.order, messages.RESULTS: results}
        if progress.earlier_runs:
            input_data[messages.CONTROL] = {"runs": progress.earlier_runs}
        return input_data

    def _summary(self, status: str, **more: object) -> dict[str, object]:
        return {"order_id": self.progress.order_id, "status": status, **more}

    def _failure(self, rollback: Rollback, **more: object) -> dict[str, object]:
        return self._summary(
            "failed",
            failed_activity=rollback.step,
            reason=rollback.reason,
            last_error=rollback.last_error,
            **more,
        )

    def _cancel_timers(self) -> None:
        for timer_id in sorted(self.progress.timers):
            self.draft.cancel_timer(timer_id)

    def _request_cancel_of(self, chosen: Callable[[str], bool]) -> None:
        for activity in self.progress.open.values():
            if not activity.cancel_asked and chosen(activity.step):
                self.draft.tell(f"Requesting cancel of activity: {activity.step}", activity.step)
                self.draft.request_cancel(activity.activity_id)


def _cause(rollback: Rollback) -> str:
    error = f" ({rollback.last_error})" if rollback.last_error else ""
    return f"{rollback.step}: {rollback.reason}{error}"
