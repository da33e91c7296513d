"""``Book``: the outcomes of a sweep in a file, a line of JSON each, from which it is taken up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swfsim.explore.lines import Lines
from swfsim.explore.places import Placed
from swfsim.explore.trial import Mark, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from swfsim.explore.places import Placement


class Book:
    """What has been run, in a file or, without one, in memory. A context manager.

    The first line says what is explored; a file of another exploration is refused. A line that a
    kill cut short is dropped, and its run made again. Of a placement that is there twice the later
    line counts: it was run again for its places.
    """

    def __init__(self, path: Path | None, about: Mapping[str, Any]) -> None:
        """Raises ``HarnessError`` for a file of something else, ``OSError`` if it is unreadable."""
        self._lines = Lines(path, "exploration", about)
        self.outcomes: dict[Placement, Outcome] = {}
        self._lines.read(self._take)

    def _take(self, told: Any) -> None:
        outcome = _outcome(told)
        self.outcomes[outcome.placement] = outcome

    def __enter__(self) -> Book:
        self._lines.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()

    def keep(self, outcome: Outcome) -> None:
        """A run is over."""
        self.outcomes[outcome.placement] = outcome
        self._lines.add(outcome)


def _outcome(told: Any) -> Outcome:
    """An outcome from its JSON. Raises ``TypeError`` or ``ValueError`` for what is none."""
    placement, broken, struck, places, marks, joined, history, reached = told
    return Outcome(
        tuple(Placed(*one) for one in placement),
        broken,
        struck,
        [tuple(Placed(*one) for one in there) for there in places],
        [Mark(*one) for one in marks],
        joined,
        history,
        reached,
    )
