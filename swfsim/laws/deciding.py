"""``Deciding``: a decider, asked what it decides at the last decision task of a history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from swfsim.debug import compare, tasks
from swfsim.debug.deciders import Function
from swfsim.debug.polled import Polled
from swfsim.debug.verdict import Judge
from swfsim.laws import fresh
from swfsim.replay.histories import Captured
from swfsim.spec import limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swfsim.core.events import History
    from swfsim.debug.tasks import Decide
    from swfsim.debug.verdict import Raised


class Decided(NamedTuple):
    """What a decider made of a task: decisions, or an exception."""

    decisions: Sequence[Mapping[str, Any]]
    raised: Raised | None = None

    def after(self, earlier: Sequence[Mapping[str, Any]]) -> Decided:
        return self._replace(decisions=[*earlier, *self.decisions])

    def differs(self, other: Decided, in_any_order: bool, events: History) -> str | None:
        """How the other differs; None if it does not. Ids that it makes up, which stand nowhere in
        these ``events``, may be others each time, as SWF allows."""
        if self.raised is not None and other.raised is not None:
            same = type(self.raised.error) is type(other.raised.error)
        elif self.raised is not None or other.raised is not None:
            same = False
        else:
            same = _same(self.decisions, other.decisions, in_any_order) or _same(
                *fresh.leveled(self.decisions, other.decisions, events), in_any_order
            )
        return None if same else f"{self} otherwise, now {other}{_first_difference(self, other)}"

    def __str__(self) -> str:
        if self.raised is not None:
            error = self.raised.error
            return f"{type(error).__name__}: {error} ({self.raised.where})"
        return ", ".join(map(compare.named, self.decisions)) or "nothing"


def _same(
    one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]], in_any_order: bool
) -> bool:
    if not in_any_order:
        return len(one) == len(other) and all(map(compare.alike, one, other))
    left = list(other)
    for decision in one:
        twin = next((n for n, made in enumerate(left) if compare.alike(decision, made)), None)
        if twin is None:
            return False
        del left[twin]
    return not left


def _first_difference(one: Decided, other: Decided) -> str:
    """Where the names are the same, the attributes that are not."""
    for left, right in zip(one.decisions, other.decisions, strict=False):
        if compare.named(left) == compare.named(right) and not compare.alike(left, right):
            return f": {json.dumps(left, default=str)} became {json.dumps(right, default=str)}"
    return ""


class Deciding:
    """A decider, asked about the last task of a history. A context manager."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._judge = Judge(decide)

    def __enter__(self) -> Deciding:
        self._judge.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._judge.__exit__(*error)

    @property
    def has_pages(self) -> bool:
        decide = self._decide
        return isinstance(decide, Polled) or (isinstance(decide, Function) and decide.fetches)

    def at(
        self,
        events: History,
        run: Captured,
        page_size: int = limits.PAGE_SIZE_MAX,
        names: Mapping[str, str] = {},
    ) -> Decided:
        """What it makes of a history's last task."""
        new = {old: name for name, old in names.items()}
        ids = (new.get(run.workflow_id, run.workflow_id), new.get(run.run_id, run.run_id))
        captured = Captured(run.source, events, *ids)
        self._judge.show(captured)
        if isinstance(self._decide, Polled | Function):
            self._decide.pages.page_size = page_size
        task = tasks.of(captured)[-1]
        made, raised = self._judge.call(tasks.Polls(captured).answer(task), task)
        self._judge.reads.take()
        return Decided([renamed(one, names) for one in made], raised)


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same with each name, wherever it stands in a text, replaced."""
    if isinstance(value, str):
        for name, other in names.items():
            value = value.replace(name, other)
        return value
    if isinstance(value, dict):
        return {key: renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    return value
