"""``Journal``: what was asked and answered, by whom and when; written out as JSON lines."""

from __future__ import annotations

import functools
import json
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from swfsim.core.events import Parked
from swfsim.core.pages import Page
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from swfsim.core.events import Attrs


class Entry(NamedTuple):
    """One call: at an instant in milliseconds, by a worker; ``answer`` in the core's form."""

    at: int
    who: str
    operation: str
    params: Mapping[str, Any]
    answer: Attrs | Fault | Parked | None


_entry = functools.partial(tuple.__new__, Entry)
"""``Entry._make`` without a frame of Python: every rule may look at every call."""


def _plain(value: Any) -> Any:
    """Events by their ids, whatever else cannot be JSON as text."""
    return [event.id for event in value] if isinstance(value, Page) else str(value)


class Journal:
    """The calls of a run in the order in which the service saw them; with ``most`` the last ones.

    Kept flat, five fields after five fields: one object each would be a burden on long runs.
    """

    def __init__(self, most: int | None = None) -> None:
        self._fields: deque[Any] = deque(maxlen=None if most is None else 5 * most)

    def __len__(self) -> int:
        return len(self._fields) // 5

    def __iter__(self) -> Iterator[Entry]:
        fields = iter(self._fields)
        return map(_entry, zip(*[fields] * 5, strict=True))

    def note(
        self,
        at: int,
        who: str,
        operation: str,
        params: Mapping[str, Any],
        answer: Attrs | Fault | Parked | None,
    ) -> None:
        """``answer`` is None for a call that never reached the service."""
        self._fields += (at, who, operation, params, answer)

    def lines(self) -> Iterator[str]:
        for entry in self:
            line: dict[str, Any] = {
                "at": entry.at,
                "who": entry.who,
                "operation": entry.operation,
                "params": entry.params,
            }
            match entry.answer:
                case Fault(code=code, message=message):
                    line["fault"] = {"code": code, "message": message}
                case Parked():
                    line["parked"] = True
                case None:
                    line["lost"] = True
                case answer:
                    line["answer"] = answer
            yield json.dumps(line, default=_plain, ensure_ascii=False)

    def write(self, out: TextIO) -> None:
        for line in self.lines():
            out.write(line + "\n")
