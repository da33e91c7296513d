"""Two decision lists side by side: what was decided, and what a decider decides now.

Decisions are paired by what makes them the same thing to SWF: the activity id, the timer id, the
marker's name and their like. A setting that the history shows and the decider left out is the
type's own default, and no difference. Text that is JSON is compared as JSON.
"""

from __future__ import annotations

import bisect
import contextlib
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.replay import decisions
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


class Absent:
    """Stands where there is no such member, which is not the same as null."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = Absent()


class Field(NamedTuple):
    """A member that differs, ``ABSENT`` where it is not there; a member of a JSON text is named by
    its path."""

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
        decision = self.made
        if decision is None:
            assert self.recorded is not None, "one of both is there"
            decision = decisions.decision(self.recorded)
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
    return _same(one, other) or (
        one.get("decisionType") == other.get("decisionType")
        and left.keys() == right.keys()
        and not any(member(name, left[name], right[name]) for name in left)
    )


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except RecursionError:  # something that holds itself, which only its display can show
        return repr(one) == repr(other)


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
    """Place among the recorded → place among the made: the equal, then by all names, by one, by
    type alone."""
    pairs: dict[int, int] = {}
    free = set(range(len(made)))
    for event_keys, decision_keys, likeness in (
        (_content_of_event, _content_of_decision, _equal),
        (_names_of_event, _names_of_decision, _equal),  # a refusal shows only some members
        (_names_of_event, _names_of_decision, _same_type),
        (_each_name_of_event, _each_name_of_decision, _same_type),
        (_type_of_event, _type_of_decision, _same_type),
    ):
        places: dict[_Key, list[int]] = {}
        for place in sorted(free):
            for key in decision_keys(made[place]):
                places.setdefault(key, []).append(place)
        for number, event in enumerate(recorded):
            if number in pairs:
                continue
            near = [
                next((p for p in places.get(key, ()) if p in free and likeness(event, made[p])), -1)
                for key in event_keys(event)
            ]
            found = min((place for place in near if place >= 0), default=None)
            if found is not None:
                pairs[number] = found
                free.discard(found)
    return pairs


_Key = tuple[str, ...]


def _content_of_event(event: Event) -> list[_Key]:
    return [_content(decisions.decision(event))] if event.kind in decisions.SUCCESS else []


def _content_of_decision(decision: Mapping[str, Any]) -> list[_Key]:
    return [_content(decision)]


def _content(decision: Mapping[str, Any]) -> _Key:
    """Equal for equal decisions, whatever they leave to the type's defaults."""
    attributes = _attributes(decision)
    told = [f"{n} {_canonical(attributes[n])}" for n in sorted(attributes) if n not in _RESOLVED]
    return (str(decision.get("decisionType")), *told)


def _canonical(value: Any) -> str:
    parsed = _as_json(value) if isinstance(value, str) else None
    try:
        return json.dumps(value if parsed is None else parsed, sort_keys=True, default=repr)
    except (ValueError, TypeError, RecursionError):
        return repr(value)


def _names_of_event(event: Event) -> list[_Key]:
    return _all_names(decisions.DECIDED[event.kind], event.attrs)


def _names_of_decision(decision: Mapping[str, Any]) -> list[_Key]:
    return _all_names(str(decision.get("decisionType")), _attributes(decision))


def _all_names(kind: str, attributes: Mapping[str, Any]) -> list[_Key]:
    return [(kind, *(_canonical(attributes.get(name)) for name in IDENTITY.get(kind, ())))]


def _each_name_of_event(event: Event) -> list[_Key]:
    return _each_name(decisions.DECIDED[event.kind], event.attrs)


def _each_name_of_decision(decision: Mapping[str, Any]) -> list[_Key]:
    return _each_name(str(decision.get("decisionType")), _attributes(decision))


def _each_name(kind: str, attributes: Mapping[str, Any]) -> list[_Key]:
    return [(kind, name, _canonical(attributes.get(name))) for name in IDENTITY.get(kind, ())]


def _type_of_event(event: Event) -> list[_Key]:
    return _type_alone(decisions.DECIDED[event.kind])


def _type_of_decision(decision: Mapping[str, Any]) -> list[_Key]:
    return _type_alone(str(decision.get("decisionType")))


def _type_alone(kind: str) -> list[_Key]:
    """Another timer may be the same one under another id; another activity is another."""
    return [(kind,)] if len(IDENTITY.get(kind, ())) < 2 else []


def _equal(event: Event, decision: Mapping[str, Any]) -> bool:
    return _same_type(event, decision) and not list(_differences(event, decision))


def _same_type(event: Event, decision: Mapping[str, Any]) -> bool:
    return decision.get("decisionType") == decisions.DECIDED[event.kind]


def _in_order(places: Sequence[int]) -> set[int]:
    """A longest increasing part: what stands in the old order; the others have moved."""
    ends: list[int] = []  # of the increasing parts of length 1, 2, …, the one that ends lowest
    before: dict[int, int | None] = {}
    for place in places:
        at = bisect.bisect_left(ends, place)
        before[place] = ends[at - 1] if at else None
        ends[at : at + 1] = [place]
    found: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found


def _differences(event: Event, decision: Mapping[str, Any]) -> list[Field]:
    recorded = _attributes(decisions.decision(event))
    made = _attributes(decision)
    refused = event.kind not in decisions.SUCCESS  # a refusal shows only some members
    names = recorded.keys() if refused else recorded.keys() | made.keys()
    found: list[Field] = []
    for name in sorted(names):
        if name in recorded and name not in made and name in _RESOLVED:
            continue
        found += member(name, recorded.get(name, ABSENT), made.get(name, ABSENT))
    return found


def member(name: str, recorded: Any, made: Any) -> list[Field]:
    """Where two values of a member differ; JSON in texts is compared as JSON."""
    if _same(recorded, made):
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
        found: list[Field] = []
        for name in sorted(left.keys() | right.keys()):
            one, other = left.get(name, ABSENT), right.get(name, ABSENT)
            found += _paths(f"{path}.{name}", one, other)
        return found
    if type(left) is type(right) is list and len(left) == len(right):
        found = []
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            found += _paths(f"{path}[{number}]", one, other)
        return found
    return [] if left == right and type(left) is type(right) else [Field(path, left, right)]
