"""The workflow that the polling and the HTTP figures share: five activities in a row."""

from __future__ import annotations

from typing import Any, Final

DOMAIN: Final = "bench"

REGISTRATIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("RegisterDomain", {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "1"}),
    (
        "RegisterWorkflowType",
        {
            "domain": DOMAIN,
            "name": "five",
            "version": "1",
            "defaultTaskList": {"name": "decisions"},
            "defaultTaskStartToCloseTimeout": "60",
            "defaultExecutionStartToCloseTimeout": "3600",
            "defaultChildPolicy": "TERMINATE",
        },
    ),
    (
        "RegisterActivityType",
        {
            "domain": DOMAIN,
            "name": "step",
            "version": "1",
            "defaultTaskList": {"name": "activities"},
            "defaultTaskHeartbeatTimeout": "NONE",
            "defaultTaskScheduleToStartTimeout": "600",
            "defaultTaskScheduleToCloseTimeout": "900",
            "defaultTaskStartToCloseTimeout": "300",
        },
    ),
)
"""The calls that come before the first execution: operation and parameters."""
