"""``Judge``: a decider against captured histories, decision task by decision task."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.clock import ODD_START
from swfsim.debug import compare, tasks
from swfsim.debug.compare import ABSENT
from swfsim.debug.deciders import Function, NoDecisionsError
from swfsim.debug.polled import Polled
from swfsim.debug.reads import Reads, WatchedClock
from swfsim.errors import HarnessError
from swfsim.fake import Surroundings
from swfsim.replay.histories import UNTIMED
from swfsim.report import code
from swfsim.sim.patches import PATCHES
from swfsim.sim.watchdog import TURN_LIMIT_S, Watchdog
from swfsim.sim.workers import WorkerKilled
from swfsim.spec import check, model
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    import bdb
    from collections.abc import Iterator
    from types import TracebackType

    from swfsim.debug.compare import Finding
    from swfsim.debug.tasks import Answer, Decide, Task
    from swfsim.replay.histories import Captured

TWO_ANSWERS: Final = "two answers"
PAGES: Final = "page size"
WRITES: Final = "writes into events"

RESPOND: Final = "RespondDecisionTaskCompleted"
_ECHOED: Final = tuple(
    name
    for name in model.members(model.operation(RESPOND).input_shape)
    if name in model.members(model.event_shape("DecisionTaskCompleted"))
)
"""What an answer says besides its decisions, and the history shows."""


class Raised(NamedTuple):
    """The decider raised: what, through which innermost line of its own, as ``file:line``, and at
    which event it was looking, 0 when at none."""

    error: BaseException
    where: str
    event_id: int = 0


class Flaw(NamedTuple):
    """A fault of the decider's own, whatever it decides: of which kind, said in a sentence, and
    where in its code, as ``file:line``, None when unknown."""

    kind: str
    said: str
    where: str | None = None


class Verdict(NamedTuple):
    """One decision task judged. ``raised`` stands instead of findings; a task that nobody had
    answered has neither, and what the decider says to it is in ``made``."""

    task: Task
    made: Answer
    findings: list[Finding]
    raised: Raised | None = None
    flaws: tuple[Flaw, ...] = ()

    @property
    def same(self) -> bool:
        return self.raised is None and all(one.verdict == compare.SAME for one in self.findings)


class Judge:
    """Puts the decision tasks of histories to a decider, each at its own virtual time.

    A context manager: inside it the process sees virtual time, and boto3 clients are made with the
    stand-ins that a fake gives them. ``page_size`` is the most events that a page holds, for
    histories that tell nothing of it. A call that does not come back for ``limit_s`` of real time
    is interrupted, and counts as an exception.
    """

    def __init__(
        self, decide: Decide, page_size: int | None = None, limit_s: float = TURN_LIMIT_S
    ) -> None:
        self.decide = decide
        self._page_size = page_size
        self._limit_s = limit_s
        self._calls = 0
        self._deciding = False
        self.reads = Reads()
        self._clock = WatchedClock(ODD_START, self.reads)
        self._surroundings: Surroundings | None = None
        self._watchdog: Watchdog | None = None  # each guards once

    def __enter__(self) -> Judge:
        self._surroundings = Surroundings()
        PATCHES.__enter__()
        PATCHES.show(self._clock)
        self.reads.__enter__()
        self._watchdog = Watchdog(self._limit_s, self._progress, self._hangs)
        self._watchdog.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._watchdog is not None:
            self._watchdog.__exit__()
        self.reads.__exit__()
        PATCHES.show(None)
        PATCHES.__exit__()
        if self._surroundings is not None:
            self._surroundings.restore()

    def _progress(self) -> int:
        """Stands still while the decider is at work, and only then."""
        if not self._deciding:
            self._calls += 1
        return self._calls

    def _hangs(self, where: str) -> BaseException:
        return WorkerKilled(
            f"the decider has not come back for {self._limit_s:g} s of real time. It is at {where}"
        )

    def verdicts(self, captured: Captured) -> list[Verdict]:
        """One verdict for each decision task, in order.

        A decider that writes into the events it is given spoils what later tasks show it: then
        everything is judged again with events of its own for each task, and the write is a flaw.
        Raises ``HarnessError`` for one that never answers decisions: it is none.
        """
        self.show(captured)
        polls = tasks.Polls(captured)
        found = [self.judge(polls, task) for task in tasks.of(captured)]
        raised = [one.raised.error for one in found if one.raised is not None]
        never = [error for error in raised if isinstance(error, NoDecisionsError)]
        if never and len(never) == len(found):
            raise never[0]
        if not self._gives_copies and (written := polls.changed()) is not None:
            found = self._afresh(captured, written)
        return found

    @property
    def _gives_copies(self) -> bool:
        return isinstance(self.decide, Polled) or (
            isinstance(self.decide, Function) and self.decide.fetches
        )

    def show(self, captured: Captured) -> None:
        """The tasks that follow are of this run."""
        if isinstance(self.decide, Polled | Function):
            self.decide.show(captured.events)
            pages = self.decide.pages
            pages.page_size = self._page_size or captured.page_size or pages.usual

    def judge(self, polls: tasks.Polls, task: Task) -> Verdict:
        """The verdict on one task of the run that was shown."""
        made, raised = self.call(polls.answer(task), task)
        return self._verdict(polls, task, made, raised)

    def _verdict(
        self, polls: tasks.Polls, task: Task, made: Answer, raised: Raised | None
    ) -> Verdict:
        found = self.reads.take()
        read = tuple(Flaw(o.what, f"reads the {o.what} while deciding", o.where) for o in found)
        if raised is not None:
            return Verdict(task, [], [], raised, read)
        read += tuple(self._besides(polls, task))
        findings = compare.compare(task.decided, made) if task.answered else []
        return Verdict(task, made, findings, None, read)

    def call(self, answer: dict[str, Any], task: Task) -> tuple[Answer, Raised | None]:
        """What the decider makes of a poll's answer, at the time of the task."""
        if task.at != UNTIMED:
            self._clock.at = task.at
        self._calls += 1
        self._deciding = True
        try:
            return self._call(answer), None
        except (Exception, SystemExit) as error:  # the decider's own, which is looked for
            return [], Raised(error, where(error), _in_view(error))
        except WorkerKilled as hangs:
            return [], Raised(HarnessError(str(hangs)), where(hangs), _in_view(hangs))
        finally:
            self._deciding = False

    def call_under(self, debugger: bdb.Bdb, answer: dict[str, Any], task: Task) -> None:
        """One call of the decider under a debugger; what it answers is nobody's."""
        if task.at != UNTIMED:
            self._clock.at = task.at
        if isinstance(self.decide, Polled):
            self.decide.anew()
        with contextlib.suppress(Exception, SystemExit):
            debugger.runcall(self.decide, answer)
        if isinstance(self.decide, Polled):
            self.decide.anew()

    def _call(self, answer: dict[str, Any]) -> Answer:
        if isinstance(self.decide, Polled):
            self.decide.reads = self.reads
            return self.decide(answer)
        self.reads.active = True
        try:
            return self.decide(answer)
        finally:
            self.reads.active = False

    def _afresh(self, captured: Captured, written: int) -> list[Verdict]:
        polls = tasks.Polls(captured)
        found: list[Verdict] = []
        named = False
        for task in tasks.of(captured):
            answer = polls.answer(task)
            answer["events"] = tasks.copies(answer["events"])
            made, raised = self.call(answer, task)
            flaws: tuple[Flaw, ...] = ()
            verdict = self._verdict(polls, task, made, raised)
            if not named and answer["events"] != polls.events[: task.started_id]:
                named = True
                said = f"writes into the events it is given, event {written} first"
                flaws = (Flaw(WRITES, said, self._writer(polls, task)),)
            found.append(verdict._replace(flaws=verdict.flaws + flaws))
        return found

    def _besides(self, polls: tasks.Polls, task: Task) -> Iterator[Flaw]:
        """What a worker answers besides decisions, and should not."""
        if not isinstance(self.decide, Polled):
            return
        said = dict(self.decide.said)
        if said.get("taskToken") != polls.token(task):
            yield Flaw("taskToken", "answers with another taskToken than that of its task")
        try:
            check.request(RESPOND, said | {"taskToken": "token", "decisions": []})
        except Fault as fault:
            yield Flaw("refused answer", f"SWF would refuse its answer: {fault.message}")
        if task.completed_id is None:
            return
        completed = polls.attributes(task.completed_id)
        for name in _ECHOED:
            recorded, made = completed.get(name, ABSENT), said.get(name, ABSENT)
            for field in compare.member(name, recorded, made):
                told = f"answers with {field.name} {field.made!r}; recorded: {field.recorded!r}"
                yield Flaw(name, told)

    def _writer(self, polls: tasks.Polls, task: Task) -> str | None:
        """The line that writes, found by asking once more with events that notice."""
        answer = polls.answer(task)
        written: list[str] = []
        answer["events"] = [tasks.Guarded.of(one, written) for one in answer["events"]]
        self.call(answer, task)
        self.reads.take()
        return written[0] if written else None


def where(error: BaseException) -> str:
    """The innermost line of the application's own that an exception came by, as ``file:line``."""
    if isinstance(error, NoDecisionsError) and error.where:
        return error.where
    places = code.own(code.places(error.__traceback__))
    return f"{places[-1][0]}:{places[-1][1]}" if places else "an unknown place"


def _in_view(error: BaseException) -> int:
    """The id of the event that the innermost frame was looking at, which holds one; else 0."""
    found = 0
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if not code.is_foreign(trace.tb_frame.f_code.co_filename):
            for value in list(trace.tb_frame.f_locals.values()):
                if isinstance(value, dict) and type(value.get("eventId")) is int:
                    found = value["eventId"]
        trace = trace.tb_next
    return found
