"""``Cluster``: a crew on a Dask cluster. Needs the extra ``cluster``.

Each worker of the cluster keeps a process for each of its threads, which makes the runs. Dask
shares out the packets, and gives those of a worker that is gone to another. A result is gathered
once, however often its packet was run.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from swfsim.errors import HarnessError
from swfsim.explore.hand import Hand, HandDiedError
from swfsim.explore.places import KINDS
from swfsim.explore.pool import DEATHS_MAX, dead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from swfsim.explore.crew import Begin, Packet
    from swfsim.explore.places import Kind
    from swfsim.explore.trial import Outcome

CONNECT_S: Final = 10.0
"""Real seconds in which a scheduler has to answer, and to have a worker."""


class Cluster:
    """The workers of the cluster whose scheduler is at ``address``, as ``tcp://host:8786``."""

    def __init__(
        self, address: str, app: str, given: Any, seed: int, kinds: Sequence[Kind] = KINDS
    ) -> None:
        self._address = address
        self._begin: Begin = (app, given, seed, tuple(kinds))
        self._sweep = uuid.uuid4().hex
        self._client: Any = None
        self._distributed: Any = None

    def __enter__(self) -> Cluster:
        """Raises ``HarnessError`` without the extra, a scheduler or a worker."""
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError as error:
            raise HarnessError(
                f"a cluster needs the extra cluster ({error}): pip install 'swfsim[cluster]'"
            ) from error
        self._distributed = distributed
        try:
            distributed.comm.get_address_host_port(self._address)  # its client hangs on bad ones
            self._client = distributed.Client(
                self._address, timeout=CONNECT_S, set_as_default=False
            )
        except (OSError, ValueError, TypeError) as error:
            raise HarnessError(
                f"no Dask scheduler answers at {self._address} ({_sentence(error)}): start one "
                "with dask scheduler, and name the address that it prints"
            ) from error
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError as error:
            self._client.close()
            raise HarnessError(
                f"the Dask cluster at {self._address} has no workers: start some with "
                f"dask worker {self._address}, where swfsim and the application are installed"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(Exception):  # a cluster that is gone has nothing to end
            self._client.run(end_hands, self._sweep, on_error="ignore")
        self._client.close()

    def outcomes(
        self, packets: Sequence[Packet], known: frozenset[int], *, last: bool
    ) -> Iterator[Outcome]:
        waiting = deque(packets)
        under_way: dict[Any, Packet] = {}
        deaths = 0
        try:
            while waiting or under_way:
                self._hand_out(waiting, under_way, known, last)
                for future in self._finished(under_way):
                    packet = under_way.pop(future)
                    try:
                        outcomes = self._result(future)
                    except (HandDiedError, self._distributed.KilledWorker) as error:
                        deaths += 1
                        if deaths > DEATHS_MAX:
                            raise HarnessError(
                                dead(deaths, f"with {len(waiting) + 1} packets of runs left")
                            ) from error
                        waiting.appendleft(packet)
                        continue
                    left = packet.behind(outcomes)
                    if left.placements:
                        waiting.appendleft(left)
                    yield from outcomes
        finally:
            self._client.cancel(list(under_way))

    def _hand_out(
        self,
        waiting: deque[Packet],
        under_way: dict[Any, Packet],
        known: frozenset[int],
        last: bool,
    ) -> None:
        """Two packets for each thread of the cluster, which may grow and shrink."""
        most = 2 * max(1, sum(self._client.nthreads().values()))
        while waiting and len(under_way) < most:
            packet = waiting.popleft()
            asked = (make, self._sweep, self._begin, packet, known, last)
            under_way[self._client.submit(*asked, pure=False)] = packet

    def _finished(self, under_way: dict[Any, Packet]) -> list[Any]:
        with self._client.as_current():
            ended = self._distributed.wait(list(under_way), return_when="FIRST_COMPLETED")
        return list(ended.done)

    def _result(self, future: Any) -> list[Outcome]:
        try:
            outcomes: list[Outcome] = future.result()
        except (OSError, self._distributed.CancelledError) as error:
            raise HarnessError(
                f"the Dask cluster at {self._address} is lost ({_sentence(error)}): what came back "
                "is in the file, if one was named"
            ) from error
        except ModuleNotFoundError as error:
            raise HarnessError(
                f"a worker of the Dask cluster lacks a module ({error}): install swfsim and the "
                "application there, in equal versions"
            ) from error
        return outcomes


def _sentence(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


# In a worker of the cluster

_lock = threading.Lock()
_idle: dict[str, list[Hand]] = {}


def make(
    sweep: str, begin: Begin, packet: Packet, known: frozenset[int], last: bool
) -> list[Outcome]:
    """The outcomes of a packet's first placements, made by a process of this worker's."""
    with _lock:
        for other in [one for one in _idle if one != sweep]:  # it may have loaded older code
            _end(_idle.pop(other))
        hands = _idle.setdefault(sweep, [])
        hand = hands.pop() if hands else None
    hand = hand or Hand(begin)
    outcomes = hand.work(packet, known, last)
    with _lock:
        _idle.setdefault(sweep, []).append(hand)
    return outcomes


def end_hands(sweep: str) -> None:
    """The sweep is over."""
    with _lock:
        _end(_idle.pop(sweep, []))


def _end(hands: list[Hand]) -> None:
    for hand in hands:
        hand.end()
