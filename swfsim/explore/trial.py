"""``Trials``: one run for one placement of faults, and what came of it."""

from __future__ import annotations

import bisect
import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from swfsim import rules
from swfsim.choices import Steered
from swfsim.core.activities import dues
from swfsim.env import Env
from swfsim.errors import Divergence, HarnessError
from swfsim.explore.digests import Seen, digest
from swfsim.explore.happenings import ends_chains
from swfsim.explore.judge import Judge
from swfsim.explore.many import ManyRuns
from swfsim.explore.once import OneOfMany, Registry
from swfsim.explore.places import KINDS
from swfsim.explore.scenario import (
    AFTERMATH_S,
    AT_REST_OPEN,
    LIMIT_RUNS,
    LIMIT_STEPS,
    OPERATOR_LATENCY_MS,
    WORK_S,
    Hope,
)
from swfsim.explore.scout import Scout
from swfsim.explore.told import told_of
from swfsim.explore.whose import nth, upon
from swfsim.replay.histories import Captured
from swfsim.report import code
from swfsim.rules import Run
from swfsim.sim.plan import Plan
from swfsim.sim.workers import Letter, Sleep, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from swfsim.app import AppFactory
    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.explore.places import Kind, Place, Placed, Placement
    from swfsim.sim.workers import Worker
    from swfsim.stories import Happening, Story


class Mark(NamedTuple):
    """A moment at which everything placed had struck, or the end. ``places`` is how many of the
    run's places had been reached; ``state`` a digest of what the decider can see, of what is still
    to come by itself, and of what the application holds."""

    places: int
    state: int


class Outcome(NamedTuple):
    """What came of one run.

    broken     rules that did not hold, or the error that the application broke with
    struck     whether everything placed came about; else something else came first
    places     what could have gone wrong after what was placed, place by place, up to where it
               joined
    marks      where the run stood since everything had struck, its end included
    joined     it came to where an earlier run had been, and to its end never left such points
    history    a digest of the histories that its deciders saw
    reached    the ``sometimes`` rules that it shows
    """

    placement: Placement
    broken: list[str]
    struck: bool
    places: list[Place]
    marks: list[Mark]
    joined: bool
    history: int
    reached: list[str]


class Trials:
    """Runs of one application. A context manager: inside it the process is on virtual time."""

    def __init__(
        self,
        make_app: AppFactory,
        given: Any = None,
        *,
        seed: int = 0,
        kinds: Iterable[Kind] = KINDS,
    ) -> None:
        """``given`` is the input of the execution, None for the application's example; ``kinds``
        are the kinds of places that are of interest."""
        self._kinds = frozenset(kinds)
        self._make_app = make_app
        self._given = given
        self._seed = seed
        self._around = ManyRuns()
        self._registry = Registry()
        self._judge = Judge()

    def __enter__(self) -> Trials:
        self._around.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._around.__exit__()

    def run(
        self, placement: Placement = (), known: Container[int] = (), *, last: bool = False
    ) -> Outcome:
        """One run. ``known`` are states to which others came. Of the ``last``, behind which nothing
        will be placed, no places are told, and no mark but where it ended."""
        with self.story(placement, last=last) as story:
            outcome = _Trial(story, placement, known, self._kinds, self._judge).outcome(self._given)
        del story
        self._around.clear_away()
        return outcome

    def histories(self, placement: Placement = ()) -> tuple[Outcome, list[Captured]]:
        """One run, and the histories that it made, as if they had been captured."""
        with self.story(placement) as story:
            outcome = _Trial(story, placement, (), self._kinds, self._judge).outcome(self._given)
            told = " and ".join(map(str, placement)) or "nothing goes wrong"
            made = [Captured(told, x.events, x.workflow_id, x.run_id) for x in story.executions]
            return outcome, made

    def story(self, placement: Placement, *, last: bool = False) -> Story:
        """The story in which these choices are made; its faults are yet to be given."""
        deviations = {one.nth: int(one.detail) for one in placement if one.kind == "choice"}
        plan = Plan(work_s=WORK_S) if last else Scout(deviations, work_s=WORK_S)
        return OneOfMany(
            self._make_app,
            self._registry,
            seed=self._seed,
            plan=plan,
            choices=plan.choices if isinstance(plan, Scout) else Steered(deviations),
            operator_latency_ms=OPERATOR_LATENCY_MS,
            limit_steps=LIMIT_STEPS,
            limit_runs=LIMIT_RUNS,
        )


