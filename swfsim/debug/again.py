"""Deciders asked again: for the same task, and with pages of another size.

SWF gives a task to a decider anew whenever its answer was lost or late, maybe to another process,
and cuts histories into pages as it pleases. Neither may change what is decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swfsim.debug import compare, origins, tasks
from swfsim.debug.deciders import Function
from swfsim.debug.polled import Polled
from swfsim.debug.verdict import PAGES, TWO_ANSWERS, WRITES, Flaw
from swfsim.spec import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swfsim.debug.tasks import Answer, Task
    from swfsim.debug.verdict import Judge, Raised, Verdict
    from swfsim.replay.histories import Captured

TWICE_MAX: Final = 100
"""How many tasks of a history are asked for again, unless a judgement says otherwise."""

_EVENTS_TWICE: Final = 20_000
_EVENTS_PAGED: Final = 4_000
"""How many events may be shown again, whole and in pages of one: these take long in long runs."""


def ask_again(
    judge: Judge, captured: Captured, verdicts: Sequence[Verdict], most: int = TWICE_MAX
) -> list[Verdict]:
    """The verdicts, with the flaws that show when the decider is asked again.

    ``most`` bounds the tasks that are, spread over the history and the last among them.
    """
    return _Again(judge, captured, verdicts).flawed(most)


class _Again:
    def __init__(self, judge: Judge, captured: Captured, verdicts: Sequence[Verdict]) -> None:
        self._judge = judge
        self._decide = judge.decide
        self._polls = tasks.Polls(captured)
        self._verdicts = list(verdicts)
        self._writes = any(flaw.kind == WRITES for one in verdicts for flaw in one.flaws)

    def flawed(self, most: int) -> list[Verdict]:
        if isinstance(self._decide, Polled):
            self._decide.anew()  # a worker that remembers nothing
        for number in _spread(self._verdicts, most, _EVENTS_TWICE):
            self._add(number, self._twice(self._verdicts[number]))
        if self._has_pages():
            for number in _spread(self._verdicts, most, _EVENTS_PAGED):
                self._add(number, self._paged(self._verdicts[number]))
        return self._verdicts

    def _has_pages(self) -> bool:
        decide = self._decide
        return isinstance(decide, Polled) or (isinstance(decide, Function) and decide.fetches)

    def _add(self, number: int, flaws: Iterator[Flaw]) -> None:
        before = self._verdicts[number]
        self._verdicts[number] = before._replace(flaws=before.flaws + tuple(flaws))

    def _twice(self, verdict: Verdict) -> Iterator[Flaw]:
        made, raised = self._ask(verdict.task)
        if not _alike(verdict, made, raised):
            said = f"decides otherwise when asked again: {_otherwise(verdict, made, raised)}"
            yield Flaw(TWO_ANSWERS, said, self._place(verdict, made))

    def _paged(self, verdict: Verdict) -> Iterator[Flaw]:
        assert isinstance(self._decide, Polled | Function), "others have no pages"
        pages = self._decide.pages
        usual = pages.page_size
        for size in {1, limits.PAGE_SIZE_MAX} - {usual}:
            pages.page_size = size
            try:
                made, raised = self._ask(verdict.task)
                if not _alike(verdict, made, raised):
                    what = _otherwise(verdict, made, raised)
                    said = f"decides otherwise with pages of {size:,} instead of {usual:,}: {what}"
                    yield Flaw(PAGES, said, self._place(verdict, made))
            finally:
                pages.page_size = usual

    def _ask(self, task: Task) -> tuple[Answer, Raised | None]:
        answer = self._polls.answer(task)
        if self._writes:
            answer["events"] = tasks.copies(answer["events"])
        said = self._judge.call(answer, task)
        self._judge.reads.take()
        return said

    def _place(self, verdict: Verdict, made: Answer) -> str | None:
        """Where the first decision that differs is built."""
        both = zip(verdict.made, made, strict=False)
        first = next(
            (n for n, (one, other) in enumerate(both) if not compare.alike(one, other)),
            min(len(verdict.made), len(made)),
        )
        found = origins.of(lambda: self._ask(verdict.task)[0])
        return found.place(first) or found.place(len(found.built) - 1)


def _spread(verdicts: Sequence[Verdict], most: int, events: int) -> list[int]:
    """Numbers of some verdicts, spread evenly, the last among them, within so many events."""
    count = len(verdicts)
    shown = sum(one.task.started_id for one in verdicts)
    few = min(most, count, max(1, count * events // shown)) if shown else 0
    return sorted({count - 1 - number * count // few for number in range(few)}) if few else []


def _alike(verdict: Verdict, made: Answer, raised: Raised | None) -> bool:
    if verdict.raised is not None or raised is not None:
        kinds = [type(one.error) if one is not None else None for one in (verdict.raised, raised)]
        return kinds[0] is kinds[1]
    pairs = zip(verdict.made, made, strict=False)
    return len(verdict.made) == len(made) and all(compare.alike(*pair) for pair in pairs)


def _otherwise(verdict: Verdict, made: Answer, raised: Raised | None) -> str:
    first = _told(verdict.made, verdict.raised)
    second = _told(made, raised)
    return f"{first}, then {second}" if first != second else f"{first}, with other attributes"


def _told(made: Answer, raised: Raised | None) -> str:
    if raised is not None:
        return f"{type(raised.error).__name__}: {raised.error}"
    return ", ".join(map(compare.named, made)) or "nothing"
