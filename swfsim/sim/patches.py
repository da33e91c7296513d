"""What application code may call that is really ours, for as long as simulations run.

Time       freezegun shows the virtual clock as ``time.time``, ``datetime.now`` and their kin;
           ``time.sleep`` waits on it
Chance     ``os.urandom`` and the global ``random`` draw from the run's seed, and with them
           ``uuid4`` and ``secrets``
Identity   host name and process id are the run's own: they show up in histories
Threads    are adopted (``threads``)
Escapes    sockets to other machines, child processes and event loops are refused: nothing that
           happens there could be repeated

Everything is a matter of who asks: only workers are answered so, the rest of the process (the test
runner, say) gets what it always got, except for freezegun's frozen time.
"""

from __future__ import annotations

import asyncio.base_events
import gc
import multiprocessing.process
import os
import random
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import freezegun
import freezegun.api
from freezegun.api import freeze_factories  # type: ignore[attr-defined]
from freezegun.config import settings

from swfsim.clock import moment
from swfsim.errors import HarnessError
from swfsim.report import code
from swfsim.sim import threads
from swfsim.sim.workers import Sleep, Worker, current

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator

    from swfsim.clock import VirtualClock
    from swfsim.sim.chance import Chance


class Hub(threads.Hub, Protocol):
    """What the patches need of the simulation that runs."""

    clock: VirtualClock
    chance: Chance

    def refuse(self, error: HarnessError) -> None: ...

    def skew_ms(self, worker: Worker) -> int: ...


_REAL_SLEEP = time.sleep
_REAL_URANDOM = os.urandom
_REAL_GETPID = os.getpid
_REAL_GETHOSTNAME = socket.gethostname
_FIRST_PID = 1000

_hubs: list[Hub] = []


def _sleep(seconds: float) -> None:
    worker = current()
    if worker is None:
        _REAL_SLEEP(seconds)
        return
    worker.check_alive()
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    worker.ask(Sleep(_hubs[-1].now() + round(seconds * 1000)))


def _urandom(size: int) -> bytes:
    if current() is None:
        return _REAL_URANDOM(size)
    return _hubs[-1].chance.randbytes(size)


def _getpid() -> int:
    worker = current()
    return _REAL_GETPID() if worker is None else _FIRST_PID + worker.process.number


def _gethostname() -> str:
    return _REAL_GETHOSTNAME() if current() is None else _HOST


def _refuse(worker: Worker, what: str) -> NoReturn:
    """The application may swallow this error; the run ends with it all the same."""
    error = HarnessError(f"worker {worker.name!r} was about to {what}")
    _hubs[-1].refuse(error)
    raise error


def _refusal(real: Callable[..., Any], what: str, instead: str) -> Callable[..., Any]:
    """The real thing, except in a worker."""

    def call(*args: Any, **kwargs: Any) -> Any:
        worker = current()
        if worker is not None:
            _refuse(worker, f"{what}, which no simulation could repeat: {instead}")
        return real(*args, **kwargs)

    return call


_HOST = "swfsim"
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "", None, _HOST)


def _check_address(address: Any) -> None:
    worker = current()
    if worker is None or not isinstance(address, tuple) or address[0] in _LOCAL_HOSTS:
        return
    _refuse(
        worker,
        f"reach {address[0]} over the network, which no simulation could repeat: give the "
        "application a fake of that service (for other AWS services, moto's mock_aws around the "
        "simulation)",
    )


def _guard_address(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: Any, address: Any) -> Any:
        _check_address(address)
        return real(self, address)

    return connect


def _guard_sending(real: Callable[..., Any], position: int) -> Callable[..., Any]:
    """Of what needs no connection; the address, if there is one, stands at this position."""

    def send(self: Any, *args: Any) -> Any:
        _check_address(args[position] if len(args) > abs(position) else None)
        return real(self, *args)

    return send


def _guard_name(real: Callable[..., Any]) -> Callable[..., Any]:
    """Asking for an address asks other machines, except for those of this one."""

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        _check_address((host,))
        own = host == _HOST and current() is not None
        return real("localhost" if own else host, *args, **kwargs)

    return look_up


_NO_PROCESS = "run the other program's part as a worker or a port of the application"


def _replacements() -> Iterator[tuple[Any, str, Any]]:
    yield time, "sleep", _sleep
    yield os, "urandom", _urandom
    yield random, "_urandom", _urandom
    yield os, "getpid", _getpid
    yield socket, "gethostname", _gethostname
    yield from threads.replacements()
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        yield socket, name, _guard_name(getattr(socket, name))
    for name in ("connect", "connect_ex"):
        yield socket.socket, name, _guard_address(getattr(socket.socket, name))
    yield socket.socket, "sendto", _guard_sending(socket.socket.sendto, -1)
    if hasattr(socket.socket, "sendmsg"):
        yield socket.socket, "sendmsg", _guard_sending(socket.socket.sendmsg, 3)
    for owner, name, what in (
        (subprocess.Popen, "__init__", "start a process"),
        (multiprocessing.process.BaseProcess, "start", "start a process"),
        (os, "fork", "fork"),
        (os, "forkpty", "fork"),
        *((os, name, "start a process") for name in ("system", "posix_spawn", "posix_spawnp")),
        *((os, name, "become another program") for name in ("execv", "execve")),
    ):
        if hasattr(owner, name):
            yield owner, name, _refusal(getattr(owner, name), what, _NO_PROCESS)
    loop = asyncio.base_events.BaseEventLoop
    yield (
        loop,
        "run_forever",
        _refusal(loop.run_forever, "run an asyncio event loop", "use a plain blocking loop"),
    )


