"""``Replayed``: a captured history and a decider, for tests and for whoever works in Python."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from swfsim.debug import acceptance, again, deciders, origins, references, report, tasks
from swfsim.debug.verdict import Judge
from swfsim.errors import HarnessError, Violation
from swfsim.replay import histories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from swfsim.debug.origins import Origins
    from swfsim.debug.verdict import Verdict
    from swfsim.replay.histories import Captured


class Replayed:
    """The first history of a file, put to a decider. ``decider`` is ``module:name``, or what stands
    under it. Raises ``HarnessError`` for a file or a decider that cannot be used."""

    def __init__(
        self,
        path: str | Path,
        decider: str | Callable[..., object],
        *,
        page_size: int | None = None,
    ) -> None:
        self.captured = read(path)[0]
        name = decider if isinstance(decider, str) else getattr(decider, "__qualname__", "decider")
        found = deciders.find(decider) if isinstance(decider, str) else decider
        self._judge = Judge(deciders.made(found, name), page_size)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """One verdict for each decision task, in order."""
        with self._judge as judge:
            return again.ask_again(judge, self.captured, judge.verdicts(self.captured))

    def check(self, decision_task: int | None = None) -> None:
        """Raises ``Violation`` unless everything is decided as recorded and the decider has no
        faults of its own; with a number, counted from 1, asks for that decision task alone."""
        verdicts = self.verdicts
        if decision_task is not None:
            if not 1 <= decision_task <= len(verdicts):
                raise HarnessError(
                    f"{self.captured.source} has decision tasks 1 to {len(verdicts)}, "
                    f"not {decision_task}"
                )
            verdicts = [verdicts[decision_task - 1]]
        wrong = [one for one in verdicts if not one.same]
        if wrong or any(one.flaws for one in verdicts):
            lines = [report.headline(self.captured, verdicts)]
            if wrong:
                with self._judge as judge:
                    lines += explained(judge, self.captured, wrong[0])
            raise Violation("\n".join([*lines, *report.flaws(verdicts)]))


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
