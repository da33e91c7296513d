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

import functools
import inspect
import re
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from swfsim.app import check_factory, loops, make
from swfsim.env import Env
from swfsim.errors import HarnessError, Violation
from swfsim.live.env import LiveEnv
from swfsim.report import timeline
from swfsim.report.flow import flow, normal, side_by_side
from swfsim.sim.faults import known
from swfsim.sim.plan import Plan
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from swfsim.app import App, AppFactory
    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.live.run import LiveRun
    from swfsim.sim.faults import Fault

Happening = Callable[["Story"], object]
"""Something that somebody does, on a worker of its own: start, signal, cancel, look."""

STEP_WORDS: Final = {
    "scheduled": "ActivityTaskScheduled",
    "started": "ActivityTaskStarted",
    "completed": "ActivityTaskCompleted",
    "failed": "ActivityTaskFailed",
    "timed out": "ActivityTaskTimedOut",
    "canceled": "ActivityTaskCanceled",
}
"""What can be said of a step: ``SaveResults started``."""

OPERATOR: Final = "operator"
"""The worker on which happenings happen."""

_MOMENT: Final = re.compile(r"(?P<what>.*?)(?:\s+#(?P<nth>.*))?\Z", re.DOTALL)


class Moment:
    """A moment of a story: the n-th time that a step, or an event, gets that far.

    ``"SaveResults started"``, ``"SaveResults failed #2"``, ``"DecisionTaskStarted #3"``
    """

    def __init__(self, text: str, steps: list[str]) -> None:
        match = _MOMENT.match(text.strip())
        what = match["what"] if match else ""
        self.text = text
        self.nth = _count(text, match["nth"] if match else None)
        self.seen = 0
        self.step: str | None = None
        step, _, word = what.partition(" ")
        if word:
            if step in model.EVENTS and step not in steps:
                raise HarnessError(
                    f"{text!r}: an event stands alone: {step!r}, or {step + ' #2'!r} for the second"
                )
            known(word, STEP_WORDS, "thing that happens to a step")
            if steps:
                known(step, steps, "step of this application")
            self.step, self.kind = step, STEP_WORDS[word]
        else:
            if what in steps:
                words = ", ".join(f"'{what} {one}'" for one in STEP_WORDS)
                raise HarnessError(f"{text!r} does not say what becomes of the step: {words}")
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

    def __init__(
        self,
        make_app: AppFactory,
        *,
        seed: int = 0,
        live: LiveRun | None = None,
        plan: Plan | None = None,
        operator_latency_ms: int | None = None,
        **options: Any,
    ) -> None:
        """``options`` go to ``Env.sim``: start, choices, latency_ms, idle_polls, limit_s,
        limit_steps, limit_runs, turn_limit_s. The application is made when the story is entered.
        With ``live`` the story is told against a real service instead, at its own pace. ``plan``
        holds the faults, a fresh one unless given; ``operator_latency_ms`` is how long the calls of
        happenings take, in simulation, as long as all others unless given."""
        check_factory(make_app, "what a Story is told about")
        self._make_app = make_app
        self._app: App | None = None
        self.plan = plan if plan is not None else Plan()
        self.env: Env | LiveEnv = (
            Env.sim(seed, plan=self.plan, **options) if live is None else LiveEnv(live, self.plan)
        )
        self._operator = {} if operator_latency_ms is None else {"latency_ms": operator_latency_ms}
        self._seen = timeline.Record()
        self.executions: list[Execution] = []
        self._begins_at = 0
        self._open = 0
        self._busy: set[object] = set()  # of happenings under way; threads may end them
        self._waiting: dict[Moment, list[Happening]] = {}
        self._begun = False

    def __enter__(self) -> Story:
        self.env.__enter__()
        try:
            self._app = self.env.set_up("the making of the App", lambda: make(self._make_app))
            self.plan.know(steps=self._app.steps)
            if isinstance(self.env, LiveEnv):
                self._app.go_live(self.env.live)
        except BaseException:
            self.env.__exit__()
            raise
        self._begins_at = self.env.now_ms()
        self.env.observe(self._observe)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.env.__exit__(kind, error, trace)

    @property
    def app(self) -> App:
        """The application. Raises ``HarnessError`` before the story is entered."""
        self.env.check_entered()
        assert self._app is not None, "made when the story was entered"
        return self._app

    # Telling

    def given(self, *faults: Fault) -> Story:
        """Faults that are to strike; raises ``HarnessError`` for a step that is not there."""
        self.env.check_entered()
        for fault in faults:
            self.env.check_possible(fault)
        self.plan.add(*faults)
        return self

    def when(self, *told: Happening | str | float) -> Story:
        """Happenings, at once; behind a text or a number, at that moment or so many seconds later.

        ``when(order_is_placed())``, ``when("SaveResults started", order_is_cancelled())``,
        ``when(30, …)``
        """
        planned: list[tuple[Moment | float, Happening]] = []
        at: Moment | float = 0
        idle = not told
        for one in told:
            if isinstance(one, str | int | float):
                if idle:
                    break
                at, idle = self._time(one), True
            else:
                check_happening(one)
                planned.append((at, one))
                idle = False
        if idle:
            raise HarnessError(f"when({_shown(told)}) says when, but not what happens then")
        for at, happening in planned:
            if isinstance(at, Moment):
                self._waiting.setdefault(at, []).append(happening)
            else:
                self._do(happening, at)
        return self

    def _time(self, told: str | float) -> Moment | float:
        if isinstance(told, str):
            return Moment(told, list(self.app.steps))
        if isinstance(told, bool) or not 0 <= told < float("inf"):
            raise HarnessError(
                f"when({told!r}, …) is no time: give seconds from now on, from 0, or a moment "
                "such as 'Pack started'"
            )
        return told

    def run(self, until: Callable[[], bool] | None = None) -> Story:
        """Go on until every execution is closed and nothing that was told is left to do, or until
        the condition holds."""
        self.env.check_entered()
        if not self._begun:
            self._begun = True
            app, env = self.app, self.env
            self.register()
            workers = env.set_up(f"workers() of {type(app).__name__}", lambda: loops(app, env.wrap))
            self.plan.know(workers=[*workers, OPERATOR])
            for name, loop in workers.items():
                env.add(name, loop)
        self.env.run(lambda: not (self._open or self._busy) or (until is not None and until()))
        return self

    def register(self) -> None:
        """Let the application register; ``run`` does so when it is first called."""
        self.env.set_up(f"register() of {type(self.app).__name__}", self.app.register)

    @property
    def at_rest(self) -> bool:
        """Every execution is closed, and nothing that was told is left to do."""
        return not self._open and not self._busy

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
        if seen != wanted:
            raise Violation(
                f"{self._whose(x)} is another than the story says\n{side_by_side(wanted, seen)}"
            )

    def _whose(self, x: Execution) -> str:
        """Which flow is meant, where there are those of several workflow ids."""
        if len({one.workflow_id for one in self.executions}) == 1:
            return "the flow"
        last = ", started last," if x is self.latest else ""
        return f"the flow of {x.workflow_id}{last}"

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
        return (self.env.now_ms() - self._begins_at) / 1000

    def moments(self) -> Iterator[timeline.Moment]:
        """Every event of the story, in the order recorded, with whoever brought it about."""
        return iter(self._seen)

    def report(self, *, brief: bool = True, lines_max: int = 500) -> str:
        """The timeline so far: virtual time, who, what. Of a long one, how it began (a quarter of
        the lines) and how it ended."""
        lines = list(timeline.text(self.moments(), self._begins_at, brief=brief))
        left_out = len(lines) - lines_max
        if left_out > 0:
            first = lines_max // 4
            lines[first : first + left_out] = [f"({left_out:,} lines between are left out)"]
        return "\n".join(lines)

    # Inside

    def _do(self, happening: Happening, after_s: float) -> None:
        under_way = object()
        self._busy.add(under_way)

        def act() -> None:
            try:
                made = happening(self)
            finally:
                self._busy.discard(under_way)
            if isinstance(made, FunctionType | MethodType | functools.partial):
                raise HarnessError(_makes_one(happening))

        self.env.add(OPERATOR, act, after_s=after_s, **self._operator)

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


