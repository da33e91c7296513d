"""The smallest history on which a decider still misbehaves in the same way.

Families of events are left out, all of a sort first, then in pieces, as delta debugging does it
(Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002), as long as what
is left is a history that SWF could have made and the decider's last answer is wrong in just the
same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from swfsim.checkers import service_laws
from swfsim.debug import again, compare, surgery, tasks
from swfsim.debug.verdict import PAGES, TWO_ANSWERS
from swfsim.replay.reenact import Reenactment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swfsim.debug.tasks import Decide
    from swfsim.debug.verdict import Judge, Verdict
    from swfsim.replay.histories import Captured

_ASKED_AGAIN: Final = {TWO_ANSWERS, PAGES}

_Unit = TypeVar("_Unit")

Way = tuple[object, ...]
"""In which way a verdict is wrong; equal ways are the same misbehaviour."""


GoesOn = Callable[[int, int], bool]
"""Asked before each trial, with the histories tried so far and the events of the smallest, whether
to go on."""

_PIECES: Final = 64
"""In how many pieces the whole is tried at most; what can only go together is seldom smaller."""


class Shrunk(NamedTuple):
    """The smallest history found, the wrong verdict on its last decision task, how many histories
    were tried, and whether that was all that can be tried."""

    captured: Captured
    verdict: Verdict
    tried: int
    done: bool


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
    judge: Judge,
    captured: Captured,
    wrong: Verdict,
    right: Decide | None = None,
    goes_on: GoesOn | None = None,
) -> Shrunk | None:
    """The smallest history whose last decision task is wrong as ``wrong`` is.

    With ``right``, a decider without the fault, that one decides every history that is tried as it
    is recorded: then the test that comes of it can be passed. None when the wrong decision does not
    show in the history alone, without what a decider remembers of earlier tasks. Stopped by
    ``goes_on`` or by Ctrl-C it gives the smallest found so far.
    """
    return _Shrinking(judge, captured, wrong, right, goes_on or _always).run()


def _always(tried: int, events: int) -> bool:
    return True


class _Enough(Exception):  # noqa: N818 - nothing went wrong
    pass


class _Shrinking:
    """Each history that is still wrong takes the place of the one before, with ids of its own, so
    what is tried next is as small as can be."""

    def __init__(
        self,
        judge: Judge,
        captured: Captured,
        wrong: Verdict,
        right: Decide | None,
        goes_on: GoesOn,
    ) -> None:
        self._judge = judge
        self._right = right
        self._goes_on = goes_on
        self._way = way(wrong)
        self._again = bool(_ASKED_AGAIN & {one.kind for one in wrong.flaws})
        task = wrong.task
        last = task.started_id if task.completed_id is None else task.completed_id
        self._best = surgery.until(captured, last + len(task.decided))
        self._at = task.at
        self._lawful = not service_laws(self._best.events)
        self._made_again = Reenactment(self._best).run() is None
        self._verdict: Verdict | None = None
        self._in_vain: set[tuple[int, ...]] = set()  # what cannot be left out of the best
        self._tried = 0

    def run(self) -> Shrunk | None:
        done = True
        try:
            if not self._leave_out([]):
                return None
            while self._round():
                pass
        except (_Enough, KeyboardInterrupt):
            if self._verdict is None:
                raise
            done = False
        assert self._verdict is not None, "the whole history was wrong"
        return Shrunk(self._best, self._verdict, self._tried, done)

    # What to leave out

    def _round(self) -> bool:
        """Whether anything could be left out: all of a sort, pieces of the whole, one by one."""
        before = len(self._best.events)
        for sort in (*self._sorts(), surgery.DECISION_TASKS):  # these are left empty by others
            self._leave_out_sort(sort)
        self._leave_out_pieces()
        for sort in self._sorts():
            self._leave_out_few(sort)
        return len(self._best.events) < before

    def _sorts(self) -> dict[str, list[surgery.Unit]]:
        """What may be left out by itself, like with like."""
        events = self._best.events
        found: dict[str, list[surgery.Unit]] = {}
        for unit in [*surgery.units(events), *surgery.decision_tasks(events)]:
            found.setdefault(unit.sort, []).append(unit)
        return found

    def _leave_out_sort(self, sort: str) -> None:
        """All of a sort, or all but the last, which may be what is in question, or the first."""
        units = self._sorts().get(sort, [])
        _ = self._leave_out(units) or self._leave_out(units[:-1]) or self._leave_out(units[1:])

    def _leave_out_pieces(self) -> None:
        """Halves, quarters and so on of the whole, from the end."""
        pieces = 2
        while pieces <= _PIECES and pieces < 2 * len(units := surgery.units(self._best.events)):
            size = -(-len(units) // pieces)
            for first in range((pieces - 1) * size, -1, -size):
                self._leave_out(surgery.units(self._best.events)[first : first + size])
            pieces *= 2

    def _leave_out_few(self, sort: str) -> None:
        """As many of a sort as can be, from the end: twice as many after each success, half as many
        after each failure, so what cannot go costs a trial each and what can go costs few."""
        units = self._sorts().get(sort, [])
        end, size = len(units), max(1, len(units) // 2)
        while end > 0:
            if self._leave_out(units[max(0, end - size) : end]):
                units = self._sorts().get(sort, [])
                end, size = min(end - size, len(units)), size * 2
            elif size > 1:
                size //= 2
            else:
                end -= 1

    # Whether it can be left out

    def _leave_out(self, units: Sequence[surgery.Unit]) -> bool:
        """Leave these out of the best history found so far, if it is still wrong without them."""
        ids = tuple(sorted({number for unit in units for number in unit.ids}))
        if ids in self._in_vain or (not ids and self._verdict is not None):
            return False
        if not self._goes_on(self._tried, len(self._best.events)):
            raise _Enough
        self._tried += 1
        candidate = surgery.without(self._best, set(ids))
        verdict = None if candidate is None else self._still_wrong(candidate)
        if candidate is None or verdict is None:
            self._in_vain.add(ids)
            return False
        self._best, self._verdict = candidate, verdict
        self._in_vain.clear()
        return True

    def _still_wrong(self, candidate: Captured) -> Verdict | None:
        found = tasks.of(candidate)
        if not found or found[-1].at != self._at:
            return None  # the task in question is gone
        verdict = self._judged(candidate, found[-1])
        if way(verdict) != self._way or not self._could_be(candidate):
            return None
        if self._right is not None and not self._is_right(candidate, found[-1]):
            return None
        return verdict

    def _could_be(self, candidate: Captured) -> bool:
        """Whether SWF could have made a history, as far as that could be said of the whole one."""
        if self._lawful and service_laws(candidate.events):
            return False
        return not self._made_again or Reenactment(candidate).run() is None

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
