"""What a live run may use, and what that costs at most.

Prices are those of the first region on the Amazon SWF price page; the free tier is left out, so the
figure is a bound.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Mapping

EXECUTION_USD: Final = 0.0001
TASK_USD: Final = 0.000025
"""A decision task, an activity task, a timer, a signal or a marker."""
DAY_USD: Final = 0.000005
"""An execution kept open or retained, for each day."""

_COUNTED: Final = {
    "StartWorkflowExecution": "executions",
    "SignalWorkflowExecution": "signals",
}
_POLLS: Final = ("PollForDecisionTask", "PollForActivityTask")
_DECIDED: Final = {
    "StartChildWorkflowExecution": "executions",
    "ContinueAsNewWorkflowExecution": "executions",
    "StartTimer": "timers",
    "SignalExternalWorkflowExecution": "signals",
    "RecordMarker": "signals",
}


class Use(NamedTuple):
    """How many executions, tasks of both kinds, timers, and signals or markers."""

    executions: int = 0
    tasks: int = 0
    timers: int = 0
    signals: int = 0

    def times(self, count: int) -> Use:
        return Use(*(one * count for one in self))

    def usd(self, days: float = 1) -> float:
        """What it costs, with executions kept for so many days."""
        smaller = self.tasks + self.timers + self.signals
        return self.executions * (EXECUTION_USD + DAY_USD * days) + smaller * TASK_USD

    def __str__(self) -> str:
        return (
            f"{self.executions:,} executions, {self.tasks:,} tasks, {self.timers:,} timers, "
            f"{self.signals:,} signals and markers"
        )


STORY: Final = Use(executions=20, tasks=400, timers=50, signals=50)
"""What one story may use; a call beyond it is refused."""


@dataclass
class Meter:
    """Counts what a story uses, and refuses what goes beyond its bound."""

    bound: Use = STORY
    _used: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def used(self) -> Use:
        return Use(**self._used)

    def before(self, operation: str, params: Mapping[str, Any]) -> None:
        """Count a call that is about to be made. Raises ``HarnessError`` beyond the bound."""
        if operation in _COUNTED:
            self._add(_COUNTED[operation])
        for decision in params.get("decisions", ()):
            member = _DECIDED.get(str(decision.get("decisionType")))
            if member:
                self._add(member)

    def after(self, operation: str, answer: Mapping[str, Any]) -> None:
        """Count a task that a poll has brought; it is there, whatever the bound says."""
        if answer.get("taskToken") and operation in _POLLS:
            self._add("tasks")

    def _add(self, member: str) -> None:
        with self._lock:
            count = self._used[member] = self._used.get(member, 0) + 1
        if count > getattr(self.bound, member):
            raise HarnessError(
                f"a story may use {self.bound} on a live service, and this one goes beyond its "
                f"{member}: it is stopped before it costs more"
            )
