"""The ledger: what fake and live service agreed on, and where they are known to differ, by date.

A text file, one line each, to be read and reviewed like code:

    2026-11-23 us-east-1 both order_goes_through run 1 TimerFired(t) …
    2026-11-23 us-east-1 live order_goes_through run 1 ActivityTaskStarted(a) …

``both`` is a rule that the fake is held to from then on; ``fake`` and ``live`` are differences that
somebody has looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BOTH: Final = "both"
SIDES: Final = (BOTH, "fake", "live")
_LINE: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d) (?P<where>\S+) (?P<side>both|fake|live) (?P<story>\S+) (?P<what>.+)"
)


class Entry(NamedTuple):
    date: str
    where: str
    side: str
    story: str
    what: str

    def __str__(self) -> str:
        return " ".join(self)


@dataclass
class Ledger:
    """The entries of a file; ``add`` keeps those that are new."""

    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """A file that is not there is an empty ledger. Raises ``HarnessError``."""
        if not path.exists():
            return cls()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise HarnessError(f"cannot read the ledger {path}: {error}") from error
        found = []
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = _LINE.fullmatch(line)
            if match is None:
                raise HarnessError(
                    f"{path}, line {number} is no entry of a ledger: date, place, one of "
                    f"{', '.join(SIDES)}, story, event: {line[:40]!r}"
                )
            found.append(Entry(*match.groups()))
        return cls(found)

    def write(self, path: Path) -> None:
        lines = "".join(f"{one}\n" for one in self.entries)
        try:
            path.write_text(lines, encoding="utf-8")
        except OSError as error:
            raise HarnessError(f"cannot write the ledger {path}: {error.strerror}") from error

    def of(self, story: str, side: str) -> Counter[str]:
        """What is written of a story, and how often."""
        return Counter(one.what for one in self.entries if (one.story, one.side) == (story, side))

    def add(self, date: str, where: str, side: str, story: str, what: Iterable[str]) -> int:
        """Write down what is not there yet; how many lines that were."""
        new = Counter(what) - self.of(story, side)
        added = [Entry(date, where, side, story, one) for one in sorted(new.elements())]
        self.entries += added
        return len(added)
