"""``Machine``: call, next_deadline, expire. Everything else in the core is data, tables and nouns.

An operation or a deadline records events. Each event is checked against the model, appended, and
given to its effect; an event that calls for a decision task gets one at once, or, inside a batch of
decisions, behind the batch; and its reactions run, in the order recorded, until nothing follows.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from swfsim.core import closing, decision_tasks, external, lambdas, rates
from swfsim.core.deadlines import Deadlines
from swfsim.core.events import Happened, refused
from swfsim.core.tables import (
    CLOSE_DECISIONS,
    DEADLINES,
    DECISIONS,
    EFFECTS,
    INCOMPATIBLE_WITH_CLOSE,
    OPERATIONS,
    REACTIONS,
    TRIGGERS,
)
from swfsim.core.world import World
from swfsim.spec import check, faults, limits, model
from swfsim.spec.behaviour import USUAL
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event, Outcome, Parked, Refused
    from swfsim.core.tables import Reaction
    from swfsim.core.world import Execution, Region
    from swfsim.spec.behaviour import Behaviour
    from swfsim.spec.check import Params

_FEW = 5
"""So many decisions cannot be larger than a request may be, whatever their members hold."""

Watcher = Callable[["Execution", "Event"], None]
Refuser = Callable[["Execution", "Attrs"], str | None]


class Machine:
    """The service without the world around it. Not safe for threads; ``Service`` sees to that.

    ``secret`` feeds run ids and ``seal`` closes tokens: with both equal, equal calls give equal
    answers; tokens of a machine with another seal are refused.
    ``watch`` is told of every event just after it was recorded; it must only read.
    ``refuse`` may name the cause for which a decision is refused, as quotas of others would.
    """

    request_bytes_max = limits.REQUEST_BYTES_MAX

    def __init__(
        self,
        *,
        secret: int = 0,
        seal: str = "",
        behaviour: Behaviour | None = None,
        watch: Watcher | None = None,
    ) -> None:
        deadlines = Deadlines(
            {kind: deadline.due for kind, deadline in DEADLINES.items()},
            {kind: deadline.rank for kind, deadline in DEADLINES.items()},
        )
        behaviour = behaviour or USUAL
        self.world = World(behaviour, deadlines, secret, seal)
        self.watch = watch
        self.refuse: Refuser | None = None
        self._followers: deque[tuple[Execution, Event]] = deque()
        self._batch: Execution | None = None  # the run whose decisions are being applied
        self._news = False  # whether a decider has to hear of something in the batch
        self._events_max = behaviour.quotas.events
        self._hinders = bool(behaviour.throttling or behaviour.outages or behaviour.denied)

    # Asked from outside

    def call(
        self,
        operation: str,
        params: Params,
        now: int,
        region: str = "us-east-1",
        *,
        again: bool = False,
    ) -> Attrs | Parked:
        """Answer one API call at the instant ``now``, in milliseconds.

        ``again`` is said of a poll that has been parked: it counted as a request when it came.

        Gives the answer in the core's form (instants as milliseconds, events as ``Event``), or
        ``Parked`` for a poll that found nothing. Raises ``Fault``; then nothing has changed.
        """
        self.expire(now)
        serve = OPERATIONS.get(operation)
        if serve is None and operation != "RespondDecisionTaskCompleted":
            raise Fault("UnknownOperationException")
        asked = check.request(operation, params)
        if self._hinders:
            self._hinder(operation, region, again)
        home = self.world.region(region)
        answer = self._respond(home, asked) if serve is None else serve(self, home, asked)
        if self._followers:
            self.settle()
        return answer

    def _hinder(self, operation: str, region: str, again: bool) -> None:
        """Raises what rates, outages or permissions have against a good request."""
        world = self.world
        if not again:
            rates.take_request(world, region, operation)
            rates.suffer_outage(world, operation)
        if operation in world.behaviour.denied:
            raise Fault("OperationNotPermittedFault", f"Not permitted: swf:{operation}")

    def next_deadline(self, by: int | None = None) -> int | None:
        """The instant at which something will happen by itself, or None; also None if that is
        surely later than ``by``, and then nothing is looked for."""
        deadlines = self.world.deadlines
        if by is not None and deadlines.soonest > by:
            return None
        entry = deadlines.earliest()
        return entry[0] if entry is not None else None

    def expire(self, now: int) -> None:
        """Let everything happen that is due by ``now``, each at its own instant, earliest first.

        Stops short when a Lambda function is to be run, since its outcome may come before what is
        due next: whoever runs it calls again.
        """
        world = self.world
        deadlines = world.deadlines
        while deadlines.soonest <= now:
            entry = deadlines.earliest()
            if entry is None or entry[0] > now:
                break
            if world.invocations:
                return
            due, _, _, kind, x, key = entry
            deadlines.pop()
            world.now = max(world.now, due)
            DEADLINES[kind].fire(self, x, key)
            self.settle()
        if world.now < now:
            world.now = now

    def end_lambda(
        self, x: Execution, scheduled_id: int, result: str | None, reason: str, details: str
    ) -> None:
        """A Lambda function has ended, outside of the machine; see ``lambdas.ends``."""
        lambdas.ends(self, x, scheduled_id, result, reason, details)

    # Recording

    def record(self, x: Execution, kind: str, attrs: Attrs) -> Event:
        """Append an event to a history and let it take effect."""
        event = x.events.record(self.world.now, kind, check.event(kind, attrs))
        effect = EFFECTS.get(kind)
        if effect is not None:
            effect(x, event)
        if self.watch is not None:
            self.watch(x, event)
        if kind in REACTIONS:
            self._followers.append((x, event))
        if event.id >= self._events_max and kind not in closing.STATUS:
            closing.end_at_event_limit(self, x)
        if kind in TRIGGERS:
            if self._batch is x:
                self._news = True
            else:
                decision_tasks.schedule(self, x)
        return event

    def settle(self) -> None:
        """Let everything follow that follows from what was recorded."""
        while self._followers:
            x, event = self._followers.popleft()
            for react in REACTIONS[event.kind]:
                self.react(react, x, event)

    def react(self, react: Reaction, x: Execution, event: Event) -> None:
        """Let one thing follow from an event."""
        react(self, x, event)

    # Decisions

    def _respond(self, region: Region, asked: Attrs) -> Attrs:
        """All decisions are checked before any is applied; then they are applied in order."""
        decisions = asked.get("decisions", [])
        _check_size(decisions, self.world.behaviour.quotas.decisions, self.request_bytes_max)
        x = decision_tasks.holder(region, asked["taskToken"])
        _check_list(decisions)
        self._batch, self._news = x, False
        try:
            completed = decision_tasks.complete(self, x, asked)
            for decision in decisions:
                if x.open:  # the limit of events may end the run in the middle of a batch
                    self._apply(x, decision, completed.id)
            self.settle()
        finally:
            self._batch = None
        if self._news:
            decision_tasks.schedule(self, x)
        return {}

    def decide(self, x: Execution, decision: Attrs) -> Outcome:
        """What becomes of one decision."""
        name = decision["decisionType"]
        if name in self.world.behaviour.denied and name not in external.DELIVERED:
            return refused_for("OPERATION_NOT_PERMITTED", name)
        cause = self.refuse(x, decision) if self.refuse is not None else None
        if cause is not None:
            return refused_for(cause, name)
        return DECISIONS[name](x, decision.get(model.DECISION_MEMBER[name], {}))

    def _apply(self, x: Execution, decision: Attrs, completed_id: int) -> None:
        name = decision["decisionType"]
        asked = decision.get(model.DECISION_MEMBER[name], {})
        outcome = self.decide(x, decision)
        told: Attrs = {model.DECISION_TIME_MEMBER: completed_id}
        if isinstance(outcome, Happened):
            kind = outcome.kind
        else:
            kind = model.REFUSAL[name]
            told["cause"] = outcome.cause
        for member in model.shared_members(name, kind):
            if member in asked:
                told[member] = asked[member]
        self.record(x, kind, told | outcome.more)


def refused_for(cause: str, decision: str) -> Refused:
    """Refused for a reason outside of the execution, IAM say, which refuses decisions one by one; a
    child's failure also names an Initiated event, here none. What is delivered to another execution
    is refused there, after it was initiated."""
    shown = model.members(model.event_shape(model.REFUSAL[decision]))
    return refused(cause, **({"initiatedEventId": 0} if "initiatedEventId" in shown else {}))


def _size(decisions: list[Attrs]) -> int:
    """How many bytes a decision list takes on the wire."""
    text = json.dumps(decisions, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "surrogatepass"))


def _check_size(decisions: list[Attrs], most: int, bytes_max: int) -> None:
    """A constraint like those of the shapes, so it comes before the token is looked at."""
    if len(decisions) > most:
        raise faults.invalid(
            "1 validation error detected: Value at 'decisions' failed to satisfy constraint: "
            f"Member must have length less than or equal to {most}"
        )
    if len(decisions) > _FEW and _size(decisions) > bytes_max:
        raise faults.invalid(f"Request is larger than {bytes_max} bytes")


def _check_list(decisions: list[Attrs]) -> None:
    """The rules of a decision list as a whole; raises the service's ValidationException."""
    kinds = [decision["decisionType"] for decision in decisions]
    if not CLOSE_DECISIONS.isdisjoint(kinds[:-1]):
        raise faults.invalid("Close must be last decision in list")
    if kinds and kinds[-1] in CLOSE_DECISIONS and not INCOMPATIBLE_WITH_CLOSE.isdisjoint(kinds):
        raise faults.invalid("Specified decision is incompatible with close decision")
