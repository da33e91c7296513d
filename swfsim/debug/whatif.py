"""What if: a captured history with another outcome, going on in simulation with the real decider
and the real activities.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from swfsim.app import loops, make
from swfsim.debug.onward import Onward, undecided
from swfsim.debug.outcomes import Attempt, Pool, attempts
from swfsim.errors import HarnessError
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swfsim.app import AppFactory
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution
    from swfsim.replay.histories import Captured

_CHANGE: Final = re.compile(
    r"(?P<name>[^#:]+)(?:#(?P<nth>[1-9]\d{0,5}))?: *(?P<how>completed|failed|timed out|done again)"
    r"(?: (?P<told>.*))?",
    re.DOTALL,
)
_KINDS: Final = {
    "completed": "ActivityTaskCompleted",
    "failed": "ActivityTaskFailed",
    "timed out": "ActivityTaskTimedOut",
}


class Change(NamedTuple):
    """Another outcome for the n-th attempt of an activity. ``kind`` is empty for one that is to be
    done again by the application's own worker."""

    name: str
    nth: int
    kind: str
    told: str | None

    @classmethod
    def read(cls, text: str) -> Change:
        """``SaveResults#3: completed {"total": 7}``. Raises ``HarnessError``."""
        match = _CHANGE.fullmatch(text.strip())
        if match is None:
            raise HarnessError(
                f"{text!r} says no outcome: write it as 'SaveResults#3: completed RESULT', "
                "'… failed REASON', '… timed out TYPE' or '… done again'"
            )
        how, told = match["how"], match["told"]
        if how == "timed out":
            told = told or "START_TO_CLOSE"
            known = model.enum("ActivityTaskTimeoutType")
            if told not in known:
                raise HarnessError(f"{text!r}: a time-out is one of {', '.join(known)}")
        return cls(match["name"].strip(), int(match["nth"] or 1), _KINDS.get(how, ""), told)

    def apply(self, attempt: Attempt) -> Attempt:
        """The attempt with this outcome."""
        name = {"ActivityTaskCompleted": "result", "ActivityTaskFailed": "reason"}.get(self.kind)
        attrs: Attrs = {name: self.told} if name and self.told else {}
        if self.kind == "ActivityTaskTimedOut":
            attrs = {"timeoutType": self.told}
            waits = self.told == "SCHEDULE_TO_START"
            return attempt._replace(
                kind=self.kind, attrs=attrs, started_id=0 if waits else attempt.started_id or 1
            )
        return attempt._replace(kind=self.kind, attrs=attrs, started_id=attempt.started_id or 1)


class WhatIf(NamedTuple):
    """How it went on: the run that was changed and those that continued it, the last event that
    both timelines share, and why it never ended, None when it did."""

    runs: list[Execution]
    shared: int
    endless: str | None


def what_if(
    captured: Captured,
    make_app: AppFactory,
    *,
    at: int | None = None,
    changes: Sequence[Change] = (),
    signals: Sequence[tuple[str, str | None]] = (),
) -> WhatIf:
    """Load a history up to event ``at``, and go on from there.

    Without ``at``, from just before the first outcome that is changed. Activities whose type and
    input recur have their recorded outcome; others are done by the application. What finished
    before is done again on the application's ports first, so that they are as they were.
    ``signals`` (name, input) come at once, what came from outside later comes again.
    Raises ``HarnessError``.
    """
    known = attempts(captured.events)
    targets: dict[int, Change] = {}
    for one in changes:
        attempt = _target(captured, known, one)
        if attempt.scheduled_id in targets:
            raise HarnessError(f"attempt {one.nth} of {one.name} is given two outcomes: give one")
        targets[attempt.scheduled_id] = one
    at = _begin(captured, known, targets, at)
    prefix = undecided(captured, at)
    onward = Onward(captured)
    with onward.env as env:
        app = env.set_up("the making of the App", lambda: make(make_app))
        env.set_up(f"register() of {type(app).__name__}", app.register)
        onward.domain()
        for name, loop in env.set_up("workers()", lambda: loops(app, env.wrap)).items():
            env.add(name, loop)
        for attempt in known:
            if attempt.scheduled_id > len(prefix.events):
                continue
            changed = targets.get(attempt.scheduled_id)
            done = attempt.kind == "ActivityTaskCompleted" and attempt.ended_id <= at
            if done or (changed is not None and changed.kind == "ActivityTaskCompleted"):
                onward.do_again(prefix, attempt)
        onward.move_to(prefix.events.instants[-1])
        x = onward.load(prefix)
        _come_again(onward, x, known, targets, at)
        since = env.now_ms()
        onward.elsewhere(x, captured.events[at:], since)
        onward.outside(x, captured.events[at:], since)
        for name, given in signals:
            told = {"signalName": name} | ({"input": given} if given is not None else {})
            onward.ask(x, "SignalWorkflowExecution", told)  # before anybody goes on
        endless = onward.run()
        return WhatIf(_chain(x), _shared(captured, x), endless)


def _chain(x: Execution) -> list[Execution]:
    """A run and those that continued it."""
    runs = [x]
    while (last := runs[-1].events[-1]).kind == "WorkflowExecutionContinuedAsNew":
        runs.append(x.domain.runs[last.attrs["newExecutionRunId"]])
    return runs


def _target(captured: Captured, known: list[Attempt], change: Change) -> Attempt:
    same = [one for one in known if one.name == change.name]
    for one in same:
        if one.nth == change.nth:
            if not one.ended_id:
                raise HarnessError(
                    f"{captured.source}: attempt {change.nth} of {change.name} has no outcome yet"
                )
            return one
    names = ", ".join(dict.fromkeys(one.name for one in known))
    there = f"{len(same)} attempts" if same else f"none; it has {names or 'no activities'}"
    raise HarnessError(f"{captured.source} has no attempt {change.nth} of {change.name!r}: {there}")


def _begin(
    captured: Captured, known: list[Attempt], targets: dict[int, Change], at: int | None
) -> int:
    """The last event that is loaded."""
    changed = [one for one in known if one.scheduled_id in targets]
    if at is None:
        if not changed:
            raise HarnessError("say from where (--at EVENT), or which outcome is to change (--set)")
        return min(
            one.ended_id - 1 if targets[one.scheduled_id].kind else one.scheduled_id
            for one in changed
        )
    for one in changed:
        if one.ended_id < at:
            raise HarnessError(
                f"the outcome of {one.name}#{one.nth} is event {one.ended_id}, before event {at}: "
                "go on from an earlier one"
            )
    if any(one.ended_id == at for one in changed):
        at -= 1  # the outcome itself is what changes
    return at


def _come_again(
    onward: Onward, x: Execution, known: list[Attempt], targets: dict[int, Change], at: int
) -> None:
    """The outcomes that are known: of what is under way, and of what may recur."""
    later = []
    for one in known:
        change = targets.get(one.scheduled_id)
        if change is not None and not change.kind:
            continue  # the application's own worker does it
        told = change.apply(one) if change is not None else one
        task = x.activities.get(one.scheduled_id)
        if task is not None and one.scheduled_id <= at:
            if told.kind:
                onward.deliver(x, task, told)
        elif one.scheduled_id > at:
            later.append(told)
    onward.pool = Pool(later)


def _shared(captured: Captured, x: Execution) -> int:
    """How many events both timelines begin with."""
    count = 0
    for one, other in zip(captured.events, x.events, strict=False):
        if one.kind != other.kind or _told(one) != _told(other):
            break
        count += 1
    return count


def _told(event: Event) -> Attrs:
    """What an event says, whoever polled."""
    return {name: value for name, value in event.attrs.items() if name != "identity"}
