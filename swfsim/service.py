"""``Service``: the one door to the machine. Takes the time, keeps the lock, lets polls wait.

Everything that reaches the machine comes through here, whichever way in it took: in process, over
HTTP, or as a letter of a simulated worker. A poll that waits for a task holds a ``Ticket``; a
thread sleeps on its own, a server has thousands of them and is told by a callback.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, ClassVar, Protocol

from swfsim.core.events import Parked
from swfsim.core.machine import Machine
from swfsim.functions import Function, Invoker, Invokes
from swfsim.spec import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swfsim.clock import Clock
    from swfsim.core.events import Attrs
    from swfsim.core.tasklists import TaskList
    from swfsim.core.world import Execution
    from swfsim.spec.behaviour import Behaviour
    from swfsim.spec.check import Params

REGION = "us-east-1"


class Keeper(Protocol):
    """Writes down what cannot be had again, before anybody is answered; called under the lock."""

    def called(
        self, at: int, operation: str, params: Params, region: str, *, again: bool
    ) -> None: ...

    def lambda_ended(
        self, at: int, x: Execution, scheduled_id: int, result: str | None, *why: str
    ) -> None: ...


class Ticket:
    """A parked poll's place in the queue for its list; ``woken`` is called once, under the lock."""

    __slots__ = ("_service", "_woken", "called", "parked")

    def __init__(self, service: Service, parked: Parked, woken: Callable[[], None]) -> None:
        self.parked = parked
        self.called = False
        self._service = service
        self._woken = woken

    def wake(self) -> None:
        self.called = True
        self._woken()

    def leave(self) -> None:
        """Nobody waits here any more; a task that came for this poll is the next one's."""
        with self._service.lock:
            self._service._unpark(self)
            if self.called:
                self._service._wake_one(self.parked.task_list)


