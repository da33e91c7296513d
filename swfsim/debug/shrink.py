"""The smallest history on which a decider still misbehaves in the same way.

Families of events are left out in ever smaller groups, as delta debugging does it (Zeller and
Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002), as long as what is left is a
history that SWF could have made and the decider's last answer is wrong in just the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from swfsim.checkers import service_laws
from swfsim.debug import again, compare, surgery, tasks
from swfsim.debug.verdict import PAGES, TWO_ANSWERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from swfsim.debug.tasks import Decide
    from swfsim.debug.verdict import Judge, Verdict
    from swfsim.replay.histories import Captured

_ASKED_AGAIN: Final = {TWO_ANSWERS, PAGES}

_Unit = TypeVar("_Unit")

Way = tuple[object, ...]
"""In which way a verdict is wrong; equal ways are the same misbehaviour."""


class Shrunk(NamedTuple):
    """The smallest history found, the wrong verdict on its last decision task, and how many
    histories were tried."""

    captured: Captured
    verdict: Verdict
    tried: int


def way(verdict: Verdict) -> Way:
    """In which way a verdict is wrong; empty when it is not."""
    flaws = tuple(sorted((one.kind, one.where or "") for one in verdict.flaws))
    if verdict.raised is not None:
        return ("raised", type(verdict.raised.error), verdict.raised.where, flaws)
    wrong = tuple(
        (one.verdict, one.name, tuple(field.name for field in one.fields))
        for one in verdict.findings
        if one.verdict != compare.SAME
    )
    return (wrong, flaws) if wrong or flaws else ()


def first_wrong(judge: Judge, captured: Captured) -> Verdict | None:
    """The first decision task on which the decider misbehaves: differs, or shows a flaw."""
    found = again.ask_again(judge, captured, judge.verdicts(captured))
    differing = (one for one in found if not one.same)
    return next(differing, None) or next((one for one in found if one.flaws), None)


def shrink(
    judge: Judge, captured: Captured, wrong: Verdict, right: Decide | None = None
) -> Shrunk | None:
    """The smallest history whose last decision task is wrong as ``wrong`` is.

    With ``right``, a decider without the fault, that one decides every history that is tried as it
    is recorded: then the test that comes of it can be passed. None when the wrong decision does not
    show in the history alone, without what a decider remembers of earlier tasks.
    """
    return _Shrinking(judge, captured, wrong, right).run()


class _Shrinking:
    def __init__(
        self, judge: Judge, captured: Captured, wrong: Verdict, right: Decide | None
    ) -> None:
        self._judge = judge
        self._right = right
        self._way = way(wrong)
        self._again = bool(_ASKED_AGAIN & {one.kind for one in wrong.flaws})
        task = wrong.task
        last = task.started_id if task.completed_id is None else task.completed_id
        self._base = surgery.until(captured, last + len(task.decided))
        self._at = task.at
        self._lawful = not service_laws(self._base.events)
        self._best: tuple[Captured, Verdict] | None = None
        self.tried = 0

    def run(self) -> Shrunk | None:
        if not self._still_wrong(set()):
            return None
        dropped = self._leave_out(surgery.units(self._base.events), set())
        empty = surgery.decision_tasks(self._base.events, dropped)
        self._leave_out(list(empty), dropped)
        assert self._best is not None, "the whole history was wrong"
        return Shrunk(*self._best, self.tried)

    def _leave_out(self, units: Sequence[surgery.Unit], dropped: set[int]) -> set[int]:
        """Leave out as many of these as can be; gives all ids that are left out then."""

        def without(some: Iterable[surgery.Unit]) -> set[int]:
            return dropped | {number for unit in some for number in unit.ids}

        gone = as_many(list(units), lambda some: self._still_wrong(without(some)))
        return without(gone)

    def _still_wrong(self, dropped: set[int]) -> bool:
        self.tried += 1
        candidate = surgery.without(self._base, dropped)
        if candidate is None:
            return False
        found = tasks.of(candidate)
        if not found or found[-1].at != self._at:
            return False  # the task in question is gone
        verdict = self._judged(candidate, found[-1])
        if way(verdict) != self._way or (self._lawful and service_laws(candidate.events)):
            return False
        if self._right is not None and not self._is_right(candidate, found[-1]):
            return False
        self._best = (candidate, verdict)
        return True

    def _judged(self, candidate: Captured, task: tasks.Task) -> Verdict:
        self._judge.show(candidate)
        verdict = self._judge.judge(tasks.Polls(candidate), task)
        if self._again:
            [verdict] = again.ask_again(self._judge, candidate, [verdict], 1)
        return verdict

    def _is_right(self, candidate: Captured, task: tasks.Task) -> bool:
        wrong, self._judge.decide = self._judge.decide, self._right or self._judge.decide
        try:
            self._judge.show(candidate)
            return self._judge.judge(tasks.Polls(candidate), task).same
        finally:
            self._judge.decide = wrong


def as_many(units: list[_Unit], holds: Callable[[list[_Unit]], bool]) -> list[_Unit]:
    """As many of the units as can be left out together; not one more can then."""
    gone: list[_Unit] = []
    left = units
    size = max(1, len(left) // 2)
    while left:
        before = len(left)
        for first in range(((len(left) - 1) // size) * size, -1, -size):  # from the end
            some = left[first : first + size]
            if holds(gone + some):
                gone += some
                left = left[:first] + left[first + size :]
        if size == 1 and len(left) == before:
            break
        size = max(1, min(size // 2, len(left)))
    return gone