class Patches:
    """The replacements, put in place once however deeply they are entered.

    Putting freezegun in place takes some milliseconds, moving its time a few microseconds: whoever
    makes many runs holds the patches around all of them.
    """

    def __init__(self) -> None:
        self._depth = 0
        self.gives_back_chance = True
        self._undo: list[tuple[Any, str, Any]] = []
        self._copies: list[tuple[Any, str]] = []
        self._collector = _Collector()
        self._freezer: Any = None
        self._frozen: Any = None

    def __enter__(self) -> Patches:
        self._depth += 1
        if self._depth == 1:
            self._put()
        return self

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._take_back()

    def _put(self) -> None:
        for owner, name, stand_in in _replacements():
            self._undo.append((owner, name, owner.__dict__.get(name, getattr(owner, name))))
            setattr(owner, name, stand_in)
        for module in list(sys.modules.values()):  # from time import sleep
            for name, value in list(getattr(module, "__dict__", {}).items()):
                if value is _REAL_SLEEP and not name.startswith("_REAL"):
                    self._copies.append((module, name))
                    setattr(module, name, _sleep)
        self._freezer = _freezer()
        self._frozen = self._freezer.start()
        self._collector.__enter__()

    def _take_back(self) -> None:
        self._collector.__exit__()
        self._freezer.stop()
        for module, name in self._copies:
            setattr(module, name, _REAL_SLEEP)
        for owner, name, real in reversed(self._undo):
            setattr(owner, name, real)
        self._copies.clear()
        self._undo.clear()

    def show(self, clock: VirtualClock | None) -> None:
        """Let freezegun read this clock from now on; with None, its own frozen instant again."""
        freeze_factories[-1] = self._frozen if clock is None else _Reading(clock)


class _Collector:
    """Python's garbage collector while runs go on.

    A run makes much that stays, histories above all, and little in cycles. So the collector is
    spared the rest of the process, and looks at everything less often: in long runs it would
    otherwise take a quarter of the time.
    """

    THRESHOLDS = (20_000, 10, 20)

    def __enter__(self) -> None:
        self._thresholds = gc.get_threshold()
        self._frozen = gc.get_freeze_count() == 0  # else somebody else has frozen what they want
        if self._frozen:
            gc.freeze()
        if self._thresholds[0]:  # else somebody has switched it off
            gc.set_threshold(*self.THRESHOLDS)

    def __exit__(self) -> None:
        gc.set_threshold(*self._thresholds)
        if self._frozen:
            gc.unfreeze()


def _freezer() -> Any:
    """freezegun, which by default leaves alone whatever ``threading`` or ``queue`` call, a thread's
    own function too: what these two need of real time they get from ``threads``."""
    usual = settings.default_ignore_list
    settings.default_ignore_list = [
        *(name for name in usual if name not in ("threading", "queue")),
        "_pytest.timing",  # how long a test took is no business of its simulation
    ]
    try:
        return freezegun.freeze_time(moment(0))
    finally:
        settings.default_ignore_list = usual


class _Reading(freezegun.api.FrozenDateTimeFactory):
    """freezegun's time as a reading of a virtual clock, made only when somebody looks; a worker
    looks at its own, which may be wrong."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def __call__(self) -> datetime.datetime:
        worker = current()
        if worker is None or code.tells_of_garbage(sys._getframe(1)):
            return _naive(self._clock.at)
        return _naive(self._clock.at + _hubs[-1].skew_ms(worker))


def _naive(at: int) -> datetime.datetime:
    """freezegun counts in naive UTC."""
    return moment(at).replace(tzinfo=None)


PATCHES = Patches()
"""The one set of patches of the process."""


class Running:
    """Around one run: this simulation answers the patched calls; global chance comes from it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._random_before: Any = None

    def __enter__(self) -> None:
        PATCHES.__enter__()
        _hubs.append(self._hub)
        threads.enter(self._hub)
        if PATCHES.gives_back_chance:
            self._random_before = random.getstate()
        random.setstate(self._hub.chance.state())
        PATCHES.show(self._hub.clock)

    def __exit__(self, *error: object) -> None:
        if self._random_before is not None:
            random.setstate(self._random_before)
        threads.leave(self._hub)
        _hubs.remove(self._hub)
        PATCHES.__exit__()
