"""``Service``: the one door to the machine. Takes the time, keeps the lock, lets polls wait.

Everything that reaches the machine comes through here, whichever way in it took: in process, over
HTTP, or as a letter of a simulated worker.
"""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, ClassVar

from swfsim.core.events import Parked
from swfsim.core.machine import Machine
from swfsim.functions import Function, Invoker
from swfsim.spec import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.clock import Clock
    from swfsim.core.events import Attrs
    from swfsim.core.tasklists import TaskList
    from swfsim.core.world import Execution
    from swfsim.spec.behaviour import Behaviour
    from swfsim.spec.check import Params

REGION = "us-east-1"


class Service:
    """A machine with a clock. May be called from many threads at once.

    With a ``secret`` of its own, equal calls give equal answers, run ids and tokens included.
    Without one, equal calls give equal run ids, and no token of another service is taken for its
    own. ``poll_s`` is how long an empty poll is held on a clock that runs. ``made`` collects the
    services that are made while somebody, such as the pytest plugin, wants to look at them all.
    """

    made: ClassVar[list[Service] | None] = None
    _count: ClassVar[Iterator[int]] = itertools.count(1)

    def __init__(
        self,
        clock: Clock,
        *,
        secret: int | None = None,
        behaviour: Behaviour | None = None,
        poll_s: float = limits.LONG_POLL_S,
    ) -> None:
        self.clock = clock
        seal = f"service {next(self._count)}" if secret is None else f"secret {secret}"
        self.machine = Machine(secret=secret or 0, seal=seal, behaviour=behaviour)
        self.poll_s = poll_s
        self.lambda_functions: dict[str, Function] = {}
        self._invoker = Invoker(self.lambda_functions, clock, self._end_lambda)
        self._lock = threading.RLock()
        self._closed = False
        self._waiting: dict[TaskList, threading.Condition] = {}
        self._timekeeper = Timekeeper(self)
        if Service.made is not None:
            Service.made.append(self)

    def ask(
        self, operation: str, params: Params, region: str, *, again: bool = False
    ) -> Attrs | Parked:
        """Answer a call now; ``Parked`` for a poll that found nothing. Raises ``Fault``."""
        with self._lock:
            now = self.clock.now()
            self._expire(now)
            try:
                return self.machine.call(operation, params, now, region, again=again)
            finally:
                self._follow(now)

    def call(self, operation: str, params: Params, region: str = REGION) -> Attrs:
        """Answer a call; a poll waits for a task as long as the service would hold it."""
        with self._lock:  # from the look at the list until it waits there, nothing may arrive
            answer = self.ask(operation, params, region)
            if not isinstance(answer, Parked):
                return answer
            if self.clock.stands_still or self._closed:
                return self.empty(answer)
            return self._wait(operation, params, region, answer)

    def close(self) -> None:
        """Nobody will call again: polls that wait are answered that there is nothing."""
        with self._lock:
            self._closed = True
            for arrived in self._waiting.values():
                arrived.notify_all()

    def empty(self, parked: Parked) -> Attrs:
        """What a poll is answered that found nothing in time."""
        if self.machine.world.behaviour.empty_poll_token == "empty":
            return {"taskToken": "", **parked.empty}
        return parked.empty

    def expire(self) -> None:
        """Let happen what is due by now."""
        with self._lock:
            self._expire(self.clock.now())
            self._wake()

    def _expire(self, now: int) -> None:
        """Let happen what is due, and run the Lambda functions whose tasks begin on the way."""
        self.machine.expire(now)
        invocations = self.machine.world.invocations
        while invocations:
            self._invoker.invoke(*invocations.popleft())
            if not invocations:
                self.machine.expire(now)

    def _end_lambda(
        self, x: Execution, scheduled_id: int, result: str | None, reason: str, details: str
    ) -> None:
        """A Lambda function that ran on a thread of its own has ended."""
        with self._lock:
            now = self.clock.now()
            self._expire(now)
            self.machine.end_lambda(x, scheduled_id, result, reason, details)
            self._follow(now)

    def _follow(self, now: int) -> None:
        """What a call leads to by itself: on a clock that runs nobody else may come to see it."""
        if not self.clock.stands_still:
            self._expire(now)
        self._wake()

    def _wake(self) -> None:
        if self._waiting:
            self.wake()

    # Long polls

    def _wait(self, operation: str, params: Params, region: str, parked: Parked) -> Attrs:
        """Called under the lock, once, which is free while it waits."""
        until = time.monotonic() + self.poll_s
        waiting = parked.task_list
        arrived = self._waiting.setdefault(waiting, threading.Condition(self._lock))
        waiting.pollers += 1
        self._timekeeper.start()
        try:
            while (left := until - time.monotonic()) > 0 and not self._closed:
                arrived.wait(left)
                waiting.pollers -= 1  # it does not stand in its own way
                try:
                    answer = self.ask(operation, params, region, again=True)
                finally:
                    waiting.pollers += 1
                if not isinstance(answer, Parked):
                    return answer
            return self.empty(parked)
        finally:
            waiting.pollers -= 1
            if not waiting.pollers:
                del self._waiting[waiting]
                self._timekeeper.look()

    def wake(self) -> None:
        """Wake one parked poll for each task that has arrived, and the timekeeper if need be."""
        arrivals = self.machine.world.arrivals
        while arrivals:
            arrived = self._waiting.get(arrivals.pop())
            if arrived is not None:
                arrived.notify()
        self._timekeeper.look()

    @property
    def polls_wait(self) -> bool:
        return bool(self._waiting)


class Timekeeper:
    """Lets timers fire and tasks time out while polls wait and nobody calls.

    One thread, which lives as long as some poll is parked.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._changed = threading.Condition(service._lock)
        self._running = False
        self._waits_for: int | None = None

    def start(self) -> None:
        """Called under the service's lock."""
        if not self._running:
            self._running = True
            threading.Thread(target=self._run, name="swfsim timekeeper", daemon=True).start()

    def look(self) -> None:
        """Something may have come nearer, or the last poll may have gone."""
        if not self._running:
            return
        service = self._service
        due = service.machine.next_deadline()
        if not service.polls_wait or (
            due is not None and (self._waits_for is None or due < self._waits_for)
        ):
            self._changed.notify()

    def _run(self) -> None:
        service = self._service
        with self._changed:
            while service.polls_wait:
                due = self._waits_for = service.machine.next_deadline()
                pause = None if due is None else max(0.0, (due - service.clock.now()) / 1000)
                if pause is None or pause > 0:
                    self._changed.wait(pause)
                service.expire()
            self._running = False
