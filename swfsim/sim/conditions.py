"""Faults that hold for a whole run: a clock that is wrong, listings that lag behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swfsim.sim.faults import ClockSkew, ListingLag, known
from swfsim.sim.strikes import Reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swfsim.sim.strikes import Strikes


class Conditions:
    """Those of a plan. They have struck once somebody looked at the clock, or asked for a list."""

    def __init__(self, strikes: Strikes) -> None:
        self._skews: dict[str, ClockSkew] = {}
        self._lag: ListingLag | None = None
        self._strikes = strikes

    def __iter__(self) -> Iterator[ClockSkew | ListingLag]:
        yield from self._skews.values()
        if self._lag is not None:
            yield self._lag

    def add(self, fault: ClockSkew | ListingLag) -> ClockSkew | ListingLag | None:
        """Gives the fault that is there already, if there is one, and then adds nothing."""
        if isinstance(fault, ClockSkew):
            there = self._skews.setdefault(fault.worker, fault)
            return there if there is not fault else None
        if self._lag is not None:
            return self._lag
        self._lag = fault
        return None

    def check_workers(self, workers: Iterable[str]) -> None:
        """Raises ``HarnessError`` for the clock of somebody else."""
        for name in self._skews:
            known(name, workers, "worker of this application")

    def skew_ms(self, worker: str) -> int:
        """By how much the clock of this worker is ahead."""
        fault = self._skews.get(worker)
        return self._acts(fault) if fault is not None else 0

    def lag_ms(self) -> int:
        """How long List, Count and Describe do not know of a start or a close."""
        return self._acts(self._lag) if self._lag is not None else 0

    def _acts(self, fault: ClockSkew | ListingLag) -> int:
        self._strikes.note(fault, 1, Reach.ACTED)
        return round(fault.seconds * 1000)
