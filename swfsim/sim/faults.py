"""What may go wrong, as values: a fault says what, at which step, at which attempts.

An attempt is the how-manieth time, from 1, that the step is scheduled for its workflow id: a run
that is resumed under the same id goes on counting. ``attempts=3`` means the first three,
``attempts=(2, 4)`` just these.

fails(step, reason)           the activity raises
times_out(step, kind)         one of the four activity time-outs really elapses
worker_dies(step, moment)     "before" or "after the effect" of the activity, or "after answering"
answer_lost(step)             the worker's answer never reaches SWF
answer_late(step)             the work is done, the answer comes after the task has timed out
effect_late(step)             the work itself is only done after the task has timed out
decider_dies(decision, …)     "before deciding", "before answering" or "after answering"
decision_times_out(decision)  the decider answers after its decision task has timed out
decision_refused(decision, …) SWF refuses a decision of this type, for a cause of the model
crash(worker, operation, …)   a worker dies just "before" or "after" one of its API calls
call_fails(worker, …)         one of its API calls is throttled, meets an error, is lost or repeated
clock_skewed(worker, seconds) its clock is so far ahead of SWF's, or behind it
listings_lag(seconds)         List, Count and Describe do not yet know of what happened last
"""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from swfsim.core.external import DELIVERED
from swfsim.errors import HarnessError
from swfsim.spec import model

if TYPE_CHECKING:
    from swfsim.core.world import Execution

Attempts = int | Iterable[int]


class Which(ABC):
    """An ``only=`` that looks at the execution itself, not at its input."""

    @abstractmethod
    def wants(self, x: Execution) -> bool:
        """Whether the fault concerns this execution."""


Only = Callable[[Any], bool] | Which
"""Whether a fault concerns an execution, by its input (JSON is read first)."""


def concerns(only: Only | None, x: Execution, read: Callable[[str], Any]) -> bool:
    """Whether a fault with this ``only=`` concerns an execution; ``read`` reads its input."""
    if isinstance(only, Which):
        return only.wants(x)
    return only is None or only(read(x.started.get("input", "")))


ActivityTimeout = Literal["START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE", "HEARTBEAT"]
ActivityMoment = Literal["before", "after the effect", "after answering"]
DecisionMoment = Literal["before deciding", "before answering", "after answering"]
CallMoment = Literal["before", "after"]
CallFailure = Literal["throttled", "server error", "never arrives", "answer lost", "sent twice"]

RESTART_AFTER_S: Final = 5.0
"""How long a dead worker stays dead, unless a fault says otherwise."""


@dataclass(frozen=True, slots=True)
class ActivityFault:
    """A fault at a step. ``kind`` names it, ``detail`` is its reason, time-out type or moment."""

    kind: Literal["fails", "times out", "worker dies", "answer lost", "answer late", "effect late"]
    step: str
    attempts: tuple[int, ...]
    detail: str = ""
    error: BaseException | None = None
    restart_after_s: float = RESTART_AFTER_S
    only: Only | None = field(default=None, compare=False)

    def __str__(self) -> str:
        shown = f"{self.step} {self.kind}" + (f" ({self.detail})" if self.detail else "")
        numbers = ", ".join(map(str, self.attempts))
        return f"{shown} at attempt{'s' if len(self.attempts) > 1 else ''} {numbers}"


@dataclass(frozen=True, slots=True)
class DecisionFault:
    """A fault at the n-th decision task (from 1) of a workflow id."""

    kind: Literal["decider dies", "decision times out", "decision refused"]
    decisions: tuple[int, ...]
    detail: str = ""
    restart_after_s: float = RESTART_AFTER_S
    onwards: bool = False  # and at every later decision task
    only: Only | None = field(default=None, compare=False)

    def __str__(self) -> str:
        shown = self.kind + (f" {self.detail}" if self.detail else "")
        more = " and all later ones" if self.onwards else ""
        return f"{shown} at decision {', '.join(map(str, self.decisions))}{more}"


@dataclass(frozen=True, slots=True)
class Crash:
    """A worker dies at the n-th call (from 1) of an operation."""

    worker: str
    operation: str
    moment: CallMoment
    nth: int
    restart_after_s: float

    def __str__(self) -> str:
        return f"{self.worker} dies {self.moment} its {self.operation} number {self.nth}"


