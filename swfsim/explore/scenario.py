"""A placement as a scenario: a pytest file that can be dropped into ``scenarios/``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from swfsim import rules
from swfsim.choices import Steered
from swfsim.env import Env
from swfsim.errors import HarnessError, Violation
from swfsim.explore.happenings import ends_chains
from swfsim.explore.places import quoted
from swfsim.explore.told import told_of
from swfsim.rules import Run
from swfsim.sim.plan import Plan
from swfsim.stories import Story

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from swfsim.app import AppFactory
    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.explore.places import Placement
    from swfsim.journal import Entry
    from swfsim.rules import Rule

AFTERMATH_S = 60
"""How long workers go on when everything is closed: who answers then must live with the refusal."""

WORK_S = 1.0
"""How long an activity takes, so that something can happen meanwhile."""

OPERATOR_LATENCY_MS = 4
"""How long what somebody does takes to reach SWF: less than what a worker does at that moment, so
that it comes while a decider decides."""

LIMIT_S = 3 * 400 * 86_400
"""Virtual time after which a run is given up as endless: executions last a year at most, and one
may be started a year after the other."""

LIMIT_STEPS = 100_000
"""Calls, sleeps and waits after which a run is given up as endless."""

LIMIT_RUNS = 1_000
"""Runs of one workflow id after which a run is given up as endless, where its application does not
say how many of them are to be followed."""

AT_REST_OPEN = "it came to rest with an execution open: nobody has anything to do any more"


def retold(make_app: AppFactory, choices: Mapping[int, int] | None = None, seed: int = 0) -> Story:
    """A story in which all goes as when the application was explored: activities take their time,
    and where several could go on at an instant the first does, except at the ``choices`` named.
    From the ``seed`` come the application's random numbers."""
    return Story(
        make_app,
        seed=seed,
        plan=Plan(work_s=WORK_S),
        choices=Steered(choices),
        operator_latency_ms=OPERATOR_LATENCY_MS,
        limit_s=LIMIT_S,
        limit_steps=LIMIT_STEPS,
        limit_runs=LIMIT_RUNS,
    )


_LONG: Final = 64
"""Events of a history at which it is asked whether a rule is broken already, and then each time
that it has doubled: some runs would go on for a year, and for nothing."""


class Hope:
    """Whether a run may yet keep its rules; an observer of its events."""

    def __init__(
        self, kept: Sequence[Rule], calls: Iterable[Entry], given: Sequence[str] = ()
    ) -> None:
        self.is_lost = False
        self._rules = kept
        self._calls = calls
        self._given = given

    def observe(self, x: Execution, event: Event, who: str) -> None:
        if event.id >= _LONG and not event.id & (event.id - 1) and not self.is_lost:
            run = Run([x], calls=self._calls, given=self._given)
            self.is_lost = bool(rules.broken(self._rules, run, at_rest=False))


def keeps_its_rules(story: Story, *given: str, input: Any = None) -> None:
    """Start an execution, run to the end and a little beyond, and check every rule that the
    application tells. ``given`` says what goes wrong, for rules that excuse it; ``input`` is what
    the application starts with, its example unless given. Raises ``Violation``."""
    if not isinstance(story.env, Env):
        raise HarnessError(
            "the rules of a run need to see all its calls, as only a simulation does"
        )
    told = told_of(story.app)
    hope = Hope(told.rules, story.env.journal, given)
    ends_chains(story, told.runs)
    story.env.observe(hope.observe)
    story.when(lambda story: story.app.start(told.example() if input is None else input))
    story.run(until=lambda: hope.is_lost)
    run = Run(story.executions, story.app, story.env.journal, given)
    if hope.is_lost:
        rules.check([rule for rule in told.rules if rule.when == "always"], run)
    if not story.at_rest:
        raise Violation(AT_REST_OPEN)
    story.env.run(lambda: hope.is_lost, for_s=AFTERMATH_S)
    rules.check(told.rules, run)


def source(
    app: str,
    placement: Placement,
    broken: Sequence[str],
    given: Any = None,
    seed: int = 0,
    *,
    by: str = "swfsim explore",
    only: Sequence[str] = (),
    ending: str = "",
    imports: Sequence[str] = (),
) -> str:
    """A pytest file that shows what is broken; ``app`` is the application's MODULE:ATTRIBUTE,
    ``given`` its input, ``seed`` where its random numbers come from.
    ``by`` is who found it; ``only`` is Python, for each thing placed, that says for which execution
    it is meant; ``ending`` with its ``imports`` is what runs the story, if not
    ``keeps_its_rules``."""
    module, _, attribute = app.partition(":")
    choices = {one.nth: int(one.detail) for one in placement if one.kind == "choice"}
    steered = f", {choices!r}" if choices else ""
    steered += f", seed={seed}" if seed else ""
    wanted = only or [f"nth(story, {one.whose})" if one.whose else "" for one in placement]
    if not only and any(wanted):
        helping = {"upon" if one.kind == "moment" else "nth" for one in placement if one.whose}
        imports = [*imports, f"from swfsim.explore.whose import {', '.join(sorted(helping))}"]
    told = [quoted(str(one)) for one in placement]
    if given is not None:
        told.append(f"input={given!r}")
    helpers = ["retold"] if ending else ["keeps_its_rules", "retold"]
    lines = [
        f'"""Found by ``{by}``.',
        "",
        *broken,
        '"""',
        "",
        f"from {module} import {attribute}",
        *(["from swfsim import faults"] if _has_faults(placement) else ()),
        *sorted(
            (
                *imports,
                f"from swfsim.explore.scenario import {', '.join(helpers)}",
                *(_TOLD if _needs_told(placement) else ()),
            )
        ),
        "",
        "",
        f"def test_{_name(placement)}():",
        f"    with retold({attribute}{steered}) as story:",
        *(["        told = told_of(story.app)"] if _needs_told(placement) else ()),
        *(
            f"        {one.code(which)}"
            for one, which in zip(placement, wanted, strict=True)
            if one.kind != "choice"
        ),
        f"        {ending or _keeps(told)}",
    ]
    return "\n".join(lines) + "\n"


def _keeps(told: Sequence[str]) -> str:
    return f"keeps_its_rules({', '.join(['story', *told])})"


_TOLD = ("from swfsim.explore.told import told_of",)


def _has_faults(placement: Placement) -> bool:
    return any(one.kind not in ("moment", "choice") for one in placement)


def _needs_told(placement: Placement) -> bool:
    return any("told." in one.code() for one in placement if one.kind != "choice")


def _name(placement: Placement) -> str:
    told = " and ".join(str(one) for one in placement) or "nothing goes wrong"
    name = re.sub(r"\W+", "_", told).strip("_").lower()
    if len(name) > _NAME_MAX:
        name = name[:_NAME_MAX].rpartition("_and_")[0] + f"_and_so_on_{len(placement)}_in_all"
    return name


_NAME_MAX: Final = 100
