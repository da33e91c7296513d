"""Histories without the people in them: values become stand-ins, structure stays.

Changed are the members that applications fill: inputs, results, details, reasons, ids, tags,
identities. JSON inside them is changed leaf by leaf, also JSON in a text of JSON. Kept are names
that the account registers (types, markers, signals, task lists), the words of JSON's member names,
run ids, times, small numbers, and whatever the user asks to keep.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from swfsim.capture.stand_ins import StandIns, kind_of
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

Event = dict[str, Any]

_FILLED: Final = frozenset(
    {
        "ActivityId",
        "Arn",
        "CauseMessage",
        "Data",
        "FailureReason",
        "FunctionId",
        "FunctionInput",
        "Identity",
        "LimitedData",
        "Tag",
        "TerminateReason",
        "TimerId",
        "WorkflowId",
    }
)
"""Shapes of the service model whose values come from applications."""

_NAMES: Final = frozenset(
    {
        "FunctionName",
        "MarkerName",
        "Name",
        "SignalName",
        "WorkflowRunId",
        "WorkflowRunIdOptional",
    }
)

_WORD: Final = re.compile(r"[^\W_]+")
_FORMS: Final = tuple(
    {"separators": separators, "ensure_ascii": ascii_only}
    for separators in ((",", ":"), (", ", ": "))
    for ascii_only in (False, True)
)
_DIGITS_MIN: Final = 7
_NUMBER_MIN: Final = 10 ** (_DIGITS_MIN - 1)


def vocabulary(events: Iterable[Event]) -> set[str]:
    """The words of all names that stay: of types, markers, signals, lists, runs, and SWF's own."""
    found: set[str] = {"http", "https", "www", "arn", "aws"}
    for name in (*model.EVENTS, *model.DECISION_MEMBER):
        found.add(name)
    for event in events:
        for shape, _, value in _strings(event):
            if shape.enum or shape.name in _NAMES:
                found.update(_WORD.findall(value))
    return found


def _strings(event: Event) -> Iterator[tuple[Any, str, str]]:
    kind = event["eventType"]
    attributes = event.get(model.EVENT_MEMBER[kind]) or {}
    yield from _leaves(model.event_shape(kind), "", attributes)


def _leaves(shape: Any, name: str, value: Any) -> Iterator[tuple[Any, str, str]]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for member, one in shape.members.items():
            if member in value:
                yield from _leaves(one, member, value[member])
    elif shape.type_name == "list" and isinstance(value, list):
        for one in value:
            yield from _leaves(shape.member, name, one)
    elif isinstance(value, str):
        yield shape, name, value


