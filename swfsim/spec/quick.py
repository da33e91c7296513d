"""A quick yes to values that are surely good; whatever else is for ``check`` to judge.

The predicates say yes only to values that botocore would send and the service would take: right
types, no nulls, no unknown members, everything required, every constraint kept. On a no, the slow
and exact ways decide and find the words (``tests/spec/test_check.py`` holds the ways against each
other). They stand before every call and every event, so each is written out as one straight
function of Python source, as ``dataclasses`` does it, from the same model as the full checks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from swfsim.spec import lexical, model

Accepts = Callable[[Any], bool]


class _Writer:
    """Writes the source of one predicate and the functions that it needs."""

    def __init__(self, lexicon: bool) -> None:
        self._lexicon = lexicon
        self._names: dict[str, Any] = {}
        self._functions: list[str] = []

    def compile(self, shape: Any) -> Accepts:
        """The predicate of a structure."""
        name = self.structure(shape)
        exec("\n".join(self._functions), self._names)
        accepts: Accepts = self._names[name]
        return accepts

    def _known(self, value: Any, hint: str) -> str:
        """A name in the source for a value that is not source."""
        name = f"{hint}_{len(self._names)}"
        self._names[name] = value
        return name

    def structure(self, shape: Any, holder: lexical.Holder = None) -> str:
        """Writes a function for a structure and gives its name."""
        required = shape.required_members
        name = f"accepts_{shape.name}_{len(self._functions)}"
        body = [f"def {name}(value):", " if type(value) is not dict: return False"]
        self._functions.append("")  # keeps the place, since members write theirs
        place = len(self._functions) - 1
        body += [" get = value.get", f" seen = {len(required)}"]
        for member in required:
            test = self.test(shape.members[member], "x", (shape.name, member), holder)
            body += [f" x = get({member!r})", f" if not ({test}): return False"]
        optional = [member for member in shape.members if member not in required]
        if shape.name == "Decision":
            body += self._own_attributes(shape)
        elif optional:
            body.append(" if len(value) != seen:")
            for member in optional:
                test = self.test(shape.members[member], "x", (shape.name, member), holder)
                body += [
                    f"  x = get({member!r})",
                    "  if x is not None:",
                    f"   if not ({test}): return False",
                    "   seen += 1",
                ]
        body.append(" return len(value) == seen")
        self._functions[place] = "\n".join(body)
        return name

    def _own_attributes(self, shape: Any) -> list[str]:
        """A decision brings the attributes of its own type and no others."""
        own = {
            decision: (member, self.structure(shape.members[member]))
            for decision, member in model.DECISION_MEMBER.items()
        }
        table = self._known(own, "own")
        return [
            f" member, name = {table}[value['decisionType']]",
            " if not globals()[name](get(member)): return False",
            " seen += 1",
        ]

    def test(
        self, shape: Any, value: str, within: lexical.Holder, holder: lexical.Holder = None
    ) -> str:
        """The expression that is true of good values of a shape."""
        kind = shape.type_name
        if kind == "structure":
            return f"{self.structure(shape, within)}({value})"
        if kind == "list":
            return self._list(shape, value)
        if kind == "string":
            return self._string(shape, value, within, holder)
        if kind in ("integer", "long"):
            return f"type({value}) is int" + _bounds(shape, value)
        if kind == "boolean":
            return f"type({value}) is bool"
        return "False"  # a timestamp has many forms

    def _list(self, shape: Any, value: str) -> str:
        length = _bounds(shape, f"len({value})")
        item = self.test(shape.member, "one", None)
        return f"type({value}) is list{length} and all([{item} for one in {value}])"

    def _string(
        self, shape: Any, value: str, within: lexical.Holder, holder: lexical.Holder
    ) -> str:
        if shape.enum:
            return f"type({value}) is str and {value} in {self._known(frozenset(shape.enum), 'e')}"
        test = f"type({value}) is str"
        if shape.metadata.get("min"):
            test += f" and len({value}) >= {shape.metadata['min']}"
        if "max" in shape.metadata:
            # In UTF-16 units, of which a character takes two at most, and in ASCII one.
            most, length = shape.metadata["max"], f"len({value})"
            test += f" and ({length} <= {most // 2} or {length} <= {most} and {value}.isascii())"
        rule = lexical.rule_for(*within, holder) if self._lexicon and within else None
        if rule is not None:
            test += f" and {value} and {self._known(rule, 'rule')}({value}) is None"
        return test


def _bounds(shape: Any, value: str) -> str:
    metadata = shape.metadata
    least = f" and {value} >= {metadata['min']}" if "min" in metadata else ""
    return least + (f" and {value} <= {metadata['max']}" if "max" in metadata else "")


@functools.cache
def request(operation: str) -> Accepts:
    """Whether an operation's parameters are surely good."""
    return _Writer(lexicon=True).compile(model.operation(operation).input_shape)


@functools.cache
def event(kind: str) -> Accepts:
    """Whether an event's attributes are surely good."""
    return _Writer(lexicon=False).compile(model.event_shape(kind))


def copy(value: Any) -> Any:
    """A copy of an accepted value, down to where nothing can be changed."""
    if type(value) is dict:
        return {name: one if type(one) is str else copy(one) for name, one in value.items()}
    return [copy(one) for one in value] if type(value) is list else value
