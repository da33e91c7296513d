"""What has happened to one order: a fold over the history of its run, one event at a time.

`Progress` only ever learns from recorded events, also about what was decided: a decision counts
once SWF has made it an event. So a decision task seen twice, a lost answer or a decider that died
change nothing, and the same events give the same Progress however they were paged.

A *resume* within a run begins with the RESUME_FROM_STEP signal and takes effect with the marker of
that name. From then on attempts count afresh, results of the named step and those after it no
longer count, and activities of other steps that are still open are *superseded*: their outcome is
ignored.
"""

from collections.abc import Iterable
from typing import Self

from orders.facts import Event
from orders.reactions import REACTIONS
from orders.state import OrderState

# Event type → what to do, and the member of the event that holds its attributes.
_SEEN = {
    event_type: (react, f"{event_type[0].lower()}{event_type[1:]}EventAttributes")
    for event_type, react in REACTIONS.items()
}


class Progress(OrderState):
    """The state of one order as its history tells it; `see` takes in the events, in their order."""

    @classmethod
    def of(cls, events: Iterable[Event], since: int = 0) -> Self:
        """The progress after all these events."""
        progress = cls(since)
        progress.see(events)
        return progress

    def see(self, events: Iterable[Event]) -> None:
        """Take in the next events. Types this workflow has no use for are passed over.

        An error names the event it came from.
        """
        event: Event = {}
        try:
            for event in events:
                entry = _SEEN.get(event["eventType"])
                if entry is not None:  # most events of a history mean nothing here
                    react, attributes = entry
                    react(self, event["eventId"], event.get(attributes) or {})
        except Exception as error:
            error.add_note(f"at event {event.get('eventId')}, {event.get('eventType')}")
            raise
