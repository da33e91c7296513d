"""Faults that are named by a worker's call: which of its calls it is, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from swfsim.sim.faults import CallFault, Crash, known
from swfsim.sim.strikes import Reach
from swfsim.spec.faults import OUTAGES, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swfsim.sim.strikes import Strikes
    from swfsim.sim.workers import Letter, Worker


class Treatment(NamedTuple):
    """What becomes of a letter: whether it reaches SWF, and reaches it twice, whether the answer
    returns, or what error does instead, when, and whether the worker lives to see it."""

    reaches: bool = True
    returns: bool = True
    kills: bool = False
    delay_ms: int = 0
    twice: bool = False
    error: Exception | None = None


DELIVER: Final = Treatment()
LOSE: Final = Treatment(reaches=False, returns=False)
KILL_BEFORE: Final = Treatment(reaches=False, kills=True)
KILL_AFTER: Final = Treatment(kills=True)


_OUTAGES: Final = {"throttled": "ThrottlingException", "server error": "InternalFailure"}

_FAILURES: Final = {
    "never arrives": LOSE,
    "answer lost": Treatment(returns=False),
    "sent twice": Treatment(twice=True),
}


class Calls:
    """The faults of a plan that are named by call."""

    def __init__(self, strikes: Strikes) -> None:
        self._faults: dict[tuple[str, str, int], Crash | CallFault] = {}
        self._count: dict[tuple[str, str], int] = {}
        self._strikes = strikes
        self._cut_off: frozenset[str] = frozenset()
        self._until = 0
        self.reached_from = 0
        """The instant from which on everybody reaches SWF for good."""

    def __iter__(self) -> Iterator[Crash | CallFault]:
        return iter(self._faults.values())

    def add(self, fault: Crash | CallFault) -> Crash | CallFault | None:
        """Gives the fault that is at this call already, if there is one, and then adds nothing."""
        key = (fault.worker, fault.operation, fault.nth)
        if key in self._faults:
            return self._faults[key]
        self._faults[key] = fault
        return None

    def check_workers(self, workers: Iterable[str]) -> None:
        """Raises ``HarnessError`` for a fault of somebody else."""
        for fault in self:
            known(fault.worker, workers, "worker of this application")

    def at(self, worker: Worker, letter: Letter) -> Crash | CallFault | None:
        """The fault at this call."""
        return self._faults.get(self.place(worker, letter)) if self._faults else None

    def place(self, worker: Worker, letter: Letter) -> tuple[str, str, int]:
        """Whose call it is, of what operation, and its how-manieth. A poll that has waited comes by
        again, and is still the same call."""
        key = (worker.process.name, letter.operation)
        if not letter.nth:
            self._count[key] = letter.nth = self._count.get(key, 0) + 1
        return (*key, letter.nth)

    def cut_off(self, workers: Iterable[str], until: int) -> None:
        """Calls of these workers arrive only at this instant, whenever they are made before."""
        self._cut_off = frozenset(workers)
        self._until = until
        self.reached_from = max(self.reached_from, until)

    def treat(self, worker: Worker, letter: Letter, now: int) -> Treatment | None:
        """What becomes of a letter; None if no fault is there."""
        place = self.place(worker, letter)
        if now < self._until and worker.process.name in self._cut_off:
            return Treatment(delay_ms=self._until - now)
        fault = self._faults.get(place) if self._faults else None
        if fault is None:
            return None
        if isinstance(fault, Crash):
            worker.process.restart_after_s = fault.restart_after_s
            return KILL_BEFORE if fault.moment == "before" else KILL_AFTER
        if fault.how in _OUTAGES:  # made anew: an error that is raised keeps its whole world alive
            code = _OUTAGES[fault.how]
            return Treatment(reaches=False, error=Fault(code, OUTAGES[code]))
        return _FAILURES[fault.how]

    def befell(self, worker: Worker, letter: Letter) -> None:
        """It has happened: only now, since a poll may wait for ever to be answered."""
        fault = self.at(worker, letter)
        if fault is not None:
            self._strikes.note(fault, fault.nth, Reach.ACTED)

    def cut_off_ms(self, now: int) -> int:
        """For how long nobody's calls arrive from now on."""
        return max(0, self._until - now)
