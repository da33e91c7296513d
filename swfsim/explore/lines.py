"""``Lines``: what has been run, in a file, a line of JSON each; the first says what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

CODE: Final = "code"
"""Of what is explored: a digest of the code that was run; see ``explore.source``."""

_INSTEAD: Final = "take another file, or remove it"


class Lines:
    """A file that only grows, so that nothing is lost whenever it ends; without a path, nowhere.

    ``kind`` is what the runs are of, as in ``exploration``; ``about`` says which one. A file of
    another one, or of other code, is refused. A last line that a kill cut short is dropped.
    """

    def __init__(self, path: Path | None, kind: str, about: Mapping[str, Any]) -> None:
        self._path = path
        self._kind = kind
        self._about = {kind: dict(about)}
        self._whole = 0  # bytes up to the end of the last whole line
        self._file: Any = None

    def read(self, take: Callable[[Any], object]) -> None:
        """Give every line but the first to ``take``, which raises ``TypeError`` or ``ValueError``
        for what is none of its own. Raises ``HarnessError`` for a file of something else,
        ``OSError`` if it is unreadable."""
        path = self._path
        if path is None or not path.exists():
            return
        whole, newline, cut = path.read_bytes().rpartition(b"\n")
        if not newline and self._first().startswith(cut):
            return  # nothing but the beginning of a first line
        self._whole = len(whole) + len(newline)
        for number, line in enumerate((whole if newline else cut).split(b"\n"), 1):
            try:
                told = json.loads(line.decode("utf-8"))
                if number > 1:
                    take(told)
            except (TypeError, ValueError, RecursionError) as error:
                raise HarnessError(self._no_line(number, line, error)) from error
            if number == 1 and told != self._about:
                raise HarnessError(self._another(told))

    def _no_line(self, number: int, line: bytes, error: Exception) -> str:
        why = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "cut short, or no such line"
        seen = line[:60].decode("utf-8", "replace")
        return f"{self._path}, line {number}: this is no {self._kind} ({why}): {seen!r}; {_INSTEAD}"

    def _another(self, found: Any) -> str:
        ours = self._about[self._kind]
        theirs = found.get(self._kind) if isinstance(found, dict) else None
        if isinstance(theirs, dict) and {**theirs, CODE: ours.get(CODE)} == ours:
            return (
                f"{self._path} holds what other code did: the application, or swfsim, has changed "
                f"since it was begun, and its runs prove nothing of what there is now: {_INSTEAD}"
            )
        return (
            f"{self._path} holds another {self._kind} ({str(found)[:400]}) than this one "
            f"({self._about}): {_INSTEAD}"
        )

    def open(self) -> None:
        """From now on lines can be added. Raises ``OSError``."""
        if self._path is None:
            return
        self._file = self._path.open("ab")
        if self._file.tell() > self._whole:
            self._file.truncate(self._whole)
        if not self._whole:
            self._file.write(self._first())
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, what: Any) -> None:
        """One more line, in the file before this returns."""
        if self._file is not None:
            self._file.write(_line(what))
            self._file.flush()

    def _first(self) -> bytes:
        return _line(self._about)


def _line(what: Any) -> bytes:
    text = json.dumps(what, ensure_ascii=False, separators=(",", ":")) + "\n"
    return text.encode("utf-8", "backslashreplace")