@dataclass(frozen=True, slots=True)
class CallFault:
    """The n-th call (from 1) of an operation fails, or its answer does."""

    worker: str
    operation: str
    how: CallFailure
    nth: int

    def __str__(self) -> str:
        return f"{self.how}: {self.operation} number {self.nth} of {self.worker}"


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """A worker's clock is ahead of SWF's, or behind it, for the whole run."""

    worker: str
    seconds: float

    def __str__(self) -> str:
        return f"the clock of {self.worker} is {abs(self.seconds):g} s " + (
            "ahead" if self.seconds > 0 else "behind"
        )


@dataclass(frozen=True, slots=True)
class ListingLag:
    """What SWF lists, counts and describes is behind what has happened, for the whole run."""

    seconds: float

    def __str__(self) -> str:
        return f"listings lag {self.seconds:g} s behind"


Fault = ActivityFault | DecisionFault | Crash | CallFault | ClockSkew | ListingLag


def _numbers(given: Attempts, what: str) -> tuple[int, ...]:
    numbers = tuple(range(1, given + 1)) if isinstance(given, int) else tuple(given)
    if not numbers or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in numbers):
        raise HarnessError(f"{what} must be a number from 1 on, or several: {given!r} names none")
    return numbers


def _one_of(value: str, allowed: tuple[str, ...], what: str) -> None:
    if value not in allowed:
        raise HarnessError(f"{what} {value!r} is not one of {', '.join(map(repr, allowed))}")


def fails(
    step: str,
    reason: str | BaseException = "failed by the scenario",
    *,
    attempts: Attempts = 1,
    only: Only | None = None,
) -> ActivityFault:
    """The activity raises, with this text, or this very exception, and has no effect."""
    error = reason if isinstance(reason, BaseException) else Exception(reason)
    numbers = _numbers(attempts, "attempts")
    return ActivityFault("fails", step, numbers, str(reason), error, only=only)


def times_out(
    step: str, kind: ActivityTimeout, *, attempts: Attempts = 1, only: Only | None = None
) -> ActivityFault:
    """The task times out by itself: nobody takes it, or its worker hangs, or stops beating."""
    _one_of(kind, model.enum("ActivityTaskTimeoutType"), "an activity times out by")
    return ActivityFault("times out", step, _numbers(attempts, "attempts"), kind, only=only)


def worker_dies(
    step: str,
    moment: ActivityMoment,
    *,
    attempts: Attempts = 1,
    restart_after_s: float = RESTART_AFTER_S,
    only: Only | None = None,
) -> ActivityFault:
    """The worker that is at this step dies, and is started anew some seconds later."""
    _one_of(moment, ("before", "after the effect", "after answering"), "moment")
    return ActivityFault(
        "worker dies",
        step,
        _numbers(attempts, "attempts"),
        moment,
        restart_after_s=restart_after_s,
        only=only,
    )


def answer_lost(step: str, *, attempts: Attempts = 1, only: Only | None = None) -> ActivityFault:
    """The work is done; the worker's answer is lost on the way, and its call ends in an error, as
    often as it is made while SWF still waits for it."""
    return ActivityFault("answer lost", step, _numbers(attempts, "attempts"), only=only)


def answer_late(step: str, *, attempts: Attempts = 1, only: Only | None = None) -> ActivityFault:
    """The work is done in time; the answer reaches SWF only after the task has timed out."""
    return ActivityFault("answer late", step, _numbers(attempts, "attempts"), only=only)


def effect_late(step: str, *, attempts: Attempts = 1, only: Only | None = None) -> ActivityFault:
    """The worker hangs until half a minute after its task has timed out, and then does the work all
    the same: nobody waits for it any more, and another attempt may be under way, or over."""
    return ActivityFault("effect late", step, _numbers(attempts, "attempts"), only=only)


def decider_dies(
    decision: Attempts,
    moment: DecisionMoment,
    *,
    restart_after_s: float = RESTART_AFTER_S,
    only: Only | None = None,
) -> DecisionFault:
    """The decider dies at its n-th decision; an int is that one decision."""
    _one_of(moment, ("before deciding", "before answering", "after answering"), "moment")
    numbers = _numbers((decision,) if isinstance(decision, int) else decision, "decision")
    return DecisionFault(
        "decider dies", numbers, moment, restart_after_s=restart_after_s, only=only
    )


def decision_times_out(decision: Attempts, *, only: Only | None = None) -> DecisionFault:
    """The n-th decision is answered only after its task has timed out; an int is that one."""
    numbers = _numbers((decision,) if isinstance(decision, int) else decision, "decision")
    return DecisionFault("decision times out", numbers, only=only)


