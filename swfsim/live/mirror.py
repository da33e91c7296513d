"""``Mirror``: the executions of a live service, followed by their histories.

Events read from the service are given to the machine's own effects, so an execution here has the
same members as one in a simulation: stories, faults and reports read it alike.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from swfsim.core.machine import Machine
from swfsim.core.tables import EFFECTS
from swfsim.core.world import Execution
from swfsim.replay import histories

if TYPE_CHECKING:
    from swfsim.core.events import Event
    from swfsim.core.world import Domain
    from swfsim.sim.post import Observer

Read = Callable[..., Any]
"""GetWorkflowExecutionHistory of a client that is not under the door."""

_SWF: Final = "SWF"
_REGION: Final = "us-east-1"


class Mirror:
    """Executions by run id. ``refresh`` reads what is new and tells the observers."""

    def __init__(self, domain: str, read: Read) -> None:
        self._name = domain
        self._read = read
        self._machine = Machine()
        self.executions: dict[str, Execution] = {}
        self.observers: list[Observer] = []
        self.lock = threading.RLock()
        self._attempts: dict[tuple[str, str], int] = {}
        self._attempt_of: dict[tuple[str, int], int] = {}
        self._decisions: dict[str, int] = {}

    def _domain(self) -> Domain:
        region = self._machine.world.region(_REGION)
        if self._name not in region.domains:
            asked = {"name": self._name, "workflowExecutionRetentionPeriodInDays": "1"}
            self._machine.call("RegisterDomain", asked, 0, _REGION)
        found: Domain = region.domain(self._name)
        return found

    def follow(self, workflow_id: str, run_id: str) -> Execution:
        """From now on this run is followed too."""
        with self.lock:
            x = self.executions.get(run_id)
            if x is None:
                x = self.executions[run_id] = Execution(self._domain(), workflow_id, run_id)
            self.refresh(x)
            return x

    def refresh_open(self) -> None:
        """Look at every run that is open, and at those that they lead to."""
        for x in list(self.executions.values()):
            if x.open:
                self.refresh(x)

    def refresh(self, x: Execution) -> None:
        """Read the events of a run that are new."""
        with self.lock:
            page = self._read(
                domain=self._name,
                execution={"workflowId": x.workflow_id, "runId": x.run_id},
            )
            events = list(page["events"])
            while page.get("nextPageToken"):
                page = self._read(
                    domain=self._name,
                    execution={"workflowId": x.workflow_id, "runId": x.run_id},
                    nextPageToken=page["nextPageToken"],
                )
                events += page["events"]
            if len(events) > len(x.events):
                [captured] = histories.parse({"events": events}, "history")
                for event in captured.events[len(x.events) :]:
                    self._see(x, event)

    def _see(self, x: Execution, event: Event) -> None:
        x.events.append(event)
        effect = EFFECTS.get(event.kind)
        if effect is not None:
            effect(x, event)
        self._count(x, event)
        for observe in self.observers:
            observe(x, event, _who(x, event))
        if event.kind == "ChildWorkflowExecutionStarted":
            child = event.attrs["workflowExecution"]
            self.follow(child["workflowId"], child["runId"])
        elif event.kind == "WorkflowExecutionContinuedAsNew":
            self.follow(x.workflow_id, event.attrs["newExecutionRunId"])

    def _count(self, x: Execution, event: Event) -> None:
        if event.kind == "ActivityTaskScheduled":
            key = (x.workflow_id, event.attrs["activityType"]["name"])
            self._attempts[key] = self._attempts.get(key, 0) + 1
            self._attempt_of[x.run_id, event.id] = self._attempts[key]
        elif event.kind == "DecisionTaskStarted":
            self._decisions[x.workflow_id] = self._decisions.get(x.workflow_id, 0) + 1

    def attempt_of(self, x: Execution, scheduled_id: int) -> int:
        """How often this activity's type had been scheduled in its workflow id, itself included."""
        return self._attempt_of[x.run_id, scheduled_id]

    def decision_of(self, x: Execution) -> int:
        """Which decision task of the workflow id was started last."""
        return self._decisions[x.workflow_id]


def _who(x: Execution, event: Event) -> str:
    """Who brought an event about, as far as the history tells: the identity of a poll."""
    decided = event.attrs.get("decisionTaskCompletedEventId")
    if decided:
        event = x.events[decided - 1]
    started = event.attrs.get("startedEventId")
    if event.kind.endswith(("TaskCompleted", "TaskFailed", "TaskCanceled")) and started:
        return str(x.events.attrs[started - 1].get("identity", _SWF))
    return str(event.attrs.get("identity", _SWF))
