"""A placement as a scenario: a pytest file that can be dropped into ``scenarios/``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from swfsim import rules
from swfsim.choices import Steered
from swfsim.env import Env
from swfsim.errors import HarnessError, Violation
from swfsim.explore.places import quoted
from swfsim.explore.told import told_of
from swfsim.rules import Run
from swfsim.sim.plan import Plan
from swfsim.stories import Story

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swfsim.app import AppFactory
    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.explore.places import Placement
    from swfsim.explore.told import Told

AFTERMATH_S = 60
"""How long workers go on when everything is closed: who answers then must live with the refusal."""

WORK_S = 1.0
"""How long an activity takes, so that something can happen meanwhile."""

OPERATOR_LATENCY_MS = 4
"""How long what somebody does takes to reach SWF: less than what a worker does at that moment, so
that it comes while a decider decides."""

AT_REST_OPEN = "it came to rest with an execution open: nobody has anything to do any more"


LIMIT_STEPS = 100_000
"""Calls, sleeps and waits after which a run is given up as endless."""

_LONG: Final = 64
"""From so many events on a history is looked at whenever it has doubled."""


class Hopeless:
    """Notices a history that breaks a rule already, so that it need not be followed for a virtual
    year. ``seen`` is whether there is one."""

    def __init__(self, told: Told, env: Env) -> None:
        self._told = told
        self._env = env
        self.seen = False
        env.observe(self._observe)

    def _observe(self, x: Execution, event: Event, who: str) -> None:
        if event.id >= _LONG and not event.id & (event.id - 1) and not self.seen:
            run = Run([x], calls=self._env.journal)
            self.seen = bool(rules.broken(self._told.rules, run, at_rest=False))


def retold(make_app: AppFactory, choices: Mapping[int, int] | None = None) -> Story:
    """A story in which all goes as when the application was explored: activities take their time,
    and where several could go on at an instant the first does, except at the ``choices`` named."""
    return Story(
        make_app,
        plan=Plan(work_s=WORK_S),
        choices=Steered(choices),
        operator_latency_ms=OPERATOR_LATENCY_MS,
        limit_steps=LIMIT_STEPS,
    )


def keeps_its_rules(story: Story, *given: str, input: Any = None) -> None:
    """Start an execution, run to the end and a little beyond, and check every rule that the
    application tells. ``given`` says what goes wrong, for rules that excuse it; ``input`` is what
    the application starts with, its example unless given. Raises ``Violation``."""
    if not isinstance(story.env, Env):
        raise HarnessError(
            "the rules of a run need to see all its calls, as only a simulation does"
        )
    told = told_of(story.app)
    story.when(lambda story: story.app.start(told.example() if input is None else input))
    hopeless = Hopeless(told, story.env)
    story.run(until=lambda: hopeless.seen)
    asked = told.rules
    if hopeless.seen:
        asked = [rule for rule in asked if rule.when == "always"]
    elif not story.at_rest:
        raise Violation(AT_REST_OPEN)
    else:
        story.env.run(for_s=AFTERMATH_S)
    rules.check(asked, Run(story.executions, story.app, story.env.journal, given))


def source(app: str, placement: Placement, broken: Sequence[str], given: Any = None) -> str:
    """A pytest file that shows what is broken; ``app`` is the application's MODULE:ATTRIBUTE."""
    module, _, attribute = app.partition(":")
    choices = {one.nth: int(one.detail) for one in placement if one.kind == "choice"}
    steered = f", {choices!r}" if choices else ""
    told = [quoted(str(one)) for one in placement]
    if given is not None:
        told.append(f"input={given!r}")
    lines = [
        '"""Found by ``swfsim explore``.',
        "",
        *broken,
        '"""',
        "",
        f"from {module} import {attribute}",
        *(["from swfsim import faults"] if _has_faults(placement) else ()),
        "from swfsim.explore.scenario import keeps_its_rules, retold",
        *(_TOLD if _needs_told(placement) else ()),
        "",
        "",
        f"def test_{_name(placement)}():",
        f"    with retold({attribute}{steered}) as story:",
        *(["        told = told_of(story.app)"] if _needs_told(placement) else ()),
        *(f"        {one.code()}" for one in placement if one.kind != "choice"),
        f"        keeps_its_rules(story, {', '.join(told)})",
    ]
    return "\n".join(lines) + "\n"


_TOLD = ("from swfsim.explore.told import told_of",)


def _has_faults(placement: Placement) -> bool:
    return any(one.kind not in ("moment", "choice") for one in placement)


def _needs_told(placement: Placement) -> bool:
    return any("told." in one.code() for one in placement if one.kind != "choice")


def _name(placement: Placement) -> str:
    told = " and ".join(str(one) for one in placement) or "nothing goes wrong"
    return re.sub(r"\W+", "_", told).strip("_").lower()
