"""``Placed``: one thing that goes wrong at one place of a run; as fault, as text, as Python.

A place is a step's attempt, a decision task, a call of a worker, a moment, or a choice that the
scheduler makes. What may go wrong there is the service's own alphabet.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from swfsim import faults
from swfsim.errors import HarnessError
from swfsim.sim.faults import CallFailure, refusal_causes
from swfsim.sim.waits import check_can_time_out, hold_for_schedule_to_close
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from swfsim.core.world import Activity
    from swfsim.sim.faults import Fault, Only

Kind = Literal["step", "decision", "call", "moment", "choice", "clock", "listing"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def quoted(value: object) -> str:
    """As Python writes it, texts in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


class Placed(NamedTuple):
    """``what`` goes wrong, closer said by ``detail``, at the ``nth`` time of ``name``.

    step      name is the step, nth the attempt; detail is the time-out, moment or error
    decision  nth counts the decision tasks of a workflow id; detail is what SWF refuses, and why
    call      name is the worker, detail the operation, nth which call of it
    moment    name is a moment of a story; what is the name of a happening
    choice    name is what is chosen, nth which choice of the run, from 0; detail the option taken
    clock     name is the worker that looks at its clock, which is wrong through the whole run
    listing   somebody asks which executions there are; listings lag through the whole run

    ``whose`` is the workflow id whose step or decision it is, in order of start, from 1; 0 in a run
    that has one. Of a moment it is to whom something is done, 0 for the execution started last.
    """

    kind: Kind
    name: str
    nth: int
    what: str
    detail: str = ""
    whose: int = 0

    @property
    def lasts(self) -> bool:
        """Whether it goes on after it has struck, so that what follows is never as without it."""
        return self.what in ("keeps failing", "refused onwards") or self.kind in _CONDITIONS

    @property
    def at(self) -> tuple[str, str, int, int]:
        """At one of these only one thing goes wrong, and all of a place have the same: of what
        kind it is, of what, of whose, and which time."""
        name = self.name + self.detail if self.kind == "call" else self.name
        whose = 1 if self.kind == "moment" else self.whose or 1
        return (self.kind, name, whose, self.nth)

    def is_among(self, there: Place) -> bool:
        """Whether it is one of these, in a run that may have more or fewer workflow ids."""
        what = (self.what, self.detail)
        return there[0].at == self.at and any((one.what, one.detail) == what for one in there)

    def __str__(self) -> str:
        return _text(self)

    def _told(self) -> str:
        match self.kind:
            case "moment":
                return f"{self.what} at {self.moment}"
            case "choice":
                return f"{self.name}: option {self.detail} at choice {self.nth}"
            case _ if self.what == "keeps failing":
                return f"{self.name} keeps failing"
            case _:
                return str(self.fault({}))

    @property
    def moment(self) -> str:
        """Of a moment: as a story says it."""
        return f"{self.name} #{self.nth}" if self.nth > 1 else self.name

    def fault(self, errors: Mapping[str, Exception], only: Only | None = None) -> Fault:
        """The fault, unless it is a moment's or the scheduler's. Of a call, ``only`` is None."""
        numbers = self._numbers() if only is None else {**self._numbers(), "only": only}
        made: Fault = getattr(faults, self._maker)(*self._arguments(errors), **numbers)
        return made

    def code(self, only: str = "") -> str:
        """Python that gives it to a ``story``; ``only`` is Python for which execution it is."""
        if self.kind == "moment":
            happening = f"told.happenings[{quoted(self.what)}]"
            happening = f"upon({happening}, {self.whose})" if self.whose else happening
            return f"story.when({quoted(self.moment)}, {happening})"
        arguments = [quoted(one) for one in self._arguments({})]
        if self._maker == "fails" and self.detail:
            arguments[1] = f"told.errors[{quoted(self.detail)}]"
        arguments += [f"{name}={value!r}" for name, value in self._numbers().items()]
        arguments += [f"only={only}"] if only else []
        return f"story.given(faults.{self._maker}({', '.join(arguments)}))"

    @property
    def _maker(self) -> str:
        return _MAKERS[self.kind].get(self.what, "call_fails")

    def _arguments(self, errors: Mapping[str, Exception]) -> list[Any]:
        match self.kind, self.what:
            case "clock", _:
                return [self.name, SKEW_S if self.what == "ahead" else -SKEW_S]
            case "listing", _:
                return [LAG_S]
            case "call", _:
                return [self.name, self.detail, self.what]
            case "decision", ("refused" | "refused onwards"):
                return [self.nth, *self.detail.split(" ")]
            case "decision", _:
                return [self.nth, *([self.detail] if self.detail else [])]
            case _, "fails":
                return [self.name, *([errors.get(self.detail, self.detail)] if self.detail else [])]
            case _:
                return [self.name, *([self.detail] if self.detail else [])]

    def _numbers(self) -> dict[str, Any]:
        if self.what == "keeps failing":
            return {"attempts": KEEPS}
        if self.what == "refused onwards":
            return {"onwards": True}
        if self.kind == "step":
            return {"attempts": (self.nth,)}
        return {"nth": self.nth} if self.kind == "call" else {}


_CONDITIONS: Final = ("clock", "listing")

SKEW_S: Final = 240
"""How wrong a clock is: almost as much as SWF bears with."""

LAG_S: Final = 30
"""How far listings are behind."""