class Scrub:
    """Makes histories anonymous with one set of stand-ins.

    ``keep`` names members that stay as they are, by path or by its end: ``input.customer.plan``,
    ``plan``. ``changed`` gathers the paths of what was changed, ``unmet`` is what of ``keep`` named
    nothing so far.
    """

    def __init__(self, stand_ins: StandIns, keep: Collection[str] = ()) -> None:
        self.stand_ins = stand_ins
        self._keep = tuple(keep)
        self.unmet = dict.fromkeys(keep)
        self.changed: set[str] = set()

    def events(self, events: Iterable[Event]) -> list[Event]:
        """A scrubbed copy of a history."""
        events = list(events)
        self.learn(events)
        return [self._event(event) for event in events]

    def learn(self, events: Iterable[Event]) -> None:
        """Take note of the names and addresses in a history: texts of others may hold them."""
        for event in events:
            for shape, name, value in _strings(event):
                if shape.name in _FILLED:
                    self._learn(name, _parsed(value))

    def _learn(self, path: str, value: Any) -> None:
        """Names and addresses, before the first text that may hold them."""
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, dict):
            for name, one in value.items():
                self._learn(f"{path}.{name}", one)
        elif isinstance(value, list):
            for one in value:
                self._learn(path, one)
        elif isinstance(value, str) and not self._kept(path):
            kind = kind_of(path.rpartition(".")[2], value) if "." in path else None
            if kind is not None:
                self.stand_ins.learn(kind, value)

    def _event(self, event: Event) -> Event:
        kind = event["eventType"]
        member = model.EVENT_MEMBER[kind]
        if not event.get(member):
            return event
        return {**event, member: self.structure(model.event_shape(kind), event[member])}

    def structure(self, shape: Any, value: Any, name: str = "") -> Any:
        """Attributes of an event or a decision, by their shape."""
        if shape.type_name == "structure" and isinstance(value, dict):
            members = shape.members
            return {
                one: self.structure(members[one], held, one) if one in members else held
                for one, held in value.items()
            }
        if shape.type_name == "list" and isinstance(value, list):
            return [self.structure(shape.member, one, name) for one in value]
        if isinstance(value, str) and shape.name in _FILLED:
            return self.string(name, value, shape.metadata.get("max"))
        return value

    def string(self, path: str, value: str, most: int | None = None) -> str:
        """A text, or JSON in a text, with stand-ins; never longer than ``most`` characters."""
        made = self._string(path, value, True)
        if most is not None and len(made) > max(most, len(value)):
            made = self._string(path, value, False)
        return made

    def _string(self, path: str, value: str, faker: bool) -> str:
        data = _parsed(value)
        if data == value or self._kept(path):
            return self._leaf(path, value, faker)
        made = (
            self._leaf(path, data, faker)
            if isinstance(data, str)
            else self._json(path, data, faker)
        )
        return value if made == data else _written(made, value, data)

    def _json(self, path: str, value: Any, faker: bool) -> Any:
        if isinstance(value, dict):
            return {
                self._member(f"{path}.{name}", name): self._json(f"{path}.{name}", one, faker)
                for name, one in value.items()
            }
        if isinstance(value, list):
            return [self._json(path, one, faker) for one in value]
        if isinstance(value, str):
            return self._string(path, value, faker)
        if not self._kept(path):
            made = self.number(value)
            if made != value:
                self.changed.add(path)
            return made
        return value

    def _member(self, path: str, name: str) -> str:
        made = name if self._kept(path) else self.stand_ins.member_name(name)
        if made != name:
            self.changed.add(path)
        return made

    def number(self, value: Any) -> Any:
        """A number of seven digits or more, which may be somebody's (a document, a place), with
        other digits."""
        if type(value) is float:
            return self._fraction(value)
        if type(value) is not int or abs(value) < _NUMBER_MIN or self.stand_ins.keeps(str(value)):
            return value
        first = 2 if value < 0 else 1
        text = str(value)
        return int(text[:first] + self.stand_ins.word(text[first:]))

    def _fraction(self, value: float) -> float:
        if value.is_integer():
            return float(self.number(int(value)))
        text = repr(value)
        digits = sum(map(str.isdigit, text.lstrip("-0.")))
        if digits < _DIGITS_MIN or not math.isfinite(value) or "e" in text:
            return value
        first = 2 if value < 0 else 1
        return float(text[:first] + self.stand_ins.digits(text[first:]))

    def _leaf(self, path: str, value: str, faker: bool) -> str:
        if not value or self._kept(path):
            return value
        kind = kind_of(path.rpartition(".")[2], value) if "." in path and faker else None
        made = (
            self.stand_ins.known(kind, value)
            if kind is not None
            else self.stand_ins.text(value, faker=faker)
        )
        if made != value:
            self.changed.add(path)
        return made

    def _kept(self, path: str) -> bool:
        for one in self._keep:
            if path == one or path.endswith(f".{one}"):
                self.unmet.pop(one, None)
                return True
        return False


_DEPTH_MAX: Final = 200
"""Members of members that are looked into: what is nested deeper is treated as a text."""


def _parsed(value: str) -> Any:
    """JSON objects, lists and texts parsed, anything else as it is."""
    if value.count("[") + value.count("{") > _DEPTH_MAX and _depth(value) > _DEPTH_MAX:
        return value
    if value.lstrip().startswith(("{", "[", '"')):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _written(made: Any, before: str, data: Any) -> str:
    """JSON in the form that the text had before, where it is one of the usual forms."""
    for form in _FORMS:
        if json.dumps(data, **form) == before:  # type: ignore[arg-type]
            return json.dumps(made, **form)  # type: ignore[arg-type]
    return json.dumps(made, ensure_ascii=False)


def _depth(value: str) -> int:
    """How deep brackets are nested, or more."""
    deepest = depth = 0
    for one in value:
        depth += (one in "[{") - (one in "]}")
        deepest = max(deepest, depth)
    return deepest