class Service:
    """A machine with a clock. May be called from many threads at once.

    With a ``secret`` of its own, equal calls give equal answers, run ids and tokens included.
    Without one, equal calls give equal run ids, and no token of another service is taken for its
    own. ``poll_s`` is how long an empty poll is held on a clock that runs. ``keeper`` is told of
    every call that was answered. With ``keeps_time`` what is due happens also while no poll waits.
    ``made`` collects the services that are made while somebody, such as the pytest plugin, wants to
    look at them all.
    """

    made: ClassVar[list[Service] | None] = None
    keeper: Keeper | None = None
    keeps_time = False
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
        self.invoker: Invokes = Invoker(self.lambda_functions, clock, self.end_lambda)
        self.lock = threading.RLock()
        self._closed = False
        self._waiting: dict[TaskList, deque[Ticket]] = {}
        self._timekeeper = Timekeeper(self)
        if Service.made is not None:
            Service.made.append(self)

    def ask(
        self, operation: str, params: Params, region: str, *, again: bool = False
    ) -> Attrs | Parked:
        """Answer a call now; ``Parked`` for a poll that found nothing. Raises ``Fault``."""
        with self.lock:
            now = self.clock.now()
            machine = self.machine
            world = machine.world
            if world.deadlines.soonest <= now or world.invocations:
                self._expire(now)
            try:
                answer = machine.call(operation, params, now, region, again=again)
                if self.keeper is not None and not isinstance(answer, Parked):
                    self.keeper.called(world.now, operation, params, region, again=again)
                return answer
            finally:
                if self._waiting or not self.clock.stands_still:
                    self._follow(now)

    def ask_or_park(
        self,
        operation: str,
        params: Params,
        region: str,
        woken: Callable[[], None],
        ticket: Ticket | None = None,
    ) -> Attrs | Ticket:
        """Answer a call now, or park it: a poll that found nothing gets a ``Ticket``.

        When there may be a task for it ``woken`` is called, maybe on another thread. Whoever waits
        then asks again, handing the ticket in, or lets it ``leave``.
        """
        with self.lock:
            if ticket is not None:
                self._unpark(ticket)
                if self._closed:
                    return self.empty(ticket.parked)
            answer = self.ask(operation, params, region, again=ticket is not None)
            if not isinstance(answer, Parked):
                return answer
            if self._closed or self.poll_s <= 0:
                return self.empty(answer)
            return self._park(answer, woken)

    def call(self, operation: str, params: Params, region: str = REGION) -> Attrs:
        """Answer a call; a poll waits for a task as long as the service would hold it."""
        with self.lock:  # from the look at the list until it waits there, nothing may arrive
            answer = self.ask(operation, params, region)
            if not isinstance(answer, Parked):
                return answer
            if self.clock.stands_still or self._closed:
                return self.empty(answer)
            return self._wait(operation, params, region, answer)

    def close(self) -> None:
        """Nobody will call again: polls that wait are answered that there is nothing."""
        with self.lock:
            self._closed = True
            for task_list, queue in list(self._waiting.items()):
                for _ in list(queue):
                    self._wake_one(task_list)
            self._timekeeper.look()

    def empty(self, parked: Parked) -> Attrs:
        """What a poll is answered that found nothing in time."""
        if self.machine.world.behaviour.empty_poll_token == "empty":
            return {"taskToken": "", **parked.empty}
        return parked.empty

    def expire(self) -> None:
        """Let happen what is due by now."""
        with self.lock:
            self._expire(self.clock.now())
            self._wake()

    def _expire(self, now: int) -> None:
        """Let happen what is due, and run the Lambda functions whose tasks begin on the way."""
        self.machine.expire(now)
        invocations = self.machine.world.invocations
        while invocations:
            self.invoker.invoke(*invocations.popleft())
            if not invocations:
                self.machine.expire(now)

    def end_lambda(
        self, x: Execution, scheduled_id: int, result: str | None, reason: str, details: str
    ) -> None:
        """A Lambda function that ran on a thread of its own has ended."""
        with self.lock:
            now = self.clock.now()
            self._expire(now)
            self.machine.end_lambda(x, scheduled_id, result, reason, details)
            if self.keeper is not None:
                at = self.machine.world.now
                self.keeper.lambda_ended(at, x, scheduled_id, result, reason, details)
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

    def _wait(self, operation: str, params: Params, region: str, answer: Attrs | Parked) -> Attrs:
        """Called under the lock, once, which is free while it waits."""
        until = time.monotonic() + self.poll_s
        arrived = threading.Condition(self.lock)
        while isinstance(answer, Parked):
            left = until - time.monotonic()
            if left <= 0 or self._closed:
                return self.empty(answer)
            ticket = self._park(answer, arrived.notify)
            try:
                arrived.wait(left)
            except BaseException:  # the thread is told to stop
                ticket.leave()
                raise
            self._unpark(ticket)
            answer = self.ask(operation, params, region, again=True)
        return answer

    def _park(self, parked: Parked, woken: Callable[[], None]) -> Ticket:
        ticket = Ticket(self, parked, woken)
        self._waiting.setdefault(parked.task_list, deque()).append(ticket)
        parked.task_list.pollers += 1
        self._timekeeper.start()
        return ticket

    def _unpark(self, ticket: Ticket) -> None:
        task_list = ticket.parked.task_list
        task_list.pollers -= 1
        if not ticket.called:
            self._waiting[task_list].remove(ticket)
            self._drop_if_empty(task_list)

    def _drop_if_empty(self, task_list: TaskList) -> None:
        if not self._waiting[task_list]:
            del self._waiting[task_list]
            self._timekeeper.look()

    def _wake_one(self, task_list: TaskList) -> None:
        """Let the poll that has waited longest ask again."""
        queue = self._waiting.get(task_list)
        if queue:
            ticket = queue.popleft()
            self._drop_if_empty(task_list)
            ticket.wake()

    def wake(self) -> None:
        """Wake one parked poll for each task that has arrived, and the timekeeper if need be."""
        arrivals = self.machine.world.arrivals
        while arrivals:
            self._wake_one(arrivals.pop())
        self._timekeeper.look()

    @property
    def polls_wait(self) -> bool:
        return bool(self._waiting)

    @property
    def parked_polls(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def time_matters(self) -> bool:
        """Whether somebody would miss what time brings, though nobody calls."""
        return bool(self._waiting) or (self.keeps_time and not self._closed)

    def real_s(self, at: int) -> float:
        """How many seconds it will take, on a clock that runs, until this instant."""
        return (at - self.clock.now()) / self.clock.rate / 1000


class Timekeeper:
    """Lets timers fire and tasks time out while polls wait and nobody calls.

    One thread, which begins with the first parked poll and lives as long as time matters.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._changed = threading.Condition(service.lock)
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
        if not service.time_matters or (
            due is not None and (self._waits_for is None or due < self._waits_for)
        ):
            self._changed.notify()

    def _run(self) -> None:
        service = self._service
        with self._changed:
            while service.time_matters:
                due = self._waits_for = service.machine.next_deadline()
                pause = None if due is None else max(0.0, service.real_s(due))
                if pause is None or pause > 0:
                    self._changed.wait(pause)
                service.expire()
            self._running = False
