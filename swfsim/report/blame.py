"""Rules that are themselves mistaken: whose they are, and where they are written."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from swfsim.errors import HarnessError
from swfsim.report import code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_T = TypeVar("_T")
_R = TypeVar("_R")


def checked(rules: Iterable[Any], kind: type[_T]) -> list[_T]:
    """Rules as they are. Raises ``HarnessError`` for what is not of this kind."""
    kept = list(rules)
    for rule in kept:
        if not isinstance(rule, kind):
            name = getattr(rule, "__name__", repr(rule))
            raise HarnessError(
                f"{name} is no rule ({_where(rule)}): put @always, @at_the_end or @sometimes of "
                "swfsim.rules before it"
            )
    return kept


def asked(name: str, law: Callable[[_R], Iterable[_T]], run: _R) -> list[_T]:
    """What the law of a rule says of a run. Raises ``HarnessError`` if it raises anything."""
    try:
        return list(given(law(run)))
    except Exception as error:
        within = code.own(code.places(error.__traceback__))[-1]
        at = _where(law) if within[0].startswith(code.HOUSE) else code.line(within)
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise HarnessError(
            f"the rule {name!r} is itself broken: {what} ({at}). A rule tells what is wrong, and "
            "raises nothing"
        ) from error


def given(said: Iterable[_T] | None) -> Iterable[_T]:
    """What a law said. Raises ``TypeError`` if it said nothing at all."""
    if said is None:
        raise TypeError("it gives None: it is to yield what is wrong, and nothing if nothing is")
    return said


def _where(law: Any) -> str:
    """Where a law is written, as file and line."""
    made = getattr(inspect.unwrap(law), "__code__", None) if callable(law) else None
    if made is None:
        return f"of type {type(law).__name__}"
    return f"{made.co_filename}:{made.co_firstlineno}"
