"""What goes in and out of the application: a request's body, within limits, and a reply."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim import wire
from swfsim.spec import limits
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.server.polls import Receive

BODY_S: Final = 60.0
"""So long may a client take to send what it has announced."""

_DRAINED: Final = 64 * limits.REQUEST_BYTES_MAX
"""So much of what is too much is still read, so that its sender comes to read the answer."""


class Reply(NamedTuple):
    """``last``: the connection is closed behind it."""

    status: int
    content_type: str
    body: bytes
    last: bool = False


class Unread(Exception):  # noqa: N818 - it is what became of the body
    """A body that was not read to its end; ``fault`` is what its sender is told."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


async def read_body(scope: dict[str, Any], receive: Receive) -> bytes | None:
    """The whole body; None when the client went away before it was sent.

    Raises ``Unread`` for a request above the service's limit, and one that does not come to an end.
    """
    try:
        async with asyncio.timeout(BODY_S):
            return await _read(_room(scope), receive)
    except TimeoutError:
        raise Unread(Fault("SerializationException")) from None


def _room(scope: dict[str, Any]) -> int:
    """The service's limit counts the headers, too."""
    used = sum(len(name) + len(value) for name, value in scope["headers"])
    return limits.REQUEST_BYTES_MAX - used - len(scope["raw_path"])


async def _read(room: int, receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        more = message["more_body"]
        size += len(message["body"])
        if size <= room:
            parts.append(message["body"])
        else:
            parts.clear()
            more = more and size <= _DRAINED
    if size > room:
        raise Unread(wire.too_large())
    return parts[0] if len(parts) == 1 else b"".join(parts)
