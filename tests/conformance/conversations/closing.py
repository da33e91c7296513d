"""How a run begins, ends and is refused an end."""

from __future__ import annotations

from swfsim import Behaviour
from swfsim.spec.behaviour import Quotas
from tests.conformance.talk import Talk, conversation
from tests.support.driver import (
    DOMAIN,
    cancel,
    complete,
    continue_as_new,
    decision,
    fail,
    marker,
    signal_external,
)

ROLE = "arn:aws:iam::123456789012:role/swf"
ORDER = {"name": "order", "version": "1.0"}


@conversation("start, decide, complete")
def completes(swf: Talk) -> None:
    swf.start(input="two books", tagList=["books"], taskPriority="2", lambdaRole=ROLE)
    swf.told(
        "WorkflowExecutionStarted",
        childPolicy="TERMINATE",
        executionStartToCloseTimeout="3600",
        input="two books",
        lambdaRole=ROLE,
        taskPriority="2",
        parentInitiatedEventId=0,
        tagList=["books"],
        taskList={"name": "deciders"},
        taskStartToCloseTimeout="300",
        workflowType=ORDER,
    )
    swf.told(
        "DecisionTaskScheduled",
        taskList={"name": "deciders"},
        startToCloseTimeout="300",
        taskPriority="2",
    )
    swf.poll(identity="decider 1")
    swf.told("DecisionTaskStarted", scheduledEventId=2, identity="decider 1")
    swf.answer(complete(result="sent"), executionContext="done")
    swf.told("DecisionTaskCompleted", scheduledEventId=2, startedEventId=3, executionContext="done")
    swf.told("WorkflowExecutionCompleted", result="sent", decisionTaskCompletedEventId=4)
    info = swf.describe()["executionInfo"]
    assert (info["executionStatus"], info["closeStatus"]) == ("CLOSED", "COMPLETED")


@conversation("a decider fails its execution")
def fails(swf: Talk) -> None:
    swf.start()
    swf.decide(fail(reason="no stock", details="book 2"))
    swf.told(
        "WorkflowExecutionFailed",
        reason="no stock",
        details="book 2",
        decisionTaskCompletedEventId=4,
    )
    assert swf.describe()["executionInfo"]["closeStatus"] == "FAILED"


@conversation("a cancel request asks, the decider cancels")
def cancels(swf: Talk) -> None:
    swf.start()
    swf.decide()
    swf.request_cancel()
    swf.told("WorkflowExecutionCancelRequested", externalInitiatedEventId=0, cause=None)
    info = swf.describe()["executionInfo"]
    assert (info["executionStatus"], info["cancelRequested"]) == ("OPEN", True)
    swf.decide(cancel(details="as you wish"))
    swf.told("WorkflowExecutionCanceled", details="as you wish", decisionTaskCompletedEventId=8)
    assert swf.describe()["executionInfo"]["closeStatus"] == "CANCELED"


@conversation("an operator terminates a run")
def terminated(swf: Talk) -> None:
    swf.start()
    swf.terminate(reason="enough", details="of this", childPolicy="ABANDON")
    swf.told(
        "WorkflowExecutionTerminated",
        cause="OPERATOR_INITIATED",
        reason="enough",
        details="of this",
        childPolicy="ABANDON",
    )
    assert swf.describe()["executionInfo"]["closeStatus"] == "TERMINATED"
    assert swf.idle()


@conversation("a run is terminated at its limit of events", Behaviour(quotas=Quotas(events=10)))
def full(swf: Talk) -> None:
    swf.start()
    swf.decide(*(marker(str(number)) for number in range(6)))
    swf.told(
        "WorkflowExecutionTerminated",
        cause="EVENT_LIMIT_EXCEEDED",
        childPolicy="TERMINATE",
        reason=None,
    )
    assert swf.last("WorkflowExecutionTerminated")["eventId"] == 11


@conversation("a run times out")
def times_out(swf: Talk) -> None:
    swf.start(executionStartToCloseTimeout="60", childPolicy="REQUEST_CANCEL")
    swf.wait(60)
    swf.told(
        "WorkflowExecutionTimedOut", timeoutType="START_TO_CLOSE", childPolicy="REQUEST_CANCEL"
    )
    assert swf.describe()["executionInfo"]["closeStatus"] == "TIMED_OUT"


@conversation("a run continues as a new one")
def continues(swf: Talk) -> None:
    old = swf.start(input="page 1")
    swf.decide(
        continue_as_new(input="page 2", tagList=["second"], taskPriority="1", lambdaRole=ROLE)
    )
    closed = swf.told(
        "WorkflowExecutionContinuedAsNew",
        input="page 2",
        tagList=["second"],
        taskPriority="1",
        lambdaRole=ROLE,
        workflowType=ORDER,
        taskList={"name": "deciders"},
        childPolicy="TERMINATE",
        decisionTaskCompletedEventId=4,
    )
    assert swf.describe()["executionInfo"]["closeStatus"] == "CONTINUED_AS_NEW"
    swf.run_id = closed["newExecutionRunId"]
    swf.told("WorkflowExecutionStarted", continuedExecutionRunId=old, input="page 2")
    assert swf.poll()["workflowExecution"]["runId"] == swf.run_id


