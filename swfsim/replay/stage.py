"""The stage of a re-enactment: a machine on which nothing happens by itself, and its nouns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from swfsim.core import activities
from swfsim.core.events import Event, Outcome, refused
from swfsim.core.machine import Machine
from swfsim.core.tables import DEADLINES
from swfsim.replay import decisions
from swfsim.spec import model, quick
from swfsim.spec.behaviour import Behaviour, Quotas

if TYPE_CHECKING:
    from swfsim.core.events import Attrs
    from swfsim.core.tables import Reaction
    from swfsim.core.world import Domain, Execution
    from swfsim.replay.histories import Captured

DOMAIN: Final = "reenacted"

_MANY: Final = 10**9

_ACTIVITY_ENDS: Final = frozenset(
    f"ActivityTask{how}" for how in ("Completed", "Failed", "TimedOut", "Canceled")
)


OWN_CAUSES: Final = frozenset(
    {
        "UNHANDLED_DECISION",
        "ACTIVITY_ID_ALREADY_IN_USE",
        "ACTIVITY_ID_UNKNOWN",
        "TIMER_ID_ALREADY_IN_USE",
        "TIMER_ID_UNKNOWN",
    }
)
"""Causes that follow from the history itself; the machine has to find them."""


_UNLIMITED: Final = {
    kind: {
        name: "NONE"
        for name in model.members(model.operation(kind).input_shape)
        if name.endswith("Timeout")
    }
    for kind in ("RegisterWorkflowType", "RegisterActivityType")
}
"""Defaults for the limits that a history leaves out."""


class Stage(Machine):
    """A machine on which nothing happens by itself: time is let through event by event.

    ``forced`` are causes of refusal for the decisions of the next answer; ``held`` are unstarted
    activities that the service will cancel a little later than it was asked to.
    """

    request_bytes_max = _MANY  # decisions read from events show more than was sent

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(behaviour=behaviour)
        self.forced: list[str | None] = []
        self.held: frozenset[int] = frozenset()

    def expire(self, now: int) -> None:
        self.world.now = max(self.world.now, now)

    def fire(self, kind: str, x: Execution, key: Any) -> None:
        """Let one deadline come true now."""
        DEADLINES[kind].fire(self, x, key)
        self.settle()

    def react(self, react: Reaction, x: Execution, event: Event) -> None:
        if react is activities.cancel_unstarted:
            task = x.activity_ids.get(event.attrs["activityId"])
            if task is not None and task.scheduled_id in self.held:
                return
        super().react(react, x, event)

    def decide(self, x: Execution, decision: Attrs) -> Outcome:
        """A cause that only the account explains is taken as recorded."""
        cause = self.forced.pop(0) if self.forced else None
        if cause is None:
            return super().decide(x, decision)
        shown = model.members(model.event_shape(model.REFUSAL[decision["decisionType"]]))
        return refused(cause, **({"initiatedEventId": 0} if "initiatedEventId" in shown else {}))


def _events_max(captured: Captured) -> int:
    """The limit that ended the run, if one did: the service does not keep it to the event."""
    last = captured.events[-1]
    return last.id - 1 if last.attrs.get("cause") == "EVENT_LIMIT_EXCEEDED" else _MANY


class Scene:
    """One captured history on the stage: the execution so far, and the tokens that workers hold."""

    def __init__(self, captured: Captured) -> None:
        self.captured = captured
        self.events = captured.events
        self.machine = Stage(
            Behaviour(
                follow_up_ms=_MANY,
                heartbeat_mandatory=False,
                quotas=Quotas(
                    open_activities=_MANY,
                    open_timers=_MANY,
                    open_children=_MANY,
                    open_lambdas=_MANY,
                    events=_events_max(captured),
                    decisions=_MANY,
                ),
            )
        )
        self._ends = {
            event.attrs["scheduledEventId"]: event
            for event in captured.events
            if event.kind in _ACTIVITY_ENDS
        }
        self.machine.held = frozenset(
            scheduled_id for scheduled_id, end in self._ends.items() if self._cancelled_later(end)
        )
        self.x: Execution | None = None
        self.activity_tokens: dict[int, str] = {}
        self.decision_token = ""

    @property
    def region(self) -> Any:
        return self.machine.world.region("us-east-1")

    @property
    def domain(self) -> Domain:
        found: Domain = self.region.domain(DOMAIN)
        return found

    def call(self, operation: str, **params: Any) -> Any:
        """An API call at the present instant. What the capture shows was taken by the service, so
        its form is not judged."""
        return self.machine.call(operation, quick.Checked(params), self.machine.world.now)

    def answer(self, decided: list[Attrs], forced: list[str | None]) -> None:
        """Decisions that no capture shows, of good form, for the open decision task, under the
        service's own limits of one answer. ``forced`` are causes for which it refuses single ones.
        Raises ``Fault``."""
        machine, behaviour = self.machine, self.machine.world.behaviour
        quotas = replace(behaviour.quotas, decisions=Quotas().decisions)
        machine.world.behaviour = replace(behaviour, quotas=quotas)
        machine.request_bytes_max = Machine.request_bytes_max
        machine.forced = forced
        self.call("RespondDecisionTaskCompleted", taskToken=self.decision_token, decisions=decided)

    def set(self) -> None:
        """A domain with every type that the history shows to be there."""
        self.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="90")
        seen: set[tuple[str, str, str]] = set()
        for event in self.events:
            if event.kind in model.REFUSAL.values() and event.attrs["cause"] not in OWN_CAUSES:
                continue
            for member, kind in (
                ("workflowType", "RegisterWorkflowType"),
                ("activityType", "RegisterActivityType"),
            ):
                named = event.attrs.get(member)
                if named and (kind, named["name"], named["version"]) not in seen:
                    seen.add((kind, named["name"], named["version"]))
                    self.call(kind, domain=DOMAIN, **named, **_UNLIMITED[kind])

    def _cancelled_later(self, end: Event) -> bool:
        """Whether the service cancelled an unstarted activity by itself, and not at once behind the
        batch in which a decider had asked it to."""
        asked_id = end.attrs.get("latestCancelRequestedEventId", 0)
        if end.kind != "ActivityTaskCanceled" or end.attrs["startedEventId"] or not asked_id:
            return False
        between = self.events[asked_id - 1 : end.id]
        return any(
            one.at != between[0].at
            or not (decisions.is_direct(one) or one.kind == "ActivityTaskCanceled")
            for one in between
        )

    def keep_alive(self, event: Event) -> None:
        """Beat for every activity, up to where its heartbeat must have stopped."""
        assert self.x is not None, "called on a started run"
        for task in self.x.activities.values():
            if task.heartbeat is None or not task.started_id:
                continue
            end = self._ends.get(task.scheduled_id)
            if end is not None and end.attrs.get("timeoutType") == "HEARTBEAT":
                task.beaten_at = max(task.started_at, end.at - task.heartbeat)
            else:
                task.beaten_at = max(task.beaten_at, event.at)
