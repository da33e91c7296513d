"""What happens too often: calls are throttled, decisions fail."""

from __future__ import annotations

from typing import Any

from swfsim import Behaviour
from swfsim.spec.behaviour import Quotas
from tests.conformance.talk import Talk, conversation
from tests.support.driver import (
    DOMAIN,
    cancel_external,
    child,
    continue_as_new,
    run_lambda,
    schedule,
    signal_external,
    timer,
)

ROOMY = Behaviour(
    throttling=True,
    quotas=Quotas(open_activities=3_000, open_timers=3_000, open_lambdas=3_000, decisions=3_000),
)


def too_often(swf: Talk, count: int, decisions: list[Any], cause: str, **expected: Any) -> None:
    """So many of these pass at once; of the others, a tenth of a second later, the last fails."""
    kind = decisions[0]["decisionType"]
    swf.decide(*decisions[:count])
    swf.wait()
    so_far = swf.client.get_workflow_execution_history(
        domain=DOMAIN,
        execution={"workflowId": swf.workflow_id, "runId": swf.run_id},
        reverseOrder=True,
    )["events"]
    assert cause not in str(so_far)
    swf.signal("more")
    swf.decide(*decisions[count:])
    completed = swf.last("DecisionTaskCompleted")["eventId"]
    swf.wait()
    swf.failed(kind, cause, decisionTaskCompletedEventId=completed, **expected)


@conversation("more activities than the bucket holds", ROOMY)
def activities(swf: Talk) -> None:
    swf.start()
    asked = [schedule(str(number)) for number in range(1_200)]
    cause = "ACTIVITY_CREATION_RATE_EXCEEDED"
    too_often(swf, 1_000, asked, cause, activityId="1199")


@conversation("more timers than the bucket holds", ROOMY)
def timers(swf: Talk) -> None:
    swf.start()
    asked = [timer(str(number), 600) for number in range(2_200)]
    too_often(swf, 2_000, asked, "TIMER_CREATION_RATE_EXCEEDED", timerId="2199")


@conversation("more children than the bucket holds", ROOMY)
def children(swf: Talk) -> None:
    swf.start()
    asked = [child(str(number), taskList={"name": "kids"}) for number in range(550)]
    cause = "CHILD_CREATION_RATE_EXCEEDED"
    too_often(swf, 500, asked, cause, workflowId="549", initiatedEventId=0)


@conversation("more signals than the bucket holds", ROOMY)
def signals(swf: Talk) -> None:
    swf.start()
    asked = [signal_external("nobody") for _ in range(1_400)]
    cause = "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED"
    too_often(swf, 1_200, asked, cause, workflowId="nobody")


@conversation("more cancel requests than the bucket holds", ROOMY)
def cancel_requests(swf: Talk) -> None:
    swf.start()
    asked = [cancel_external("nobody") for _ in range(1_400)]
    cause = "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED"
    too_often(swf, 1_200, asked, cause, workflowId="nobody")


@conversation("more functions than the bucket holds", ROOMY, functions={"tax": lambda order: 1})
def functions(swf: Talk) -> None:
    swf.start()
    asked = [run_lambda(str(number)) for number in range(1_200)]
    too_often(swf, 1_000, asked, "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED", id="1199")


@conversation("more continuations than the bucket holds", ROOMY)
def continuations(swf: Talk) -> None:
    swf.step_s = 0  # all at one instant, so that nothing flows back into the bucket
    swf.start()
    for _ in range(501):
        swf.decide(continue_as_new())
    run = swf.task["workflowExecution"]
    cause = "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED"
    swf.told(
        "ContinueAsNewWorkflowExecutionFailed", run, cause=cause, decisionTaskCompletedEventId=4
    )


@conversation("more calls than the bucket holds, and then time for more", ROOMY)
def calls(swf: Talk) -> None:
    def tags() -> Any:
        return swf.client.list_tags_for_resource(resourceArn=arn)["tags"]

    arn = swf.client.describe_domain(name=DOMAIN)["domainInfo"]["arn"]
    for _ in range(50):
        assert tags() == []
    with swf.refused("ThrottlingException", "Rate exceeded"):
        tags()
    swf.wait(1)
    assert tags() == []
