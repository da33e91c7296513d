"""``fake_swf``: an in-memory Amazon SWF for every boto3 client of this process.

    with fake_swf() as fake:
        client = boto3.client("swf", region_name="eu-west-1")
        ...

Also a decorator, of functions, coroutines, fixtures and test classes: ``@fake_swf`` or
``@fake_swf(clock="virtual")``.
"""

from __future__ import annotations

import functools
import inspect
import os
import unittest
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import boto3
import botocore.session

from swfsim.clock import ODD_START, SystemClock, VirtualClock, milliseconds, moment
from swfsim.errors import HarnessError
from swfsim.service import Service
from swfsim.transports import boto

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator

    from swfsim.clock import Instant
    from swfsim.core.events import Attrs
    from swfsim.functions import Function
    from swfsim.spec.behaviour import Behaviour
    from swfsim.spec.check import Params

ClockName = Literal["system", "virtual"]
Lane = Literal["direct", "wire"]


class Fake:
    """An active in-memory service: its clock to move, its state to reset."""

    def __init__(self, clock: SystemClock | VirtualClock, behaviour: Behaviour | None) -> None:
        self.clock = clock
        self._behaviour = behaviour
        self.service = Service(clock, behaviour=behaviour)

    @property
    def lambda_functions(self) -> dict[str, Function]:
        """The Lambda functions of the region, by name: callables that take the task's input."""
        return self.service.lambda_functions

    def answer(self, client: Any, operation: str, params: Params, region: str) -> Attrs:
        """The door of the boto3 lane; not for tests, which use a boto3 client."""
        return self.service.call(operation, params, region)

    def now(self) -> datetime.datetime:
        """The service's time, an aware datetime in UTC."""
        return moment(self.clock.now())

    def advance(self, seconds: float) -> None:
        """Move the virtual clock on; everything due on the way happens, in order of time."""
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            raise HarnessError(f"advance() takes a number of seconds from 0 on, not {seconds!r}")
        self._move(self.clock.now() + round(seconds * 1000))

    def move_to(self, when: Instant) -> None:
        """Move the virtual clock to an instant that is not in its past."""
        self._move(milliseconds(when))

    def _move(self, at: int) -> None:
        if not isinstance(self.clock, VirtualClock):
            raise HarnessError(
                'this fake runs on the system clock: enter it with fake_swf(clock="virtual") '
                "to move its time, or move freezegun's, which it follows"
            )
        self.clock.move_to(at)
        self.service.expire()

    def reset(self) -> None:
        """Forget every domain and execution; a virtual clock goes back to its start. The Lambda
        functions stay."""
        if isinstance(self.clock, VirtualClock):
            self.clock.restart()
        functions = self.lambda_functions
        self.service.close()
        self.service = Service(self.clock, behaviour=self._behaviour)
        self.service.lambda_functions.update(functions)


def make_clock(clock: ClockName, start: Instant | None) -> SystemClock | VirtualClock:
    """The clock by its name; raises ``HarnessError`` for another name or a start that cannot be."""
    if clock == "virtual":
        return VirtualClock(ODD_START if start is None else milliseconds(start))
    if clock != "system":
        raise HarnessError(f'clock must be "system" or "virtual", not {clock!r}')
    if start is not None:
        raise HarnessError('a start needs a clock that can be set: fake_swf(clock="virtual", …)')
    return SystemClock()


