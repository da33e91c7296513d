"""Two histories of one story, made by two services, side by side.

What no two runs share is taken out: instants, ids, tokens, who polled, how much news one decision
task brought. Each event becomes a line in which other events are named by what they are instead of
by number, so the order of independent events does not matter and every reference does.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.report.table import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from swfsim.core.events import Event
    from swfsim.core.world import Execution

_REFERENCE: Final = re.compile(r"EventId$")
_DROPPED: Final = frozenset({"identity", "executionContext"})
_DECISION_TASK: Final = "DecisionTask"


class Line(NamedTuple):
    """One event of one run: ``run`` counts from 1 in order of start, ``label`` names the event,
    ``members`` are its attributes as texts."""

    run: int
    label: str
    members: tuple[str, ...]

    def __str__(self) -> str:
        return f"run {self.run} {self.label} {', '.join(self.members)}".rstrip()


def lines(executions: Iterable[Execution]) -> Counter[Line]:
    """Every event of the executions, and how often. Decision tasks count once: how many there are
    is a matter of timing."""
    executions = list(executions)
    names = _Names(executions)
    found: Counter[Line] = Counter()
    for number, x in enumerate(executions, 1):
        labels = list(_labels(x.events))
        for event in x.events:
            label = names.replace(labels[event.id - 1])
            members = tuple(names.replace(one) for one in _members(event, labels))
            found[Line(number, label, members)] += 1
    return Counter(
        {line: 1 if line.label.startswith(_DECISION_TASK) else n for line, n in found.items()}
    )


def _labels(events: Sequence[Event]) -> Iterator[str]:
    """What each event is called by others: its kind, its own name, and which one of those it is."""
    seen: Counter[str] = Counter()
    known: list[str] = []
    for event in events:
        told = next((str(event.attrs[name]) for name in NAMES if name in event.attrs), "")
        if not told and "scheduledEventId" in event.attrs:
            scheduled = event.attrs["scheduledEventId"]
            told = known[scheduled - 1].partition("(")[2].rstrip(")")
        label = f"{event.kind}({told})" if told else event.kind
        seen[label] += 1
        if not event.kind.startswith(_DECISION_TASK) and seen[label] > 1:
            label = f"{label}#{seen[label]}"
        known.append(label)
        yield label


def _members(event: Event, labels: list[str]) -> list[str]:
    told = {
        name: _shown(name, value, labels)
        for name, value in sorted(event.attrs.items())
        if name not in _DROPPED
    }
    return [f"{name}={value}" for name, value in told.items() if value is not None]


def _shown(name: str, value: Any, labels: list[str]) -> str | None:
    if _REFERENCE.search(name):
        return labels[value - 1] if value else None
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return str(value)


class _Names:
    """The ids that services and applications make up, by the order in which they appear."""

    def __init__(self, executions: list[Execution]) -> None:
        self._known: dict[str, str] = {}
        for number, x in enumerate(executions, 1):
            self._known.setdefault(x.run_id, f"run-{number}")
            self._known.setdefault(x.workflow_id, f"workflow-{number}")
            lists = [x.started.get("taskList", {}).get("name")]
            lists += [
                event.attrs.get("taskList", {}).get("name")
                for event in x.events
                if event.kind == "ActivityTaskScheduled"
            ]
            for one in lists:
                if one:
                    self._known.setdefault(one, "task list")
        longest = sorted(self._known, key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, longest))) if longest else None

    def replace(self, text: str) -> str:
        if self._any is None:
            return text
        return self._any.sub(lambda found: self._known[found.group()], text)


def explained(fake: Iterable[Line], live: Iterable[Line]) -> Iterator[str]:
    """What only one side shows, for people: of an event that both have, the members that differ."""
    left = sorted(live)
    for one in sorted(fake):
        other = next((line for line in left if line[:2] == one[:2]), None)
        if other is None:
            yield f"only fake: {one}"
            continue
        left.remove(other)
        yield f"run {one.run} {one.label}"
        yield f"  fake: {', '.join(m for m in one.members if m not in other.members) or 'nothing'}"
        yield f"  live: {', '.join(m for m in other.members if m not in one.members) or 'nothing'}"
    for line in left:
        yield f"only live: {line}"
