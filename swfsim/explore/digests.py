"""Digests: by them it is told whether two runs have come to the same."""

from __future__ import annotations

import hashlib
import marshal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, History

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


_HEAD: Final = len(marshal.dumps([], _BY_VALUE))


def _bytes_of_each(values: list[Any]) -> bytes:
    """One after the other: in how many calls does not show."""
    try:
        return marshal.dumps(values, _BY_VALUE)[_HEAD:]
    except ValueError:
        return b"".join(map(_bytes, values))


class Seen:
    """A digest of what a decider can see of one run: not when it was, nor who was at work.

    It is taken on when somebody asks, by the events that were recorded since; whoever asks more
    often gets no other digest.
    """

    def __init__(self, run_id: str, events: History) -> None:
        self._events = events
        self._read = 0
        self._made = hashlib.blake2b(_bytes(run_id), digest_size=_SIZE)

    def digest(self) -> bytes:
        new = slice(self._read, None)
        kinds, all_attrs = self._events.kinds[new], self._events.attrs[new]
        self._read += len(kinds)
        told = [
            (kind, _without_identity(attrs) if "identity" in attrs else attrs)
            for kind, attrs in zip(kinds, all_attrs, strict=True)
        ]
        self._made.update(_bytes_of_each(told))
        return self._made.digest()


def _without_identity(attrs: Attrs) -> Attrs:
    told = attrs.copy()
    del told["identity"]
    return told