class FakeSwf:
    """The context manager and decorator behind ``fake_swf``. Each entry is a fresh service."""

    def __init__(
        self, clock: ClockName, start: Instant | None, behaviour: Behaviour | None, lane: Lane
    ) -> None:
        if lane not in ("direct", "wire"):
            raise HarnessError(f'lane must be "direct" or "wire", not {lane!r}')
        self._on_wire = lane == "wire"
        self._clock = clock
        self._start = start
        self._behaviour = behaviour
        self._entered: list[tuple[Fake, Surroundings]] = []
        make_clock(clock, start)  # a mistake shows where it was made

    def __enter__(self) -> Fake:
        fake = Fake(make_clock(self._clock, self._start), self._behaviour)
        surroundings = Surroundings()
        boto.open_door(fake, on_wire=self._on_wire)
        self._entered.append((fake, surroundings))
        return fake

    def __exit__(self, *error: object) -> None:
        fake, surroundings = self._entered.pop()
        boto.close_door(fake)
        fake.service.close()
        surroundings.restore()

    if not TYPE_CHECKING:  # a type checker is to see that there is no such attribute

        def __getattr__(self, name: str) -> Any:
            if hasattr(Fake, name):
                raise AttributeError(
                    f"{name} is a fake's, and this one is not entered: "
                    "with fake_swf(…) as fake: …, or: fake = fake_swf(…).start()"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def start(self) -> Fake:
        """Enter without a ``with``; ``stop`` leaves again."""
        return self.__enter__()

    def stop(self) -> None:
        self.__exit__(None, None, None)

    def __call__(self, wrapped: Any) -> Any:
        """Decorate: the function, or each test of the class, runs with a fresh fake."""
        if inspect.isclass(wrapped):
            return self._wrap_class(wrapped)
        if inspect.iscoroutinefunction(wrapped):

            @functools.wraps(wrapped)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await wrapped(*args, **kwargs)

            return run_async
        if inspect.isgeneratorfunction(wrapped):

            @functools.wraps(wrapped)
            def run_generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
                with self:
                    yield from wrapped(*args, **kwargs)

            return run_generator

        @functools.wraps(wrapped)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return wrapped(*args, **kwargs)

        return run

    def _wrap_class(self, wrapped: type) -> type:
        """Set-up, test and tear-down of one test share one fake."""
        if issubclass(wrapped, unittest.TestCase):
            wrapped.run = self(wrapped.run)  # type: ignore[method-assign]
            return wrapped
        set_up = getattr(wrapped, "setup_method", lambda self, method: None)
        tear_down = getattr(wrapped, "teardown_method", lambda self, method: None)

        def setup_method(test: Any, method: Any) -> None:
            self.start()
            _call_with_or_without(set_up, test, method)

        def teardown_method(test: Any, method: Any) -> None:
            try:
                _call_with_or_without(tear_down, test, method)
            finally:
                self.stop()

        wrapped.setup_method = setup_method  # type: ignore[attr-defined]
        wrapped.teardown_method = teardown_method  # type: ignore[attr-defined]
        return wrapped


def _call_with_or_without(hook: Callable[..., None], test: Any, method: Any) -> None:
    """pytest lets these hooks take the method or leave it."""
    if len(inspect.signature(hook).parameters) > 1:
        hook(test, method)
    else:
        hook(test)


def fake_swf(
    wrapped: Any = None,
    *,
    clock: ClockName = "system",
    start: Instant | None = None,
    behaviour: Behaviour | None = None,
    lane: Lane = "direct",
) -> Any:
    """A fresh in-memory SWF for every boto3 SWF client, as context manager or decorator.

    clock      "system": the time of day, and freezegun's while it is active; long polls wait.
               "virtual": nothing moves until ``fake.advance()`` or ``fake.move_to()``; a poll that
               finds nothing answers at once.
    start      where the virtual clock begins: a datetime (naive means UTC) or epoch seconds
    behaviour  switches for what differs between eras of the service, ``swfsim.Behaviour``
    lane       "direct": calls are answered as calls, which is fast. "wire": as the bytes of the
               protocol, so that botocore's own serialiser, parser and retries run, too; clients
               made before then need credentials, since they sign.

    Domains of different regions are apart, as on AWS. While a fake is active no SWF call leaves the
    machine, also of clients made before it was entered.
    """
    if wrapped is not None and not callable(wrapped):
        raise HarnessError(
            f"fake_swf({wrapped!r}): that is no function to decorate; a clock is given by name, as "
            'in fake_swf(clock="virtual")'
        )
    made = FakeSwf(clock, start, behaviour, lane)
    return made if wrapped is None else made(wrapped)


_sessions: dict[tuple[Any, ...], boto3.Session] = {}


def _session(before: boto3.Session | None) -> boto3.Session:
    """boto3's default session while fakes are active, in the region of the one before.

    A session takes long to make, and reads large files, so it is made once for each environment.
    """
    region = before.region_name if before is not None else None
    key = (region, *sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
    found = _sessions.get(key)
    if found is None:
        core = botocore.session.get_session()
        found = _sessions[key] = boto3.Session(botocore_session=core, region_name=region)
    return found


class Surroundings:
    """The little of AWS configuration that a boto3 client needs to be made at all.

    Where the environment names no credentials, no profile or no region, stand-ins are put there for
    as long as the fake is active, so that no client looks for them on the network. boto3's default
    session is set aside for that time, since it would remember them.

    Whoever makes many runs puts them around all of these, with ``lasting``: then each only begins
    with the same default session.
    """

    _STAND_INS = {  # noqa: RUF012 - a constant
        "AWS_ACCESS_KEY_ID": "swfsim",
        "AWS_SECRET_ACCESS_KEY": "swfsim",
    }

    _around: ClassVar[boto3.Session | None] = None

    def __init__(self, *, lasting: bool = False) -> None:
        self._session = boto3.DEFAULT_SESSION
        self._before: dict[str, str | None] = {}
        self._outer = Surroundings._around
        if self._outer is not None:
            boto3.DEFAULT_SESSION = self._outer
            return
        put = {"AWS_EC2_METADATA_DISABLED": "true"}
        if not any(name in os.environ for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID")):
            put |= self._STAND_INS
        if not any(name in os.environ for name in ("AWS_REGION", "AWS_DEFAULT_REGION")):
            put["AWS_DEFAULT_REGION"] = "us-east-1"
        self._before = {name: os.environ.get(name) for name in put}
        os.environ.update(put)
        boto3.DEFAULT_SESSION = _session(self._session)
        if lasting:
            Surroundings._around = boto3.DEFAULT_SESSION

    def restore(self) -> None:
        Surroundings._around = self._outer
        boto3.DEFAULT_SESSION = self._session
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
