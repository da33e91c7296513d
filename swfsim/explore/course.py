"""``Course``: a run of several executions told whole, so that it can be run again, and judged.

Who is started when, what strikes whom, and when faults stop. From then on everything has to close
within a bound; what does not is shown with the reason why it never could.
"""

from __future__ import annotations

import bisect
import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import ClientError

from swfsim import rules
from swfsim.core.tables import CLOSE_DECISIONS
from swfsim.debug import stuck, surgery
from swfsim.env import Env
from swfsim.errors import Violation
from swfsim.explore import hours, scenario
from swfsim.explore.happenings import ends_chains
from swfsim.explore.places import quoted
from swfsim.explore.scenario import AFTERMATH_S, AT_REST_OPEN, OPERATOR_LATENCY_MS, WORK_S
from swfsim.explore.told import told_of
from swfsim.explore.trial import how_it_broke
from swfsim.explore.whose import nth as nth
from swfsim.replay.histories import Captured
from swfsim.spec import model
from swfsim.stories import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.explore.places import Placed
    from swfsim.stories import Happening

Start = tuple[float, int]
"""Seconds after the beginning, and which input of the application, from 1."""

SETTLE_S: Final = 72 * 3600.0
"""Within so much virtual time everything closes once faults have stopped, unless a run says
otherwise."""

CLOSES: Final = "everything closes once faults stop"
"""The rule of the second phase."""


class Strike(NamedTuple):
    """Something that goes wrong, and for which workflow id of the run, in order of start, from 1;
    0 where a place is the only one of its name. ``of`` is the workflow id that it befell, 0 if that
    cannot be said, and ``alone`` how it would be placed if there were no other."""

    placed: Placed
    whose: int = 0
    of: int = 0
    alone: Placed | None = None

    def __str__(self) -> str:
        return f"{self.placed}, of workflow {self.whose}" if self.whose else str(self.placed)


class Course(NamedTuple):
    """A whole run. ``calm_s`` is when faults stop, ``settle_s`` how long after it everything has to
    be closed, both in virtual seconds; ``input`` is what all executions start with, the
    application's own inputs unless given."""

    starts: tuple[Start, ...]
    strikes: tuple[Strike, ...] = ()
    calm_s: float = 0
    settle_s: float = SETTLE_S
    input: Any = None
    usual_s: float = 0
    seed: int = 0

    @property
    def choices(self) -> dict[int, int]:
        """Where another than the first was let go on."""
        made = (one.placed for one in self.strikes if one.placed.kind == "choice")
        return {one.nth: int(one.detail) for one in made}


class Ended(NamedTuple):
    """What came of a course.

    broken   rules that did not hold, or the error that the application broke with
    digest   equal for equal runs, to the last event
    """

    broken: list[str]
    executions: int
    events: int
    hours: hours.Hours
    reached: list[str]
    digest: str

    @property
    def rules(self) -> list[str]:
        """The names of what is broken, each once."""
        return list(dict.fromkeys(text.partition(":")[0] for text in self.broken))


def give(story: Story, strikes: Iterable[Strike]) -> None:
    """Let these strike in a story; choices are its scheduler's."""
    told = told_of(story.app)
    for one in strikes:
        if one.placed.kind == "moment":
            story.when(one.placed.moment, told.happenings[one.placed.what])
        elif one.placed.kind != "choice":
            only = nth(story, one.whose) if one.whose else None
            story.given(one.placed.fault(told.errors, only))


def run(story: Story, course: Course, given: Callable[[], Sequence[str]]) -> Ended:
    """Run a story in which all that is to strike is given, and judge it. ``given`` says afterwards
    what has gone wrong, for rules that excuse it."""
    assert isinstance(story.env, Env), "a course is run in simulation"
    told = told_of(story.app)
    settling = _Settling(story, course)
    ends_chains(story, told.runs)
    for after_s, number in course.starts:
        given_to = told.another(number) if course.input is None else course.input
        story.when(after_s, _started(given_to))
    broke = _run(story, story.env, settling)
    at_rest = broke is None and settling.late is None
    found = rules.Run(story.executions, story.app, story.env.journal, given())
    broken = [text for text in (broke, settling.late) if text is not None]
    broken += map(str, rules.broken(told.rules, found, at_rest=at_rest))
    return Ended(
        broken,
        len(story.executions),
        sum(len(x.events) for x in story.executions),
        hours.of(story.executions, story.env.now_ms()),
        rules.reached(told.rules, found) if at_rest else [],
        _digest(story.executions),
    )


def _started(given: Any) -> Happening:
    """Somebody starts an execution, if none of its workflow id is open."""

    def start(story: Story) -> None:
        try:
            story.app.start(given)
        except ClientError as error:
            if error.response["Error"]["Code"] != "WorkflowExecutionAlreadyStartedFault":
                raise

    return start


def _run(story: Story, env: Env, settling: _Settling) -> str | None:
    def is_over() -> bool:
        return settling.late is not None

    try:
        story.run(is_over)
        if story.at_rest:
            env.run(is_over, for_s=AFTERMATH_S)
    except Exception as error:
        return how_it_broke(error)
    return None if is_over() or story.at_rest else AT_REST_OPEN


