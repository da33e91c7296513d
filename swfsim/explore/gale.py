"""``Weather``: what a seed makes of a run; ``Gale``: the plan by which it strikes at random.

Swarm testing (Groce and others, 2012): each seed leaves out some of what could go wrong, so that
the rest comes together in ways in which all of it at once would not let it.
"""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from swfsim.choices import Steered
from swfsim.core.closing import STATUS
from swfsim.explore import places
from swfsim.explore.course import Strike, give
from swfsim.explore.scenario import WORK_S
from swfsim.explore.scout import moment_of
from swfsim.explore.told import told_of
from swfsim.explore.whose import whose
from swfsim.sim.plan import RESPOND_DECISION, Plan
from swfsim.stories import OPERATOR

if TYPE_CHECKING:
    from swfsim.clock import VirtualClock
    from swfsim.core.events import Event
    from swfsim.core.world import Activity, Execution
    from swfsim.explore.places import Place, Placed
    from swfsim.sim.calls import Treatment
    from swfsim.sim.workers import Letter, Worker
    from swfsim.stories import Story

Schedule = Literal["in turn", "rarely another", "at random", "the last first"]
"""Who goes on where several could."""

_EXECUTIONS: Final = (1, 1, 2, 4, 8)
_GAPS_S: Final = (0, 1, 60, 3600, 86_400)
_STORMS_S: Final = (10, 60, 600, 3600, 86_400, 30 * 86_400)
_SHARES: Final = (0.15, 0.3, 0.6)
_RATES: Final = {
    "step": (0.02, 0.1, 0.3),
    "decision": (0.01, 0.05, 0.2),
    "call": (0.002, 0.01, 0.04),
    "moment": (0.002, 0.01, 0.05),
    "clock": (0.5,),
    "listing": (0.5,),
}
"""How often something goes wrong where it can, by the kind of place."""

_MOST: Final = 0.9
"""At no place does something go wrong more often than this."""


class Weather(NamedTuple):
    """What a seed expands to: how many executions, how far apart they are started, for how long
    faults strike, who goes on where several could, and how large a share of the faults exists at
    all."""

    seed: int
    executions: int
    gap_s: float
    storm_s: float
    schedule: Schedule
    share: float

    def rate(self, kind: str, what: str) -> float:
        """How often this goes wrong where it can; 0 for what this seed leaves out."""
        return _rate(self.seed, self.share, kind, what)

    def __str__(self) -> str:
        several = "s" if self.executions > 1 else ""
        apart = f" {_shown(self.gap_s)} apart" if several else ""
        return (
            f"{self.executions} execution{several}{apart}, faults for {_shown(self.storm_s)}, "
            f"scheduled {self.schedule}"
        )


def drawn(
    seed: int,
    *,
    several: bool,
    executions: int | None = None,
    gap_s: float | None = None,
    storm_s: float | None = None,
) -> Weather:
    """What this seed expands to; ``executions``, ``gap_s`` and ``storm_s`` are drawn unless
    given."""
    chance = random.Random(f"swarm {seed}")
    count = chance.choice(_EXECUTIONS)
    gap = chance.choice(_GAPS_S)
    storm = chance.choice(_STORMS_S)
    schedule: Schedule = chance.choice(get_args(Schedule))
    share = chance.choice(_SHARES)
    count = count if executions is None else executions
    return Weather(
        seed,
        count if several else 1,
        gap if gap_s is None else gap_s,
        storm if storm_s is None else storm_s,
        schedule,
        share,
    )


@functools.lru_cache(maxsize=4096)
def _rate(seed: int, share: float, kind: str, what: str) -> float:
    chance = random.Random(f"rate {seed} {kind} {what}")
    exists = chance.random() < share
    return chance.choice(_RATES[kind]) if exists else 0.0


def passing(happenings: tuple[str, ...]) -> list[tuple[str, str]]:
    """All that can go wrong and then is over, by the kind of its place."""
    return [
        (kind, what)
        for kind, what in places.alphabet(happenings)
        if not _lasts(places.Placed(kind, "", 1, what))
    ]


def _lasts(one: Placed) -> bool:
    """Whether nothing can be asked of an application while it goes on. Clocks may be wrong, and
    listings may lag, for good."""
    return one.lasts and one.kind not in ("clock", "listing")


def rates(weather: Weather, happenings: tuple[str, ...]) -> str:
    """Which faults exist in this weather, and how often each strikes where it can, as text."""
    shown = [
        f"{kind} {what} {rate:.1%}"
        for kind, what in passing(happenings)
        if (rate := weather.rate(kind, what))
    ]
    return ", ".join(shown) or "no faults"


