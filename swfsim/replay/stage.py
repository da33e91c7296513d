"""The stage of a re-enactment: a machine on which nothing happens by itself, and its nouns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swfsim.core.events import Event, Outcome, refused
from swfsim.core.machine import Machine
from swfsim.core.tables import DEADLINES
from swfsim.spec import model
from swfsim.spec.behaviour import Behaviour, Quotas

if TYPE_CHECKING:
    from swfsim.core.events import Attrs
    from swfsim.core.world import Activity, Domain, Execution
    from swfsim.replay.histories import Captured

DOMAIN: Final = "reenacted"

_MANY: Final = 10**9

_ACTIVITY_ENDS: Final = frozenset(
    f"ActivityTask{how}" for how in ("Completed", "Failed", "TimedOut", "Canceled")
)


class Stage(Machine):
    """A machine on which nothing happens by itself: time is let through event by event."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(behaviour=behaviour)
        self.forced: list[str | None] = []

    def expire(self, now: int) -> None:
        self.world.now = max(self.world.now, now)

    def fire(self, kind: str, x: Execution, key: Any) -> None:
        """Let one deadline come true now."""
        DEADLINES[kind].fire(self, x, key)
        self.settle()

    def decide(self, x: Execution, decision: Attrs) -> Outcome:
        """A cause that only the account explains is taken as recorded."""
        cause = self.forced.pop(0) if self.forced else None
        if cause is None:
            return super().decide(x, decision)
        shown = model.members(model.event_shape(model.REFUSAL[decision["decisionType"]]))
        return refused(cause, **({"initiatedEventId": 0} if "initiatedEventId" in shown else {}))


class Scene:
    """One captured history on the stage: the execution so far, and the tokens that workers hold."""

    def __init__(self, captured: Captured) -> None:
        self.captured = captured
        self.events = captured.events
        shows_limit = any(
            "scheduleToStartTimeout" in event.attrs
            for event in captured.events
            if event.kind == "DecisionTaskScheduled"
        )
        self.machine = Stage(
            Behaviour(
                follow_up_ms=_MANY,
                decision_schedule_to_start=shows_limit,
                heartbeat_mandatory=False,
                quotas=Quotas(
                    open_activities=_MANY, open_timers=_MANY, open_children=_MANY, events=_MANY
                ),
            )
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
        """An API call at the present instant."""
        return self.machine.call(operation, params, self.machine.world.now)

    def set(self) -> None:
        """A domain with every type that the history shows to be there."""
        self.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="90")
        seen: set[tuple[str, str, str]] = set()
        for event in self.events:
            if event.kind in model.REFUSAL.values():
                continue
            for member, kind in (
                ("workflowType", "RegisterWorkflowType"),
                ("activityType", "RegisterActivityType"),
            ):
                named = event.attrs.get(member)
                if named and (kind, named["name"], named["version"]) not in seen:
                    seen.add((kind, named["name"], named["version"]))
                    self.call(kind, domain=DOMAIN, **named)

    def keep_alive(self, event: Event) -> None:
        """Beat for every activity, up to where its heartbeat must have stopped."""
        assert self.x is not None, "called on a started run"
        for task in self.x.activities.values():
            if task.heartbeat is None or not task.started_id:
                continue
            end = self._end_of(task)
            if end is not None and end.attrs.get("timeoutType") == "HEARTBEAT":
                task.beaten_at = max(task.started_at, end.at - task.heartbeat)
            else:
                task.beaten_at = max(task.beaten_at, event.at)

    def _end_of(self, task: Activity) -> Event | None:
        """The event in the capture that ends an activity."""
        for number in range(task.started_id, len(self.events)):
            if (
                self.events.attrs[number].get("scheduledEventId") == task.scheduled_id
                and self.events.kinds[number] in _ACTIVITY_ENDS
            ):
                return self.events[number]
        return None
