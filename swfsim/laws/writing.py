"""``Writing``: a history that is written anew, event by event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swfsim.core.events import Event, History
from swfsim.core.tables import TRIGGERS
from swfsim.debug.references import references
from swfsim.replay import decisions
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Writing:
    """A history that is written, event by event; what is taken over keeps its references."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.written = History()
        self._number: dict[int, int] = {}  # of an event taken over → where it stands now
        self.go_on(events)

    @property
    def last(self) -> Event:
        return self.written[-1]

    def add(self, kind: str, at: int, attrs: Mapping[str, Any]) -> None:
        self.written.append(Event(len(self.written) + 1, at, kind, dict(attrs)))

    def go_on(self, events: Iterable[Event]) -> None:
        """Take events over."""
        for event in events:
            moved = {
                name: self._number.get(event.attrs[name], event.attrs[name])
                for name in references(event.kind)
                if name in event.attrs
            }
            self.add(event.kind, event.at, {**event.attrs, **moved})
            self._number[event.id] = len(self.written)

    def go_on_and_ask(self, events: Iterable[Event], started: Event, at: int) -> None:
        """Take events over, queue a decision task behind the first that calls for one, and let it
        start behind the last, at the instant ``at``."""
        scheduled = 0
        for event in events:
            self.go_on([event])
            if event.kind in TRIGGERS and not scheduled:
                self.add("DecisionTaskScheduled", event.at, self._settings())
                scheduled = self.last.id
        self.add(started.kind, at, {**started.attrs, "scheduledEventId": scheduled})

    def _settings(self) -> Mapping[str, Any]:
        """What the latest DecisionTaskScheduled says: every one does."""
        kinds = self.written.kinds
        place = len(kinds) - 1 - kinds[::-1].index("DecisionTaskScheduled")
        return self.written.attrs[place]

    def decide(self, started: int, made: Sequence[Mapping[str, Any]]) -> bool:
        """The events of these decisions, if all are such that nothing else would follow."""
        at = self.last.at
        scheduled = self.written.attrs[started - 1]["scheduledEventId"]
        told = {"scheduledEventId": scheduled, "startedEventId": started}
        self.add("DecisionTaskCompleted", at, told)
        completed = self.last.id
        for decision in made:
            kind = _LEAVES.get(decision["decisionType"])
            if kind is None:
                return False
            asked = decision.get(model.DECISION_MEMBER[decision["decisionType"]], {})
            shared = model.shared_members(decision["decisionType"], kind)
            attrs = {name: asked[name] for name in shared if name in asked}
            if kind == "TimerCanceled":
                attrs["startedEventId"] = self._timer(asked["timerId"])
            self.add(kind, at, {**attrs, model.DECISION_TIME_MEMBER: completed})
        return True

    def _timer(self, timer_id: str) -> int:
        """The event that started a timer; 0 if there is none."""
        started = (
            one.id
            for one in reversed(list(self.written))
            if one.kind == "TimerStarted" and one.attrs["timerId"] == timer_id
        )
        return next(started, 0)


_LEAVES: Final = {
    decision: event
    for event, decision in decisions.SUCCESS.items()
    if event
    in (
        "ActivityTaskScheduled",
        "ActivityTaskCancelRequested",
        "TimerStarted",
        "TimerCanceled",
        "MarkerRecorded",
    )
}
"""Decisions that wait for the world → the event they leave."""