def _shown(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            number = f"{seconds / length:,.3g}"
            return f"{number} {unit}" + ("s" if unit == "day" and number != "1" else "")
    return f"{seconds:g} s"


class Swayed(Steered):
    """Choices by a policy, drawn from a seed; ``trail`` tells what came of it."""

    def __init__(self, weather: Weather) -> None:
        super().__init__()
        self._chance = random.Random(f"schedule {weather.seed}")
        self._schedule = weather.schedule

    def pick(self, options: int, label: str) -> int:
        number = len(self)
        picked = self._drawn(options)
        if picked:
            self._deviations = {number: picked}
        return super().pick(options, label)

    def _drawn(self, options: int) -> int:
        match self._schedule:
            case "in turn":
                return 0
            case "the last first":
                return options - 1
            case "rarely another" if self._chance.random() >= 0.05:
                return 0
        return self._chance.randrange(options)


class Gale(Plan):
    """Faults that strike at random, wherever the run comes to, until ``storm_s`` have passed; all
    of them are noted, so that they can be given to another run. What would go on for ever is left
    out: faults have to stop."""

    def __init__(self, weather: Weather) -> None:
        super().__init__(work_s=WORK_S)
        self.struck: list[Strike] = []
        self._weather = weather
        self._chance = random.Random(f"gale {weather.seed}")
        self._taken: set[tuple[int, object]] = set()
        self._answered: set[tuple[str, int]] = set()
        self._asked: set[str] = set()  # whose clock was looked at; empty text for the listings
        self._moments: dict[str, int] = {}
        self._own_moments: dict[tuple[str, str], int] = {}
        self._moment_at = -1
        self._most: dict[str, float] = {}  # kind of place → how often anything goes wrong there

    def begin(self, story: Story) -> None:
        """From now on, in this story."""
        told = told_of(story.app)
        self._story = story
        self._happenings = tuple(told.happenings)
        self._errors = tuple(told.errors)
        for kind, what in passing(self._happenings):
            self._most[kind] = self._most.get(kind, 0) + self._weather.rate(kind, what)
        self._until = story.env.now_ms() + round(self._weather.storm_s * 1000)
        story.env.observe(self._observe)

    def _at(self, there: Place, x: Execution | None = None) -> None:
        """The run has come to a place: perhaps something strikes."""
        if not there or self._story.env.now_ms() >= self._until:
            return
        drawn = self._chance.random()
        if drawn >= self._most[there[0].kind]:
            return
        for rate, options in self._rated(there):
            if drawn < rate:
                one = options[self._chance.randrange(len(options))]
                self._strike(one, x)
                return
            drawn -= rate

    def _rated(self, there: Place) -> list[tuple[float, list[Placed]]]:
        """What can strike there, with its rate."""
        found: dict[str, list[Placed]] = {}
        for one in there:
            if not _lasts(one) and self._weather.rate(one.kind, one.what):
                found.setdefault(one.what, []).append(one)
        rated = [
            (self._weather.rate(options[0].kind, what), options) for what, options in found.items()
        ]
        total = sum(rate for rate, _ in rated)
        return [(rate * min(1.0, _MOST / total), options) for rate, options in rated]

    def _strike(self, one: Placed, x: Execution | None) -> None:
        number = 0 if x is None else whose(self._story, x)
        strike = Strike(one, number, number, one)
        if x is not None and one.kind == "moment":
            alone = one._replace(nth=self._own_moments[x.workflow_id, one.name])
            hits = x.workflow_id == self._story.latest.workflow_id
            strike = Strike(one, 0, number if hits else 0, alone)
        at = (strike.whose, strike.placed.at)
        if at in self._taken:
            return
        self._taken.add(at)
        self.struck.append(strike)
        if strike.placed.kind == "moment":
            self._story.when(told_of(self._story.app).happenings[strike.placed.what])
        else:
            give(self._story, [strike])

    # Where the run comes to

    def treat(self, worker: Worker, letter: Letter, clock: VirtualClock) -> Treatment:
        name = worker.process.name
        if not letter.nth and name in self._workers and name != OPERATOR:
            self._at(places.at_call(*self.calls.place(worker, letter)))
            if letter.operation == RESPOND_DECISION and worker.deciding is not None:
                decisions = letter.params.get("decisions") or ()
                types = tuple(one["decisionType"] for one in decisions)
                x, number = worker.deciding
                self._at(places.at_answer(number, types), x)
        return super().treat(worker, letter, clock)

    def takes(self, worker: Worker) -> bool:
        if worker.deciding is not None:
            x, number = worker.deciding
            if (x.workflow_id, number) not in self._answered:
                self._answered.add((x.workflow_id, number))
                task = x.deciding
                can_time_out = task is not None and task.start_to_close is not None
                self._at(places.at_decision(number, can_time_out), x)
        return super().takes(worker)

    def hold_ms(self, x: Execution, task: Activity, attempt: int) -> int | None:
        step = x.events.attrs[task.scheduled_id - 1]["activityType"]["name"]
        self._at(places.at_step(step, attempt, task, self._errors), x)
        return super().hold_ms(x, task, attempt)

    def skew_ms(self, worker: Worker) -> int:
        name = worker.process.name
        if name not in self._asked and name in self._workers and name != OPERATOR:
            self._asked.add(name)
            self._at(places.at_clock(name))
        return super().skew_ms(worker)

    def lag_ms(self) -> int:
        if "" not in self._asked:
            self._asked.add("")
            self._at(places.at_listing())
        return super().lag_ms()

    def _observe(self, x: Execution, event: Event, who: str) -> None:
        name = moment_of(x, event)
        self._moments[name] = self._moments.get(name, 0) + 1
        own = (x.workflow_id, name)
        self._own_moments[own] = self._own_moments.get(own, 0) + 1
        if event.at != self._moment_at and event.kind not in STATUS and x.open:
            self._moment_at = event.at
            self._at(places.at_moment(name, self._moments[name], self._happenings), x)