def _count(text: str, nth: str | None) -> int:
    """The number behind ``#``; the first time if there is none."""
    if nth is None:
        return 1
    if not nth.isascii() or not nth.isdigit() or int(nth) < 1:
        raise HarnessError(f"{text!r}: behind # stands which time it is, a number from 1 on")
    return int(nth)


def check_happening(told: object) -> None:
    """That this may be called with the story. Raises ``HarnessError`` that says what is wrong."""
    if not callable(told):
        raise HarnessError(
            f"when({told!r}): that is no happening (a function of the story), no moment "
            "('Pack started') and no number of seconds"
        )
    if _returns_one(told):
        raise HarnessError(_makes_one(told))
    if _takes_one(told):
        return
    try:
        inspect.signature(told).bind(None)
    except TypeError as error:
        raise HarnessError(
            f"{_name(told)} cannot be called with the story alone ({error}): a happening is a "
            "function of the story; one that makes a happening is to be called, with ()"
        ) from error
    except ValueError:  # written in C: it will be seen
        pass


def _takes_one(told: Any) -> bool:
    """Whether it is plain to see: one argument that can be given by its place, and no other."""
    if type(told) is not FunctionType:
        return False
    return told.__code__.co_argcount == 1 and not told.__code__.co_kwonlyargcount


def _returns_one(told: object) -> bool:
    """Whether its annotation says that it returns a happening, instead of being one."""
    returned = getattr(told, "__annotations__", {}).get("return")
    written = returned if isinstance(returned, str) else str(returned)
    return written.rpartition(".")[2] == "Happening" or "Callable[" in written.partition("]")[0]


def _makes_one(told: object) -> str:
    name = _name(told)
    return f"{name} makes a happening, and is none: the () are missing, as in when({name}())"


def _name(told: object) -> str:
    return getattr(told, "__qualname__", repr(told))


def _shown(told: tuple[object, ...]) -> str:
    return ", ".join(_name(one) if callable(one) else repr(one) for one in told)