class _Trial:
    """One run, from its faults to its outcome."""

    def __init__(
        self,
        story: Story,
        placement: Placement,
        known: Container[int],
        kinds: frozenset[Kind],
        judge: Judge,
    ) -> None:
        assert isinstance(story.env, Env), "a story without live is simulated"
        self._story = story
        self._env = story.env
        self._scout = story.plan if isinstance(story.plan, Scout) else None
        self._placement = placement
        self._known = known
        self._judge = judge
        self._told = told_of(story.app)
        self._left: list[Callable[[], bool]] = []  # for each thing placed: whether it has struck
        self._lasting: list[Callable[[], bool]] = []  # the same of what goes on for ever
        self._lasts = [tuple(one) for one in placement if one.lasts]
        self._seen: list[Seen] = []  # of the executions in order of start
        self._marks: list[Mark] = []
        self._goes_wrong = [str(one) for one in placement]
        self._hope = Hope(self._told.rules, self._env.journal, self._goes_wrong)
        self._give(kinds)

    def _give(self, kinds: frozenset[Kind]) -> None:
        story, told = self._story, self._told
        for one in self._placement:
            if one.kind == "moment":
                happening = told.happenings[one.what]
                happening = upon(happening, one.whose) if one.whose else happening
                self._left.append(self._happens(one, happening))
            elif one.kind == "choice":
                self._left.append(functools.partial(self._is_made, one.nth))
            else:
                fault = one.fault(told.errors, nth(story, one.whose) if one.whose else None)
                story.given(fault)
                struck = functools.partial(story.plan.strikes.acted, fault, one.nth)
                (self._lasting if one.lasts else self._left).append(struck)
        if self._scout is not None:
            self._scout.expect(told.happenings, told.errors, kinds)
            story.env.observe(self._scout.observe)
            story.env.observe(functools.partial(self._observe, self._scout))
        story.env.observe(self._hope.observe)
        ends_chains(story, told.runs)

    def _happens(self, one: Placed, happening: Happening) -> Callable[[], bool]:
        done: list[bool] = []

        def happen(story: Story) -> None:
            happening(story)
            done.append(True)

        self._story.when(one.moment, happen)
        return lambda: bool(done)

    def _is_made(self, number: int) -> bool:
        return len(self._env.simulation.choices.trail) > number

    def outcome(self, given: Any) -> Outcome:
        story, told = self._story, self._told
        story.when(lambda story: story.app.start(told.example() if given is None else given))
        error = self._run()
        run = Run(story.executions, story.app, list(self._env.journal), self._goes_wrong)
        at_rest = error is None and not self._hope.is_lost
        history = digest(self._histories())
        found = self._judge.broken(told.rules, run, self._seen, at_rest=at_rest)
        if error is not None:
            found.insert(0, error)
        if self._has_all_struck():
            self._mark("end")  # and nothing is to come
        places, marks = self._beyond()
        joins = self._joins(marks)
        return Outcome(
            self._placement,
            found,
            self._has_all_struck() and all(struck() for struck in self._lasting),
            places[: marks[joins].places] if joins < len(marks) else places,
            marks,
            joins < len(marks),
            history,
            rules.reached(told.rules, run) if at_rest else [],
        )

    def _run(self) -> str | None:
        """Run to the end, unless rules are broken beyond hope; gives how the application broke."""

        def is_over() -> bool:
            return self._hope.is_lost

        try:
            self._story.run(until=is_over)
            if self._story.at_rest:
                self._env.run(is_over, for_s=AFTERMATH_S)
        except Exception as error:
            return how_it_broke(error)
        if not is_over() and not self._story.at_rest:
            return AT_REST_OPEN
        return None

    def _joins(self, marks: list[Mark]) -> int:
        """From which mark on it stands only where others have been. One that leaves such a point
        for another has not joined there, whatever seemed equal."""
        if not self._placement:
            return len(marks)
        number = len(marks)
        while number and marks[number - 1].state in self._known:
            number -= 1
        return number

    def _beyond(self) -> tuple[list[Place], list[Mark]]:
        """The places after the last thing placed, at which something can be placed yet, and the
        marks among them."""
        if self._scout is None:
            return [], [Mark(0, state) for _, state in self._marks]
        found: list[Place] = self._scout.told(self._story.executions)
        if not self._placement:
            return found, self._marks
        last = self._placement[-1]
        among = (
            n
            for n, there in enumerate(found, 1)
            if there[0].nth == last.nth and last.is_among(there)  # the number tells most apart
        )
        first = next(among, len(found))
        taken = {one.at for one in self._placement}
        failing = {
            one.at[:3]
            for one in self._placement
            if one.kind == "step" and one.what == "keeps failing"
        }
        numbers = [
            n
            for n, at in enumerate([there[0].at for there in found[first:]], first)
            if at not in taken and at[:3] not in failing
        ]
        marks = [Mark(bisect.bisect_left(numbers, at), state) for at, state in self._marks]
        return [found[n] for n in numbers], marks

    # Where a run stands

    def _observe(self, scout: Scout, x: Execution, event: Event, who: str) -> None:
        if event.kind == "DecisionTaskStarted" and self._has_all_struck():
            self._mark("decides", scout)

    def _histories(self) -> list[bytes]:
        """A digest of each run so far, in an order that is the same for the same runs."""
        started = self._story.executions
        if len(self._seen) < len(started):
            self._seen += [Seen(x.run_id, x.events) for x in started[len(self._seen) :]]
        return sorted([seen.digest() for seen in self._seen])

    def _has_all_struck(self) -> bool:
        if self._left:
            self._left = [struck for struck in self._left if not struck()]
        return not self._left

    def _mark(self, what: str, scout: Scout | None = None) -> None:
        """``scout`` knows what is to come."""
        state = self._told.state()
        if state is None:
            return
        seen: tuple[object, ...] = (what, self._histories(), self._lasts, state)
        if scout is not None:
            out_of_reach = scout.calls.cut_off_ms(self._env.now_ms())
            seen = (*seen, self._workers(scout), self._due(), out_of_reach)
        places = len(self._scout.places) if self._scout is not None else 0
        self._marks.append(Mark(places, digest(seen)))

    def _due(self) -> list[tuple[str, str, str, int]]:
        """What time will bring, and how soon. The time-out of an execution is left out: as all of
        them differ by the moment that a fault has cost, no two runs would stand at one point."""
        now = self._env.now_ms()
        world = self._env.service.machine.world
        found = [
            (kind, run_id, str(key), due - now)
            for due, kind, run_id, key in world.deadlines.pending(but=("execution", "activity"))
        ]
        for x in self._story.executions:
            if x.activities and x.open:
                for task in x.activities.values():
                    found += [(kind, x.run_id, task.id, due - now) for due, _, kind in dues(task)]
        return sorted(found)

    def _workers(self, scout: Scout) -> list[str]:
        now = self._env.now_ms()
        return sorted(
            [
                f"{_shown(worker, now)}, saw {scout.handed.get(worker.process.number, ())}"
                for worker in self._env.simulation.workers.values()
            ]
        )


