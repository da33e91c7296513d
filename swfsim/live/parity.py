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
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from swfsim.core.events import Event
    from swfsim.core.world import Execution

_REFERENCE: Final = re.compile(r"EventId$")
_OF_ANOTHER: Final = {
    "parentInitiatedEventId": "parentWorkflowExecution",
    "externalInitiatedEventId": "externalWorkflowExecution",
}
"""References to an event of another run, and the member that names that run."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
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
    all_labels = {x.run_id: list(_labels(x.events)) for x in executions}
    for number, x in enumerate(executions, 1):
        labels = all_labels[x.run_id]
        for event in x.events:
            label = names.replace(labels[event.id - 1])
            members = tuple(names.replace(one) for one in _members(event, labels, all_labels))
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


def _members(event: Event, labels: list[str], all_labels: dict[str, list[str]]) -> list[str]:
    told: dict[str, str | None] = {}
    for name, value in sorted(event.attrs.items()):
        if name in _OF_ANOTHER:
            other = event.attrs.get(_OF_ANOTHER[name]) or {}
            told[name] = _referred(value, all_labels.get(other.get("runId", ""), []))
        elif _REFERENCE.search(name):
            told[name] = _referred(value, labels)
        elif name not in _DROPPED:
            told[name] = _shown(value)
    return [f"{name}={value}" for name, value in told.items() if value is not None]


def _referred(number: int, labels: list[str]) -> str | None:
    """The event with this number by its name; of a run that is not there only that there is one."""
    if not number:
        return None
    return labels[number - 1] if number <= len(labels) else "an event of another run"


def _shown(value: Any) -> str:
    """A value on one line: a ledger keeps a line for each event, and details are often many."""
    text = json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
    return _CONTROL.sub(lambda found: repr(found.group())[1:-1], text)


class _Names:
    """The ids that services and applications make up, by the order in which they appear."""

    def __init__(self, executions: list[Execution]) -> None:
        self._known: dict[str, str] = {}
        for number, x in enumerate(executions, 1):
            self._known.setdefault(x.run_id, f"run-{number}")
            self._known.setdefault(x.workflow_id, f"workflow-{number}")
            self._add_list(x.started, "decision task list")
        for x in executions:  # a task on the decider's list is not one on the workers'
            for event in x.events:
                if event.kind == "ActivityTaskScheduled":
                    self._add_list(event.attrs, "activity task list")
        longest = sorted(self._known, key=len, reverse=True)
        names = "|".join(map(re.escape, longest))  # but not in a word: an id may be "child"
        self._any = re.compile(rf"(?<![^\W_])(?:{names})(?![^\W_])") if longest else None

    def _add_list(self, attributes: Mapping[str, Any], shown: str) -> None:
        name = attributes.get("taskList", {}).get("name")
        if name:
            self._known.setdefault(name, shown)

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
