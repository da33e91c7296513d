"""What a planted bug is, and how it is hunted: by the sweep, or by the laws of deciders.

Each bug is a function that plants it with pytest's ``monkeypatch``. They are the mistakes that
people make: something forgotten, counted wrong, done twice, in the wrong order, or too soon.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Sequence
from typing import Any, Final, NamedTuple

import pytest

from scenarios import explore
from swfsim import laws
from swfsim.explore import scenario
from swfsim.explore.book import Book
from swfsim.explore.crew import Alone
from swfsim.explore.made import explored
from swfsim.explore.places import KINDS, Kind, Place, Placement
from swfsim.explore.sweep import Budget, Sweep
from swfsim.explore.trial import Mark, Outcome, Trials
from swfsim.service import Service

Plant = Callable[[pytest.MonkeyPatch], None]

RUNS: Final = 400
"""The budget of each hunt: as many runs as there are single faults. A law has as many histories."""
RUNS_LONG: Final = 4_000
"""The budget when two faults are looked for in the whole alphabet."""


class Bug(NamedTuple):
    """How it is planted, and what is to find it: a sweep of ``app`` with so many faults at places
    of these ``kinds``; or, if it is named, a law of deciders. ``only`` are the things that go wrong
    in a quick sweep; a long one leaves nothing out."""

    plant: Plant
    app: str = "orders"
    faults: int = 1
    kinds: tuple[Kind, ...] = KINDS
    only: frozenset[str] = frozenset()
    law: str = ""

    @property
    def way(self) -> str:
        told = f"sweep of {self.app}, " + ("1 fault" if self.faults == 1 else "2 faults")
        return f"law: {self.law}" if self.law else told


class Found(NamedTuple):
    """What a hunt has found: in how many runs (or histories), with how many faults, which those
    are, what is broken, and a test that shows it (of a breach of a law there is none)."""

    runs: int
    faults: int
    placement: str
    broken: str
    source: str


BUGS: Final[dict[str, Bug]] = {}


def _keep(plant: Plant, **hunt: Any) -> Plant:
    BUGS[plant.__name__.replace("_", " ")] = Bug(plant, **hunt)
    return plant


def bug(plant: Plant) -> Plant:
    """One that a single fault shows."""
    return _keep(plant)


def shown_by(app: str, faults: int = 1) -> Callable[[Plant], Plant]:
    """One that shows in another application than ``orders``."""
    return functools.partial(_keep, app=app, faults=faults)


def takes_two(*kinds: Kind, only: Sequence[str], app: str = "orders") -> Callable[[Plant], Plant]:
    """One that takes two faults, at places of these kinds."""
    return functools.partial(_keep, app=app, faults=2, kinds=kinds, only=frozenset(only))


def breaks(law: str) -> Callable[[Plant], Plant]:
    """One that a law of deciders shows."""
    return functools.partial(_keep, law=law)


def hunted(bug: Bug, *, long: bool = False) -> Found | None:
    """Hunt a bug that is planted; None if it is not found within its budget."""
    return _by_laws(bug) if bug.law else _by_sweep(bug, long=long)


class _Choosy(Trials):
    """Runs that reveal only places for these things to go wrong."""

    def __init__(self, app: Any, kinds: tuple[Kind, ...], only: frozenset[str]) -> None:
        super().__init__(app, kinds=kinds)
        self._only = only

    def run(
        self, placement: Placement = (), known: Container[int] = (), *, last: bool = False
    ) -> Outcome:
        outcome = super().run(placement, known, last=last)
        chosen = [self._chosen(there) for there in outcome.places]
        marks = [Mark(sum(map(bool, chosen[:places])), at) for places, at in outcome.marks]
        return outcome._replace(places=[there for there in chosen if there], marks=marks)

    def _chosen(self, there: Place) -> Place:
        return tuple(one for one in there if not self._only or one.what in self._only)


def _by_sweep(bug: Bug, *, long: bool) -> Found | None:
    budget = Budget(runs=RUNS_LONG if long and bug.faults > 1 else RUNS, failures=1)
    only = frozenset[str]() if long else bug.only
    app = getattr(explore, bug.app)
    with Book(None, {}) as book, _Choosy(app, bug.kinds, only) as trials:
        certificate = Sweep(bug.faults, Alone(trials), book, budget=budget).run()
    Service.made = None  # a broken machine makes histories that pytest's plugin would mind
    for placement, broken in certificate.failures:
        source = scenario.source(f"scenarios.explore:{bug.app}", placement, broken)
        told = " and ".join(map(str, placement)) or "nothing goes wrong"
        return Found(certificate.run, len(placement), told, broken[0], source)
    return None


@functools.cache
def _histories() -> Any:
    """What the application without a bug makes when something goes wrong with a step."""
    with pytest.MonkeyPatch.context():
        return explored(explore.orders, kinds=("step",), most=RUNS)


def _by_laws(bug: Bug) -> Found | None:
    histories = _histories()
    for runs, captured in enumerate(histories, 1):
        for _, breach in laws.examine("orders:DecisionWorker", [captured], [bug.law]):
            if breach is not None:
                return Found(runs, 1, captured.source, str(breach), "")
    return None
