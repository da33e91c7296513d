"""The state of one order, and the questions a decider asks of it; see `orders.progress`."""

from typing import Any

from orders import workflow
from orders.facts import Activity, Failure, Line, Resume, Rollback


class OrderState:
    """What is known of one order. Only the reactions to events change it.

    order             the order as JSON object, or a reference to it
    order_id          fit for logs and details; None when the order has none that is
    bad_input         why the workflow input is no order at all, else None
    steps             the steps of this order, in order
    results           step → recorded result (JSON text or None), for each step that counts as done
    failures          step → failed attempts since the start or the last resume
    errors            step → the latest of these failures
    open              open activities, by the id of their ActivityTaskScheduled event
    timers            ids of open timers
    rested            ids of timers that need not be waited for any more
    resume            a resume asked for and not yet in effect
    resumes           how many resumes by signal are in effect
    earlier_runs      run ids this run carries on from, oldest first
    rollback          set once rollback was initiated
    cancel_requested  somebody asked for the execution to be canceled
    close_refused     why SWF will not close the run; None as long as it may
    closed            the type of the closing event
    undoable          a step that leaves something behind was at work in this order, and ended
    last_step         the step most recently taken up
    lines             what is new, for the log
    """

    def __init__(self, since: int = 0) -> None:
        """`since`: id of the event up to which everything was told in earlier decision tasks."""
        self._since = since
        self.order: dict[str, Any] = {}
        self.order_id: str | None = None
        self.bad_input: str | None = None
        self.steps: tuple[str, ...] = workflow.STEPS
        self.results: dict[str, str | None] = {}
        self.failures: dict[str, int] = {}
        self.errors: dict[str, Failure] = {}
        self.open: dict[int, Activity] = {}
        self.timers: set[str] = set()
        self.rested: set[str] = set()
        self.resume: Resume | None = None
        self.resumes = 0
        self.earlier_runs: list[str] = []
        self.rollback: Rollback | None = None
        self.cancel_requested = False
        self.close_refused: str | None = None
        self.closed: str | None = None
        self.undoable = False
        self.last_step = workflow.VALIDATE_INPUT
        self.lines: list[Line] = []

    def tell(
        self,
        event_id: int,
        level: int,
        text: str,
        step: str | None = None,
        attempt: int | None = None,
    ) -> None:
        """Add a line about an event, if it is new."""
        if event_id > self._since:
            self.lines.append(Line(level, text, step, attempt))

    # Questions

    def next_step(self) -> str | None:
        """The first step that is not done; None when all are."""
        for step in self.steps:
            if step not in self.results:
                return step
        return None

    def activity_of(self, step: str) -> Activity | None:
        """The open activity of this step, if any; there is never a second one."""
        for activity in self.open.values():
            if activity.step == step:
                return activity
        return None

    def missing_before(self, step: str) -> list[str]:
        """Steps before `step` that are not done. ValueError if `step` is not one of this order."""
        return [name for name in self.steps[: self.steps.index(step)] if name not in self.results]

    def is_past_saving(self, step: str) -> bool:
        """Whether `step` relies on an order that is on record and paid."""
        return self.steps.index(step) > self.steps.index(workflow.SAVE_RESULTS)

    def resume_problem(self, step: str) -> str | None:
        """Why this run, in its present state, cannot go on from `step`; None if it can."""
        if step not in self.steps:
            return f"{step!r} is not one of the steps of this order: {', '.join(self.steps)}"
        if self.rollback:
            return "the order is being rolled back"
        if self.cancel_requested:
            return "the order is being canceled"
        missing = self.missing_before(step)
        return f"not completed before {step}: {', '.join(missing)}" if missing else None

    def has_left_something(self) -> bool:
        """Whether money may be held or a record written, so that there is something to undo."""
        return self.undoable

    def rollback_due(self) -> Rollback:
        """What a rollback initiated now would be for."""
        step = self.next_step() or self.last_step
        error = self.errors.get(step)
        last_error = error.reason if error else None
        if self.cancel_requested:
            return Rollback(self.last_step, "Cancel requested", last_error, canceling=True)
        reason = "Max retries exceeded" if error is None or error.retryable else "Not retryable"
        return Rollback(step, reason, last_error, canceling=False)
