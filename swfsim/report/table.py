"""A history as a text table, one event a line: what tests compare and people read.

     1   WorkflowExecutionStarted
     2 = DecisionTaskScheduled
     3   DecisionTaskStarted(S2)
     4   DecisionTaskCompleted(S2, T3)
     5 = ActivityTaskScheduled(pay-1, D4)
     6   ActivityTaskTimedOut(SCHEDULE_TO_START, S5, T0)

``=`` marks an event at the same instant as the one before. S, T, D, I, C stand for the event ids
scheduledEventId, startedEventId, decisionTaskCompletedEventId, initiatedEventId and
latestCancelRequestedEventId; X for an externalInitiatedEventId that is not 0. Names, causes and
time-out types stand as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAMES: Final = ("activityId", "timerId", "markerName", "signalName", "workflowId", "id")
FACTS: Final = ("cause", "timeoutType")
REFERENCES: Final = {
    "scheduledEventId": "S",
    "startedEventId": "T",
    "initiatedEventId": "I",
    "decisionTaskCompletedEventId": "D",
    "latestCancelRequestedEventId": "C",
}


def _told(attrs: Mapping[str, Any]) -> list[str]:
    told = [str(attrs[name]) for name in (*NAMES, *FACTS) if name in attrs]
    told += [f"{letter}{attrs[name]}" for name, letter in REFERENCES.items() if name in attrs]
    if attrs.get("externalInitiatedEventId"):
        told.append(f"X{attrs['externalInitiatedEventId']}")
    return told


def row(event: Mapping[str, Any], same_instant: bool) -> str:
    """One line; the event in boto3's form."""
    kind = event["eventType"]
    told = _told(event.get(model.EVENT_MEMBER[kind], {}))
    shown = f"{kind}({', '.join(told)})" if told else kind
    return f"{event['eventId']:>5} {'=' if same_instant else ' '} {shown}"


def table(events: Iterable[Mapping[str, Any]]) -> str:
    """The whole table; the events in boto3's form."""
    rows = []
    before: Any = None
    for event in events:
        rows.append(row(event, event["eventTimestamp"] == before))
        before = event["eventTimestamp"]
    return "\n".join(rows)


def normal(text: str) -> str:
    """A table as a person writes it: any indentation, blank lines and ``#`` comments left out."""
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return "\n".join(_aligned(line) for line in lines if line)


def _aligned(line: str) -> str:
    number, _, rest = line.partition(" ")
    rest = rest.strip()
    same = rest.startswith("=")
    return f"{number:>5} {'=' if same else ' '} {rest.lstrip('= ')}"
