"""A quick yes to values that are surely good; whatever else is for ``check`` to judge.

These predicates are compiled from the same model as the full checks. They say yes only to values
that botocore would send and the service would take: right types, no nulls, no unknown members,
everything required, every constraint kept. On a no, the slow and exact ways decide and find the
words (``tests/spec/test_quick.py`` holds the ways against each other).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from swfsim.spec import lexical, model

Accepts = Callable[[Any], bool]
Copies = Callable[[Any], Any]


def _string(shape: Any, rule: lexical.Rule | None) -> Accepts:
    least = shape.metadata.get("min", 0)
    # Every character counts as two UTF-16 units here; only longer texts need an exact count.
    most = shape.metadata.get("max", float("inf")) // 2
    if rule is None:
        return lambda value: type(value) is str and least <= len(value) <= most
    return lambda value: (
        type(value) is str and least <= len(value) <= most and value != "" and rule(value) is None
    )


def _enum(shape: Any) -> Accepts:
    allowed = frozenset(shape.enum)
    return lambda value: type(value) is str and value in allowed


def _integer(shape: Any) -> Accepts:
    least = shape.metadata.get("min", float("-inf"))
    most = shape.metadata.get("max", float("inf"))
    return lambda value: type(value) is int and least <= value <= most


def _list(shape: Any, lexicon: bool) -> Accepts:
    item = _compile(shape.member, lexicon, None)
    least = shape.metadata.get("min", 0)
    most = shape.metadata.get("max", float("inf"))
    return lambda value: (
        type(value) is list and least <= len(value) <= most and all(map(item, value))
    )


def _structure(shape: Any, lexicon: bool) -> Accepts:
    known = {
        name: _compile(member, lexicon, (shape.name, name))
        for name, member in shape.members.items()
    }
    required = tuple(shape.required_members)
    own = model.DECISION_MEMBER if shape.name == "Decision" else None

    def accepts(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name in required:
            if name not in value:
                return False
        for name, one in value.items():
            member = known.get(name)
            if member is None or not member(one):
                return False
        return own is None or own[value["decisionType"]] in value

    return accepts


def _never(value: Any) -> bool:
    return False


def _boolean(value: Any) -> bool:
    return type(value) is bool


def _compile(shape: Any, lexicon: bool, within: tuple[str, str] | None) -> Accepts:
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, lexicon)
    if kind == "list":
        return _list(shape, lexicon)
    if kind == "string":
        if shape.enum:
            return _enum(shape)
        return _string(shape, lexical.rule_for(*within) if lexicon and within else None)
    if kind in ("integer", "long"):
        return _integer(shape)
    return _boolean if kind == "boolean" else _never  # a timestamp has many forms


@functools.cache
def request(operation: str) -> Accepts:
    """Whether an operation's parameters are surely good."""
    return _compile(model.operation(operation).input_shape, True, None)


@functools.cache
def event(kind: str) -> Accepts:
    """Whether an event's attributes are surely good."""
    return _compile(model.event_shape(kind), False, None)


def copy(value: Any) -> Any:
    """A copy of an accepted value, down to where nothing can be changed."""
    if type(value) is dict:
        return {name: one if type(one) is str else copy(one) for name, one in value.items()}
    return [copy(one) for one in value] if type(value) is list else value
