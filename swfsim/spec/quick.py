"""A quick yes to values that are surely good; whatever else is for ``check`` to judge.

The takers take only values that botocore would send and the service would take: right types, no
nulls, no unknown members, everything required, every constraint kept. Whatever else they leave, and
then the slow and exact ways decide and find the words (``tests/spec/test_check.py`` holds the ways
against each other). They stand before every call and every event, so each is written out as one
straight function of Python source, as ``dataclasses`` does it, from the same model as the full
checks. It looks at what is there without calling anything where it can, and copies on its way.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from swfsim.spec import lexical, model


class Checked(dict[str, Any]):
    """The parameters of a call, found good and copied."""


Takes = Callable[[Any], dict[str, Any] | None]
"""Gives back a structure that is surely good, or a copy of it; None when it takes a closer look."""


class _Writer:
    """Writes the source of one taker and the functions that it needs.

    The parameters of a request are held against the rules of strings too, and copied down to where
    nothing can be changed, as ``Checked``; an event's attributes are the core's own, and are handed
    back.
    """

    def __init__(self, *, of_request: bool) -> None:
        self._of_request = of_request
        self._names: dict[str, Any] = {"Checked": Checked}
        self._functions: list[str] = []

    def compile(self, shape: Any) -> Takes:
        """The taker of a structure."""
        name = self._structure(shape)
        exec("\n".join(self._functions), self._names)
        takes: Takes = self._names[name]
        return takes

    def _known(self, value: Any, hint: str) -> str:
        """A name in the source for a value that is not source."""
        name = f"{hint}_{len(self._names)}"
        self._names[name] = value
        return name

    def _structure(self, shape: Any, holder: lexical.Holder = None) -> str:
        """Writes a function for a structure and gives its name.

        A required member that is missing ends it as a ``KeyError``; an unknown one is found by
        counting."""
        name = f"take_{shape.name}_{len(self._functions)}"
        place = len(self._functions)
        self._functions.append("")  # keeps the place, since members write theirs
        body = [
            f"def {name}(value):",
            " if type(value) is not dict: return None",
            f" taken = {self._copied(whole=place == 0)}",
        ]
        if shape.required_members:
            body.append(" try:")
            for member in shape.required_members:
                body += [f"  {line}" for line in self._member(shape, member, holder)]
            body.append(" except KeyError: return None")
        body.append(f" seen = {len(shape.required_members)}")
        optional = [member for member in shape.members if member not in shape.required_members]
        if shape.name == "Decision":
            body += self._own_attributes(shape)
        elif optional:
            body.append(" if len(value) != seen:")
            for member in optional:
                body.append(f"  if {member!r} in value:")
                body += [f"   {line}" for line in self._member(shape, member, holder)]
                body.append("   seen += 1")
        body.append(" return taken if len(value) == seen else None")
        self._functions[place] = "\n".join(body)
        return name

    def _copied(self, *, whole: bool) -> str:
        if not self._of_request:
            return "value"
        return "Checked(value)" if whole else "value.copy()"

    def _own_attributes(self, shape: Any) -> list[str]:
        """A decision brings the attributes of its own type and no others."""
        own = {
            decision: (member, self._structure(shape.members[member]))
            for decision, member in model.DECISION_MEMBER.items()
        }
        table = self._known(own, "own")
        return [
            f" member, name = {table}[value['decisionType']]",
            " if member not in value: return None",
            " taken[member] = x = globals()[name](value[member])",
            " if x is None: return None",
            " seen += 1",
        ]

    def _member(self, shape: Any, member: str, holder: lexical.Holder) -> list[str]:
        """Statements that take a member, or leave the whole."""
        held, within = shape.members[member], (shape.name, member)
        kept = f"taken[{member!r}] = " if self._of_request else ""
        if held.type_name == "structure":
            take = self._structure(held, within)
            return [f"{kept}x = {take}(value[{member!r}])", "if x is None: return None"]
        lines = [f"x = value[{member!r}]"]
        if held.type_name != "list":
            return [*lines, f"if not ({self._test(held, 'x', within, holder)}): return None"]
        lines.append(f"if not (type(x) is list{_bounds(held, 'len(x)')}): return None")
        if held.member.type_name == "structure":
            take = self._structure(held.member)
            return [*lines, f"{kept}x = [{take}(one) for one in x]", "if None in x: return None"]
        lines += ["for one in x:", f" if not ({self._test(held.member, 'one')}): return None"]
        return [*lines, f"{kept}x.copy()"] if kept else lines

    def _test(
        self, shape: Any, value: str, within: lexical.Holder = None, holder: lexical.Holder = None
    ) -> str:
        """The expression that is true of good plain values of a shape."""
        kind = shape.type_name
        if kind == "string":
            return f"type({value}) is str" + self._text(shape, value, within, holder)
        if kind in ("integer", "long"):
            return f"type({value}) is int" + _bounds(shape, value)
        if kind == "boolean":
            return f"type({value}) is bool"
        return "False"  # a timestamp has many forms

    def _text(self, shape: Any, value: str, within: lexical.Holder, holder: lexical.Holder) -> str:
        if shape.enum:
            return f" and {value} in {self._known(frozenset(shape.enum), 'enum')}"
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
        rule = lexical.rule_for(*within, holder) if self._of_request and within else None
        if rule is not None:
            return f" and {self._known(_keeps(rule, least, most), 'keeps')}({value})"
        if most is None:
            return f" and len({value}) >= {least}" if least else ""
        # In UTF-16 units, of which a character takes two at most, and in ASCII one.
        half = most // 2
        sure = f"{least} <= len({value}) <= {half}"
        return f" and ({sure} or {half} < len({value}) <= {most} and {value}.isascii())"


@functools.cache
def _keeps(rule: lexical.Rule, least: int, most: int | None) -> Callable[[str], bool]:
    """Whether a text surely keeps its rule and its length. Remembered, since the names of task
    lists, types and durations come again with nearly every call."""

    @functools.lru_cache(maxsize=4096)
    def keeps(text: str) -> bool:
        if not text or len(text) < least or rule(text) is not None:
            return False
        return most is None or len(text) <= most // 2 or (len(text) <= most and text.isascii())

    return keeps


def _bounds(shape: Any, value: str) -> str:
    metadata = shape.metadata
    least = f" and {value} >= {metadata['min']}" if "min" in metadata else ""
    return least + (f" and {value} <= {metadata['max']}" if "max" in metadata else "")


@functools.cache
def request(operation: str) -> Takes:
    """Copies an operation's parameters if they are surely good."""
    return _Writer(of_request=True).compile(model.operation(operation).input_shape)


@functools.cache
def event(kind: str) -> Takes:
    """Gives an event's attributes back if they are surely good."""
    return _Writer(of_request=False).compile(model.event_shape(kind))
