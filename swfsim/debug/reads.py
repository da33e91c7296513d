"""What a decider reads of the world while it decides: clock, chance, environment, network.

A decision that depends on any of these cannot be made again from the history, and is made otherwise
when its task is taken a second time. Every read is noted with the decider's own line; what logging,
imports and the AWS client read for themselves is theirs. Nothing of the network is let through.
"""

from __future__ import annotations

import _thread
import functools
import os
import random
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.clock import VirtualClock
from swfsim.report import code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

CLOCK: Final = "wall clock"
CHANCE: Final = "randomness"
ENVIRONMENT: Final = "environment"
NETWORK: Final = "network"

_FOR_ITSELF: Final = ("logging.", "logging", "importlib.", "linecache", "traceback")
_TRANSPORT: Final = ("botocore.", "boto3.", "urllib3.")
_PASSED_ON_BY: Final = ("freezegun.", "swfsim.debug.reads", "swfsim.sim.patches", "swfsim.clock")


class Read(NamedTuple):
    """What was read, and ``file:line`` of the decider that did."""

    what: str
    where: str


class Reads:
    """Around a judgement: notes what is read while ``active``. ``take`` hands over what was."""

    def __init__(self) -> None:
        self.active = False
        self._thread = 0
        self._noted: dict[Read, None] = {}
        self._undo: list[tuple[Any, str, Any]] = []

    def take(self) -> list[Read]:
        """What was read since the last time, in order, each place once."""
        if not self._noted:
            return []
        found = list(self._noted)
        self._noted.clear()
        return found

    def note(self, what: str) -> bool:
        """Somebody reads: whether it is the decider. Threads have business of their own."""
        if not self.active or _thread.get_ident() != self._thread:
            return False
        self.active = False  # what looking at frames reads is nobody's
        try:
            where = _reader(sys._getframe(1), what)
        finally:
            self.active = True
        if where is not None:
            self._noted[Read(what, where)] = None
        return where is not None

    def __enter__(self) -> Reads:
        """The patches of simulations are in place already, and stay when this goes."""
        self._thread = _thread.get_ident()
        for owner, name, stand_in in self._replacements():
            there = name in vars(owner)
            self._undo.append((owner, name, vars(owner)[name] if there else _ABSENT))
            setattr(owner, name, stand_in)
        return self

    def __exit__(self, *error: object) -> None:
        for owner, name, before in reversed(self._undo):
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
        self._undo.clear()

    def _replacements(self) -> Iterator[tuple[Any, str, Any]]:
        hidden: Any = vars(random)["_inst"]  # what the functions of the module are methods of
        environ: Any = type(os.environ)
        yield time, "sleep", self._sleep
        for owner, name in ((hidden, "random"), (hidden, "getrandbits")):
            yield owner, name, self._noting(CHANCE, getattr(owner, name))
        for owner, name in (
            (random, "random"),
            (random, "getrandbits"),
            (os, "urandom"),
            (random, "_urandom"),
        ):
            yield owner, name, self._noting(CHANCE, getattr(owner, name))
        yield random.Random, "seed", self._seed(random.Random.seed)
        yield environ, "__getitem__", self._noting(ENVIRONMENT, environ.__getitem__)
        for owner, name in ((os, "getpid"), (socket, "gethostname")):
            yield owner, name, self._noting(ENVIRONMENT, getattr(owner, name))
        for name in ("connect", "connect_ex", "sendto"):
            yield socket.socket, name, self._refusing(getattr(socket.socket, name))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            yield socket, name, self._refusing(getattr(socket, name))

    def _noting(self, what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def read(*args: Any, **kwargs: Any) -> Any:
            if self.active:
                self.note(what)
            return real(*args, **kwargs)

        return read

    def _seed(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """A generator without a seed takes one from the system."""

        def seed(this: Any, a: Any = None, version: int = 2) -> None:
            if a is None and self.active:
                self.note(CHANCE)
            real(this, a, version)

        return seed

    def _refusing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def reach(*args: Any, **kwargs: Any) -> Any:
            if self.active and self.note(NETWORK):
                raise ConnectionRefusedError(
                    "a decider under replay reaches nothing over the network: what it decides has "
                    "to follow from the history"
                )
            return real(*args, **kwargs)

        return reach

    def _sleep(self, seconds: float) -> None:
        """Nobody waits for a decider that sleeps."""
        if not self.note(CLOCK):
            _REAL_SLEEP(seconds)


_ABSENT: Final = object()
_REAL_SLEEP: Final = time.sleep


class WatchedClock(VirtualClock):
    """A virtual clock that notes who reads it."""

    def __init__(self, start: int, reads: Reads) -> None:
        self._reads = reads
        super().__init__(start)

    @property
    def at(self) -> int:
        if self._reads.active:
            self._reads.note(CLOCK)
        return self._at

    @at.setter
    def at(self, at: int) -> None:
        self._at = at


def _reader(frame: FrameType | None, what: str) -> str | None:
    """The decider's line on whose behalf this was read; None when it was on nobody's.

    The decider is what a replay has called. What garbage leaves behind may run in the middle of it:
    a callback of the collector, or the end of a worker that some simulation forgot.
    """
    passed_on = True
    own: str | None = None
    installed: str | None = None
    if code.tells_of_garbage(frame):
        return None
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(_FOR_ITSELF) or (what != NETWORK and module.startswith(_TRANSPORT)):
            return None
        path = frame.f_code.co_filename
        if passed_on and not module.startswith(_PASSED_ON_BY):
            if path.startswith(code.HOUSE):
                return None  # the house reads for itself
            passed_on = False
        if not passed_on and path.startswith(code.HOUSE):
            return (own or installed) if module.startswith("swfsim.debug.") else None
        if not passed_on and not code.is_foreign(path):
            here = f"{path}:{frame.f_lineno}"
            if "site-packages" in path:
                installed = installed or here
            else:
                own = own or here
        frame = frame.f_back
    return None
