"""The order decider with one fault planted in it: a copy of its modules, one line changed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import orders
from tests.quality.production import BACKOFF_S

MODULES = (
    "decider",
    "decisions",
    "errors",
    "facts",
    "messages",
    "ports",
    "progress",
    "reactions",
    "state",
    "workflow",
)


class Found(NamedTuple):
    """What replay has to find first: in the history of what befell an order, at which decision
    task, and what is wrong there."""

    befell: str
    task: int
    wrong: tuple[str, ...]


class Mutant(NamedTuple):
    """A line of a module, what stands there instead, and what has to be found."""

    module: str
    line: str
    instead: str
    found: Found


MUTANTS: dict[str, Mutant] = {
    "loses count of attempts": Mutant(
        "decider",
        "        activity_id = workflow.activity_id(step, failures + 1, self.progress.resumes)",
        "        activity_id = workflow.activity_id(step, failures or 1, self.progress.resumes)",
        Found("validation fails once", 2, ("changed StartTimer(retry-ValidateInput-1) timerId",)),
    ),
    "does not wait before a retry": Mutant(
        "decider",
        "        if wait:\n",
        "        if wait > 999:\n",
        Found("validation fails once", 2, ("missing StartTimer(retry-ValidateInput-2)",)),
    ),
    "waits too long": Mutant(
        "decider",
        "        wait = self.rules.backoff(failures, throttled=throttled)",
        "        wait = self.rules.backoff(failures + 1, throttled=throttled)",
        Found(
            "validation fails once",
            2,
            ("changed StartTimer(retry-ValidateInput-2) startToFireTimeout",),
        ),
    ),
    "tries once too often": Mutant(
        "decider",
        "        return failures >= self.rules.max_attempts or not self._is_retryable(step)",
        "        return failures > self.rules.max_attempts or not self._is_retryable(step)",
        Found(
            "processing never works",
            7,
            (
                "missing RecordMarker(ROLLBACK_INITIATED)",
                "missing ScheduleActivityTask(RollbackStep-1)",
                "extra StartTimer(retry-ProcessData-4)",
            ),
        ),
    ),
    "takes the wrong step after a resume": Mutant(
        "decider",
        "            step, workflow.activity_id(step, 1, resumes), self._input(before)",
        "            'ValidateInput', workflow.activity_id(step, 1, resumes), self._input(before)",
        Found("resumed", 6, ("changed ScheduleActivityTask(ProcessData-1-resume1) activityType",)),
    ),
    "forgets which resume it is": Mutant(
        "decider",
        "        resumes = progress.resumes + resume.is_by_signal",
        "        resumes = progress.resumes",
        Found("resumed", 6, ("changed ScheduleActivityTask(ProcessData-1) activityId",)),
    ),
    "marks a resume by another name": Mutant(
        "decider",
        "            workflow.RESUME_MARKER,\n",
        "            'RESUMED',\n",
        Found("resumed", 6, ("changed RecordMarker(RESUMED) markerName",)),
    ),
    "closes with a step to do": Mutant(
        "decider",
        "        if step is None:\n            self._complete()\n",
        "        if step in (None, 'NotifyCompletion'):\n            self._complete()\n",
        Found(
            "goes well",
            5,
            (
                "missing ScheduleActivityTask(NotifyCompletion-1)",
                "extra CompleteWorkflowExecution",
            ),
        ),
    ),
    "schedules twice": Mutant(
        "decider",
        "        self.draft.schedule_activity(step, activity_id, input_data)",
        "        [self.draft.schedule_activity(step, activity_id, input_data) for _ in '12']",
        Found("goes well", 1, ("extra ScheduleActivityTask(ValidateInput-1)",)),
    ),
    "ignores a cancel request": Mutant(
        "decider",
        "        elif progress.cancel_requested:",
        "        elif progress.cancel_requested == 'never':",
        Found(
            "cancelled while it is saved",
            5,
            (
                "missing RecordMarker(ROLLBACK_INITIATED)",
                "missing ScheduleActivityTask(RollbackStep-1)",
                "extra ScheduleActivityTask(NotifyCompletion-1)",
            ),
        ),
    ),
    "cancels without taking back": Mutant(
        "decider",
        "        elif progress.has_left_something():",
        "        elif not progress.has_left_something():",
        Found(
            "cancelled while it is saved",
            5,
            (
                "missing RecordMarker(ROLLBACK_INITIATED)",
                "missing ScheduleActivityTask(RollbackStep-1)",
                "extra CancelWorkflowExecution",
            ),
        ),
    ),
    "begins a rollback without a marker": Mutant(
        "decider",
        "        self.draft.record_marker(workflow.ROLLBACK_MARKER, details)",
        "        pass",
        Found("processing never works", 7, ("missing RecordMarker(ROLLBACK_INITIATED)",)),
    ),
    "leaves out the compensation": Mutant(
        "decider",
        "        for step in workflow.ROLLBACK_STEPS:\n            if step in",
        "        for step in workflow.ROLLBACK_STEPS[:1]:\n            if step in",
        Found("processing never works", 8, ("raised KeyError('CompensateTransaction')",)),
    ),
    "fails what was cancelled": Mutant(
        "decider",
        "        if rollback.canceling:",
        "        if rollback.canceling == 'never':",
        Found(
            "cancelled while it is saved",
            7,
            (
                "missing CancelWorkflowExecution",
                "extra FailWorkflowExecution",
            ),
        ),
    ),
    "completes what was rolled back": Mutant(
        "decider",
        '        self.draft.fail(f"{_cause(rollback)}; rolled back and compensated", details)',
        "        self.draft.complete(details)",
        Found(
            "processing never works",
            9,
            (
                "missing FailWorkflowExecution",
                "extra CompleteWorkflowExecution",
            ),
        ),
    ),
    "closes a rollback that is broken": Mutant(
        "decider",
        "                self._fail_incomplete(rollback, step)",
        "                self._close_rolled_back(rollback)",
        Found("the rollback fails", 14, ("raised KeyError('RollbackStep')",)),
    ),
    "passes on no results": Mutant(
        "decider",
        "        results = {step: messages.result_value(progress.results[step]) for step in done}",
        "        results = dict.fromkeys(done)",
        Found(
            "goes well",
            2,
            ("changed ScheduleActivityTask(ProcessData-1) input.results.ValidateInput",),
        ),
    ),
    "forgets what failed": Mutant(
        "decider",
        "            failed_activity=rollback.step,",
        "            failed_activity=None,",
        Found(
            "processing never works", 9, ("changed FailWorkflowExecution details.failed_activity",)
        ),
    ),
    "cancels another timer": Mutant(
        "decider",
        "            self.draft.cancel_timer(timer_id)",
        "            self.draft.cancel_timer(timer_id + '-2')",
        Found(
            "cancelled before a retry", 6, ("changed CancelTimer(retry-SaveResults-2-2) timerId",)
        ),
    ),
    "leaves a timer running": Mutant(
        "decider",
        "        for timer_id in sorted(self.progress.timers):",
        "        for timer_id in sorted(self.progress.rested):",
        Found("cancelled before a retry", 6, ("missing CancelTimer(retry-SaveResults-2)",)),
    ),
    "asks no activity to cancel": Mutant(
        "decider",
        "            if not activity.cancel_asked and chosen(activity.step):",
        "            if activity.cancel_asked and chosen(activity.step):",
        Found(
            "resumed while it is saved",
            6,
            ("missing RequestCancelActivityTask(NotifyCompletion-1)",),
        ),
    ),
    "waits in milliseconds": Mutant(
        "decisions",
        '                    "startToFireTimeout": str(seconds),',
        '                    "startToFireTimeout": str(seconds * 1000),',
        Found(
            "validation fails once",
            2,
            ("changed StartTimer(retry-ValidateInput-2) startToFireTimeout",),
        ),
    ),
    "trips over a time-out": Mutant(
        "reactions",
        "    how = f\"timed out: {it.get('timeoutType')}\"",
        "    how = f\"timed out: {it['timeOutType']}\"",
        Found("enriching takes too long", 4, ("raised KeyError('timeOutType')",)),
    ),
    "reads the clock": Mutant(
        "decider",
        "        if progress.closed:",
        "        if progress.closed or __import__('time').time() < 0:",
        Found("goes well", 1, ("wall clock",)),
    ),
    "throws dice": Mutant(
        "decider",
        "        if progress.closed:",
        "        if progress.closed or __import__('random').random() > 1:",
        Found("goes well", 1, ("randomness",)),
    ),
    "reads the environment": Mutant(
        "decider",
        "        if progress.closed:",
        "        if progress.closed or __import__('os').environ.get('NO_ORDERS'):",
        Found("goes well", 1, ("environment",)),
    ),
    "writes into events": Mutant(
        "decider",
        "    if isinstance(task, Mapping):",
        "    if isinstance(task, Mapping) and task['events'][0].setdefault('seen', True):",
        Found("goes well", 1, ("writes into events",)),
    ),
}


def planted(package: str, mutant: Mutant | None, into: Path) -> tuple[Callable[..., Any], str]:
    """The decider of a copy with this bug, and ``file:line`` of it; without one, of a true copy."""
    folder = into / package
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    where = ""
    for name in MODULES:
        path = Path(orders.__file__).with_name(f"{name}.py")
        text = path.read_text(encoding="utf-8")
        text = text.replace("from orders", f"from {package}").replace("import orders", "import x")
        if mutant is not None and name == mutant.module:
            assert text.count(mutant.line) == 1, f"{mutant.line!r} stands in {name} once"
            number = text[: text.index(mutant.line)].count("\n") + 1
            where = f"{folder / path.name}:{number}"
            text = text.replace(mutant.line, mutant.instead)
        (folder / path.name).write_text(text, encoding="utf-8")
    sys.path.insert(0, str(into))
    try:
        decider = importlib.import_module(f"{package}.decider")
        workflow = importlib.import_module(f"{package}.workflow")
    finally:
        sys.path.remove(str(into))
    rules = workflow.Rules(retry_backoff=BACKOFF_S)
    return lambda task: decider.decide(task, rules), where
