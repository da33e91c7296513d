"""``Flights``: what a seed brings, run by run, and the fewest faults that still do.

A failing run is told as a ``Course``, and run again from that: so it is seen to repeat itself, and
faults, executions and choices are left out as long as the same rule is broken.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.choices import Steered
from swfsim.coverage.pairs import Coverage
from swfsim.debug.shrink import as_many
from swfsim.errors import Divergence, HarnessError
from swfsim.explore import course as courses
from swfsim.explore.course import CLOSES, Course, Ended, Strike
from swfsim.explore.gale import Gale, Swayed, Weather, drawn
from swfsim.explore.hours import Hours
from swfsim.explore.many import ManyRuns
from swfsim.explore.places import Placed
from swfsim.explore.scenario import AT_REST_OPEN
from swfsim.explore.told import told_of
from swfsim.explore.trial import Trials
from swfsim.rules import nothing_is_stuck
from swfsim.sim.plan import Plan
from swfsim.stories import Story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swfsim.app import AppFactory

_LIVENESS: Final = frozenset(
    {CLOSES, nothing_is_stuck.name, AT_REST_OPEN.partition(":")[0], "it never ends"}
)

TRIES: Final = 400
"""So many runs are made to find the fewest faults."""

OURS: Final = "swfsim itself broke"
UNSTEADY: Final = "the run is not the same when it is made again"


class Terms(NamedTuple):
    """How a swarm is run: how long everything has to close once faults have stopped, in virtual
    seconds; an input that all executions start with; what else is drawn from the seed unless it is
    given here; and whether it is noted what deciders were shown and decided."""

    settle_s: float = courses.SETTLE_S
    given: Any = None
    executions: int | None = None
    gap_s: float | None = None
    storm_s: float | None = None
    coverage: bool = False


class Storm(NamedTuple):
    """The run of a seed: its weather, the course that repeats it, what came of it, and what its
    deciders were shown, if that was asked for."""

    weather: Weather
    course: Course
    ended: Ended
    shown: dict[str, Any]


class Flight(NamedTuple):
    """What came of one seed. ``faults`` is how many struck; ``broken`` is empty if all is well;
    ``digest`` is equal for equal runs."""

    seed: int
    weather: str
    faults: int
    broken: list[str]
    executions: int
    events: int
    hours: Hours
    reached: list[str]
    digest: str
    shown: dict[str, Any] = {}  # noqa: RUF012 - never written

    @property
    def rules(self) -> list[str]:
        """The names of what is broken, each once."""
        return list(dict.fromkeys(text.partition(":")[0] for text in self.broken))

    @property
    def kind(self) -> str:
        """``""`` if all is well, else ``safety``, ``liveness`` or ``swfsim``."""
        if not self.broken:
            return ""
        if self.rules[0] in (OURS, UNSTEADY):
            return "swfsim"
        return "liveness" if _LIVENESS.issuperset(self.rules) else "safety"


class Shrunk(NamedTuple):
    """The fewest faults found that break the same rule; ``plain`` if one execution, run as
    ``swfsim explore`` runs it, breaks it as well."""

    course: Course
    broken: list[str]
    tried: int
    plain: bool


class Flights:
    """Runs of one application. A context manager: inside it the process is on virtual time."""

    def __init__(self, make_app: AppFactory, terms: Terms = Terms()) -> None:  # noqa: B008
        self._make_app = make_app
        self._terms = terms
        self._several: bool | None = None
        self._usual_s: float | None = None
        self._around = ManyRuns()

    def __enter__(self) -> Flights:
        self._around.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._around.__exit__()

    def fly(self, seed: int) -> Flight:
        """The run of a seed. A mistake of swfsim is an outcome, too."""
        try:
            weather, course, ended, shown = self.storm(seed)
        except HarnessError:
            raise
        except Divergence as error:
            return _broken(seed, f"{UNSTEADY}: {error}")
        except Exception as error:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            return _broken(seed, f"{OURS}: {what}")
        faults = [one for one in course.strikes if one.placed.kind != "choice"]
        return Flight(seed, str(weather), len(faults), *ended, shown)

    def storm(self, seed: int) -> Storm:
        """The run of a seed."""
        terms = self._terms
        weather = self.weather(seed)
        gale, choices = Gale(weather), Swayed(weather)
        starts = tuple((n * weather.gap_s, n + 1) for n in range(weather.executions))
        course = Course(
            starts, (), weather.storm_s, terms.settle_s, terms.given, self.usual_s(), seed
        )
        with courses.told(self._make_app, course, plan=gale, choices=choices) as story:
            gale.begin(story)
            ended = courses.run(story, course, lambda: [str(one) for one in gale.struck])
            shown = Coverage(story.executions).told() if terms.coverage else {}
        made = [
            Strike(Placed("choice", one.label, number, "takes", str(one.picked)))
            for number, one in enumerate(choices.trail)
            if one.picked
        ]
        course = course._replace(strikes=(*gale.struck, *made))
        return Storm(weather, course, ended, shown)

    def weather(self, seed: int) -> Weather:
        """What a seed expands to."""
        if self._several is None:
            with Story(self._make_app) as story:
                self._several = told_of(story.app).several
        terms = self._terms
        several = self._several and terms.given is None
        return drawn(
            seed,
            several=several,
            executions=terms.executions,
            gap_s=terms.gap_s,
            storm_s=terms.storm_s,
        )

    def usual_s(self) -> float:
        """How long an execution takes when nothing goes wrong, in virtual seconds, looked at once;
        0 if it does not close."""
        if self._usual_s is None:
            course = Course(((0, 1),), input=self._terms.given, usual_s=math.inf)
            with courses.told(self._make_app, course, plan=Plan(**courses.PLAN)) as story:
                courses.run(story, course, list)
                runs = story.executions
                lives = [x.closed_at - x.started_at for x in runs if x.closed_at is not None]
                all_closed = len(lives) == len(runs)
            self._usual_s = math.ceil(max(lives, default=0) / 1000) if all_closed else 0
        return self._usual_s

    def again(self, course: Course) -> Ended:
        """The run of a course."""
        choices = Steered(course.choices)
        plan = Plan(**courses.PLAN)
        with courses.told(self._make_app, course, plan=plan, choices=choices) as story:
            courses.give(story, course.strikes)
            return courses.run(story, course, lambda: [str(one) for one in course.strikes])

    def shrink(self, seed: int) -> Shrunk:
        """The fewest faults that break the first rule which this seed breaks. Raises
        ``Divergence`` if the run does not repeat itself."""
        _, course, ended, _ = self.storm(seed)
        again = self.again(course)
        if again.digest != ended.digest:
            raise Divergence(
                f"seed {seed}: the same run, made twice, is not the same. Usual causes: a set that "
                "is iterated or shown, an object shown by its address, a wall clock."
            )
        return _Shrinking(self, course, again).shrunk()

    def plainly(self, course: Course, rule: str) -> list[str] | None:
        """What the strikes of this course break when one execution is run as ``swfsim explore``
        does; None if not this rule."""
        placement = tuple(one.placed for one in course.strikes)
        try:
            with Trials(self._make_app, course.input, seed=course.seed) as trials:
                broken = trials.run(placement).broken
        except Divergence:
            return None
        return broken if any(text.partition(":")[0] == rule for text in broken) else None


def _broken(seed: int, what: str) -> Flight:
    return Flight(seed, "", 0, [what], 0, 0, Hours(), [], "")


class _Shrinking:
    def __init__(self, flights: Flights, course: Course, ended: Ended) -> None:
        self._flights = flights
        self._course = course
        self._broken = ended.broken
        self._rule = ended.rules[0]
        self.tried = 0

    def shrunk(self) -> Shrunk:
        self._holds(self._course._replace(seed=0))  # as every story has it
        self._alone()
        self._without(
            [one for one in self._course.strikes if one.placed.kind == "choice"], whole=True
        )
        self._without_starts()
        self._without(list(self._course.strikes))
        self._without_starts()  # what strikes the others no more may have kept them
        at_once = tuple((0.0, number) for _, number in self._course.starts)
        self._holds(self._course._replace(starts=at_once))
        return self._plainly() or Shrunk(self._course, self._broken, self.tried, plain=False)

    def _holds(self, course: Course) -> bool:
        """Whether the same rule is broken; then this course is the one to go on with."""
        if self.tried >= TRIES or course == self._course:
            return False
        self.tried += 1
        try:
            ended = self._flights.again(course)
        except (Divergence, HarnessError):  # a choice, or a place, that is no longer there
            return False
        if self._rule not in ended.rules:
            return False
        self._course, self._broken = course, ended.broken
        return True

    def _without(self, strikes: list[Strike], *, whole: bool = False) -> None:
        """Leave out as many of these as can be; ``whole`` only tries all of them at once."""
        base = self._course

        def holds(some: Sequence[Strike]) -> bool:
            gone = set(some)
            return self._holds(
                base._replace(strikes=tuple(one for one in base.strikes if one not in gone))
            )

        if whole:
            holds(strikes)
        else:
            as_many(strikes, holds)

    def _alone(self) -> None:
        """One execution with all that befell it, without the others."""
        base = self._course
        for number, (_, given) in enumerate(base.starts, 1):
            strikes = tuple(
                Strike(one.alone, 1 if one.whose else 0, 1, one.alone)
                for one in base.strikes
                if one.of == number and one.alone is not None
            )
            if self._holds(base._replace(starts=((0, given),), strikes=strikes)):
                return

    def _without_starts(self) -> None:
        for number in range(len(self._course.starts), 0, -1):
            self._without_start(number)

    def _without_start(self, number: int) -> None:
        """Leave out the execution that is started as the ``number``-th, and what befalls it."""
        course = self._course
        if len(course.starts) == 1:
            return
        strikes = [
            one._replace(whose=one.whose - (one.whose > number))
            for one in course.strikes
            if one.whose != number
        ]
        starts = (*course.starts[: number - 1], *course.starts[number:])
        first = starts[0][0]
        starts = tuple((after_s - first, n) for after_s, n in starts)
        self._holds(course._replace(starts=starts, strikes=tuple(strikes)))

    def _plainly(self) -> Shrunk | None:
        course = self._course
        if [after_s for after_s, _ in course.starts] != [0]:
            return None
        strikes = tuple(one._replace(whose=0) for one in course.strikes)
        plain = course._replace(strikes=strikes)
        broken = self._flights.plainly(plain, self._rule)
        return None if broken is None else Shrunk(plain, broken, self.tried + 1, plain=True)
