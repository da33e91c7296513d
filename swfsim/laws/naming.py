"""Other names for a run and those who work on it, told in its history as SWF would tell them.

What is a name is read from the service model: members that are workflow ids, run ids or
identities, by their whole value. A workflow type that reads like one is none, nor is a number in an
input. Applications write names into texts of their own, too, and nobody can say which: so a history
is told in several ways, and a decider that decides as before under one of them depends on no name.
"""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any, Final

from swfsim.laws.writing import Writing
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.model import Shape

    from swfsim.core.events import History
    from swfsim.replay.histories import Captured

    _Tell = Callable[[str, str, Mapping[str, str]], str]
    """A shape's name, a text of that shape, old name → new one: the text with new names."""

_NAMES: Final = frozenset({"WorkflowId", "WorkflowRunId", "WorkflowRunIdOptional", "Identity"})
_OWN_IDS: Final = frozenset({"WorkflowId", "ActivityId", "TimerId", "FunctionId"})
"""Ids that deciders make up, perhaps with a name in them: ``sale-17-pay``."""

_SHORTEST: Final = 8
"""A new name is at least so long, so that it stands nowhere by chance."""


def new_names(captured: Captured) -> dict[str, str]:
    """Old name → a new one that looks like it and stands nowhere in the history, for the execution,
    its run and everybody who has worked on it."""
    old = {captured.workflow_id, captured.run_id}
    old |= {one["identity"] for one in captured.events.attrs if one.get("identity")}
    there = f"{captured.workflow_id} {captured.run_id} {captured.events.attrs!r}"
    found: dict[str, str] = {}
    for name in sorted(old - {""}):
        found[name] = next(
            new for new in _like(name) if new not in there and new not in found.values()
        )
    return found


_ALIKE: Final = ("123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ")
"""Characters that take each other's place: a number stays one, and so does a uuid."""


def _like(name: str) -> Iterator[str]:
    """Other letters and digits; a short name gets more of its last."""
    chance = random.Random(name)
    last = max((n for n, one in enumerate(name) if one.isascii() and one.isalnum()), default=-1)
    fill = name[last] if last >= 0 else "x"
    longer = name[: last + 1] + fill * max(0, _SHORTEST - len(name)) + name[last + 1 :]
    if last < 0:
        longer = name + fill * _SHORTEST
    while True:
        yield "".join(_another(one, chance) for one in longer)


def _another(one: str, chance: random.Random) -> str:
    alike = next((some for some in _ALIKE if one in some), "123456789" if one == "0" else one)
    return chance.choice(alike)


def tellings(captured: Captured, names: Mapping[str, str]) -> Iterator[History]:
    """The history with new names, told in each way that applications give reason for."""
    for tell in (_in_members_and_json, _in_members, _in_ids_and_json, _anywhere):
        events = Writing([])
        for event in captured.events:
            attrs = _told(model.event_shape(event.kind), event.attrs, names, tell)
            events.add(event.kind, event.at, attrs)
        yield events.written


def _in_members(shape: str, text: str, names: Mapping[str, str]) -> str:
    return names.get(text, text) if shape in _NAMES else text


def _in_members_and_json(shape: str, text: str, names: Mapping[str, str]) -> str:
    """Also where a text is JSON, and a name is the whole of a value in it."""
    if shape in _NAMES:
        return _in_members(shape, text, names)
    return _in_json(text, names) if _is_json(text) else text


def _in_ids_and_json(shape: str, text: str, names: Mapping[str, str]) -> str:
    """Also where an id holds a name."""
    if shape in _OWN_IDS:
        return _anywhere(shape, text, names)
    return _in_members_and_json(shape, text, names)


def _anywhere(shape: str, text: str, names: Mapping[str, str]) -> str:
    pattern = "|".join(re.escape(one) for one in sorted(names, key=len, reverse=True))
    return re.sub(pattern, lambda found: names[found[0]], text)


def _in_json(text: str, names: Mapping[str, str]) -> str:
    quoted = {json.dumps(old): json.dumps(new) for old, new in names.items()}
    pattern = "|".join(map(re.escape, quoted))
    return re.sub(rf"({pattern})(?!\s*:)", lambda found: quoted[found[0]], text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _told(shape: Shape | None, value: Any, names: Mapping[str, str], tell: _Tell) -> Any:
    if isinstance(value, dict):
        members = model.members(shape)
        return {name: _told(members.get(name), one, names, tell) for name, one in value.items()}
    if isinstance(value, list):
        member = getattr(shape, "member", None)
        return [_told(member, one, names, tell) for one in value]
    return tell(shape.name, value, names) if isinstance(value, str) and shape else value
