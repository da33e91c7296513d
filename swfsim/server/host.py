"""``Host``: the service that a server shows, its clock, and the file that keeps both.

What is kept, a line each (``at``: the service's instant in milliseconds):

    call    at, region, operation, parameters, whether the poll had been parked before
    lambda  at, run id, id of LambdaFunctionScheduled, result, reason, details
    clock   at          the clock was moved there
    reset   at, secret  everything was forgotten
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from swfsim.clock import RateClock, SystemClock, VirtualClock
from swfsim.errors import HarnessError
from swfsim.service import Service
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.core.world import Execution
    from swfsim.server.log import Log
    from swfsim.spec.behaviour import Behaviour
    from swfsim.spec.check import Params

HostClock = SystemClock | RateClock | VirtualClock

_READING: Final = ("Count", "Describe", "Get", "List")
"""How the names of operations begin that leave everything as it was."""


class Host:
    """Holds the current service; ``reset`` puts a fresh one in its place.

    ``poll_s`` is how long an empty poll is held, in real seconds. ``behaviour`` is the service's,
    and from a reset on that of the next one. With a ``log`` the state that it tells of is brought
    back first. Raises ``HarnessError`` when the log cannot be played.
    """

    def __init__(
        self,
        clock: HostClock,
        *,
        clock_name: str = "",
        poll_s: float = 0,
        log: Log | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        self.clock = clock
        self.clock_name = clock_name
        self._poll_s = poll_s
        self.behaviour = behaviour
        self._log = log
        header = log.header if log is not None else None
        self._start = header["at"] if header else clock.now()
        self.service = self._fresh(header["secret"] if header else self._secret())
        if log is None:
            return
        if header is None:
            log.begin(clock_name, self._start, self.service.machine.world.secret)
        else:
            self._bring_back(log, header["clock"])
        self.service.keeper = self

    def _secret(self) -> int:
        """Tokens of an earlier server must mean nothing here; virtual runs repeat themselves."""
        return 0 if isinstance(self.clock, VirtualClock) else secrets.randbits(32)

    def _fresh(self, secret: int) -> Service:
        service = Service(self.clock, secret=secret, behaviour=self.behaviour, poll_s=self._poll_s)
        service.keeps_time = True
        return service

    # What the control surface asks for

    def reset(self) -> None:
        """Forget every domain and execution; a virtual clock goes back to its start."""
        self.service.close()
        self.service.keeper = None  # an invocation that ends later ends in a world that is gone
        if isinstance(self.clock, VirtualClock):
            self.clock.restart()
        self.service = self._fresh(self._secret())
        if self._log is not None:
            self._log.append("reset", self.clock.now(), self.service.machine.world.secret)
            self.service.keeper = self

    def move_to(self, at: int) -> None:
        """Move the clock to an instant that is not in its past; what is due on the way happens."""
        if isinstance(self.clock, SystemClock):
            raise HarnessError(
                "this server runs on the system clock, which it cannot move: start it with "
                "--clock virtual, or with --clock x60 for a clock that also runs by itself"
            )
        with self.service.lock:
            self.clock.move_to(at)
            if self._log is not None:
                self._log.append("clock", at)
            self.service.expire()

    def end_polls(self) -> None:
        """The server ends: parked polls are answered that there is nothing."""
        self.service.close()

    # What is kept: see ``service.Keeper``

    def called(self, at: int, operation: str, params: Params, region: str, *, again: bool) -> None:
        if self._log is not None and not operation.startswith(_READING):
            self._log.append("call", at, region, operation, params, again)

    def lambda_ended(
        self, at: int, x: Execution, scheduled_id: int, result: str | None, *why: str
    ) -> None:
        if self._log is not None:
            self._log.append("lambda", at, x.run_id, scheduled_id, result, *why)

    # And brought back

    def _bring_back(self, log: Log, clock_name: str) -> None:
        if clock_name != self.clock_name:
            raise HarnessError(
                f"{log.path} was kept by a server with --clock {clock_name}: start this one with "
                "the same clock, or with another file"
            )
        past = _Past(self._start, self.clock.stands_still)
        for number, entry in log.entries():
            try:
                self._play(past, *entry)
            except Fault as fault:
                raise log.spoilt(
                    number, f"{entry[3]} was answered, and now is refused: {fault}"
                ) from fault
            except (TypeError, ValueError, KeyError, IndexError) as error:
                raise log.spoilt(number, f"it cannot be played: {error!r}") from error
        if not isinstance(self.clock, SystemClock):
            self.clock.move_to(max(past.at, self.clock.now()))
        past.leave(self.service)

    def _play(self, past: _Past, kind: str, at: int, *more: Any) -> None:
        past.at = at
        if kind == "reset":
            self.service = self._fresh(more[0])
        past.enter(self.service)
        if kind == "call":
            region, operation, params, again = more
            self.service.ask(operation, params, region, again=again)
        elif kind == "lambda":
            run_id, *ended = more
            x = self.service.machine.world.runs[run_id]
            self.service.end_lambda(x, *ended)
        elif kind == "clock":
            self.service.expire()
        elif kind != "reset":
            raise ValueError(f"an entry of an unknown kind, {kind!r}")


class _Past:
    """Stands for the clock while the past is played, and for whoever invokes Lambda functions.

    On a clock that runs, how an invocation ended was an event of its own, and stands in the log;
    what was under way at the end begins again.
    """

    def __init__(self, at: int, stands_still: bool) -> None:
        self.at = at
        self.stands_still = stands_still
        self.rate = 1.0
        self._begun: list[tuple[Execution, int]] = []
        self._present: tuple[Any, Any] | None = None

    def now(self) -> int:
        return self.at

    def invoke(self, x: Execution, scheduled_id: int) -> None:
        self._begun.append((x, scheduled_id))

    def enter(self, service: Service) -> None:
        if service.clock is not self:
            self._begun.clear()
            self._present = service.clock, service.invoker
            service.clock = self
            if not self.stands_still:
                service.invoker = self

    def leave(self, service: Service) -> None:
        if self._present is not None:
            service.clock, service.invoker = self._present
            for x, scheduled_id in self._begun:
                if scheduled_id in x.lambdas:
                    with service.lock:
                        service.invoker.invoke(x, scheduled_id)
