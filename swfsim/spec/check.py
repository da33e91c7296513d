"""Requests and events against their shapes. The model is compiled once into small parsers.

A parser takes a value as a client sent it and gives back a clean copy: nulls and unknown members
dropped, timestamps as milliseconds. What it finds wrong it adds to a list, so that one message can
name every violation, as the service does. A value of the wrong JSON type ends the parse at once:
the service fails to deserialise before it validates.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.utils import parse_to_aware_datetime

from swfsim.errors import HarnessError
from swfsim.spec import faults, lexical, model, quick

Place = tuple[Any, str] | None
"""Where a value stands: (place of the parent, member name). Spelt out only in a complaint."""

Parser = Callable[[Any, Place, list[str]], Any]

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND: Final = datetime.timedelta(milliseconds=1)

# The service lists decision types in an order of its own; two emulators recorded the same one.
_DECISION_TYPES_AS_SHOWN: Final = (
    "CompleteWorkflowExecution, StartTimer, RequestCancelExternalWorkflowExecution, "
    "SignalExternalWorkflowExecution, CancelTimer, RecordMarker, ScheduleActivityTask, "
    "ContinueAsNewWorkflowExecution, ScheduleLambdaFunction, FailWorkflowExecution, "
    "RequestCancelActivityTask, StartChildWorkflowExecution, CancelWorkflowExecution "
)


def path(place: Place) -> str:
    """``decisions.1.member.startTimerDecisionAttributes.timerId``"""
    names: list[str] = []
    while place is not None:
        place, name = place
        names.append(name)
    return ".".join(reversed(names))


def _complain(found: list[str], value: Any, place: Place, constraint: str) -> None:
    shown = "null" if value is None else f"'{value}'"
    found.append(f"Value {shown} at '{path(place)}' failed to satisfy constraint: {constraint}")


def _wrong_type(value: Any, wanted: str) -> faults.Fault:
    java = {str: "String", int: "Integer", float: "Double", bool: "Boolean", list: "ArrayList"}
    seen = java.get(type(value), "LinkedHashMap")
    return faults.Fault(
        "SerializationException", f"class java.lang.{seen} can not be converted to an {wanted}"
    )


def length(text: str) -> int:
    """Characters as the service counts them: UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _length_complaint(size: int, least: int, most: float) -> str | None:
    if size > most:
        return f"Member must have length less than or equal to {most}"
    if size < least:
        return f"Member must have length greater than or equal to {least}"
    return None


def _string(shape: Any, rule: lexical.Rule | None) -> Parser:
    least = shape.metadata.get("min", 0)
    most = shape.metadata.get("max", float("inf"))
    unset_when_empty = rule is not None and shape.name == "DurationInSecondsOptional"

    def parse(value: Any, place: Place, found: list[str]) -> Any:
        if not isinstance(value, str):
            raise _wrong_type(value, "String")
        size = len(value)
        if size < least or size * 2 > most:  # only then can the exact length matter
            said = _length_complaint(length(value), least, most)
            if said:
                _complain(found, value, place, said)
                return value
        if rule is not None:
            if unset_when_empty and not value:
                return None
            said = rule(value)
            if said:
                _complain(found, value, place, said)
        return value

    return parse


def _enum(shape: Any) -> Parser:
    allowed = frozenset(shape.enum)
    shown = _DECISION_TYPES_AS_SHOWN if shape.name == "DecisionType" else ", ".join(shape.enum)

    def parse(value: Any, place: Place, found: list[str]) -> Any:
        if not isinstance(value, str):
            raise _wrong_type(value, "String")
        if value not in allowed:
            _complain(found, value, place, f"Member must satisfy enum value set: [{shown}]")
        return value

    return parse


def _integer(shape: Any) -> Parser:
    least = shape.metadata.get("min", float("-inf"))
    most = shape.metadata.get("max", float("inf"))

    def parse(value: Any, place: Place, found: list[str]) -> Any:
        if type(value) is not int:
            raise _wrong_type(value, "Integer" if shape.type_name == "integer" else "Long")
        if value > most:
            _complain(found, value, place, f"Member must have value less than or equal to {most}")
        elif value < least:
            _complain(
                found, value, place, f"Member must have value greater than or equal to {least}"
            )
        return value

    return parse


def _boolean(value: Any, place: Place, found: list[str]) -> Any:
    if not isinstance(value, bool):
        raise _wrong_type(value, "Boolean")
    return value


