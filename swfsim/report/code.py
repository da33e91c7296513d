"""Lines of code in messages: which of many are the application's own, and how one is shown."""

from __future__ import annotations

import gc
import linecache
import os
import sysconfig
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType, TracebackType

HOUSE: Final = os.path.dirname(os.path.dirname(__file__)) + os.sep
"""Where swfsim lies."""

_NOT_THE_APPLICATION: Final = (HOUSE, sysconfig.get_path("stdlib") + os.sep, "<frozen")


def is_foreign(path: str) -> bool:
    """Whether this file is swfsim's own or Python's, and so never the application's."""
    return path.startswith(_NOT_THE_APPLICATION)


Place = tuple[str, int, str]
"""File, line, function."""


def own(places: Sequence[Place]) -> list[Place]:
    """Those of the application: its checkout's, else what is installed, else all."""
    outside = [one for one in places if not one[0].startswith(_NOT_THE_APPLICATION)]
    return [one for one in outside if "site-packages" not in one[0]] or outside or list(places)


def line(place: Place) -> str:
    """``shop.py:31, in work: time.sleep(3)``, the file from the current directory on."""
    path, number, function = place
    source = linecache.getline(path, number).strip()
    return f"{path.removeprefix(os.getcwd() + os.sep)}:{number}, in {function}: {source}"


def places(trace: TracebackType | None) -> list[Place]:
    """Where an exception came by, from the outermost in."""
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append((code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    return found


def tells_of_garbage(frame: FrameType | None) -> bool:
    """Whether this frame is under a callback of the garbage collector: that comes at any moment, in
    the middle of anybody's lines. Hypothesis has one, which reads the clock."""
    if not gc.callbacks:
        return False
    told = {getattr(one, "__code__", None) for one in gc.callbacks}
    while frame is not None:
        if frame.f_code in told:
            return True
        frame = frame.f_back
    return False