def _shown(worker: Worker, now: int) -> str:
    """Whose it is, what it waits for, and for how long if it is only time."""
    name = worker.process.name
    match worker.request:
        case Letter() as letter:
            return f"{name} {letter.operation} {letter.delayed}"
        case Sleep(until=int(until)) | Wait(until=int(until)):
            return f"{name} until {until - now}"
        case None if worker.greenlet is None:
            return f"{name} is yet to begin"
        case _:
            return f"{name} waits"


def how_it_broke(error: Exception) -> str:
    """What the application did to end its run so. Raises the error again if it is not its own."""
    if isinstance(error, HarnessError) and _is_no_end(error):
        hint = f" {_ON_CHAINS}" if "limit_runs" in str(error) else ""
        return f"it never ends: {error}{hint}"
    if isinstance(error, HarnessError | Divergence) or _is_ours(error):
        raise error
    own = code.own(code.places(error.__traceback__))
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"the application broke: {what}, at {code.line(own[-1])}"


_ON_CHAINS: Final = (
    "One that is to go on for ever says with runs of Explorable how many are to be followed."
)


def _is_ours(error: Exception) -> bool:
    """Whether swfsim itself broke. What a client raises for SWF is the application's to bear."""
    innermost = code.places(error.__traceback__)[-1][0]
    meant = isinstance(error, ClientError | BotoCoreError)
    return not meant and innermost.startswith(code.HOUSE)


def _is_no_end(error: HarnessError) -> bool:
    """Whether a limit of the run was met, and not a mistake of whoever explores."""
    return any(word in str(error) for word in ("nothing ended it", "nothing ends", "has not come"))
