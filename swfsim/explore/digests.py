"""Digests: by them it is told whether two runs have come to the same."""

from __future__ import annotations

import hashlib
import marshal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from swfsim.core.events import History

_SIZE: Final = 8

_BY_VALUE: Final = 2
"""The last version of marshal's format that never tells whether equal texts are one object."""


def digest(what: object) -> int:
    """Equal for what is shown equal."""
    made = hashlib.blake2b(_bytes(what), digest_size=_SIZE).digest()
    return int.from_bytes(made, "big")


def _bytes(what: Any) -> bytes:
    try:
        return marshal.dumps(what, _BY_VALUE)
    except ValueError:  # it holds what is no plain data
        return marshal.dumps(repr(what), _BY_VALUE)


class Seen:
    """A digest of what a decider can see of one history: not when it was, nor who was at work.

    It is taken on when somebody asks, by the events that were recorded since; whoever asks more
    often gets no other digest.
    """

    def __init__(self, events: History) -> None:
        self._events = events
        self._read = 0
        self._made = hashlib.blake2b(digest_size=_SIZE)

    def digest(self) -> bytes:
        kinds, all_attrs = self._events.kinds, self._events.attrs
        for number in range(self._read, len(kinds)):
            attrs = all_attrs[number]
            if "identity" in attrs:
                attrs = {name: value for name, value in attrs.items() if name != "identity"}
            self._made.update(_bytes((kinds[number], attrs)))
        self._read = len(kinds)
        return self._made.digest()
