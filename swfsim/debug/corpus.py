"""A corpus of histories: which are alike to a decider, which few show all that the many show, and
what none of them shows.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from swfsim.debug import tasks
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from swfsim.core.events import Event
    from swfsim.debug.tasks import Task
    from swfsim.replay.histories import Captured

Sight = tuple[str, ...]
"""What a decision task shows and what was decided on it: kinds with their causes."""

_UNSEEN: Final = frozenset({"identity", "runId", "newExecutionRunId", "continuedExecutionRunId"})
"""Members on which no decision can rest, or that no two runs share."""

_TOLD: Final = ("cause", "timeoutType", "decisionTaskTimeoutType")


def files(paths: Iterable[str]) -> list[str]:
    """The files that are meant: those named, and all ``.json`` files in the directories named."""
    found: list[str] = []
    for path in paths:
        if Path(path).is_dir():
            found += sorted(str(one) for one in Path(path).rglob("*.json"))
        else:
            found.append(path)
    return found


def fingerprint(captured: Captured) -> str:
    """Equal for histories that look alike to a decider: all but instants, identities and the very
    texts and numbers of the payload, of which only what equals what is kept."""
    known: dict[object, int] = {}
    shapes = [(event.kind, _shape(event.attrs, known)) for event in captured.events]
    return hashlib.sha256(json.dumps(shapes).encode()).hexdigest()


def _shape(value: Any, known: dict[object, int]) -> Any:
    if isinstance(value, dict):
        return {
            name: _shape(one, known) for name, one in sorted(value.items()) if name not in _UNSEEN
        }
    if isinstance(value, list):
        return [_shape(one, known) for one in value]
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return _shape(json.loads(value), known)
        except (ValueError, RecursionError):
            pass
    if value is None or isinstance(value, bool):
        return value
    return known.setdefault((type(value).__name__, value), len(known))


def alike(found: Sequence[Captured]) -> list[list[Captured]]:
    """Groups of histories that look alike to a decider, the first of each its representative."""
    groups: dict[str, list[Captured]] = {}
    for captured in found:
        groups.setdefault(fingerprint(captured), []).append(captured)
    return list(groups.values())


# Covering


def sights(captured: Captured) -> set[Sight]:
    """Everything that a history shows of a decider: for each decision task what was new, and what
    was decided then."""
    return {_sight(captured, task) for task in tasks.of(captured) if task.answered}


def _sight(captured: Captured, task: Task) -> Sight:
    new = sorted({_told(event) for event in tasks.news(captured, task)})
    decided = sorted({_told(event) for event in task.decided})
    return (captured.events.attrs[0]["workflowType"]["name"], *new, "→", *decided)


def _told(event: Event) -> str:
    told = [str(event.attrs[name]) for name in _TOLD if name in event.attrs]
    about = [event.attrs[name] for name in ("markerName", "signalName") if name in event.attrs]
    kind = event.attrs.get("activityType", {}).get("name")
    return f"{event.kind}({', '.join([*([kind] if kind else []), *about, *told])})"


def covering(found: Sequence[Captured]) -> list[Captured]:
    """Few histories that show all that all of them show: the one that adds most first, and none
    that the others make superfluous."""
    shown = {id(captured): sights(captured) for captured in found}
    left = set().union(*shown.values()) if shown else set()
    chosen: list[Captured] = []
    while left:
        best = max(found, key=lambda one: (len(shown[id(one)] & left), -len(one.events)))
        chosen.append(best)
        left -= shown[id(best)]
    for one in list(chosen):
        others = [shown[id(other)] for other in chosen if other is not one]
        if others and shown[id(one)] <= set().union(*others):
            chosen.remove(one)
    return chosen


# Gaps


def gaps(found: Iterable[Captured]) -> list[str]:
    """The event types that no history shows, and of those shown, the causes and time-outs."""
    seen: set[tuple[str, str, str]] = set()
    kinds: set[str] = set()
    for captured in found:
        for event in captured.events:
            kinds.add(event.kind)
            seen.update((event.kind, n, event.attrs[n]) for n in _TOLD if n in event.attrs)
    return list(_missing(kinds, seen))


def _missing(kinds: set[str], seen: set[tuple[str, str, str]]) -> Iterator[str]:
    for kind in model.EVENTS:
        if kind not in kinds:
            yield kind
            continue
        for name, shape in model.members(model.event_shape(kind)).items():
            if name in _TOLD:
                left = [one for one in model.enum(shape.name) if (kind, name, one) not in seen]
                if left:
                    yield f"{kind}: {', '.join(left)}"
