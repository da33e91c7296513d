"""Pages: how the seven paging operations cut their answers, and the tokens that lead on.

A token is good for the operation and the arguments it was given for, for 24 hours; it says where to
go on, so nothing is kept between two pages.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, TypeVar

from swfsim.core import tokens
from swfsim.spec import faults, limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution, Region

_Key = TypeVar("_Key", str, tuple[str, str])

_FREE = ("nextPageToken", "maximumPageSize", "identity")


def _digest(asked: Attrs) -> str:
    """The arguments that must not change from one page to the next."""
    kept = {name: value for name, value in asked.items() if name not in _FREE and value}
    return str(zlib.crc32(json.dumps(kept, sort_keys=True).encode()))


def size(asked: Attrs) -> int:
    """The page size asked for; 0 and nothing mean the service's own."""
    return asked.get("maximumPageSize") or limits.PAGE_SIZE_MAX


def seal(region: Region, operation: str, asked: Attrs, *position: str) -> str:
    """A token that lets the next call of this operation go on at ``position``."""
    world = region.world
    issued_for = f"{operation} {region.name}"
    return tokens.seal(world.seal, issued_for, _digest(asked), str(world.now), *position)


def position(region: Region, operation: str, asked: Attrs) -> list[str] | None:
    """Where the call is to go on; None for a first page. Raises the service's token faults."""
    token = asked.get("nextPageToken")
    if not token:
        return None
    world = region.world
    issued_for, digest, issued_at, *where = [*tokens.unseal(world.seal, token), "", ""]
    if issued_for != f"{operation} {region.name}" or digest != _digest(asked):
        raise faults.invalid_token()
    if world.now - int(issued_at) > limits.PAGE_TOKEN_S_MAX * 1000:
        raise faults.invalid("Specified token has exceeded its maximum lifetime")
    return where[:-2]


class Page:
    """Some events of a history, ``first`` to ``last`` counted from 0, or those from the end.

    It holds no copy: recorded events never change. Whoever answers a client makes one.
    """

    __slots__ = ("first", "last", "reverse", "x")

    def __init__(self, x: Execution, first: int, last: int, *, reverse: bool) -> None:
        self.x = x
        self.first = first
        self.last = last
        self.reverse = reverse

    def __len__(self) -> int:
        return self.last - self.first

    def __iter__(self) -> Iterator[Event]:
        shown = self.x.events[self.first : self.last]
        return reversed(shown) if self.reverse else iter(shown)


def cut(x: Execution, start: int, end: int, asked: Attrs) -> tuple[Page, int | None]:
    """The page of a history that a call asks for, and where the next begins, None after the last.

    ``start`` and ``end`` bound what is left to show; with reverseOrder it is shown from the end.
    """
    if asked.get("reverseOrder", False):
        first = max(start, end - size(asked))
        return Page(x, first, end, reverse=True), (first if first > start else None)
    last = min(end, start + size(asked))
    return Page(x, start, last, reverse=False), (last if last < end else None)


def after(
    region: Region, operation: str, asked: Attrs, keys: list[_Key]
) -> tuple[list[_Key], Attrs]:
    """A page of keys that stand in order, and the answer's ``nextPageToken`` member if any.

    The token names the last key shown: keys that come or go in between neither repeat nor hide one.
    """
    where = position(region, operation, asked)
    first = 0
    if where is not None:
        last_shown: Any = where[0] if len(where) == 1 else tuple(where)
        backwards = asked.get("reverseOrder", False)
        first = sum(1 for key in keys if (key >= last_shown if backwards else key <= last_shown))
    shown = keys[first : first + size(asked)]
    if first + len(shown) == len(keys):
        return shown, {}
    last: Any = shown[-1]
    names = (last,) if isinstance(last, str) else last
    return shown, {"nextPageToken": seal(region, operation, asked, *names)}
