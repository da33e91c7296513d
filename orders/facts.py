"""What a decider needs to know of the single things that happened to an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Event = Mapping[str, Any]

START_EVENT = 1

CLOSE_EVENTS = frozenset(
    (
        "WorkflowExecutionCompleted",
        "WorkflowExecutionFailed",
        "WorkflowExecutionCanceled",
        "WorkflowExecutionTerminated",
        "WorkflowExecutionTimedOut",
        "WorkflowExecutionContinuedAsNew",
    )
)


class Line(NamedTuple):
    """One line of the decider's log about something new."""

    level: int
    text: str
    step: str | None = None
    attempt: int | None = None


class Failure(NamedTuple):
    """Why an attempt of a step did not complete it."""

    reason: str
    retryable: bool = True
    throttled: bool = False


class Resume(NamedTuple):
    """Asked for by the event of that id: a signal, or the start of this run."""

    step: str
    event_id: int

    @property
    def is_by_signal(self) -> bool:
        return self.event_id != START_EVENT


class Rollback(NamedTuple):
    """Why and from where the order is being taken back. `canceling`: at the client's request."""

    step: str
    reason: str
    last_error: str | None
    canceling: bool


@dataclass(slots=True)
class Activity:
    """An open activity task."""

    step: str
    attempt: int
    activity_id: str
    superseded: bool = False
    cancel_asked: bool = False
