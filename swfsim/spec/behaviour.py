"""``Behaviour``: switches for what two eras of the service do differently, or nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the service behaves where sources or eras differ. The defaults are today's service.

    empty_poll_token      an empty poll's ``taskToken``: left out, as recorded on the wire and as
                          Amazon's Java Flow library relies on, or the empty string of the docs
    decision_schedule_to_start
                          DecisionTaskScheduled shows ``scheduleToStartTimeout: NONE`` (seen 2023,
                          absent before 2018)
    follow_up_ms          how long after a decision its child starts, its signal arrives, its
                          function begins: 35 to 180 ms on the service; 0 means with the next call
    """

    empty_poll_token: Literal["omitted", "empty"] = "omitted"
    decision_schedule_to_start: bool = True
    follow_up_ms: int = 0
