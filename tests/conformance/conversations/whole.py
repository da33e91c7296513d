"""A whole order: retries, a timer between them, a child, and a rollback when nothing helps."""

from __future__ import annotations

from tests.conformance.talk import Talk, conversation
from tests.support.driver import (
    child,
    complete,
    completes,
    fail,
    fails,
    marker,
    schedule,
    timer,
)


@conversation(
    "a whole order, with retries, timers, a child and a rollback",
    virtual="its timers must not fire before it says so",
)
def order(swf: Talk) -> None:
    order_run = swf.start("ORD-1", input='{"sku": "A"}', tagList=["order"])
    swf.decide(schedule("validate-1", input='{"sku": "A"}'))
    swf.work(completes('{"valid": true}'))

    swf.decide(child("ORD-1-shipment", taskList={"name": "shipping"}, input='{"sku": "A"}'))
    swf.poll("shipping")
    swf.answer(complete(result='{"parcel": 7}'))
    swf.wait()
    swf.told("ChildWorkflowExecutionCompleted", result='{"parcel": 7}', initiatedEventId=11)

    for attempt in (1, 2, 3):
        swf.decide(schedule(f"save-{attempt}"))
        swf.work(fails("Database unavailable", details=f"attempt {attempt}"))
        if attempt < 3:
            swf.decide(timer(f"back-off-{attempt}", 2**attempt))
            assert swf.idle()
            swf.wait(2**attempt)
            swf.told("TimerFired", timerId=f"back-off-{attempt}")

    swf.decide(marker("ROLLBACK_INITIATED", details="save"), schedule("compensate-1"))
    assert swf.take()["activityId"] == "compensate-1"
    assert not swf.beat(details="half way")
    swf.report(completes('{"undone": ["shipment", "validate"]}'))
    swf.decide(fail(reason="Database unavailable", details="rolled back"))

    told = [event["eventType"] for event in swf.history(order_run, "ORD-1")]
    assert told.count("ActivityTaskFailed") == 3
    assert told.count("TimerFired") == 2
    assert told[-1] == "WorkflowExecutionFailed"
    swf.told(
        "WorkflowExecutionFailed",
        {"workflowId": "ORD-1", "runId": order_run},
        reason="Database unavailable",
        details="rolled back",
    )