@conversation("no close while something has not been seen")
def unhandled(swf: Talk) -> None:
    swf.start()
    for close in (complete(), fail(), cancel(), continue_as_new()):
        swf.poll()
        swf.signal("news", input="!")
        swf.answer(close)
        swf.failed(
            close["decisionType"],
            "UNHANDLED_DECISION",
            decisionTaskCompletedEventId=swf.last("DecisionTaskCompleted")["eventId"],
        )
    swf.told("WorkflowExecutionSignaled", signalName="news", input="!", externalInitiatedEventId=0)
    assert swf.describe()["executionInfo"]["executionStatus"] == "OPEN"


@conversation("continuing as a type that cannot be started")
def continues_badly(swf: Talk) -> None:
    for version in ("bare", "old"):
        swf.client.register_workflow_type(domain=DOMAIN, name="order", version=version)
    swf.client.deprecate_workflow_type(
        domain=DOMAIN, workflowType={"name": "order", "version": "old"}
    )
    swf.start()
    kind = "ContinueAsNewWorkflowExecution"
    for version, cause in (
        ("never", "WORKFLOW_TYPE_DOES_NOT_EXIST"),
        ("old", "WORKFLOW_TYPE_DEPRECATED"),
    ):
        swf.decide(continue_as_new(workflowTypeVersion=version))
        swf.failed(kind, cause)
    settings: dict[str, object] = {}
    for member, value, missing in (
        ("executionStartToCloseTimeout", "60", "EXECUTION_START_TO_CLOSE_TIMEOUT"),
        ("taskList", {"name": "deciders"}, "TASK_LIST"),
        ("taskStartToCloseTimeout", "60", "TASK_START_TO_CLOSE_TIMEOUT"),
        ("childPolicy", "ABANDON", "CHILD_POLICY"),
    ):
        swf.decide(continue_as_new(workflowTypeVersion="bare", **settings))
        swf.failed(kind, f"DEFAULT_{missing}_UNDEFINED")
        settings[member] = value
    swf.decide(continue_as_new(workflowTypeVersion="bare", **settings))
    swf.told("WorkflowExecutionContinuedAsNew", workflowType={"name": "order", "version": "bare"})


@conversation("a decider that does not answer in time")
def decides_too_late(swf: Talk) -> None:
    swf.start(taskStartToCloseTimeout="30")
    late = swf.poll()
    swf.wait(30)
    swf.told(
        "DecisionTaskTimedOut", timeoutType="START_TO_CLOSE", scheduledEventId=2, startedEventId=3
    )
    with swf.refused("UnknownResourceFault", "Unknown decision task, scheduledEventId = 2"):
        swf.answer()
    swf.poll()
    assert swf.task["taskToken"] != late["taskToken"]
    swf.answer(complete())
    swf.told("WorkflowExecutionCompleted", decisionTaskCompletedEventId=7)


@conversation("a decision task on a list of its own that nobody polls")
def nobody_decides(swf: Talk) -> None:
    swf.start()
    swf.decide(taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5")
    swf.told(
        "DecisionTaskCompleted", taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5"
    )
    swf.signal()
    swf.told("DecisionTaskScheduled", taskList={"name": "sticky"}, scheduleToStartTimeout="5")
    swf.wait(5)
    swf.told(
        "DecisionTaskTimedOut",
        timeoutType="SCHEDULE_TO_START",
        scheduledEventId=6,
        startedEventId=0,
    )
    swf.told("DecisionTaskScheduled", taskList={"name": "deciders"})
    assert not swf.idle()


@conversation("a history in pages, from either end")
def pages(swf: Talk) -> None:
    run = {"workflowId": "order-1", "runId": swf.start()}
    swf.decide(*(marker(str(number)) for number in range(6)))
    for reverse in (False, True):
        found = []
        more: dict[str, str] = {}
        while True:
            answer = swf.client.get_workflow_execution_history(
                domain=DOMAIN,
                execution=run,
                maximumPageSize=4,
                reverseOrder=reverse,
                **more,
            )
            found += [event["eventId"] for event in answer["events"]]
            if "nextPageToken" not in answer:
                break
            more = {"nextPageToken": answer["nextPageToken"]}
        assert found == sorted(range(1, 11), reverse=reverse)


@conversation("rules of a decision list as a whole")
def bad_lists(swf: Talk) -> None:
    swf.start()
    swf.poll()
    with swf.refused("ValidationException", "Close must be last decision in list"):
        swf.answer(complete(), marker("m"))
    with swf.refused("ValidationException", "incompatible with close decision"):
        swf.answer(decision("StartTimer", timerId="t", startToFireTimeout="1"), complete())
    swf.answer(marker("m"), signal_external("nobody"), complete())
    swf.told("MarkerRecorded", markerName="m", decisionTaskCompletedEventId=4)
    swf.told("WorkflowExecutionCompleted", result=None, decisionTaskCompletedEventId=4)
