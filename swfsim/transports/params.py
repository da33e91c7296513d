"""A quick yes to parameters that botocore would accept; anything else is botocore's to judge.

botocore's validator costs as much as all the rest of a call. These predicates are compiled from the
same model and say yes only where it would say yes (``tests/transports/test_params.py`` holds them
against each other); on a no, the real validator runs, and its report is what the caller sees.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from swfsim.spec import model

Accepts = Callable[[Any], bool]


def _string(shape: Any) -> Accepts:
    least = shape.metadata.get("min", 0)
    if not least:
        return lambda value: type(value) is str
    return lambda value: type(value) is str and len(value) >= least


def _integer(shape: Any) -> Accepts:
    least = shape.metadata.get("min", float("-inf"))
    return lambda value: type(value) is int and value >= least


def _list(shape: Any) -> Accepts:
    item = _compile(shape.member)
    return lambda value: type(value) is list and all(map(item, value))


def _structure(shape: Any) -> Accepts:
    known = {name: _compile(member) for name, member in shape.members.items()}
    required = tuple(shape.required_members)

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
        return True

    return accepts


def _compile(shape: Any) -> Accepts:
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape)
    if kind == "list":
        return _list(shape)
    if kind == "string":
        return _string(shape)
    if kind in ("integer", "long"):
        return _integer(shape)
    if kind == "boolean":
        return lambda value: type(value) is bool
    return lambda value: False  # a timestamp has many forms


@functools.cache
def quick(operation: str) -> Accepts:
    """Whether an operation's parameters are surely acceptable to botocore."""
    return _compile(model.operation(operation).input_shape)
