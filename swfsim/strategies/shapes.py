"""Values of the service model as Hypothesis strategies: whatever a shape allows, and no more."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Final

import hypothesis.strategies as st

from swfsim.spec import lexical

Members = Mapping[str, st.SearchStrategy[Any]]
"""Member of a structure, wherever it stands → what to draw for it instead."""

_TEXT_MAX: Final = 40
_LIST_MAX: Final = 3
_DURATIONS: Final = ("1", "0", "30", "600", "NONE")
_LETTERS: Final = st.characters(exclude_categories=["Cs"])
_NAMES: Final = st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters=":/|")
_PRIORITIES: Final = st.integers(-(2**31), 2**31 - 1).map(str)


def values(
    shape: Any, members: Members, within: lexical.Holder = None, holder: lexical.Holder = None
) -> st.SearchStrategy[Any]:
    """Values of a shape, which stands at this member of a structure."""
    if within is not None and within[1] in members:
        return members[within[1]]
    match shape.type_name:
        case "structure":
            return structures(shape, members, within)
        case "list":
            least, most = shape.metadata.get("min", 0), shape.metadata.get("max", _LIST_MAX)
            item = values(shape.member, members)
            return st.lists(item, min_size=least, max_size=min(most, least + _LIST_MAX))
        case "string":
            return _strings(shape, within, holder)
        case "boolean":
            return st.booleans()
        case "timestamp":
            return st.datetimes(
                datetime.datetime(2000, 1, 1),
                datetime.datetime(2100, 1, 1),
                timezones=st.just(datetime.UTC),
            )
        case _:
            least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 25_000)
            return st.integers(least, most)


def structures(
    shape: Any, members: Members, holder: lexical.Holder = None
) -> st.SearchStrategy[dict[str, Any]]:
    """Dicts with all that a structure requires, and some of what it allows."""
    drawn = {
        name: values(one, members, (shape.name, name), holder)
        for name, one in shape.members.items()
    }
    required = {name: drawn.pop(name) for name in shape.required_members}
    return st.fixed_dictionaries(required, optional=drawn)


def _strings(shape: Any, within: lexical.Holder, holder: lexical.Holder) -> st.SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from(list(shape.enum))
    rule = lexical.rule_for(*within, holder) if within else None
    if rule is not None and shape.name.startswith("DurationInSeconds"):
        return st.sampled_from([one for one in _DURATIONS if rule(one) is None])
    if shape.name == "TaskPriority":
        return _PRIORITIES
    most = min(shape.metadata.get("max", _TEXT_MAX), _TEXT_MAX)
    least = shape.metadata.get("min", 0)
    if rule is None:
        return st.text(_LETTERS, min_size=least, max_size=most // 2)
    return st.text(_NAMES, min_size=1, max_size=most // 2).filter(lambda text: rule(text) is None)
