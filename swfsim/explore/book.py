"""``Book``: the outcomes of a sweep in a file, a line of JSON each, from which it is taken up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from swfsim.errors import HarnessError
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
    kill cut short is dropped, and its run made again.
    """

    def __init__(self, path: Path | None, about: Mapping[str, Any]) -> None:
        """Raises ``HarnessError`` for a file of something else, ``OSError`` if it is unreadable."""
        self._about = {"explored": dict(about)}
        self._path = path
        self._file: Any = None
        self.outcomes: dict[Placement, Outcome] = {}
        if path is not None and path.exists() and path.stat().st_size:
            self._read(path)

    def _read(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        if not text.endswith("\n"):
            lines.pop()
        found = _line(lines[0]) if lines else None
        if found != self._about:
            raise HarnessError(
                f"{path} holds another exploration ({found}) than this one ({self._about}): take "
                "another file, or remove it"
            )
        for line in lines[1:]:
            outcome = _outcome(_line(line))
            self.outcomes[outcome.placement] = outcome

    def __enter__(self) -> Book:
        if self._path is not None:
            kept = list(self.outcomes.values())
            self._file = self._path.open("w", encoding="utf-8")
            self._write(self._about)
            for outcome in kept:
                self._write(outcome)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def keep(self, outcome: Outcome) -> None:
        """A run is over."""
        self.outcomes[outcome.placement] = outcome
        if self._file is not None:
            self._write(outcome)
            self._file.flush()

    def _write(self, what: Any) -> None:
        self._file.write(json.dumps(what, ensure_ascii=False, separators=(",", ":")) + "\n")


def _line(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _outcome(told: Any) -> Outcome:
    """An outcome from its JSON. Raises ``HarnessError`` for what is none."""
    try:
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
    except (TypeError, ValueError) as error:
        raise HarnessError(f"not a file of explored runs: {str(told)[:80]!r}") from error