def _digest(executions: Iterable[Execution]) -> str:
    made = hashlib.blake2b(digest_size=8)
    for x in executions:
        shown = (x.workflow_id, x.events.kinds, x.events.instants, x.events.attrs)
        made.update(repr(shown).encode("utf-8", "surrogatepass"))
    return made.hexdigest()


class _Settling:
    """Whether everything closes in time once faults have stopped. ``late`` says what does not.

    An execution has ``settle_s`` for it, or half of its own time-out if that is less, and twice the
    time it takes when nothing goes wrong at least; a time-out that ends it earlier was brought
    about by the faults, and is for the rules to judge.
    """

    def __init__(self, story: Story, course: Course) -> None:
        self._story = story
        self._settle_ms = round(course.settle_s * 1000)
        self._usual_ms = course.usual_s * 1000
        self._calm_at = story.env.now_ms() + round(course.calm_s * 1000)
        self._next: float = 0
        self.late: str | None = None
        story.env.observe(self._observe)

    def _observe(self, x: Execution, event: Event, who: str) -> None:
        if event.at > self._next and self.late is None:
            self._look(x, event)

    def _look(self, seen: Execution, event: Event) -> None:
        calm_at = max(self._calm_at, self._story.plan.calls.reached_from)
        dues = []
        for x in self._story.executions:
            if x.open or x is seen:
                since = max(calm_at, x.started_at)
                allowed = max(min(self._settle_ms, _allotted_ms(x) // 2), 2 * self._usual_ms)
                due = since + allowed
                if event.at > due and not _may_not_close(x):
                    self.late = f"{CLOSES}: {_told(x, event.at, since)}"
                dues.append(max(due, event.at))
        self._next = min(dues, default=0)


def _allotted_ms(x: Execution) -> int:
    return int(x.started["executionStartToCloseTimeout"]) * 1000


_CLOSE_REFUSALS: Final = frozenset(model.REFUSAL[one] for one in CLOSE_DECISIONS)


def _may_not_close(x: Execution) -> bool:
    """It was to close, and SWF did not permit it: that is for people to see to."""
    events = x.events
    return any(
        kind in _CLOSE_REFUSALS and attrs["cause"] == "OPERATION_NOT_PERMITTED"
        for kind, attrs in zip(events.kinds, events.attrs, strict=True)
    )


def _told(x: Execution, now: int, since: int) -> str:
    """What is late, and why it is, as far as its history shows before this instant: of what comes
    now it is too late, and what follows from it may not stand there yet."""
    last = bisect.bisect_left(x.events.instants, now)
    captured = surgery.until(Captured("", x.events, x.workflow_id, x.run_id), last)
    why = "; ".join(one.said for one in stuck.troubles(captured))
    late = (now - since) / 3_600_000
    return (
        f"{x.workflow_id} is not closed {late:,.1f} h after faults could strike no more: "
        f"{why or f'it still moves, and {captured.events.kinds[-1]} came last'}"
    )


# As a scenario


def settles(
    story: Story,
    *given: str,
    starts: Sequence[Start],
    calm_s: float = 0,
    settle_s: float = SETTLE_S,
    input: Any = None,
    usual_s: float = 0,
) -> None:
    """Start these executions, let faults strike, let them stop, and check that every rule is kept
    and everything closes. ``given`` says what goes wrong. Raises ``Violation``."""
    course = Course(tuple(starts), (), calm_s, settle_s, input, usual_s)
    ended = run(story, course, lambda: given)
    if ended.broken:
        raise Violation("\n".join(ended.broken))


def source(app: str, course: Course, broken: Sequence[str], *, plain: bool = False) -> str:
    """A pytest file that shows what is broken, as ``swfsim explore`` writes them; ``plain`` if one
    execution, run to its end as there, shows it, too."""
    placement = tuple(one.placed for one in course.strikes)
    if plain:
        return scenario.source(app, placement, broken, course.input, course.seed, by="swfsim swarm")
    told = [quoted(str(one)) for one in course.strikes]
    told += [
        f"starts={list(course.starts)!r}",
        f"calm_s={course.calm_s!r}",
        f"settle_s={course.settle_s!r}",
        *([f"usual_s={course.usual_s!r}"] if course.usual_s else []),
        *([] if course.input is None else [f"input={course.input!r}"]),
    ]
    imports = ["nth", "settles"] if any(one.whose for one in course.strikes) else ["settles"]
    return scenario.source(
        app,
        placement,
        broken,
        seed=course.seed,
        by="swfsim swarm",
        only=[f"nth(story, {one.whose})" if one.whose else "" for one in course.strikes],
        imports=[f"from swfsim.explore.course import {', '.join(imports)}"],
        ending=f"settles(story, {', '.join(told)})",
    )


def told(make_app: Any, course: Course, **options: Any) -> Story:
    """The story of a course, before anything is given to it."""
    return Story(
        make_app,
        seed=course.seed,
        operator_latency_ms=OPERATOR_LATENCY_MS,
        limit_s=scenario.LIMIT_S + course.calm_s + course.starts[-1][0],
        limit_steps=scenario.LIMIT_STEPS * max(1, len(course.starts)),
        limit_runs=scenario.LIMIT_RUNS,
        **options,
    )


PLAN: Final[Mapping[str, Any]] = {"work_s": WORK_S}
"""How every plan of a course is made."""
