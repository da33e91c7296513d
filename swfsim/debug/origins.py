"""Which line of the decider's own code built each decision.

The decider is called once more under a trace. Wherever a dictionary with a ``decisionType`` is
first seen, in a variable or as what a function returns, that line has built it. Only decisions that
are going to be reported are looked for, so the cost of tracing falls on few calls.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

_LAST: Final = 8
"""How many of a list's last members are looked at: new decisions are appended."""

_OURS: Final = str(Path(__file__).parent.parent) + "/"
_INSTALLED: Final = ("site-packages", "<frozen", "<string", sys.base_prefix)


class _Trace:
    def __init__(self) -> None:
        self.first_seen: dict[int, tuple[Any, str]] = {}
        self._line_of: dict[FrameType, int] = {}

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        path = frame.f_code.co_filename
        if path.startswith(_OURS) or any(part in path for part in _INSTALLED):
            return None  # neither ours nor a library's lines are the decider's
        self._line_of[frame] = frame.f_lineno
        return self._inside

    def _inside(self, frame: FrameType, event: str, arg: Any) -> Any:
        at = f"{frame.f_code.co_filename}:{self._line_of.get(frame, frame.f_lineno)}"
        if event == "return":
            self._look(arg, f"{frame.f_code.co_filename}:{frame.f_lineno}")
            self._line_of.pop(frame, None)
        elif event == "line":
            for value in frame.f_locals.values():
                self._look(value, at)
                self._look(getattr(value, "__dict__", None), at)
            self._line_of[frame] = frame.f_lineno
        return self._inside

    def _look(self, value: Any, at: str, deep: bool = True) -> None:
        if type(value) is dict:
            if "decisionType" in value:
                self.first_seen.setdefault(id(value), (value, at))
            elif deep:
                for one in list(value.values())[-_LAST:]:
                    self._look(one, at, False)
        elif type(value) in (list, tuple):
            for one in value[-_LAST:]:
                self._look(one, at, False)


def of(decide: Callable[[], Sequence[Mapping[str, Any]]]) -> list[str | None]:
    """The place, ``file:line``, of each decision that this call answers; None where unknown."""
    trace = _Trace()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        made = decide()
    except Exception:
        return []
    finally:
        sys.settrace(before)
    return [_place(trace, one) for one in made]


def _place(trace: _Trace, decision: Any) -> str | None:
    found = trace.first_seen.get(id(decision))
    if found is not None and found[0] is decision:
        return found[1]
    equal = (at for one, at in trace.first_seen.values() if one == decision)
    return next(equal, None)
