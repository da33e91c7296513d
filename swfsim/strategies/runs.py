"""Strategies for whole runs of an application in which things go wrong; and a state machine that
lets things go wrong one after the other.

What goes wrong is drawn where the run reveals places for it, as the sweep finds them
(``swfsim.explore``). So a failure shrinks to the fewest faults, at the earliest places.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from swfsim.app import load
from swfsim.choices import Choice
from swfsim.errors import Violation
from swfsim.explore import scenario
from swfsim.explore.places import KINDS
from swfsim.explore.trial import Trials
from swfsim.fake import fake_swf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swfsim.app import AppFactory
    from swfsim.explore.places import Kind, Place, Placed, Placement
    from swfsim.explore.trial import Outcome
    from swfsim.replay.histories import Captured

FAULTS: Final = 2
"""So many things go wrong in a run, at most, unless told otherwise."""

_STEPS: Final = 3
"""Steps of the state machine for each thing that may go wrong: nothing comes of more."""

_KEPT: Final = 256


class FaultyRun:
    """One run of an application, over: what went wrong in it, and what came of it.

    placement  what was placed
    broken     the rules that do not hold, or the error that the application broke with
    histories  of all its executions, in order of start, as if they had been captured
    """

    def __init__(self, app: str, given: Any, outcome: Outcome, histories: list[Captured]) -> None:
        self.placement: Placement = outcome.placement
        self.broken = outcome.broken
        self.histories = histories
        self._outcome = outcome
        self._app = app
        self._given = given

    @property
    def places(self) -> list[Place]:
        """Where something more could go wrong, behind what did."""
        return self._outcome.places

    @property
    def source(self) -> str:
        """The run as a pytest file, to be dropped among the scenarios."""
        return scenario.source(self._app, self.placement, self.broken, self._given)

    def check(self) -> None:
        """Raises ``Violation`` if a rule is broken; it says which, and shows the scenario."""
        if self.broken:
            raise Violation("\n".join([*self.broken, "", self.source]))

    def __repr__(self) -> str:
        return f"<{self._app}: {' and '.join(map(str, self.placement)) or 'nothing goes wrong'}>"


class Runs:
    """Runs of one application, made when they are asked for; each is made once, and kept for a
    while."""

    def __init__(self, app: AppFactory | str, given: Any, kinds: Iterable[Kind]) -> None:
        """Raises ``HarnessError`` for a name that leads nowhere."""
        if isinstance(app, str):
            with fake_swf():  # so that no call leaves the machine while its module is imported
                make_app = load(app)
            self._name = app
        else:
            make_app = app
            self._name = f"{app.__module__}:{getattr(app, '__qualname__', app)}"
        self._given = given
        self._trials = Trials(make_app, given, kinds=kinds)
        self.run = functools.lru_cache(_KEPT)(self._run)

    def _run(self, placement: Placement) -> FaultyRun:
        with self._trials:
            return FaultyRun(self._name, self._given, *self._trials.histories(placement))

    def with_one_more(self, found: FaultyRun, one: Placed) -> FaultyRun:
        """The run in which this goes wrong, too. If a rule is broken now, and some of what went
        wrong is enough to break one, then the run in which only that does: Hypothesis shrinks
        numbers, and without the first fault those of the others mean other places."""
        made = self.run((*found.placement, one))
        if not made.broken:
            return made
        parts = (
            self.run(part)
            for size in range(len(made.placement))
            for part in itertools.combinations(made.placement, size)
        )
        return next((part for part in parts if part.broken), made)


def faulty_runs(
    app: AppFactory | str,
    given: Any = None,
    *,
    faults: int = FAULTS,
    kinds: Iterable[Kind] = KINDS,
) -> st.SearchStrategy[FaultyRun]:
    """Whole runs of an application in which up to so many things go wrong. ``app`` is an ``App`` or
    its MODULE:ATTRIBUTE, ``given`` its input, its example unless given. A run that breaks a rule is
    given nothing more to bear."""
    runs = Runs(app, given, kinds)

    @st.composite
    def drawn(draw: Callable[[st.SearchStrategy[Any]], Any]) -> FaultyRun:
        found = runs.run(())
        for _ in range(draw(st.integers(0, faults))):
            if found.broken or not found.places:
                break
            found = runs.with_one_more(found, _one(draw, found.places))
        return found

    return drawn()


def _one(draw: Callable[[st.SearchStrategy[int]], int], places: list[Place]) -> Placed:
    """One thing at one of these places; first the place, since some offer much. By number: as
    strategies of their own, so many would take longer than the run."""
    there = places[draw(st.integers(0, len(places) - 1))]
    return there[draw(st.integers(0, len(there) - 1))]


def machine(
    app: AppFactory | str,
    given: Any = None,
    *,
    faults: int = FAULTS,
    kinds: Iterable[Kind] = KINDS,
) -> type[RuleBasedStateMachine]:
    """A state machine of Hypothesis for an application: an execution is started, time passes, a
    fault strikes, somebody asks for something (a cancel request, a termination, a signal, and what
    the application adds); up to so many times. Its rules have to be kept all along.

    ``TestOrders = machine(orders).TestCase`` is a test. Arguments are those of ``faulty_runs``.
    """

    class Befalling(_Befalling):
        runs = Runs(app, given, kinds)
        most = faults

    Befalling.TestCase.settings = hypothesis.settings(
        hypothesis.settings.default, stateful_step_count=_STEPS * (faults + 1)
    )
    return Befalling


class _Befalling(RuleBasedStateMachine):
    """Things befall one run, each at a later place than the one before."""

    runs: Runs
    most: int

    @initialize()
    def start(self) -> None:
        self.found = self.runs.run(())
        self.passed = 0  # places that were let go by, behind what was placed last

    def _can(self, *, moment: bool) -> list[Place]:
        if len(self.found.placement) >= self.most:
            return []
        ahead = self.found.places[self.passed :]
        return [there for there in ahead if (there[0].kind == "moment") == moment]

    def _place(self, data: st.DataObject, *, moment: bool) -> None:
        one = _one(data.draw, self._can(moment=moment))
        hypothesis.note(f"# {one}")
        self.found = self.runs.with_one_more(self.found, one)
        self.passed = 0

    @rule(places=st.integers(1, 40))
    def let_time_pass(self, places: int) -> None:
        self.passed += places

    @precondition(lambda self: self._can(moment=False))
    @rule(data=st.data())
    def a_fault_strikes(self, data: st.DataObject) -> None:
        self._place(data, moment=False)

    @precondition(lambda self: self._can(moment=True))
    @rule(data=st.data())
    def somebody_wants_something(self, data: st.DataObject) -> None:
        self._place(data, moment=True)

    @invariant()
    def rules_are_kept(self) -> None:
        self.found.check()

    def teardown(self) -> None:
        hypothesis.event(f"{len(self.found.placement)} went wrong")


class Drawn:
    """A source of choices (``swfsim.choices``) that asks Hypothesis: for ``Story(choices=…)``."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self._trail: list[Choice] = []

    @property
    def trail(self) -> list[Choice]:
        return list(self._trail)

    def pick(self, options: int, label: str) -> int:
        picked = self._data.draw(st.integers(0, options - 1), label=label)
        self._trail.append(Choice(label, options, picked))
        return picked


def choices() -> st.SearchStrategy[Drawn]:
    """Who runs first where several could, drawn while the run goes on: ``Story(choices=…)``."""
    return st.builds(Drawn, st.data())
