"""Long polls on an event loop: parked ones cost a future each, and nothing while they wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from swfsim.service import Ticket

if TYPE_CHECKING:
    from swfsim.core.events import Attrs
    from swfsim.service import Service

Receive = Callable[[], Awaitable[dict[str, Any]]]
"""ASGI's, after the request's body: what comes next is that the client is gone."""


async def answer(
    service: Service, operation: str, params: Attrs, region: str, receive: Receive
) -> Attrs | None:
    """What a poll is answered: a task, or after the service's ``poll_s`` that there is none.

    None when the client went away: then no task is taken for it. Raises ``Fault``.
    """
    loop = asyncio.get_running_loop()
    alarm = _Alarm(loop)
    found = service.ask_or_park(operation, params, region, alarm.ring_from_anywhere)
    if not isinstance(found, Ticket):
        return found
    ticket = found
    gone = asyncio.ensure_future(receive())
    gone.add_done_callback(lambda _: alarm.ring())
    over = loop.call_later(service.poll_s, alarm.ring_for_good)
    try:
        while True:
            await alarm.rung()
            if gone.done():
                ticket.leave()
                return None
            found = service.ask_or_park(operation, params, region, alarm.ring_from_anywhere, ticket)
            if not isinstance(found, Ticket):
                return found
            ticket = found
            if alarm.rings_for_good:  # the loop's clock may say that it is a little early
                ticket.leave()
                return service.empty(ticket.parked)
    except asyncio.CancelledError:
        ticket.leave()
        raise
    finally:
        over.cancel()
        gone.cancel()


class _Alarm:
    """Wakes one coroutine, as often as it is rung."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._bell = asyncio.Event()
        self.rings_for_good = False

    def ring_for_good(self) -> None:
        """The time is up."""
        self.rings_for_good = True
        self._bell.set()

    def ring(self) -> None:
        self._bell.set()

    def ring_from_anywhere(self) -> None:
        self._loop.call_soon_threadsafe(self._bell.set)

    async def rung(self) -> None:
        """Wait until it rings, and then until the loop has heard who has hung up just before."""
        await self._bell.wait()
        self._bell.clear()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
