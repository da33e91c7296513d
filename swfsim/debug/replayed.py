"""``Replayed``: a captured history and a decider, for tests and for whoever works in Python."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from swfsim.debug import acceptance, again, deciders, origins, references, report, tasks
from swfsim.debug.verdict import Judge
from swfsim.errors import HarnessError, Violation
from swfsim.replay import histories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from swfsim.debug.origins import Origins
    from swfsim.debug.verdict import Verdict
    from swfsim.replay.histories import Captured


class Replayed:
    """The histories of a file, put to a decider. ``decider`` is ``module:name``, or what stands
    under it. Raises ``HarnessError`` for a file or a decider that cannot be used."""

    def __init__(
        self,
        path: str | Path,
        decider: str | Callable[..., object],
        *,
        page_size: int | None = None,
    ) -> None:
        self.runs = read(path)
        name = decider if isinstance(decider, str) else getattr(decider, "__qualname__", "decider")
        found = deciders.find(decider) if isinstance(decider, str) else decider
        self._judge = Judge(deciders.made(found, name), page_size)

    @property
    def verdicts(self) -> list[Verdict]:
        """One verdict for each decision task, in order, run by run."""
        return [verdict for found in self._judged for verdict in found]

    @cached_property
    def _judged(self) -> list[list[Verdict]]:
        with self._judge as judge:
            return [again.ask_again(judge, one, judge.verdicts(one)) for one in self.runs]

    def check(self, decision_task: int | None = None) -> None:
        """Raises ``Violation`` unless everything is decided as recorded and the decider has no
        faults of its own; with a number, counted from 1, asks for that decision task alone, in a
        file of one run. Raises ``HarnessError`` where no decision was recorded."""
        judged = self._judged if decision_task is None else [[self._one(decision_task)]]
        told: list[str] = []
        for captured, verdicts in zip(self.runs, judged, strict=True):
            told += self._told(captured, verdicts)
        if told:
            raise Violation("\n".join(told))
        if decision_task is None and nothing_judged(self.verdicts):
            raise HarnessError(nothing_to_judge(self.runs[0]))

    def _one(self, number: int) -> Verdict:
        source, found = self.runs[0].source, self.verdicts
        if len(self.runs) > 1:
            raise HarnessError(
                f"{source} holds {len(self.runs)} runs, each with a decision task {number}: "
                "check() judges all, or keep one run in a file"
            )
        if not 1 <= number <= len(found):
            raise HarnessError(f"{source} has decision tasks 1 to {len(found)}, not {number}")
        return found[number - 1]

    def _told(self, captured: Captured, verdicts: list[Verdict]) -> Iterator[str]:
        """What is wrong in one run; nothing when nothing is."""
        wrong = [one for one in verdicts if not one.same]
        if not wrong and not any(one.flaws for one in verdicts):
            return
        yield report.headline(captured, verdicts)
        if wrong:
            with self._judge as judge:
                yield from list(explained(judge, captured, wrong[0]))
        yield from report.flaws(verdicts)


def nothing_judged(verdicts: Iterable[Verdict]) -> bool:
    """Whether these prove nothing: no decision was recorded, and none went wrong all the same."""
    return all(one.same and not one.flaws and not one.task.answered for one in verdicts)


def nothing_to_judge(captured: Captured) -> str:
    """What to say of a history that proves nothing."""
    return (
        f"{captured.source}: nothing to judge in {report.counted(len(captured.events), 'event')}, "
        "no decision task was answered in them; was the history cut short?"
    )


def explained(judge: Judge, captured: Captured, verdict: Verdict) -> Iterator[str]:
    """A decision task that differs: what was new, what differs, where it was built, and whether SWF
    would have taken it."""
    task, made = verdict.task, verdict.made
    refused = acceptance.refusals(captured, task, made) if verdict.raised is None else []
    yield from report.explained(captured, verdict, traced(judge, captured, verdict), refused)


def traced(judge: Judge, captured: Captured, verdict: Verdict) -> Origins:
    """Where the decisions of a verdict come from."""
    polls = tasks.Polls(captured)
    return origins.of(lambda: judge.call(polls.answer(verdict.task), verdict.task)[0])


def read(path: str | Path) -> list[Captured]:
    """The histories of a file, found to hang together. Raises ``Unusable``."""
    runs = histories.load(path)
    for one in runs:
        references.check(one)
    return runs
