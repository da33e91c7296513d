"""What an application tells whoever explores it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from swfsim import rules
from swfsim.explore.app import Explorable
from swfsim.explore.happenings import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from swfsim.app import App
    from swfsim.rules import Rule
    from swfsim.stories import Happening


class Told(NamedTuple):
    """What an ``Explorable`` says of itself; for a plain ``App``, what holds for any. ``several``
    says whether executions can run at once."""

    rules: Sequence[Rule]
    happenings: Mapping[str, Happening]
    errors: Mapping[str, Exception]
    example: Callable[[], Any]
    another: Callable[[int], Any]
    several: bool
    state: Callable[[], object]
    runs: int | None = None


def told_of(app: App) -> Told:
    """Raises ``HarnessError`` for a rule that is none."""
    if isinstance(app, Explorable):
        known = {**ANY, **app.happenings}
        several = type(app).another is not Explorable.another
        kept = tuple(rules.checked(app.rules))
        return Told(
            kept,
            known,
            app.errors,
            app.example,
            app.another,
            several,
            app.state,
            app.runs,
        )
    return Told(rules.SHIPPED, ANY, {}, _nothing, lambda number: None, False, _nothing)


def _nothing() -> None:
    return None
