"""Everything that can happen in SWF, on one page.

OPERATIONS  what a client may ask                          39
DECISIONS   what a decider may decide                      13
EFFECTS     what an event does to its execution            the only writers of an execution's state
TRIGGERS    the events that call for a decision task
REACTIONS   what follows from an event, in this or another execution
DEADLINES   what time brings

The completeness of each table against the service model is a test (``tests/spec/test_model.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.core import (
    activities,
    children,
    closing,
    decision_tasks,
    domains,
    executions,
    external,
    lambdas,
    markers,
    runs,
    timers,
    types,
    visibility,
)
from swfsim.spec import model

if TYPE_CHECKING:
    from swfsim.core.deadlines import Due
    from swfsim.core.events import Attrs, Event, Outcome, Parked
    from swfsim.core.world import Execution, Recorder, Region

Operation = Callable[["Recorder", "Region", "Attrs"], "Attrs | Parked"]
Decision = Callable[["Execution", "Attrs"], "Outcome"]
Effect = Callable[["Execution", "Event"], None]
Reaction = Callable[["Recorder", "Execution", "Event"], None]


class Deadline(NamedTuple):
    """``due`` knows the true instant, ``fire`` what then happens; ``rank`` orders one instant."""

    due: Due
    fire: Callable[[Recorder, Execution, Any], None]
    rank: int = 0


OPERATIONS: Final[dict[str, Operation]] = {
    # Domains and their tags
    "RegisterDomain": domains.register,
    "DescribeDomain": domains.describe,
    "ListDomains": domains.list_all,
    "DeprecateDomain": domains.deprecate,
    "UndeprecateDomain": domains.undeprecate,
    "TagResource": domains.tag,
    "UntagResource": domains.untag,
    "ListTagsForResource": domains.list_tags,
    # Types
    "RegisterWorkflowType": types.WORKFLOW.register,
    "DescribeWorkflowType": types.WORKFLOW.describe,
    "ListWorkflowTypes": types.WORKFLOW.list_all,
    "DeprecateWorkflowType": types.WORKFLOW.deprecate,
    "UndeprecateWorkflowType": types.WORKFLOW.undeprecate,
    "DeleteWorkflowType": types.WORKFLOW.delete,
    "RegisterActivityType": types.ACTIVITY.register,
    "DescribeActivityType": types.ACTIVITY.describe,
    "ListActivityTypes": types.ACTIVITY.list_all,
    "DeprecateActivityType": types.ACTIVITY.deprecate,
    "UndeprecateActivityType": types.ACTIVITY.undeprecate,
    "DeleteActivityType": types.ACTIVITY.delete,
    # Executions
    "StartWorkflowExecution": executions.start,
    "SignalWorkflowExecution": executions.signal,
    "RequestCancelWorkflowExecution": executions.request_cancel,
    "TerminateWorkflowExecution": executions.terminate,
    "DescribeWorkflowExecution": executions.describe,
    "GetWorkflowExecutionHistory": executions.history,
    "ListOpenWorkflowExecutions": visibility.list_open,
    "ListClosedWorkflowExecutions": visibility.list_closed,
    "CountOpenWorkflowExecutions": visibility.count_open,
    "CountClosedWorkflowExecutions": visibility.count_closed,
    # Tasks; RespondDecisionTaskCompleted stands in ``machine``, which applies the decisions
    "PollForDecisionTask": decision_tasks.poll,
    "CountPendingDecisionTasks": decision_tasks.count_pending,
    "PollForActivityTask": activities.poll,
    "RecordActivityTaskHeartbeat": activities.heartbeat,
    "RespondActivityTaskCompleted": activities.complete,
    "RespondActivityTaskFailed": activities.fail,
    "RespondActivityTaskCanceled": activities.cancel,
    "CountPendingActivityTasks": activities.count_pending,
}

DECISIONS: Final[dict[str, Decision]] = {
    "ScheduleActivityTask": activities.schedule,
    "RequestCancelActivityTask": activities.request_cancel,
    "StartTimer": timers.start,
    "CancelTimer": timers.cancel,
    "RecordMarker": markers.record,
    "StartChildWorkflowExecution": children.start,
    "SignalExternalWorkflowExecution": external.signal,
    "RequestCancelExternalWorkflowExecution": external.request_cancel,
    "ScheduleLambdaFunction": lambdas.schedule,
    "CompleteWorkflowExecution": closing.complete,
    "FailWorkflowExecution": closing.fail,
    "CancelWorkflowExecution": closing.cancel,
    "ContinueAsNewWorkflowExecution": closing.continue_as_new,
}

CLOSE_DECISIONS: Final = frozenset(
    name for name, decide in DECISIONS.items() if decide.__module__ == closing.__name__
)
"""They close the execution, so they come last in their list and only once."""

INCOMPATIBLE_WITH_CLOSE: Final = frozenset({"ScheduleActivityTask", "StartTimer"})
"""The service refuses these in one list with a close decision (seen by two client authors)."""

EFFECTS: Final[dict[str, Effect]] = {
    "WorkflowExecutionStarted": runs.started,
    "WorkflowExecutionCancelRequested": executions.cancel_requested,
    **dict.fromkeys(closing.STATUS, closing.closed),
    "DecisionTaskScheduled": decision_tasks.scheduled,
    "DecisionTaskStarted": decision_tasks.started,
    "DecisionTaskCompleted": decision_tasks.completed,
    "DecisionTaskTimedOut": decision_tasks.timed_out,
    "ActivityTaskScheduled": activities.scheduled,
    "ActivityTaskStarted": activities.started,
    "ActivityTaskCancelRequested": activities.cancel_requested,
    "ActivityTaskCompleted": activities.ended,
    "ActivityTaskFailed": activities.ended,
    "ActivityTaskTimedOut": activities.ended,
    "ActivityTaskCanceled": activities.ended,
    "TimerStarted": timers.started,
    "TimerFired": timers.ended,
    "TimerCanceled": timers.ended,
    "StartChildWorkflowExecutionInitiated": children.initiated,
    "StartChildWorkflowExecutionFailed": children.ended,
    "ChildWorkflowExecutionStarted": children.started,
    "ChildWorkflowExecutionCompleted": children.ended,
    "ChildWorkflowExecutionFailed": children.ended,
    "ChildWorkflowExecutionTimedOut": children.ended,
    "ChildWorkflowExecutionCanceled": children.ended,
    "ChildWorkflowExecutionTerminated": children.ended,
    "SignalExternalWorkflowExecutionInitiated": external.initiated,
    "SignalExternalWorkflowExecutionFailed": external.answered,
    "ExternalWorkflowExecutionSignaled": external.answered,
    "RequestCancelExternalWorkflowExecutionInitiated": external.initiated,
    "RequestCancelExternalWorkflowExecutionFailed": external.answered,
    "ExternalWorkflowExecutionCancelRequested": external.answered,
    "LambdaFunctionScheduled": lambdas.scheduled,
    "LambdaFunctionStarted": lambdas.started,
    "LambdaFunctionCompleted": lambdas.ended,
    "LambdaFunctionFailed": lambdas.ended,
    "LambdaFunctionTimedOut": lambdas.ended,
    "StartLambdaFunctionFailed": lambdas.ended,
}

TRIGGERS: Final = frozenset(
    {
        *model.REFUSAL.values(),  # every refused decision
        "WorkflowExecutionStarted",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionCancelRequested",
        "DecisionTaskTimedOut",
        "ActivityTaskCompleted",
        "ActivityTaskFailed",
        "ActivityTaskTimedOut",
        "ActivityTaskCanceled",
        "TimerFired",
        "ChildWorkflowExecutionStarted",
        "ChildWorkflowExecutionCompleted",
        "ChildWorkflowExecutionFailed",
        "ChildWorkflowExecutionTimedOut",
        "ChildWorkflowExecutionCanceled",
        "ChildWorkflowExecutionTerminated",
        "ExternalWorkflowExecutionSignaled",
        "ExternalWorkflowExecutionCancelRequested",
        "LambdaFunctionCompleted",
        "LambdaFunctionFailed",
        "LambdaFunctionTimedOut",
        "StartLambdaFunctionFailed",
    }
)
"""Events behind which a DecisionTaskScheduled follows unless one is queued; a batch of decisions
is finished first."""

REACTIONS: Final[dict[str, tuple[Reaction, ...]]] = {
    "ActivityTaskCancelRequested": (activities.cancel_unstarted,),
    "WorkflowExecutionCompleted": (children.tell_parent, children.apply_policy),
    "WorkflowExecutionFailed": (children.tell_parent, children.apply_policy),
    "WorkflowExecutionCanceled": (children.tell_parent, children.apply_policy),
    "WorkflowExecutionTimedOut": (children.tell_parent, children.apply_policy),
    "WorkflowExecutionTerminated": (children.tell_parent, children.apply_policy),
    "WorkflowExecutionContinuedAsNew": (closing.begin_next_run, children.apply_policy),
}

DEADLINES: Final[dict[str, Deadline]] = {
    "child": Deadline(children.due, children.begin),
    "external": Deadline(external.due, external.deliver),
    "lambda": Deadline(lambdas.due, lambdas.proceed),
    "lambda outcome": Deadline(lambdas.outcome_due, lambdas.end),
    "timer": Deadline(timers.due, timers.fire),
    "activity": Deadline(activities.due, activities.time_out),
    "decision task": Deadline(decision_tasks.due, decision_tasks.time_out),
    "decision task to start": Deadline(
        decision_tasks.due_to_start, decision_tasks.time_out_to_start
    ),
    "execution": Deadline(executions.due, executions.time_out, rank=1),
}
