"""Decisions that SWF is made to refuse, by the number of their task: once, or from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swfsim.sim.faults import concerns
from swfsim.sim.strikes import Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swfsim.core.events import Attrs
    from swfsim.core.world import Execution
    from swfsim.sim.faults import DecisionFault
    from swfsim.sim.strikes import Strikes


class Refusals:
    """The refusals of a plan. ``read`` reads the input of an execution, for ``only=``."""

    def __init__(self, strikes: Strikes, read: Callable[[str], Any]) -> None:
        self._faults: list[DecisionFault] = []
        self._done: set[tuple[str, int]] = set()  # (run, decision task) that was refused one
        self._strikes = strikes
        self._read = read

    def __iter__(self) -> Iterator[tuple[DecisionFault, int]]:
        return ((fault, number) for fault in self._faults for number in fault.decisions)

    def add(self, fault: DecisionFault) -> None:
        self._faults.append(fault)

    def cause(self, x: Execution, decision: Attrs, number: int) -> str | None:
        """The cause for which SWF refuses a decision of the ``number``-th decision task."""
        for fault in self._faults:
            if fault.onwards:
                at = fault.decisions[0]
                here = number >= at
            else:
                at = number
                here = number in fault.decisions and (x.run_id, number) not in self._done
            decision_type, cause = fault.detail.split(" ")
            if here and self._wants(fault, x, at) and decision_type == decision["decisionType"]:
                self._done.add((x.run_id, number))
                self._strikes.note(fault, at, Reach.ACTED)
                return cause
        return None

    def _wants(self, fault: DecisionFault, x: Execution, number: int) -> bool:
        given = x.started.get("input", "")
        if concerns(fault.only, x, self._read):
            self._strikes.note(fault, number, Reach.ARRIVED)
            return True
        self._strikes.pass_by(fault, number, given)
        return False
