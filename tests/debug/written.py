"""Histories written by hand, event by event."""

from __future__ import annotations

from typing import Any

from swfsim.replay import histories
from swfsim.replay.histories import Captured

STARTED_AT = 1_700_000_000


class Written:
    """A history that grows; ids and references are its own business. ``pace`` seconds pass before
    an event: with 0, only where ``wait`` says so, as in a history that SWF itself has made."""

    def __init__(self, pace: int = 10, **started: Any) -> None:
        self.events: list[dict[str, Any]] = []
        self._pace = pace
        self._at = STARTED_AT
        self.add(
            "WorkflowExecutionStarted",
            childPolicy="TERMINATE",
            taskList={"name": "l"},
            workflowType={"name": "w", "version": "1"},
            executionStartToCloseTimeout="31536000",
            **started,
        )
        self._scheduled = self.add("DecisionTaskScheduled", taskList={"name": "l"})

    def add(self, kind: str, **attributes: Any) -> int:
        """One more event; its id."""
        number = len(self.events) + 1
        member = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        self.wait(self._pace)
        event = {
            "eventId": number,
            "eventType": kind,
            "eventTimestamp": self._at,
            member: attributes,
        }
        self.events.append(event)
        return number

    def wait(self, seconds: int) -> None:
        """Time passes."""
        self._at += seconds

    def news(self, kind: str, **attributes: Any) -> int:
        """An event that calls for a decision task."""
        number = self.add(kind, **attributes)
        self._scheduled = self.add("DecisionTaskScheduled", taskList={"name": "l"})
        return number

    def decide(self, *decided: tuple[str, dict[str, Any]]) -> list[int]:
        """A decision task that leaves these events; their ids."""
        task = {"scheduledEventId": self._scheduled}
        task["startedEventId"] = self.add("DecisionTaskStarted", **task)
        completed = self.add("DecisionTaskCompleted", **task)
        return [
            self.add(kind, decisionTaskCompletedEventId=completed, **attributes)
            for kind, attributes in decided
        ]

    def next(self) -> None:
        """The next decision task, which a refusal calls for."""
        self._scheduled = self.add("DecisionTaskScheduled", taskList={"name": "l"})

    def news_while_deciding(
        self, kind: str, *decided: tuple[str, dict[str, Any]], **attributes: Any
    ) -> None:
        """A decision task during which something else happens."""
        task = {"scheduledEventId": self._scheduled}
        task["startedEventId"] = self.add("DecisionTaskStarted", **task)
        self.news(kind, **attributes)
        completed = self.add("DecisionTaskCompleted", **task)
        for left, told in decided:
            self.add(left, decisionTaskCompletedEventId=completed, **told)

    def lose_decision(self) -> None:
        """A decision task that nobody answers."""
        task = {"scheduledEventId": self._scheduled}
        task["startedEventId"] = self.add("DecisionTaskStarted", **task)
        self.news("DecisionTaskTimedOut", timeoutType="START_TO_CLOSE", **task)

    def fails(self, name: str, nth: int, **timeouts: str) -> None:
        """A decision to do an activity, which fails."""
        kind = {"name": name, "version": "1"}
        attributes = {
            "activityId": f"{name}-{nth}",
            "activityType": kind,
            "taskList": {"name": "l"},
        }
        [scheduled] = self.decide(("ActivityTaskScheduled", {**attributes, **timeouts}))
        started = self.add("ActivityTaskStarted", scheduledEventId=scheduled)
        both = {"scheduledEventId": scheduled, "startedEventId": started}
        self.news("ActivityTaskFailed", reason="busy", **both)

    def captured(self, source: str = "written.json") -> Captured:
        [found] = histories.parse({"events": self.events}, source)
        return found
