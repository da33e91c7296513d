"""Histories and decisions as text, one line each, so that a test reads like a story.

    Started({"order_id": "ORD-1"})                   the workflow input; a small order if left out
    done(ValidateInput-1, ProcessData-1)             scheduled, started, completed, one by one
    ActivityTaskScheduled(EnrichData-1)
    failed(EnrichData-1, EnrichData-2, reason=boom)  scheduled, started, failed, one by one
    --- new                                          the decider has seen what stands above
    ActivityTaskFailed(EnrichData-1, reason=boom)    its ActivityTaskStarted is put in
    ActivityTaskTimedOut(EnrichData-1, timeoutType=SCHEDULE_TO_START)

Other lines are event types with what tells them apart first (activity id, timer id, marker or
signal name) and then any attributes of the event. Decision tasks need no lines.
"""

import json
import re

from orders import decider
from orders.workflow import DEFAULT_RULES
from tests.orders.little_swf import MODEL, attributes_of, check_shape

ORDER = {"order_id": "ORD-1", "items": [{"sku": "A", "quantity": 1, "price": 10.0}]}

_SUBJECT = {"Activity": "activityId", "Timer": "timerId", "Marker": "markerName"}
_ENDS = ("Completed", "Failed", "TimedOut", "Canceled")


def history(table):
    """(events, id of the last event the decider has seen) for a table."""
    writer = _Writer()
    for line in filter(None, (line.strip() for line in table.splitlines())):
        writer.write(line)
    return writer.events, writer.seen


def answer(table, rules=DEFAULT_RULES):
    """The decider's whole answer to a history."""
    events, seen = history(table)
    task = {"events": events, "previousStartedEventId": seen}
    found = decider.answer(task, rules)
    shape = MODEL.operation_model("RespondDecisionTaskCompleted").input_shape
    check_shape(shape, {"taskToken": "t", "decisions": found.decisions})
    return found


def decisions(table, rules=DEFAULT_RULES):
    """The decisions on a history, as text."""
    return [show(decision) for decision in answer(table, rules).decisions]


def lines(table, rules=DEFAULT_RULES):
    """What the decider logs on a history."""
    return [line.text for line in answer(table, rules).lines]


def show(decision):
    kind = decision["decisionType"]
    it = details_of(decision)
    told = [
        it[name]
        for name in ("activityId", "timerId", "startToFireTimeout", "markerName", "reason")
        if name in it
    ]
    return f"{kind}({', '.join(told)})" if told else kind


def details_of(decision):
    kind = decision["decisionType"]
    return decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]


def payload_of(decision):
    """The JSON that goes along with a decision: input, details or result."""
    it = details_of(decision)
    return json.loads(it.get("input") or it.get("details") or it.get("result"))


class _Writer:
    def __init__(self):
        self.events = []
        self.seen = 0
        self.open = {}  # activity id → scheduled event id
        self.started = {}  # activity id → started event id

    def write(self, line):
        if line.startswith("---"):
            self.seen = len(self.events)
            return
        kind, arguments = re.fullmatch(r"(\w+)(?:\((.*)\))?", line).groups()
        if kind == "Started":
            self._record("WorkflowExecutionStarted", input=arguments or json.dumps(ORDER))
        elif kind == "done":
            for activity_id in arguments.split(", "):
                self.write(f"ActivityTaskScheduled({activity_id})")
                self.write(f"ActivityTaskCompleted({activity_id})")
        elif kind == "failed":
            ids, *how = re.split(r", (?=\w+=)", arguments, maxsplit=1)
            for activity_id in ids.split(", "):
                self.write(f"ActivityTaskScheduled({activity_id})")
                self.write(f"ActivityTaskFailed({', '.join([activity_id, *how])})")
        else:
            subject, attributes = _parsed(arguments or "")
            self._event(kind, subject, attributes)

    def _event(self, kind, subject, attributes):
        if kind == "ActivityTaskScheduled":
            attributes["activityType"] = {"name": subject.split("-")[0], "version": "1.0"}
            self.open[subject] = self._record(kind, activityId=subject, **attributes)
        elif kind == "ActivityTaskStarted":
            self.started[subject] = self._record(kind, scheduledEventId=self.open[subject])
        elif kind.startswith("ActivityTask") and kind.endswith(_ENDS):
            self._end(kind, subject, attributes)
        elif kind == "ScheduleActivityTaskFailed":
            attributes["activityType"] = {"name": subject.split("-")[0], "version": "1.0"}
            self._record(kind, activityId=subject, **attributes)
        else:
            member = next((_SUBJECT[word] for word in _SUBJECT if word in kind), "signalName")
            self._record(kind, **({member: subject} if subject else {}), **attributes)

    def _end(self, kind, activity_id, attributes):
        never_started = (
            attributes.get("timeoutType") == "SCHEDULE_TO_START"
            or attributes.pop("started", "") == "no"
        )
        if activity_id not in self.started and not never_started:
            self.write(f"ActivityTaskStarted({activity_id})")
        if kind == "ActivityTaskCompleted":
            attributes.setdefault("result", f'{{"status": "{activity_id} did it"}}')
        ids = {
            "scheduledEventId": self.open.pop(activity_id),
            "startedEventId": self.started.get(activity_id, 0),
        }
        self._record(kind, **ids, **attributes)

    def _record(self, kind, **attributes):
        name = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        event = {"eventId": len(self.events) + 1, "eventType": kind, name: attributes}
        assert name in MODEL.shape_for("HistoryEvent").members, f"no such event: {kind}"
        unknown = attributes.keys() - MODEL.shape_for("HistoryEvent").members[name].members.keys()
        assert not unknown, f"{kind} has no {unknown}"
        self.events.append(event)
        return event["eventId"]


def _parsed(arguments):
    """`EnrichData-1, reason=a, b` → ("EnrichData-1", {"reason": "a, b"})."""
    parts = re.split(r", (?=\w+=)", arguments)
    subject = "" if "=" in parts[0].split("{")[0] else parts.pop(0)
    return subject, dict(part.split("=", 1) for part in parts)


def all_pages(events, size):
    return [events[first : first + size] for first in range(0, len(events), size)]


__all__ = [
    "ORDER",
    "all_pages",
    "answer",
    "attributes_of",
    "decisions",
    "details_of",
    "history",
    "lines",
    "payload_of",
    "show",
]
