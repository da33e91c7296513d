"""``Judge``: a decider against captured histories, decision task by decision task."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, NamedTuple

from swfsim.clock import ODD_START, VirtualClock
from swfsim.debug import compare, tasks
from swfsim.debug.polled import Polled
from swfsim.fake import Surroundings
from swfsim.replay.histories import UNTIMED
from swfsim.sim.patches import PATCHES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.debug.compare import Finding
    from swfsim.debug.tasks import Answer, Decide, Task
    from swfsim.replay.histories import Captured


class Raised(NamedTuple):
    """The decider raised: what, and through which innermost line of code, as ``file:line``."""

    error: Exception
    where: str


class Verdict(NamedTuple):
    """One decision task judged. ``raised`` stands instead of findings; a task that nobody had
    answered has neither, and what the decider says to it is in ``made``."""

    task: Task
    made: Answer
    findings: list[Finding]
    raised: Raised | None = None

    @property
    def same(self) -> bool:
        return self.raised is None and all(one.verdict == compare.SAME for one in self.findings)


class Judge:
    """Puts the decision tasks of histories to a decider, each at its own virtual time.

    A context manager: inside it the process sees virtual time, and boto3 clients are made with the
    stand-ins that a fake gives them.
    """

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._clock = VirtualClock(ODD_START)
        self._surroundings: Surroundings | None = None

    def __enter__(self) -> Judge:
        self._surroundings = Surroundings()
        PATCHES.__enter__()
        PATCHES.show(self._clock)
        return self

    def __exit__(self, *error: object) -> None:
        PATCHES.show(None)
        PATCHES.__exit__()
        if self._surroundings is not None:
            self._surroundings.restore()

    def verdicts(self, captured: Captured) -> Iterator[Verdict]:
        """One verdict for each decision task, in order."""
        polls = tasks.Polls(captured)
        if isinstance(self._decide, Polled):
            self._decide.show(captured.events)
        for task in tasks.of(captured):
            yield self._judge(polls, task)

    def _judge(self, polls: tasks.Polls, task: Task) -> Verdict:
        if task.at != UNTIMED:
            self._clock.at = task.at
        try:
            made = self._decide(polls.answer(task))
        except Exception as error:  # the decider's own, which is what is looked for
            return Verdict(task, [], [], Raised(error, where(error)))
        findings = compare.compare(task.decided, made) if task.answered else []
        return Verdict(task, made, findings)


def where(error: BaseException) -> str:
    """The innermost line that an exception came through, as ``file:line``."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"
