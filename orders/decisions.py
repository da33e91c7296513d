"""A draft of the answer to one decision task: decisions, log lines, payloads to store first.

Each method adds one decision that SWF will take: right members, strings for numbers, and every
text within its limit. What is too long becomes a reference, and the text is added to `payloads`
for whoever sends the answer to store.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orders import messages
from orders.facts import Line
from orders.workflow import Rules

if TYPE_CHECKING:
    from types_boto3_swf.type_defs import DecisionTypeDef


class Draft:
    def __init__(self, rules: Rules, order_id: str | None) -> None:
        self.decisions: list[DecisionTypeDef] = []
        self.lines: list[Line] = []
        self.payloads: list[str] = []
        self._rules = rules
        self._order_id = order_id

    def tell(
        self,
        text: str,
        step: str | None = None,
        attempt: int | None = None,
        *,
        level: int = logging.INFO,
    ) -> None:
        self.lines.append(Line(level, text, step, attempt))

    def schedule_activity(
        self, step: str, activity_id: str, input_data: Mapping[str, object]
    ) -> None:
        attributes: Any = {
            **self._rules.activity_attributes(step),
            "activityId": activity_id,
            "input": self._text(input_data),
        }
        self.decisions.append(
            {
                "decisionType": "ScheduleActivityTask",
                "scheduleActivityTaskDecisionAttributes": attributes,
            }
        )

    def request_cancel(self, activity_id: str) -> None:
        self.decisions.append(
            {
                "decisionType": "RequestCancelActivityTask",
                "requestCancelActivityTaskDecisionAttributes": {"activityId": activity_id},
            }
        )

    def start_timer(self, timer_id: str, seconds: int) -> None:
        self.decisions.append(
            {
                "decisionType": "StartTimer",
                "startTimerDecisionAttributes": {
                    "timerId": timer_id,
                    "startToFireTimeout": str(seconds),
                },
            }
        )

    def cancel_timer(self, timer_id: str) -> None:
        self.decisions.append(
            {
                "decisionType": "CancelTimer",
                "cancelTimerDecisionAttributes": {"timerId": timer_id},
            }
        )

    def record_marker(self, name: str, details: Mapping[str, object]) -> None:
        self.decisions.append(
            {
                "decisionType": "RecordMarker",
                "recordMarkerDecisionAttributes": {
                    "markerName": name,
                    "details": self._text(details),
                },
            }
        )

    def complete(self, result: Mapping[str, object]) -> None:
        self.decisions.append(
            {
                "decisionType": "CompleteWorkflowExecution",
                "completeWorkflowExecutionDecisionAttributes": {"result": self._text(result)},
            }
        )

    def fail(self, reason: str, details: Mapping[str, object]) -> None:
        self.decisions.append(
            {
                "decisionType": "FailWorkflowExecution",
                "failWorkflowExecutionDecisionAttributes": {
                    "reason": messages.cut(reason),
                    "details": self._text(details),
                },
            }
        )

    def cancel(self, details: Mapping[str, object]) -> None:
        self.decisions.append(
            {
                "decisionType": "CancelWorkflowExecution",
                "cancelWorkflowExecutionDecisionAttributes": {"details": self._text(details)},
            }
        )

    def _text(self, value: Mapping[str, object]) -> str:
        text = messages.to_json(value)
        if messages.fits(text):
            return text
        self.payloads.append(text)
        return messages.to_json(messages.by_reference(self._order_id, self._rules.refer(text)))
