"""Which line of the decider's own code built each decision, and which lines it ran last.

The decider is called once more under a trace. Wherever a dictionary with a ``decisionType`` is
first seen, in a variable or as what a function returns, that line has built it; the lines that
called it lead there. Of a decision that was not made, the last lines that ran tell why. Only
decisions that are going to be reported are looked for, so the cost of tracing falls on few calls.
"""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

_LAST: Final = 8
"""How many of a list's last members are looked at: new decisions are appended."""

_OURS: Final = str(Path(__file__).parent.parent) + "/"
_INSTALLED: Final = ("site-packages", "<frozen", "<string", sys.base_prefix)


_CALLERS: Final = 6
_LINES: Final = 100
_RAN: Final = 400


class Origins(NamedTuple):
    """``built``: for each decision the line that built it and those that called that, innermost
    first, as ``file:line``; empty where unknown. ``ran``: the last lines of the decider's own that
    ran, latest first, each once."""

    built: list[list[str]]
    ran: list[str]

    def place(self, number: int | None) -> str | None:
        """The line that built a decision; None where unknown."""
        if number is None or not 0 <= number < len(self.built) or not self.built[number]:
            return None
        return self.built[number][0]


class _Trace:
    def __init__(self) -> None:
        self.first_seen: dict[int, tuple[Any, list[str]]] = {}
        self.ran: deque[str] = deque(maxlen=_RAN)
        self._line_of: dict[FrameType, int] = {}

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        path = frame.f_code.co_filename
        if path.startswith(_OURS) or any(part in path for part in _INSTALLED):
            return None  # neither ours nor a library's lines are the decider's
        self._line_of[frame] = frame.f_lineno
        return self._inside

    def _inside(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event in ("line", "return"):
            for value in frame.f_locals.values():
                self._look(value, frame)
                self._look(getattr(value, "__dict__", None), frame)
            self._line_of[frame] = frame.f_lineno
        if event == "return":
            self._look(arg, frame)
            self._line_of.pop(frame, None)
        elif event == "line":
            self.ran.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        return self._inside

    def _look(self, value: Any, frame: FrameType, deep: bool = True) -> None:
        if type(value) is dict:
            if "decisionType" in value:
                if id(value) not in self.first_seen:
                    self.first_seen[id(value)] = (value, self._stack(frame))
            elif deep:
                for one in list(value.values())[-_LAST:]:
                    self._look(one, frame, False)
        elif type(value) in (list, tuple):
            for one in value[-_LAST:]:
                self._look(one, frame, False)

    def _stack(self, frame: FrameType | None) -> list[str]:
        found: list[str] = []
        while frame is not None and len(found) < _CALLERS:
            if frame in self._line_of:  # the decider's own
                line = frame.f_lineno if found else self._line_of[frame]
                found.append(f"{frame.f_code.co_filename}:{line}")
            frame = frame.f_back
        return found


def of(decide: Callable[[], Sequence[Mapping[str, Any]]]) -> Origins:
    """Where the decisions come from that this call answers."""
    trace = _Trace()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        made = decide()
    except Exception:
        made = []
    finally:
        sys.settrace(before)
    ran = list(dict.fromkeys(reversed(trace.ran)))[:_LINES]
    return Origins([_places(trace, one) for one in made], ran)


def _places(trace: _Trace, decision: Any) -> list[str]:
    found = trace.first_seen.get(id(decision))
    if found is not None and found[0] is decision:
        return found[1]
    return next((at for one, at in trace.first_seen.values() if one == decision), [])
