"""Re-enactment: the stimuli of a captured history, put to the machine, must give it again.

What came from outside (polls, answers, signals, outcomes of children and functions, the passing of
time) is taken from the capture; what SWF makes of it (decision tasks, results of decisions,
refusals, ids, references, order) is the machine's, and is compared event for event.

Some things a capture cannot show are taken as they must have been: heartbeats kept every activity
alive that did not time out by them; time-outs and timers fired when the service got round to it, a
little after they were due, and so did cancellations of unstarted activities; refusals that only the
account explains (rates, permissions, types) happened as recorded; and what was recorded had a form
that the service took.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from swfsim.clock import milliseconds
from swfsim.core.fold import fold
from swfsim.replay.histories import UNTIMED
from swfsim.replay.stage import DOMAIN, Scene, Stage
from swfsim.replay.stimuli import BY_TIME, LATE_MS, STIMULI, Impossible
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.replay.histories import Captured

_SPREAD_MS: Final = 50
"""Events of one batch or one cause share an instant; in samples of January 2012 they lie a few
milliseconds apart, also backwards."""

_SPREAD_BEFORE: Final = milliseconds(datetime.datetime(2013, 1, 1))


def _nothing(name: str) -> object:
    """What an attribute that is not there means: years and tools differ in what they leave out."""
    if name.endswith("EventId"):
        return 0
    return "NONE" if name.endswith("Timeout") else None


@dataclass(slots=True)
class Difference:
    """The first place where machine and capture part. ``seen`` is None when the machine has no
    such event; ``why`` says what differs."""

    captured: Event
    seen: Event | None
    why: str


class Reenactment:
    """One captured history on the stage. ``run`` gives the first difference, or None."""

    def __init__(self, captured: Captured) -> None:
        self.captured = captured
        self.scene = Scene(captured)
        self._timed = captured.timed

    @property
    def x(self) -> Execution | None:
        """The execution on the stage, once it has started."""
        return self.scene.x

    def run(self) -> Difference | None:
        self.scene.set()
        for event in self.captured.events:
            difference = self._let_happen(event) or self._compare(event)
            if difference is not None:
                return difference
        return self._compare_states()

    # Letting it happen

    def _let_happen(self, event: Event) -> Difference | None:
        """Bring about the next event, unless the machine has made it already."""
        x = self.scene.x
        if x is not None and len(x.events) >= event.id:
            return None
        if event.at != UNTIMED:
            early = self._missed(event)
            if early is not None:
                return early
            self.scene.machine.expire(event.at)
        stimulus = STIMULI.get(event.kind)
        if stimulus is None:
            return Difference(event, None, "nothing in the machine brings this event about")
        try:
            why = stimulus(self.scene, event)
        except Fault as fault:
            return Difference(event, None, f"the machine refuses the call behind it: {fault}")
        except Impossible as reason:
            return Difference(event, None, str(reason))
        return Difference(event, None, why) if why else None

    def _missed(self, event: Event) -> Difference | None:
        """Something was due long before this event, and the capture does not show it."""
        if self.x is None or not self._timed:
            return None
        self.scene.keep_alive(event)
        pending = self.scene.machine.next_deadline()
        if pending is None or event.at - pending <= LATE_MS or event.kind in BY_TIME:
            return None
        return Difference(
            event, None, f"something was due {event.at - pending} ms before, and did not happen"
        )

    # Comparing

    def _compare(self, event: Event) -> Difference | None:
        x = self.scene.x
        if x is None or len(x.events) < event.id:
            return Difference(event, None, "the machine has no such event")
        seen = x.events[event.id - 1]
        if seen.kind != event.kind:
            return Difference(event, seen, f"the machine has a {seen.kind} here")
        for name in sorted(event.attrs.keys() | seen.attrs.keys()):
            ours, theirs = seen.attrs.get(name), event.attrs.get(name)
            if (ours or _nothing(name)) != (theirs or _nothing(name)) and ours != theirs:
                return Difference(event, seen, f"{name} is {ours!r}, captured was {theirs!r}")
        behind = LATE_MS if event.attrs.get("cause") == "EVENT_LIMIT_EXCEEDED" else 0
        if event.at < _SPREAD_BEFORE:
            behind = max(behind, _SPREAD_MS)
        if event.at != UNTIMED and not -behind <= seen.at - event.at <= _SPREAD_MS:
            return Difference(event, seen, f"its time differs by {seen.at - event.at} ms")
        return None

    def _compare_states(self) -> Difference | None:
        """The state that the machine came to is the one that the capture adds up to."""
        assert self.x is not None, "a history has a first event"
        if len(self.x.events) != len(self.captured.events):
            return None  # it was cut off before what follows from its last event
        scratch = Stage(self.scene.machine.world.behaviour)
        scratch.call(
            "RegisterDomain",
            {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "90"},
            self.scene.machine.world.now,
        )
        domain = scratch.world.region("us-east-1").domain(DOMAIN)
        rebuilt = fold(domain, self.x.workflow_id, self.x.run_id, self.x.events)
        if rebuilt.state() == self.x.state():
            return None
        last = self.captured.events[-1]
        return Difference(last, self.x.events[-1], "folding the history gives another state")
