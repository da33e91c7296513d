"""The sweep: every placement of up to so many faults, and a certificate of what was run.

First the run without a fault, which finds the places; then a fault at each of them, one run each,
which find the places that only come behind that fault; and so on, one fault more each time. Every
run is followed to its end and judged. Two that come to stand at the same point, and go on alike to
the end, have the same future, so only behind one of them is anything placed: what its decider can
see and what the application holds are compared, and time of day is not.

Each level is finished before the next is begun, and what is seen is put together in the order of
the placements. So the certificate does not depend on how many processes ran, or how fast.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import freezegun.api

from swfsim.errors import Divergence
from swfsim.explore.crew import PACKET, Packet, is_whole

_real: Any = freezegun.api  # a sweep may run among frozen clocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from swfsim.explore.book import Book
    from swfsim.explore.crew import Crew
    from swfsim.explore.places import Place, Placement
    from swfsim.explore.trial import Outcome


INTERRUPTED: Final = "Ctrl-C"


class Failure(NamedTuple):
    """A placement that breaks rules, and none of whose parts does."""

    placement: Placement
    broken: list[str]


@dataclass
class Level:
    """All placements of so many faults. ``placements`` are those known of, ``run`` how many were
    run, ``joined`` how many of these came to where an earlier run had been, ``unstruck`` how many
    had a fault that never came about; ``spared`` placements of this level lie behind such a point,
    and ``contained`` ones hold a failure that is known."""

    faults: int
    placements: int = 0
    run: int = 0
    joined: int = 0
    unstruck: int = 0
    spared: int = 0
    contained: int = 0


@dataclass
class Certificate:
    """What a sweep has shown. ``histories`` is the number of distinct decider-visible histories."""

    faults: int
    levels: list[Level] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    histories: set[int] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    to_reach: tuple[str, ...] = ()
    stopped: str | None = None

    @property
    def run(self) -> int:
        return sum(level.run for level in self.levels)

    @property
    def left(self) -> int:
        """Placements that are known of and were not run."""
        return sum(level.placements - level.run for level in self.levels)

    @property
    def unreached(self) -> list[str]:
        return [name for name in self.to_reach if name not in self.reached]

    @property
    def complete(self) -> bool:
        return self.stopped is None and not self.left

    @property
    def proven(self) -> bool:
        """Everything was run, every rule kept, and everything reached that must be."""
        return self.complete and not self.failures and not self.unreached


@dataclass
class Budget:
    """When a sweep stops by itself; None for never. ``seconds`` are of real time; ``failures`` are
    placements that broke a rule."""

    seconds: float | None = None
    runs: int | None = None
    failures: int | None = None

    def __post_init__(self) -> None:
        self._began = _real.real_monotonic()

    def spent(self, runs: int, failures: int) -> str | None:
        """Why it stops now; None while it goes on."""
        if self.failures is not None and failures >= self.failures:
            return f"the limit of {self.failures:,} failures"
        if self.seconds is not None and _real.real_monotonic() - self._began >= self.seconds:
            return f"the time limit of {self.seconds:g} s"
        if self.runs is not None and runs >= self.runs:
            return f"the limit of {self.runs:,} runs"
        return None


class Sweep:
    """One sweep. ``crew`` makes the runs, ``book`` keeps them; ``to_reach`` are the names of the
    ``sometimes`` rules; ``tell`` hears of every run. ``made`` is how many runs were made, without
    those that the book held already."""

    def __init__(
        self,
        faults: int,
        crew: Crew,
        book: Book,
        *,
        to_reach: Sequence[str] = (),
        budget: Budget | None = None,
        tell: Callable[[Certificate], object] = lambda certificate: None,
    ) -> None:
        self._crew = crew
        self._book = book
        self._budget = budget or Budget()
        self._tell = tell
        self._known: dict[int, int] = {}  # state → placements with one fault more behind it
        self._failed: list[frozenset[object]] = []
        self.made = 0
        self.certificate = Certificate(faults, to_reach=tuple(to_reach))

    def run(self) -> Certificate:
        """Run it all, or until the budget is spent. Raises ``Divergence`` if a run does not repeat
        itself."""
        placements: list[Placement] = [()]
        for count in range(self.certificate.faults + 1):
            level = Level(count, len(placements))
            self.certificate.levels.append(level)
            if count:
                level.spared, level.contained = self._spared, self._contained
            outcomes = self._outcomes(level, placements)
            if outcomes is None:
                break
            placements = list(self._next(level, outcomes))
        return self.certificate

    def _outcomes(self, level: Level, placements: list[Placement]) -> list[Outcome] | None:
        """What comes of these, in their order; None if the budget does not allow it."""
        kept, certificate = self._book.outcomes, self.certificate
        last = 0 < level.faults == certificate.faults  # without a fault, it is compared once more
        found_before = len(certificate.failures)
        packets = list(self._packets(level, placements, last))
        try:
            for outcome in self._crew.outcomes(packets, frozenset(self._known), last=last):
                self._book.keep(outcome)
                self.made += 1
                self._count(level, outcome)
                self._tell(certificate)
                certificate.stopped = self._budget.spent(self.made, len(certificate.failures))
                if certificate.stopped is not None:
                    return None
        except KeyboardInterrupt:
            certificate.stopped = INTERRUPTED
            return None
        outcomes = [kept[one] for one in placements]
        certificate.failures[found_before:] = [
            Failure(one.placement, one.broken) for one in outcomes if one.broken
        ]
        self._failed += [frozenset(one.placement) for one in outcomes if one.broken]
        if not level.faults:
            self._check_repeats(outcomes[0])
        return outcomes

    def _packets(
        self, level: Level, placements: Sequence[Placement], last: bool
    ) -> Iterator[Packet]:
        """What is to be run; what the book holds is counted."""
        kept = self._book.outcomes
        for at in range(0, len(placements), PACKET):
            members = placements[at : at + PACKET]
            done = [
                kept[one]
                for one in itertools.takewhile(
                    lambda one: one in kept and (last or is_whole(kept[one])), members
                )
            ]
            for outcome in done:
                self._count(level, outcome)
            left = Packet(members).behind(done)
            if left.placements:
                yield left

    def _count(self, level: Level, outcome: Outcome) -> None:
        level.run += 1
        if outcome.broken:
            self.certificate.failures.append(Failure(outcome.placement, outcome.broken))
        level.joined += outcome.joined
        level.unstruck += not outcome.struck
        self.certificate.histories.add(outcome.history)
        self.certificate.reached.update(outcome.reached)

    def _check_repeats(self, first: Outcome) -> None:
        """The run without a fault, once more, perhaps in another process."""
        [again] = self._crew.outcomes([Packet([()])], frozenset(), last=False)
        if (again.history, again.marks) != (first.history, first.marks):
            what = "its histories differ" if again.history != first.history else "state() differs"
            raise Divergence(
                f"the same run, made twice, is not the same: {what}. Usual causes: a set that is "
                "iterated or shown, an object shown by its address, a wall clock, or code that "
                "changed since the file was begun."
            )

    def _next(self, level: Level, outcomes: Sequence[Outcome]) -> Iterator[Placement]:
        """The placements with one fault more."""
        self._spared = self._contained = 0
        fresh: dict[int, int] = {}
        for outcome in outcomes:
            if outcome.broken or level.faults == self.certificate.faults:
                continue
            for there in outcome.places[: self._cut(outcome, fresh)]:
                for one in there:
                    placement = (*outcome.placement, one)
                    if any(failed <= frozenset(placement) for failed in self._failed):
                        self._contained += 1
                    else:
                        yield placement
        self._known.update(fresh)

    def _cut(self, outcome: Outcome, fresh: dict[int, int]) -> int:
        """How many of its places lie before the point from which on it only stood where earlier
        runs had been. Its own points become known up to there."""
        seen = [self._known.get(one.state, fresh.get(one.state)) for one in outcome.marks]
        joins = len(seen)
        while joins and seen[joins - 1] is not None:
            joins -= 1
        assert joins < len(seen) or not outcome.joined, f"it joined nobody: {outcome.placement}"
        cut, beyond = len(outcome.places), 0
        if joins < len(seen):
            cut, beyond = outcome.marks[joins].places, seen[joins] or 0
            self._spared += beyond
        behind = _behind(outcome.places[:cut])
        for mark, there in zip(outcome.marks[:joins], seen, strict=False):
            if there is None:
                fresh[mark.state] = behind[mark.places] + beyond
        return cut


def _behind(places: Sequence[Place]) -> list[int]:
    """How much can be placed from each place on."""
    found = [0]
    for there in reversed(places):
        found.append(found[-1] + len(there))
    return found[::-1]