def milliseconds(moment: datetime.datetime) -> int:
    """An aware moment as whole milliseconds since the epoch, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def _timestamp(value: Any, place: Place, found: list[str]) -> Any:
    """Seconds on the wire; through boto3 also datetimes and ISO text."""
    if isinstance(value, bool) or value is None:
        raise _wrong_type(value, "Date")
    try:
        if isinstance(value, int | float):
            return int(value * 1000 + 0.5) if isinstance(value, float) else value * 1000
        return milliseconds(parse_to_aware_datetime(value))
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:
        raise _wrong_type(value, "Date") from error


def _list(shape: Any, lexicon: bool) -> Parser:
    item = _compile(shape.member, lexicon, None)
    least = shape.metadata.get("min", 0)
    most = shape.metadata.get("max", float("inf"))
    keeps_null = shape.member.type_name == "string"  # recorded: tagList [null] comes back as [null]

    def parse(value: Any, place: Place, found: list[str]) -> Any:
        if not isinstance(value, list | tuple):
            raise _wrong_type(value, "List")
        said = _length_complaint(len(value), least, most)
        if said:
            _complain(found, "[" + ", ".join(map(str, value)) + "]", place, said)
        clean = []
        for number, one in enumerate(value, 1):
            here = (place, f"{number}.member")
            if one is not None:
                clean.append(item(one, here, found))
            elif keeps_null:
                clean.append(None)
            else:
                _complain(found, None, here, "Member must not be null")
        return clean

    return parse


def _structure(shape: Any, lexicon: bool, holder: lexical.Holder = None) -> Parser:
    parsers = {
        name: _compile(member, lexicon, (shape.name, name), holder)
        for name, member in shape.members.items()
    }
    required = tuple(shape.required_members)

    def parse(value: Any, place: Place, found: list[str]) -> Any:
        if not isinstance(value, Mapping):
            raise _wrong_type(value, "Map")
        clean = {}
        for name, one in value.items():
            if one is not None and (parser := parsers.get(name)) is not None:
                good = parser(one, (place, name), found)
                if good is not None:
                    clean[name] = good
        for name in required:
            if value.get(name) is None:
                _complain(found, None, (place, name), "Member must not be null")
        return clean

    return parse


def _decision(shape: Any, lexicon: bool) -> Parser:
    """A decision also needs the attributes of its own type; absent ones count as all null."""
    plain = _structure(shape, lexicon)
    own = {
        name: (member, _compile(model.decision_shape(name), lexicon, None))
        for name, member in model.DECISION_MEMBER.items()
    }

    def parse(value: Any, place: Place, found: list[str]) -> Any:
        clean = plain(value, place, found)
        member, parser = own.get(clean.get("decisionType"), ("decisionType", None))
        if parser is not None and member not in clean:
            clean[member] = parser({}, (place, member), found)
        return clean

    return parse


def _compile(
    shape: Any, lexicon: bool, within: lexical.Holder, holder: lexical.Holder = None
) -> Parser:
    kind = shape.type_name
    if kind == "structure":
        if shape.name == "Decision" and lexicon:
            return _decision(shape, lexicon)
        return _structure(shape, lexicon, within)
    if kind == "list":
        return _list(shape, lexicon)
    if kind == "string":
        if shape.enum:
            return _enum(shape)
        return _string(shape, lexical.rule_for(*within, holder) if lexicon and within else None)
    if kind in ("integer", "long"):
        return _integer(shape)
    return {"boolean": _boolean, "timestamp": _timestamp}[kind]


@functools.cache
def _request_parser(operation: str) -> Parser:
    return _compile(model.operation(operation).input_shape, True, None)


Params = Mapping[str, Any]
"""Parameters as a client sent them, or ``Checked`` already on their way in."""


def request(operation: str, params: Params) -> dict[str, Any]:
    """A clean copy of an operation's parameters.

    Raises ``Fault``: SerializationException for a wrong JSON type, else ValidationException with
    every violation of the whole request in one message.
    """
    if type(params) is quick.Checked:
        return params
    taken = quick.request(operation)(params)
    if taken is not None:
        return taken
    found: list[str] = []
    clean: dict[str, Any] = _request_parser(operation)(params, None, found)
    if found:
        raise faults.violations(found)
    return clean


@functools.cache
def _event_parser(kind: str) -> Parser:
    return _compile(model.event_shape(kind), False, None)


def event_attributes(kind: str, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A clean copy of attributes from elsewhere, and every constraint that they break.

    Raises ``Fault``, SerializationException, for a wrong JSON type.
    """
    found: list[str] = []
    clean: dict[str, Any] = _event_parser(kind)(attributes, None, found)
    return clean, found


def event(kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """These attributes, found good; raises ``HarnessError`` if the model rejects them."""
    if quick.event(kind)(attributes) is not None:
        return attributes
    clean, found = event_attributes(kind, attributes)
    odd = sorted(attributes.keys() - clean.keys())
    if found or odd:
        raise HarnessError(
            f"a {kind} was about to be recorded that the service model rejects: "
            f"{'; '.join(found) or f'unknown or empty members {odd}'}. This is a bug in swfsim."
        )
    return clean
