"""How far each fault of a plan came, and what to say of one that never acted.

A fault has struck when it has acted: the activity raised, the time-out is in the history, the
answer is lost. That its step was scheduled is not enough: a worker that goes around ``wrap`` would
let any story pass.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from swfsim.sim.faults import ActivityFault, CallFault, ClockSkew, Crash, ListingLag

if TYPE_CHECKING:
    from swfsim.sim.faults import Fault


class Reach(enum.IntEnum):
    """How far a fault came at one attempt, one decision or one call."""

    NOT_YET = 0
    PASSED_BY = 1  # its place came, but ``only=`` wanted none of the executions there
    ARRIVED = 2  # its step is scheduled, its decision task taken
    BEGUN = 3  # a task or an answer is held back, and time has to do the rest
    ACTED = 4


class Strikes:
    """The tally. Faults are told apart by identity: two with different ``only=`` may be equal."""

    def __init__(self) -> None:
        self._reached: dict[tuple[int, int], Reach] = {}
        self._unwanted: dict[tuple[int, int], str] = {}

    def note(self, fault: Fault, number: int, reach: Reach) -> None:
        """This fault came so far, at the attempt, decision or call with this number."""
        key = id(fault), number
        if reach > self._reached.get(key, Reach.NOT_YET):
            self._reached[key] = reach

    def pass_by(self, fault: Fault, number: int, given: str) -> None:
        """``only=`` did not want the execution with this input."""
        self._unwanted[id(fault), number] = given
        self.note(fault, number, Reach.PASSED_BY)

    def acted(self, fault: Fault, number: int) -> bool:
        """Whether this fault has struck at the attempt, decision or call with this number."""
        return self._reached.get((id(fault), number)) is Reach.ACTED

    def complaint(self, fault: Fault, number: int) -> str | None:
        """Why this fault has not struck; None for one that has."""
        reach = self._reached.get((id(fault), number), Reach.NOT_YET)
        if reach is Reach.ACTED:
            return None
        if isinstance(fault, Crash | CallFault):
            return f"never: {fault}"
        if isinstance(fault, ClockSkew):
            return f"{fault}, and {fault.worker} never looked at it"
        if isinstance(fault, ListingLag):
            return f"{fault}, and nobody asked for one"
        given = self._unwanted.get((id(fault), number), "")
        if isinstance(fault, ActivityFault):
            return f"{fault.kind}: {_of_step(fault, number, reach, given)}"
        if fault.kind == "decision refused" and reach is Reach.ARRIVED:
            return f"the {nth(number)} decision task led to no decision of the type: {fault}"
        return f"{fault.kind}: {_of_decision(number, reach, given)}"


_ON_PURPOSE: Final = " (if the story means it so: then(…, strict=False))"


def _of_step(fault: ActivityFault, number: int, reach: Reach, given: str) -> str:
    step = fault.step
    scheduled = f"{step} was scheduled a {nth(number)} time, but"
    match reach:
        case Reach.NOT_YET:
            return f"{step} was never tried a {nth(number)} time"
        case Reach.PASSED_BY:
            return f"{scheduled} only= wanted none of the executions, the last with {_input(given)}"
        case Reach.ARRIVED if _acts_on_answer(fault):
            return f"{scheduled} no worker sent an answer"
        case Reach.ARRIVED:
            return (
                f"{scheduled} the activity was never called through wrap: put it around every "
                "activity function, in workers() of the App, and have a worker that takes the task"
            )
    if fault.kind == "effect late":
        return f"{scheduled} its task never timed out while the work was held back{_ON_PURPOSE}"
    if fault.kind == "answer late":
        return f"{scheduled} its task never timed out while its answer was held back{_ON_PURPOSE}"
    return (
        f"{scheduled} it never timed out by {fault.detail}: something else came first{_ON_PURPOSE}"
    )


def _of_decision(number: int, reach: Reach, given: str) -> str:
    match reach:
        case Reach.NOT_YET:
            return f"there was no {nth(number)} decision"
        case Reach.PASSED_BY:
            return (
                f"there was a {nth(number)} decision, but only= wanted none of the executions, "
                f"the last with {_input(given)}"
            )
        case Reach.ARRIVED:
            return f"the {nth(number)} decision task was taken, but no decider answered it"
    return (
        f"the answer to the {nth(number)} decision task was held back, but the task never timed out"
        f": something else came first{_ON_PURPOSE}"
    )


def _acts_on_answer(fault: ActivityFault) -> bool:
    return fault.kind in ("answer lost", "answer late") or fault.detail == "after answering"


def _input(given: str) -> str:
    shown = given if len(given) <= 60 else given[:59] + "…"
    return f"the input {shown!r}"


def nth(number: int) -> str:
    """``first``, ``second``, ``third``, ``4th``, ``21st``"""
    if number in (1, 2, 3):
        return ("first", "second", "third")[number - 1]
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"
