"""The order workflow as data: its steps and their order, names, timeouts, attempts.

    ValidateInput → ProcessData → EnrichData → [CallExternalAPI] → SaveResults → NotifyCompletion
    after a step that stays broken, or a cancel request:  RollbackStep → CompensateTransaction

`Rules` holds every number the decider needs. It is part of the decider's input: the same history
and the same rules give the same decisions.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from orders import messages

WORKFLOW_NAME = "OrderWorkflow"

VALIDATE_INPUT = "ValidateInput"
PROCESS_DATA = "ProcessData"
ENRICH_DATA = "EnrichData"
CALL_EXTERNAL_API = "CallExternalAPI"
SAVE_RESULTS = "SaveResults"
NOTIFY_COMPLETION = "NotifyCompletion"
ROLLBACK_STEP = "RollbackStep"
COMPENSATE_TRANSACTION = "CompensateTransaction"

STEPS = (VALIDATE_INPUT, PROCESS_DATA, ENRICH_DATA, SAVE_RESULTS, NOTIFY_COMPLETION)
ROLLBACK_STEPS = (ROLLBACK_STEP, COMPENSATE_TRANSACTION)

OPTIONAL_STEPS = {CALL_EXTERNAL_API: SAVE_RESULTS}
"""Optional step → the step it runs right before, in an order that asked for it."""

FORWARD_STEPS = frozenset((*STEPS, *OPTIONAL_STEPS))
ALL_STEPS = (*STEPS, *OPTIONAL_STEPS, *ROLLBACK_STEPS)

LONG_STEPS = frozenset((ENRICH_DATA, CALL_EXTERNAL_API, SAVE_RESULTS))
"""These may take minutes: they have the long timeout, and they heartbeat."""

UNDOABLE_STEPS = frozenset((PROCESS_DATA, SAVE_RESULTS))
"""These leave something behind (money held, a record written) that rollback must take back."""

RESUME_SIGNAL = "RESUME_FROM_STEP"
RESUME_MARKER = "RESUME_FROM_STEP"
ROLLBACK_MARKER = "ROLLBACK_INITIATED"


def steps_for(optional_steps: Iterable[str]) -> tuple[str, ...]:
    """The steps of an order that asked for these optional ones. KeyError for an unknown name."""
    steps = list(STEPS)
    for name in optional_steps:
        if name not in steps:
            steps.insert(steps.index(OPTIONAL_STEPS[name]), name)
    return tuple(steps)


def activity_id(step: str, attempt: int, resumes: int) -> str:
    """`SaveResults-2`; after the first resume within a run `SaveResults-2-resume1`.

    SWF takes an id again only after its activity closed; these are never used twice in a run.
    """
    return f"{step}-{attempt}-resume{resumes}" if resumes else f"{step}-{attempt}"


def attempt_of(activity_id: str) -> int:
    """The attempt that `activity_id` wrote into an id; 1 for an id of another make."""
    parts = activity_id.split("-")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 1


@dataclass(frozen=True)
class Timeouts:
    """The four timeouts of an activity, in seconds. `heartbeat` None: it never beats."""

    start_to_close: int = 60
    schedule_to_start: int = 3600
    heartbeat: int | None = None

    @property
    def schedule_to_close(self) -> int:
        """A little less than the sum of waiting and working, so that each of the four can bite."""
        return self.schedule_to_start + self.start_to_close - max(1, self.start_to_close // 2)

    @functools.cached_property
    def decision_fields(self) -> Mapping[str, str]:
        """As ScheduleActivityTask wants them: decimal strings, or NONE."""
        return {
            "startToCloseTimeout": str(self.start_to_close),
            "scheduleToStartTimeout": str(self.schedule_to_start),
            "scheduleToCloseTimeout": str(self.schedule_to_close),
            "heartbeatTimeout": "NONE" if self.heartbeat is None else str(self.heartbeat),
        }


@functools.lru_cache(maxsize=8)
def default_timeouts(
    *,
    short: int = 60,
    long: int = 600,
    heartbeat: int = 60,
    schedule_to_start: int = 3600,
    rollback_schedule_to_start: int = 86_400,
    start_to_close: tuple[tuple[str, int], ...] = (),
) -> Mapping[str, Timeouts]:
    """Step → timeouts, all in seconds. `start_to_close`, (step, seconds), overrides single steps.

    Rollback waits longer for a worker than a step that moves the order forward: a step nobody
    takes up can be rolled back, a rollback nobody takes up is left to people.
    """
    overrides = dict(start_to_close)

    def timeouts(step: str) -> Timeouts:
        is_long = step in LONG_STEPS
        work = overrides.get(step, long if is_long else short)
        wait = rollback_schedule_to_start if step in ROLLBACK_STEPS else schedule_to_start
        return Timeouts(work, wait, min(heartbeat, work) if is_long else None)

    return MappingProxyType({step: timeouts(step) for step in ALL_STEPS})


@dataclass(frozen=True)
class Rules:
    """What the decider may be told from outside. Times in seconds.

    refer: turns a text that is too long for SWF into a reference, without storing it.
    """

    activity_version: str = "1.0"
    activity_task_list: str = "orders-activities"
    timeouts: Mapping[str, Timeouts] = field(default_factory=default_timeouts)
    max_attempts: int = 3
    retry_backoff: int = 0
    retry_backoff_cap: int = 300
    throttle_backoff: int = 5
    refer: Callable[[str], messages.Reference] = messages.local_reference

    def activity_attributes(self, step: str) -> dict[str, Any]:
        """Type, task list and timeouts of `step`, as ScheduleActivityTask wants them."""
        return {
            "activityType": {"name": step, "version": self.activity_version},
            "taskList": {"name": self.activity_task_list},
            **self.timeouts[step].decision_fields,
        }

    def backoff(self, failures: int, *, throttled: bool = False) -> int:
        """Seconds to wait after so many failures; exponential up to the cap, 0 for at once.

        SWF refusing to create more activities is waited for even when no backoff is set:
        asking again at once is what it complained about.
        """
        wait = min(self.retry_backoff_cap, self.retry_backoff << (failures - 1))
        return max(wait, self.throttle_backoff) if throttled else wait


DEFAULT_RULES = Rules()
