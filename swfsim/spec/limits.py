"""Quotas and defaults that the service model does not state.

Sources: [Q] Amazon SWF quotas page, [D] API reference or developer guide, [O] observed on the
service, [I] inferred.
"""

from __future__ import annotations

from typing import Final

from swfsim.spec import model

DOMAINS_MAX: Final = 100  # [Q] per account and region, deprecated ones included
TYPES_MAX: Final = 10_000  # [Q] of each kind per domain, deprecated ones included
OPEN_EXECUTIONS_MAX: Final = 100_000  # [Q] per domain, children included
EVENTS_MAX: Final = 25_000  # [Q] per run; the next event terminates it
OPEN_ACTIVITIES_MAX: Final = 1_000  # [Q] per execution, scheduled and started
OPEN_TIMERS_MAX: Final = 1_000  # [Q] per execution
OPEN_CHILDREN_MAX: Final = 1_000  # [Q] per execution
OPEN_LAMBDAS_MAX: Final = 1_000  # [I] by analogy; the quotas page is silent
POLLERS_MAX: Final = 1_000  # [Q] concurrent polls per task list
DECISIONS_MAX: Final = 1_000  # [O] one client's author; older texts say 100
DOMAIN_TAGS_MAX: Final = 50  # [D] RegisterDomain

DATA_MAX: Final = model.shape("Data").metadata["max"]  # result, input, details and their like
REASON_MAX: Final = model.shape("FailureReason").metadata["max"]

EXECUTION_S_MAX: Final = 31_536_000  # [Q] one year, fixed
RETENTION_DAYS_MAX: Final = 90  # [D] RegisterDomain
LAMBDA_S_MAX: Final = 900  # [D] ScheduleLambdaFunction
LAMBDA_S_DEFAULT: Final = 900  # [D] ScheduleLambdaFunction

PAGE_SIZE_MAX: Final = 1_000  # [O] also the default; it was 100 before 2016
PAGE_TOKEN_S_MAX: Final = 86_400  # [D] a page token's lifetime
REQUEST_BYTES_MAX: Final = 1_000_000  # [Q] headers included

LONG_POLL_S: Final = 60  # [D] how long an empty poll is held

# Token buckets, (capacity, refill per second), of the large regions [Q].

_EVERY_TYPE = ("ActivityType", "WorkflowType")

API_BUCKETS: Final[dict[str, tuple[int, float]]] = {
    "CountClosedWorkflowExecutions": (2000, 6),
    "CountOpenWorkflowExecutions": (2000, 6),
    "CountPendingActivityTasks": (200, 6),
    "CountPendingDecisionTasks": (200, 6),
    **{f"Delete{kind}": (200, 6) for kind in _EVERY_TYPE},
    **{f"Deprecate{kind}": (200, 6) for kind in _EVERY_TYPE},
    **{f"Undeprecate{kind}": (200, 6) for kind in _EVERY_TYPE},
    **{f"Describe{kind}": (2000, 6) for kind in _EVERY_TYPE},
    **{f"List{kind}s": (200, 6) for kind in _EVERY_TYPE},
    **{f"Register{kind}": (200, 60) for kind in _EVERY_TYPE},
    "DeprecateDomain": (100, 6),
    "UndeprecateDomain": (100, 6),
    "DescribeDomain": (200, 6),
    "ListDomains": (100, 6),
    "RegisterDomain": (100, 6),
    "DescribeWorkflowExecution": (2000, 6),
    "GetWorkflowExecutionHistory": (2000, 60),
    "ListClosedWorkflowExecutions": (200, 6),
    "ListOpenWorkflowExecutions": (200, 48),
    "PollForActivityTask": (2000, 200),
    "PollForDecisionTask": (2000, 200),
    "RecordActivityTaskHeartbeat": (2000, 160),
    "RequestCancelWorkflowExecution": (2000, 30),
    "RespondActivityTaskCanceled": (2000, 200),
    "RespondActivityTaskCompleted": (2000, 200),
    "RespondActivityTaskFailed": (2000, 200),
    "RespondDecisionTaskCompleted": (2000, 200),
    "SignalWorkflowExecution": (2000, 30),
    "StartWorkflowExecution": (2000, 200),
    "TagResource": (50, 30),
    "UntagResource": (50, 30),
    "ListTagsForResource": (50, 30),
    "TerminateWorkflowExecution": (2000, 60),
}

EXECUTION_BUCKETS: Final[dict[str, tuple[int, float]]] = {
    "GetWorkflowExecutionHistory": (400, 200),
    "SignalWorkflowExecution": (1000, 1000),
    "RecordActivityTaskHeartbeat": (1000, 1000),
    "RequestCancelWorkflowExecution": (200, 200),
}
"""A further bucket for each execution; fixed [Q]."""

DECISION_BUCKETS: Final[dict[str, tuple[int, float]]] = {
    "RequestCancelExternalWorkflowExecution": (1200, 120),
    "ScheduleActivityTask": (1000, 200),
    "SignalExternalWorkflowExecution": (1200, 120),
    "StartChildWorkflowExecution": (500, 12),
    "StartTimer": (2000, 200),
    # The causes for these two exist, figures do not: as for their nearest relatives [I].
    "ContinueAsNewWorkflowExecution": (500, 12),
    "ScheduleLambdaFunction": (1000, 200),
}

TASK_LIST_BUCKET: Final = (2000, 2000.0)  # [Q] tasks scheduled per second and task list
