"""What nobody outside AWS knows for certain of Amazon SWF, and what swfsim does about it.

Where neither the service model nor the documentation nor a capture decides, one default was chosen;
where eras or accounts may differ, ``switch`` names the member of ``Behaviour`` that chooses. Each
line has a test of its number in ``tests/spec/test_unknowns.py``.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Unknown(NamedTuple):
    """``question`` is open, ``default`` is what swfsim does, for ``reason``."""

    question: str
    default: str
    reason: str
    switch: str = ""


UNKNOWNS: Final = {
    1: Unknown(
        "taskToken of an empty poll",
        "left out",
        "dumps of 2015 to 2016 lack it and the Java Flow library of 2025 tests for null; the "
        "documentation says empty string",
        "empty_poll_token",
    ),
    2: Unknown(
        "message of WorkflowExecutionAlreadyStartedFault",
        "empty",
        "nobody quotes one; clients must not read a run id out of it",
    ),
    3: Unknown(
        "message of DefaultUndefinedFault, and which setting is missed first",
        "the member's name; execution timeout, list, decision timeout, child policy",
        "as in moto, whose authors copied it from the service",
    ),
    4: Unknown(
        "text for forbidden characters, bad durations, more than a year or 90 days",
        "ValidationException in the standard constraint wording, naming the member",
        "what every other constraint looks like",
    ),
    5: Unknown(
        "shape or token first; misplaced or incompatible close first",
        "shape first; misplaced first",
        "the stages of AWS's services come in that order",
    ),
    6: Unknown(
        "the most decisions in one answer",
        "1,000",
        "the size of a page, and a request of 1 MB holds more; frameworks stop at 100",
        "quotas.decisions",
    ),
    7: Unknown(
        "which activity timeouts may be left undefined",
        "none: all four must resolve",
        "strict, so that what passes here passes on AWS",
        "heartbeat_mandatory",
    ),
    8: Unknown(
        "timeouts of zero seconds",
        "they are due at once, at the next tick",
        "zero-second timers were captured so",
    ),
    9: Unknown(
        "child policy when the parent fails, cancels or continues as new",
        "applied on every close",
        "captured on completion, which the documentation does not name either",
        "child_policy_on_close",
    ),
    10: Unknown(
        "a child that is initiated but not started when its parent closes",
        "it starts, then the policy is applied",
        "the start is under way and nothing takes it back",
        "follow_up_ms",
    ),
    11: Unknown(
        "CancelTimer and StartTimer of one id in one list",
        "allowed, in order",
        "decisions are applied one after the other",
    ),
    12: Unknown(
        "the other decisions of a list whose close is unhandled",
        "they keep their effects",
        "they stand before the close and were applied",
    ),
    13: Unknown(
        "previousStartedEventId after a decision task timed out",
        "the start of the last completed task",
        "a decider reads from there what it has not handled yet",
    ),
    14: Unknown(
        "startedEventId of a decision task that timed out unstarted",
        "0",
        "as in every other event of a task that never started",
    ),
    15: Unknown(
        "latestCancelRequestedEventId of a cancellation nobody asked for",
        "left out",
        "captured so for activities",
    ),
    16: Unknown(
        "a heartbeat without details after one with details",
        "the old details stay",
        "details tell the last known progress",
    ),
    17: Unknown(
        "members that newer answers show",
        "scheduleToStartTimeout of decision tasks is shown, unmodelled ones are not",
        "seen in 2023; absent before 2018",
        "decision_schedule_to_start",
    ),
    18: Unknown(
        "reason of a Lambda function that raised",
        "Unhandled",
        "what AWS Lambda says since; captured in 2017 as UnhandledError",
        "lambda_failure_reason",
    ),
    19: Unknown(
        "a Lambda id that is in use",
        "accepted",
        "seen to be, although the model has ID_ALREADY_IN_USE",
        "lambda_id_reuse",
    ),
    20: Unknown(
        "registering or starting in a deprecated domain",
        "DomainDeprecatedFault for registering; its types are deprecated, so TypeDeprecatedFault "
        "for starting",
        "both faults are modelled for these calls alone",
    ),
    21: Unknown(
        "do types come back with UndeprecateDomain",
        "no",
        "each has an undeprecation of its own",
    ),
    22: Unknown(
        "texts of LimitExceededFault, TooManyTagsFault and OperationNotPermittedFault",
        "a short sentence",
        "nobody quotes one",
    ),
    23: Unknown(
        "from which number on a count is truncated",
        "never below 10,000",
        "no truncated count was ever seen",
    ),
    24: Unknown(
        "the number of the event that ends a history that grew too long",
        "25,001: the limit's own events, then the termination",
        "overshoots of up to 44 events were seen",
        "quotas.events",
    ),
    25: Unknown("cancelRequested of a closed run", "false", "captured so"),
    26: Unknown(
        "tokens of another region, domain or service",
        "Invalid token",
        "the text of every other token that cannot be read",
    ),
    27: Unknown(
        "the error of a request over 1 MB",
        "ValidationException",
        "at most a dropped connection is reported; a fake in process has none",
    ),
    28: Unknown(
        "taskListScheduleToStartTimeout without taskList",
        "ignored",
        "the documentation speaks of it only together with a list",
    ),
    29: Unknown(
        "asking twice for an execution's cancellation",
        "recorded twice",
        "the request succeeds both times",
    ),
    30: Unknown(
        "deprecationDate of a type that was undeprecated",
        "gone",
        "it is not deprecated any more",
    ),
    31: Unknown(
        "undeprecating a type in a deprecated domain",
        "allowed; nothing can be started of it until the domain comes back",
        "the call's modelled faults have none for it",
    ),
    32: Unknown(
        "what DescribeWorkflowExecution, documented as eventually consistent, may lag behind in",
        "starts and closes, as listings do; never in its counts",
        "both are told by one record; no lag of a count was ever reported",
        "visibility_lag_ms",
    ),
}