def refusal_causes(decision_type: str) -> tuple[str, ...]:
    """The causes for which SWF may refuse a decision of this type whatever its decider does: no
    permission, quotas, rates, types that are deprecated or gone. From the service's model."""
    if decision_type not in model.REFUSAL or decision_type in DELIVERED:
        return ()
    cause = model.members(model.event_shape(model.REFUSAL[decision_type]))["cause"]
    return tuple(one for one in model.enum(cause.name) if not one.endswith(_OWN_CAUSES))


_OWN_CAUSES: Final = ("_IN_USE", "_UNKNOWN", "_UNDEFINED", "UNHANDLED_DECISION", "_RUNNING")
"""Endings of the causes that follow from the execution itself; the machine finds those."""


def decision_refused(
    decision: Attempts,
    decision_type: str,
    cause: str,
    *,
    onwards: bool = False,
    only: Only | None = None,
) -> DecisionFault:
    """SWF refuses the first decision of this type in the n-th decision task, and goes on with the
    others; an int is that one decision task. ``onwards`` refuses all of the type from there on, as
    a missing permission does."""
    known(decision_type, model.DECISIONS, "decision type of SWF")
    allowed = refusal_causes(decision_type)
    if cause not in allowed:
        told = ", ".join(allowed) or "none that could be given to it"
        raise HarnessError(f"{decision_type} is never refused for {cause!r}; causes are {told}")
    numbers = _numbers((decision,) if isinstance(decision, int) else decision, "decision")
    if onwards and len(numbers) > 1:
        raise HarnessError(f"onwards begins at one decision, not at {', '.join(map(str, numbers))}")
    detail = f"{decision_type} {cause}"
    return DecisionFault("decision refused", numbers, detail, onwards=onwards, only=only)


def call_fails(worker: str, operation: str, how: CallFailure, *, nth: int = 1) -> CallFault:
    """One of a worker's calls fails. ``how``: "throttled" and "server error" are the service's
    answers, with nothing done; "never arrives" and "answer lost" are a broken connection, before
    and after the service has acted; "sent twice" is a repetition by botocore, whose first answer
    was lost, so that the worker sees the second."""
    known(operation, model.OPERATIONS, "operation of SWF")
    _one_of(how, get_args(CallFailure), "how a call fails:")
    return CallFault(worker, operation, how, _numbers((nth,), "nth")[0])


def crash(
    worker: str,
    operation: str,
    moment: CallMoment,
    *,
    nth: int = 1,
    restart_after_s: float = RESTART_AFTER_S,
) -> Crash:
    """A worker dies at any of its calls: before the call reaches SWF, or before it hears back."""
    known(operation, model.OPERATIONS, "operation of SWF")
    _one_of(moment, ("before", "after"), "moment")
    return Crash(worker, operation, moment, _numbers((nth,), "nth")[0], restart_after_s)


SKEW_MAX_S: Final = 300.0
"""SWF refuses the signature of a client whose clock is further off (Signature Version 4)."""


def clock_skewed(worker: str, seconds: float) -> ClockSkew:
    """All that a worker reads of the time is so many seconds ahead, or with a minus behind. Raises
    ``HarnessError`` for more than SWF would bear with."""
    if isinstance(seconds, bool) or not 0 < abs(seconds) < SKEW_MAX_S:
        raise HarnessError(
            f"clock_skewed({worker!r}, {seconds!r}): give less than {SKEW_MAX_S:g} seconds, ahead "
            "or behind: SWF refuses the signature of a client whose clock is further off"
        )
    return ClockSkew(worker, seconds)


def listings_lag(seconds: float) -> ListingLag:
    """List, Count and Describe know of a start or a close only so many seconds later, as SWF is
    eventually consistent there; polls and histories are not concerned."""
    if isinstance(seconds, bool) or not 0 < seconds < float("inf"):
        raise HarnessError(f"listings_lag({seconds!r}): give a number of seconds above 0")
    return ListingLag(seconds)


_FEW: Final = 12
"""So many names are shown beside a near one."""


def known(name: str, names: Iterable[str], what: str) -> None:
    """Raises ``HarnessError`` with the nearest names if this is none of them."""
    names = list(names)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hints = [f"did you mean {near[0]!r}?"] if near else []
        if not near or len(names) <= _FEW:
            hints.append(f"known are {', '.join(names)}")
        raise HarnessError(f"{name!r} is no {what}: {' '.join(hints)}")
