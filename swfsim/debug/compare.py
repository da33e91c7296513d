"""Two decision lists side by side: what was decided, and what a decider decides now.

Decisions are paired by what makes them the same thing to SWF: the activity id, the timer id, the
marker's name and their like. A setting that the history shows and the decider left out is the
type's own default, and no difference. Text that is JSON is compared as JSON.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.replay import decisions
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from swfsim.core.events import Event

SAME, MISSING, EXTRA, REORDERED, CHANGED = "same", "missing", "extra", "reordered", "changed"

IDENTITY: Final = {
    "ScheduleActivityTask": ("activityId", "activityType"),
    "RequestCancelActivityTask": ("activityId",),
    "StartTimer": ("timerId",),
    "CancelTimer": ("timerId",),
    "RecordMarker": ("markerName",),
    "StartChildWorkflowExecution": ("workflowId", "workflowType"),
    "SignalExternalWorkflowExecution": ("workflowId", "signalName"),
    "RequestCancelExternalWorkflowExecution": ("workflowId",),
    "ScheduleLambdaFunction": ("id", "name"),
}
"""What names a decision, the nearest first; decisions that close a run need no name."""

_RESOLVED: Final = frozenset(
    {
        "taskList",
        "taskPriority",
        "childPolicy",
        "lambdaRole",
        "workflowTypeVersion",
        *(
            name
            for decision in model.DECISION_MEMBER
            for name in model.members(model.decision_shape(decision))
            if name.endswith("Timeout")
        ),
    }
    - {"startToFireTimeout"}
)
"""Settings that SWF fills in from the type or the run when a decision leaves them out."""


class Field(NamedTuple):
    """A member that differs; a member of a JSON text is named by its path. None: not there."""

    name: str
    recorded: Any
    made: Any


class Finding(NamedTuple):
    """What became of one decision. ``recorded`` is the event it left, ``made`` the decision now,
    ``place`` its place in the list that is made now, None when it is not in it."""

    verdict: str
    recorded: Event | None
    made: Mapping[str, Any] | None
    place: int | None = None
    fields: tuple[Field, ...] = ()

    @property
    def name(self) -> str:
        """``ScheduleActivityTask(pay-1)``: the decision's type and what names it."""
        decision = self.made or decisions.decision(self.recorded)  # type: ignore[arg-type]
        return named(decision)


def named(decision: Mapping[str, Any]) -> str:
    """``ScheduleActivityTask(pay-1)``: a decision's type and what names it."""
    kind = str(decision.get("decisionType"))
    attributes = _attributes(decision)
    told = [attributes.get(name) for name in IDENTITY.get(kind, ())[:1]]
    return kind + "".join(f"({one})" for one in told if one)


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two decisions mean the same; JSON in texts is compared as JSON."""
    left, right = _attributes(one), _attributes(other)
    return one == other or (
        one.get("decisionType") == other.get("decisionType")
        and left.keys() == right.keys()
        and not any(_member(name, left[name], right[name]) for name in left)
    )


def _attributes(decision: Mapping[str, Any]) -> Mapping[str, Any]:
    member = model.DECISION_MEMBER.get(str(decision.get("decisionType")), "")
    found = decision.get(member)
    return found if isinstance(found, dict) else {}


def compare(recorded: Sequence[Event], made: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """A finding for each decision of either list; those of ``recorded`` first, in its order."""
    if len(recorded) == len(made) and all(map(_equal, recorded, made)):
        both = zip(recorded, made, strict=True)
        return [Finding(SAME, event, one, place) for place, (event, one) in enumerate(both)]
    pairs = _pairs(recorded, made)
    in_order = _in_order([pairs[number] for number in sorted(pairs)])
    findings = []
    for number, event in enumerate(recorded):
        place = pairs.get(number)
        if place is None:
            findings.append(Finding(MISSING, event, None))
            continue
        fields = tuple(_differences(event, made[place]))
        verdict = CHANGED if fields else SAME if place in in_order else REORDERED
        findings.append(Finding(verdict, event, made[place], place, fields))
    taken = set(pairs.values())
    findings += [
        Finding(EXTRA, None, one, place) for place, one in enumerate(made) if place not in taken
    ]
    return findings


def _pairs(recorded: Sequence[Event], made: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Place among the recorded → place among the made: by all names, by one, by type alone."""
    pairs: dict[int, int] = {}
    free = set(range(len(made)))
    for likeness in (_equal, _all_names, _one_name, _as_one_name):
        for number, event in enumerate(recorded):
            if number in pairs:
                continue
            place = next((p for p in sorted(free) if likeness(event, made[p])), None)
            if place is not None:
                pairs[number] = place
                free.discard(place)
    return pairs


def _equal(event: Event, decision: Mapping[str, Any]) -> bool:
    return _same_type(event, decision) and not list(_differences(event, decision))


def _all_names(event: Event, decision: Mapping[str, Any]) -> bool:
    return _alike(event, decision, all)


def _one_name(event: Event, decision: Mapping[str, Any]) -> bool:
    return _alike(event, decision, any)


def _alike(event: Event, decision: Mapping[str, Any], enough: Any) -> bool:
    names = IDENTITY.get(decisions.DECIDED[event.kind], ())
    attributes = _attributes(decision)
    return _same_type(event, decision) and bool(
        enough(event.attrs.get(n) == attributes.get(n) for n in names)
    )


def _as_one_name(event: Event, decision: Mapping[str, Any]) -> bool:
    """Another timer may be the same one under another id; another activity is another."""
    return _same_type(event, decision) and len(IDENTITY.get(decisions.DECIDED[event.kind], ())) < 2


def _same_type(event: Event, decision: Mapping[str, Any]) -> bool:
    return decision.get("decisionType") == decisions.DECIDED[event.kind]


def _in_order(places: Sequence[int]) -> set[int]:
    """A longest increasing part: what stands in the old order; the others have moved."""
    chains: list[list[int]] = []
    for place in places:
        before = _longest(c for c in chains if c[-1] < place)
        chains.append([*before, place])
    return set(_longest(chains))


def _longest(chains: Iterable[list[int]]) -> list[int]:
    return max(chains, key=len, default=[])


def _differences(event: Event, decision: Mapping[str, Any]) -> list[Field]:
    recorded = _attributes(decisions.decision(event))
    made = _attributes(decision)
    refused = event.kind not in decisions.SUCCESS  # a refusal shows only some members
    names = recorded.keys() if refused else recorded.keys() | made.keys()
    found: list[Field] = []
    for name in sorted(names):
        if name in recorded and name not in made and name in _RESOLVED:
            continue
        found += _member(name, recorded.get(name), made.get(name))
    return found


def _member(name: str, recorded: Any, made: Any) -> list[Field]:
    if recorded == made:
        return []
    if isinstance(recorded, str) and isinstance(made, str):
        left, right = _as_json(recorded), _as_json(made)
        if left is not None and right is not None:
            with contextlib.suppress(RecursionError):  # nested too deeply to be told apart inside
                return list(_paths(name, left, right))
    return [Field(name, recorded, made)]


def _as_json(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _paths(path: str, left: Any, right: Any) -> list[Field]:
    """The leaves that differ, by path, as in ``input.items[0].quantity``."""
    if type(left) is type(right) is dict:
        found = []
        for name in sorted(left.keys() | right.keys()):
            found += _paths(f"{path}.{name}", left.get(name), right.get(name))
        return found
    if type(left) is type(right) is list and len(left) == len(right):
        found = []
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            found += _paths(f"{path}[{number}]", one, other)
        return found
    return [] if left == right and type(left) is type(right) else [Field(path, left, right)]
