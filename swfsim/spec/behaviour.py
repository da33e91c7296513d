"""``Behaviour``: switches for what two eras of the service do differently, or nobody knows; and for
what one wants to see happen: lags, throttling, missing permissions, other quotas.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from swfsim.errors import HarnessError
from swfsim.spec import faults, limits, model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits of an account; most can be raised by AWS on request, and lowered here for a test."""

    domains: int = limits.DOMAINS_MAX
    types: int = limits.TYPES_MAX
    open_executions: int = limits.OPEN_EXECUTIONS_MAX
    events: int = limits.EVENTS_MAX
    open_activities: int = limits.OPEN_ACTIVITIES_MAX
    open_timers: int = limits.OPEN_TIMERS_MAX
    open_children: int = limits.OPEN_CHILDREN_MAX
    open_lambdas: int = limits.OPEN_LAMBDAS_MAX
    pollers: int = limits.POLLERS_MAX
    decisions: int = limits.DECISIONS_MAX


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the service behaves. The defaults are today's service at its best.

    empty_poll_token      an empty poll's ``taskToken``: left out, as recorded on the wire and as
                          Amazon's Java Flow library relies on, or the empty string of the docs
    decision_schedule_to_start
                          DecisionTaskScheduled shows ``scheduleToStartTimeout: NONE`` (seen 2023,
                          absent before 2018)
    lambda_failure_reason what LambdaFunctionFailed says of a function that raised: Unhandled (seen
                          2026) or UnhandledError (captured 2017)
    lambda_id_reuse       a Lambda task may have the id of an open one, as was seen; or is refused
                          with the modelled ID_ALREADY_IN_USE
    heartbeat_mandatory   an activity without any heartbeat timeout is refused; strict, so that what
                          passes here passes on AWS
    child_policy_on_close a parent's child policy is applied on every close, as captured on
                          completion, or only on termination and time-out, as documented
    child_policy_on_continue
                          continue-as-new is such a close too
    follow_up_ms          how long after a decision its child starts, its signal arrives, its
                          function begins: 35 to 180 ms on the service; 0 means with the next call
    visibility_lag_ms     how long List, Count and Describe do not yet know of a start or a close
    registration_lag_ms   how long a new domain or type is not yet known
    throttling            API calls, and decisions with a rate, use up their token buckets
    lambda_available      there is AWS Lambda in the region
    denied                operations and decision types that IAM does not permit
    outages               errors of the service's own for the first calls of an operation, one call
                          each, in order, with nothing done: ``{"PollForDecisionTask":
                          ["InternalFailure", "ServiceUnavailable", "ThrottlingException"]}``
    quotas                the account's limits
    """

    empty_poll_token: Literal["omitted", "empty"] = "omitted"
    decision_schedule_to_start: bool = True
    lambda_failure_reason: Literal["Unhandled", "UnhandledError"] = "Unhandled"
    lambda_id_reuse: bool = True
    heartbeat_mandatory: bool = True
    child_policy_on_close: Literal["any", "documented"] = "any"
    child_policy_on_continue: bool = True
    follow_up_ms: int = 0
    visibility_lag_ms: int = 0
    registration_lag_ms: int = 0
    throttling: bool = False
    lambda_available: bool = True
    denied: frozenset[str] = frozenset()
    outages: Mapping[str, Sequence[str]] = field(default_factory=dict)
    quotas: Quotas = field(default_factory=Quotas)

    def __post_init__(self) -> None:
        """Raises ``HarnessError`` for something denied that SWF has no way to deny, and for outages
        of no operation or of another kind."""
        for name in sorted(self.denied.difference(model.OPERATIONS)):
            if not model.can_be_denied(name):
                raise HarnessError(
                    f"denied={{{name!r}}}: that is no operation, and no decision type that SWF "
                    "can say is not permitted"
                )
        for operation, codes in self.outages.items():
            if operation not in model.OPERATIONS:
                raise HarnessError(f"outages={{{operation!r}: …}}: SWF has no such operation")
            if isinstance(codes, str) or not set(codes) <= set(faults.OUTAGES):
                raise HarnessError(
                    f"outages={{{operation!r}: {codes!r}}}: expected a list of "
                    f"{', '.join(faults.OUTAGES)}"
                )


USUAL: Final = Behaviour()
"""Today's service at its best."""
