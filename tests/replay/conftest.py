"""A history with a little of everything, in boto3's form, to be kept in many forms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.driver import (
    Driver,
    cancel_timer,
    child,
    complete,
    completes,
    fails,
    marker,
    schedule,
    signal_external,
    timer,
)


@pytest.fixture
def history(swf: Driver) -> dict[str, Any]:
    """Two activities, a retry after a failure, a timer that fires and one that does not, a marker,
    a child, signals in and out, and a decision that is refused."""
    swf.start(input='{"order": "Ação"}', tagList=["vip"])
    swf.decide(schedule("a", input="1"), timer("t", 30), timer("u", 90), marker("here"))
    swf.signal(input="now")
    swf.work(fails("no card", details="try again"))
    swf.decide(schedule("a"), cancel_timer("u"), cancel_timer("nothing"))
    swf.take()
    swf.wait(40)
    swf.beat(details="half")
    swf.report(completes("paid"))
    swf.decide(child("order-2"), signal_external("nobody", control="c"))
    while "taskToken" in (task := swf.poll()):
        whose = task["workflowExecution"]["workflowId"]
        seen = {event["eventType"] for event in task["events"]}
        done = whose == "order-2" or "ChildWorkflowExecutionCompleted" in seen
        swf.answer(*[complete(result="done")] * done)
    answer: dict[str, Any] = swf.client.get_workflow_execution_history(
        domain="shop", execution={"workflowId": "order-1", "runId": swf.run_id}
    )
    return {"events": answer["events"]}