KEEPS: Final = 30
"""So many attempts in a row fail where a step keeps failing: more than anybody makes."""

_MAKERS: Final[dict[str, dict[str, str]]] = {
    "step": {
        "fails": "fails",
        "keeps failing": "fails",
        "times out": "times_out",
        "dies": "worker_dies",
        "answer lost": "answer_lost",
        "answer late": "answer_late",
        "effect late": "effect_late",
    },
    "decision": {
        "dies": "decider_dies",
        "times out": "decision_times_out",
        "refused": "decision_refused",
        "refused onwards": "decision_refused",
    },
    "call": {"before": "crash", "after": "crash"},
    "clock": {"ahead": "clock_skewed", "behind": "clock_skewed"},
    "listing": {"lags": "listings_lag"},
}

Place = tuple[Placed, ...]
"""All that may go wrong at one place."""

Placement = tuple[Placed, ...]
"""All that goes wrong in one run, in the order in which it comes."""


# The alphabet: what may go wrong at a place, found while running. Kept, since runs by the thousand
# come to the same places.

_KEPT: Final = 16_384
_kept = functools.lru_cache(maxsize=_KEPT)


@_kept
def _text(one: Placed) -> str:
    return f"{one._told()}, of workflow {one.whose}" if one.whose else one._told()


def at_step(step: str, attempt: int, task: Activity, errors: tuple[str, ...]) -> Place:
    """What may befall this attempt, given the task's time-outs."""
    limits = (task.start_to_close, task.schedule_to_start, task.schedule_to_close, task.heartbeat)
    found = _AT_STEP.get((step, attempt, limits, errors))
    if found is None:
        found = _AT_STEP[step, attempt, limits, errors] = tuple(
            _at_step(step, attempt, task, errors)
        )
    return found


_AT_STEP: dict[tuple[Any, ...], Place] = {}


def _at_step(step: str, attempt: int, task: Activity, errors: Iterable[str]) -> Iterator[Placed]:
    for error in ("", *errors):
        yield Placed("step", step, attempt, "fails", error)
    if attempt == 1:
        yield Placed("step", step, attempt, "keeps failing")
    for kind in model.enum("ActivityTaskTimeoutType"):
        if _can_time_out(step, kind, task):
            yield Placed("step", step, attempt, "times out", kind)
    for moment in ("before", "after the effect"):
        yield Placed("step", step, attempt, "dies", moment)
    yield Placed("step", step, attempt, "answer lost")
    if task.start_to_close is not None or task.schedule_to_close is not None:
        yield Placed("step", step, attempt, "answer late")
        yield Placed("step", step, attempt, "effect late")


def _can_time_out(step: str, kind: Any, task: Activity) -> bool:
    fault = faults.times_out(step, kind)
    try:
        check_can_time_out(fault, task)
        if kind == "SCHEDULE_TO_CLOSE":
            hold_for_schedule_to_close(fault, task)
    except HarnessError:
        return False
    return True


@_kept
def at_decision(number: int, can_time_out: bool) -> Place:
    """What may befall a decision task before it is answered."""
    dies = Placed("decision", "", number, "dies", "before deciding")
    return (dies, Placed("decision", "", number, "times out")) if can_time_out else (dies,)


@_kept
def at_answer(number: int, decision_types: tuple[str, ...]) -> Place:
    """What SWF may refuse of an answer with decisions of these types."""
    return tuple(
        Placed("decision", "", number, what, f"{one} {cause}")
        for one in dict.fromkeys(decision_types)
        for cause in refusal_causes(one)
        for what in ("refused", *(() if cause.endswith(_PASSING) else ("refused onwards",)))
    )


_PASSING: Final = ("RATE_EXCEEDED", "LIMIT_EXCEEDED")
"""Endings of refusal causes that pass by themselves."""


@_kept
def at_call(worker: str, operation: str, nth: int) -> Place:
    """What may befall any call."""
    ways = ("before", "after", *get_args(CallFailure))
    return tuple(Placed("call", worker, nth, what, operation) for what in ways)


@_kept
def at_moment(
    moment: str, nth: int, happenings: tuple[str, ...], others: tuple[int, ...] = ()
) -> Place:
    """What somebody may do then to the execution started last, and to ``others`` that are open."""
    return tuple(
        Placed("moment", moment, nth, name, whose=whose)
        for whose in (0, *others)
        for name in happenings
    )


@_kept
def at_clock(worker: str) -> Place:
    """What a worker may be shown of the time."""
    return tuple(Placed("clock", worker, 1, what) for what in ("ahead", "behind"))


@_kept
def at_listing() -> Place:
    """What may be wrong with what SWF lists."""
    return (Placed("listing", "", 1, "lags"),)


@_kept
def at_choice(label: str, number: int, options: int) -> Place:
    """Who else may run first."""
    return tuple(
        Placed("choice", label, number, "takes", str(option)) for option in range(1, options)
    )


def alphabet(happenings: Iterable[str]) -> Iterator[tuple[Kind, str]]:
    """All that may go wrong, by the kind of its place; the scheduler's choices left out."""
    for what in _MAKERS["step"]:
        yield "step", what
    for what in _MAKERS["decision"]:
        yield "decision", what
    for there in (at_call("", "", 1), at_clock(""), at_listing()):
        for one in there:
            yield one.kind, one.what
    for name in happenings:
        yield "moment", name
