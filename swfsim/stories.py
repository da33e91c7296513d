"""Stories: what was given, when something happens, then what follows.

    def test_three_failures_then_rollback(story):
        story.given(fails("SaveResults", "Database unavailable", attempts=3))
        story.when(order_is_placed())
        story.then('''
            ValidateInput → completed
            …
            Workflow → FAILED
        ''')

A story runs an ``App`` in a simulation. ``given`` takes faults (``swfsim.faults``), ``when`` takes
happenings, at once or at a moment, and ``then`` lets the run go on until every execution is closed
and compares the flow of the latest one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from swfsim.app import App
from swfsim.env import Env
from swfsim.errors import HarnessError, Violation
from swfsim.report import timeline
from swfsim.report.flow import flow, normal
from swfsim.sim.faults import known
from swfsim.sim.plan import Plan
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from swfsim.app import AppFactory
    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.sim.faults import Fault

Happening = Callable[["Story"], object]
"""Something that somebody does, on a worker of its own: start, signal, cancel, look."""

_WORDS: Final = {
    "scheduled": "ActivityTaskScheduled",
    "started": "ActivityTaskStarted",
    "completed": "ActivityTaskCompleted",
    "failed": "ActivityTaskFailed",
    "timed out": "ActivityTaskTimedOut",
    "canceled": "ActivityTaskCanceled",
}
"""What can be said of a step: ``SaveResults started``."""

_MOMENT: Final = re.compile(r"(?P<what>.+?)(?: #(?P<nth>[1-9][0-9]*))?\Z")


class Moment:
    """A moment of a story: the n-th time that a step, or an event, gets that far.

    ``"SaveResults started"``, ``"SaveResults failed #2"``, ``"DecisionTaskStarted #3"``
    """

    def __init__(self, text: str, steps: list[str]) -> None:
        match = _MOMENT.match(text.strip())
        what = match["what"] if match else ""
        self.text = text
        self.nth = int((match and match["nth"]) or 1)
        self.seen = 0
        self.step: str | None = None
        step, _, word = what.partition(" ")
        if word:
            known(word, _WORDS, "thing that happens to a step")
            if steps:
                known(step, steps, "step of this application")
            self.step, self.kind = step, _WORDS[word]
        else:
            known(what, model.EVENTS, "event of SWF, and a step needs a word behind it")
            self.kind = what

    def is_now(self, x: Execution, event: Event) -> bool:
        """Whether this event is the moment; counts those that came before."""
        if event.kind != self.kind:
            return False
        if self.step is not None:
            attrs = event.attrs
            if "activityType" not in attrs:
                attrs = x.events.attrs[attrs["scheduledEventId"] - 1]
            if attrs["activityType"]["name"] != self.step:
                return False
        self.seen += 1
        return self.seen == self.nth


class Story:
    """One story about an application, from ``given`` to ``then``; used in a ``with``.

    Everything in it is deterministic from ``seed``. ``app`` is the fresh ``App``, with the outside
    world that the story may look into; ``executions`` are in order of start.
    """

    def __init__(self, make_app: AppFactory, *, seed: int = 0, **options: Any) -> None:
        """``options`` go to ``Env.sim``: start, latency_ms, idle_polls, limit_s."""
        self.app = make_app()
        if not isinstance(self.app, App):
            raise HarnessError(f"{make_app!r} makes no App but {self.app!r}")
        self.plan = Plan(steps=self.app.steps)
        self.env = Env.sim(seed, plan=self.plan, **options)
        self._seen = timeline.Record()
        self.executions: list[Execution] = []
        self._begins_at = 0
        self._open = 0
        self._busy = 0
        self._waiting: dict[Moment, list[Happening]] = {}
        self._begun = False

    def __enter__(self) -> Story:
        self.env.__enter__()
        self._begins_at = self.env.simulation.now()
        self.env.observe(self._observe)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.env.__exit__(kind, error, trace)

    # Telling

    def given(self, *faults: Fault) -> Story:
        """Faults that are to strike; raises ``HarnessError`` for a step that is not there."""
        self.plan.add(*faults)
        return self

    def when(self, *told: Happening | str | float) -> Story:
        """Happenings, at once; behind a text or a number, at that moment or so many seconds later.

        ``when(order_is_placed())``, ``when("SaveResults started", order_is_cancelled())``,
        ``when(30, …)``
        """
        at: Moment | float = 0
        happenings = 0
        for one in told:
            if isinstance(one, str):
                at = Moment(one, list(self.app.steps))
            elif isinstance(one, int | float):
                at = one
            elif isinstance(at, Moment):
                happenings += 1
                self._waiting.setdefault(at, []).append(one)
            else:
                happenings += 1
                self._do(one, at)
        if not happenings:
            raise HarnessError(f"when({told!r}) says when, but not what happens then")
        return self

    def run(self) -> Story:
        """Go on until every execution is closed and nothing that was told is left to do."""
        self.env.check_entered()
        if not self._begun:
            self._begun = True
            self.app.register()
            for name, loop in self.app.workers(self.env.wrap).items():
                self.env.add(name, loop)
        self.env.run(lambda: not self._open and not self._busy)
        return self

    def then(self, expected: str | None = None, *, strict: bool = True) -> Story:
        """Run, and compare the flow of the latest execution with this text, if one is given.

        ``strict`` also demands that every fault given has struck and every moment has come.
        """
        self.run()
        if expected is not None:
            self.expect(expected)
        if strict:
            self.plan.check_all_struck()
            late = [moment.text for moment in self._waiting]
            if late:
                raise Violation(f"moments that never came: {', '.join(late)}")
        return self

    def expect(self, expected: str, execution: Execution | None = None) -> None:
        """Compare one flow, of the latest execution unless another is named."""
        x = execution if execution is not None else self.latest
        seen = flow(x.events)
        wanted = normal(expected)
        assert seen == wanted, _difference(wanted, seen)

    # Looking

    @property
    def latest(self) -> Execution:
        """The execution that was started last."""
        if not self.executions:
            raise HarnessError("the story has started nothing yet: when(…) comes before")
        return self.executions[-1]

    @property
    def status(self) -> str:
        """The close status of the latest execution, or OPEN."""
        return self.latest.close_status or "OPEN"

    @property
    def elapsed_s(self) -> float:
        """Virtual seconds since the story began."""
        return (self.env.simulation.now() - self._begins_at) / 1000

    def moments(self) -> Iterator[timeline.Moment]:
        """Every event of the story, in the order recorded, with whoever brought it about."""
        return iter(self._seen)

    def report(self, *, brief: bool = True, lines_max: int = 500) -> str:
        """The timeline so far: virtual time, who, what. Of a long one, the last lines."""
        lines = list(timeline.text(self.moments(), self._begins_at, brief=brief))
        left_out = len(lines) - lines_max
        if left_out > 0:
            lines[:left_out] = [f"({left_out} earlier lines are left out)"]
        return "\n".join(lines)

    # Inside

    def _do(self, happening: Happening, after_s: float) -> None:
        self._busy += 1

        def act() -> None:
            try:
                happening(self)
            finally:
                self._busy -= 1

        self.env.add("operator", act, after_s=after_s)

    def _observe(self, x: Execution, event: Event, who: str) -> None:
        self._seen.note(x, event.id, who)
        if event.kind == "WorkflowExecutionStarted":
            self.executions.append(x)
            self._open += 1
        elif not x.open:
            self._open -= 1
        if self._waiting:
            for moment in [one for one in self._waiting if one.is_now(x, event)]:
                for happening in self._waiting.pop(moment):
                    self._do(happening, 0)


def _difference(wanted: str, seen: str) -> str:
    """Both flows side by side, with the first difference marked."""
    left, right = wanted.splitlines(), seen.splitlines()
    width = max((len(line) for line in left), default=8)
    rows = [f"  {'expected':<{width}} | seen"]
    marked = False
    for number in range(max(len(left), len(right))):
        one = left[number] if number < len(left) else ""
        two = right[number] if number < len(right) else ""
        differs = one != two and not marked
        marked = marked or differs
        rows.append(f"{'>' if differs else ' '} {one:<{width}} | {two}")
    return "the flow is another than the story says\n" + "\n".join(rows)
