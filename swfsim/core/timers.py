"""Timers.

StartTimer   TimerStarted  | StartTimerFailed   TIMER_ID_ALREADY_IN_USE,
                                                OPEN_TIMERS_LIMIT_EXCEEDED,
                                                TIMER_CREATION_RATE_EXCEEDED
CancelTimer  TimerCanceled | CancelTimerFailed  TIMER_ID_UNKNOWN
(time)       TimerFired
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swfsim.core import rates
from swfsim.core.events import Outcome, happened, refused
from swfsim.core.world import Timer

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Execution, Recorder


# Decisions


def start(x: Execution, asked: Attrs) -> Outcome:
    if asked["timerId"] in x.timers:
        return refused("TIMER_ID_ALREADY_IN_USE")
    if len(x.timers) >= x.domain.world.behaviour.quotas.open_timers:
        return refused("OPEN_TIMERS_LIMIT_EXCEEDED")
    if not rates.allows_decision(x, "StartTimer"):
        return refused("TIMER_CREATION_RATE_EXCEEDED")
    return happened("TimerStarted")


def cancel(x: Execution, asked: Attrs) -> Outcome:
    timer = x.timers.get(asked["timerId"])
    if timer is None:
        return refused("TIMER_ID_UNKNOWN")
    return happened("TimerCanceled", startedEventId=timer.started_id)


# Time


def due(x: Execution, timer_id: str) -> int | None:
    timer = x.timers.get(timer_id)
    return timer.due if timer is not None and x.open else None


def fire(m: Recorder, x: Execution, timer_id: str) -> None:
    m.record(
        x, "TimerFired", {"timerId": timer_id, "startedEventId": x.timers[timer_id].started_id}
    )


# Effects


def started(x: Execution, e: Event) -> None:
    timer_id = e.attrs["timerId"]
    timer = Timer(e.id, e.at + int(e.attrs["startToFireTimeout"]) * 1000)
    x.timers[timer_id] = timer
    x.domain.world.deadlines.push(timer.due, "timer", x, timer_id)


def ended(x: Execution, e: Event) -> None:
    del x.timers[e.attrs["timerId"]]
