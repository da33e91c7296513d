"""Twelve facts about Amazon SWF that most often surprise those who code against it."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.exceptions
import pytest

from swfsim import fake_swf, wire
from swfsim.spec import model
from swfsim.spec.behaviour import Behaviour
from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel_activity,
    cancel_external,
    cancel_timer,
    child,
    complete,
    completes,
    continue_as_new,
    decision,
    marker,
    run_lambda,
    schedule,
    signal_external,
    timer,
)
from tests.support.known import known


@pytest.fixture
def slow() -> Iterator[Driver]:
    """A service on which children, signals and functions take a second to follow."""
    with fake_swf(clock="virtual", behaviour=Behaviour(follow_up_ms=1000)) as fake:
        yield Driver(fake).register()


@known("capture")
def test_1_news_while_deciding_queues_one_more_task_at_once_and_only_one(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal("first")
    swf.signal("second")
    swf.answer()
    swf.shows("""
        3   DecisionTaskStarted(S2)
        4   WorkflowExecutionSignaled(first)
        5 = DecisionTaskScheduled
        6   WorkflowExecutionSignaled(second)
        7   DecisionTaskCompleted(S2, T3)
    """)


@known("capture")
def test_2_a_close_while_a_task_is_queued_fails_and_writes_no_new_task(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.answer(complete())
    swf.shows("""
        4   WorkflowExecutionSignaled(hurry)
        5 = DecisionTaskScheduled
        6   DecisionTaskCompleted(S2, T3)
        7 = CompleteWorkflowExecutionFailed(UNHANDLED_DECISION, D6)
    """)
    assert swf.poll()["startedEventId"] == 8


@known("capture")
@pytest.mark.parametrize("queued", [True, False])
def test_3_after_a_decision_timeout_a_task_is_scheduled_unless_one_is_queued(
    swf: Driver, queued: bool
) -> None:
    swf.start()
    swf.poll()
    if queued:
        swf.signal()
    swf.wait(300)
    kinds = [event["eventType"] for event in swf.history()]
    assert kinds.count("DecisionTaskScheduled") == 2
    assert kinds[-1] == ("DecisionTaskTimedOut" if queued else "DecisionTaskScheduled")


@known("capture")
def test_4_an_empty_answer_leaves_the_execution_without_any_decision_task(swf: Driver) -> None:
    swf.start()
    swf.decide()
    swf.wait(60)
    assert "taskToken" not in swf.poll()
    assert swf.describe()["openCounts"]["openDecisionTasks"] == 0


@known("capture", "client code")
@pytest.mark.parametrize(
    "refused",
    [
        schedule("a", activityType={"name": "nope", "version": "1"}),
        cancel_activity("nope"),
        cancel_timer("nope"),
        child("kid", workflowType={"name": "nope", "version": "1"}),
        continue_as_new(workflowTypeVersion="nope"),
    ],
    ids=lambda one: one["decisionType"],
)
def test_5_every_refused_decision_brings_a_new_decision_task(
    swf: Driver, refused: dict[str, object]
) -> None:
    swf.start()
    swf.decide(refused)
    kinds = [event["eventType"] for event in swf.history()]
    assert kinds[-2:] == [model.REFUSAL[str(refused["decisionType"])], "DecisionTaskScheduled"]


@known("client code", "capture")
def test_6_closing_with_open_work_is_legal(slow: Driver) -> None:
    slow.start(lambdaRole="arn:aws:iam::123456789012:role/swf")
    slow.decide(schedule("a"), timer("t", 60), child("kid"), run_lambda("l"))
    slow.signal()
    slow.decide(complete())
    assert slow.history()[-1]["eventType"] == "WorkflowExecutionCompleted"
    assert slow.describe()["openCounts"] == {
        "openActivityTasks": 1,
        "openDecisionTasks": 0,
        "openTimers": 1,
        "openChildWorkflowExecutions": 1,
        "openLambdaFunctions": 1,
    }


@known("client code", "capture")
@pytest.mark.parametrize("opening", [schedule("a"), timer("t", 1)])
def test_6_but_not_together_with_opening_some_in_one_list(
    swf: Driver, opening: dict[str, object]
) -> None:
    swf.start()
    swf.poll()
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        swf.answer(opening, complete())
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Specified decision is incompatible with close decision",
    }
    assert swf.history()[-1]["eventType"] == "DecisionTaskStarted"


@known("capture")
@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
def test_7_the_child_policy_is_applied_when_a_parent_completes(swf: Driver, policy: str) -> None:
    swf.start(childPolicy=policy)
    swf.decide(child("kid", childPolicy="ABANDON", taskList={"name": "kids"}))
    swf.wait()
    kid = swf.attributes(6)["workflowExecution"]["runId"]
    swf.decide(complete())
    last = {
        "TERMINATE": "WorkflowExecutionTerminated",
        "REQUEST_CANCEL": "WorkflowExecutionCancelRequested",
        "ABANDON": "DecisionTaskScheduled",
    }
    assert swf.history(kid, "kid")[1:][-1]["eventType"] == last[policy]


@known("documentation")
def test_7_or_only_where_documented_if_so_asked() -> None:
    behaviour = Behaviour(child_policy_on_close="documented")
    with fake_swf(clock="virtual", behaviour=behaviour) as fake:
        swf = Driver(fake).register()
        swf.start()
        swf.decide(child("kid", taskList={"name": "kids"}))
        swf.wait()
        kid = swf.attributes(6)["workflowExecution"]["runId"]
        swf.decide(complete())
        assert swf.history(kid, "kid")[-1]["eventType"] == "DecisionTaskScheduled"


@known("capture")
def test_8_a_termination_by_the_api_says_operator_initiated(swf: Driver) -> None:
    swf.start()
    swf.terminate()
    assert swf.attributes(3) == {"cause": "OPERATOR_INITIATED", "childPolicy": "TERMINATE"}


@known("capture")
def test_9_an_empty_poll_has_no_task_token(swf: Driver) -> None:
    assert set(swf.poll()) == {"startedEventId", "previousStartedEventId", "ResponseMetadata"}
    assert set(swf.take()) == {"startedEventId", "ResponseMetadata"}


@known("documentation")
def test_9_or_an_empty_one_if_so_asked() -> None:
    with fake_swf(clock="virtual", behaviour=Behaviour(empty_poll_token="empty")) as fake:
        swf = Driver(fake).register()
        assert swf.poll()["taskToken"] == ""
        assert swf.take()["taskToken"] == ""


@known("capture")
def test_9_on_the_wire_it_is_these_bytes() -> None:
    decision_poll = {"startedEventId": 0, "previousStartedEventId": 0}
    assert wire.answer_bytes("PollForDecisionTask", decision_poll) == (
        b'{"previousStartedEventId":0,"startedEventId":0}'
    )
    assert wire.answer_bytes("PollForActivityTask", {"startedEventId": 0}) == (
        b'{"startedEventId":0}'
    )


@known("capture")
def test_10_a_void_operation_answers_no_bytes_at_all(swf: Driver) -> None:
    assert wire.answer_bytes("SignalWorkflowExecution", {}) == b""
    swf.start()
    answer = swf.client.signal_workflow_execution(
        domain=DOMAIN, workflowId="order-1", signalName="hurry"
    )
    assert set(answer) == {"ResponseMetadata"}


@known("client code")
def test_11_one_bad_decision_rejects_all_and_the_token_stays_good(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationException"):
        swf.answer(marker("good"), marker("x" * 257), timer("good", 1))
    assert swf.history()[-1]["eventType"] == "DecisionTaskStarted"
    swf.answer(marker("good"))
    assert swf.history()[-1]["eventType"] == "MarkerRecorded"


@known("capture")
@pytest.mark.parametrize(
    ("before", "quiet", "event"),
    [
        ([timer("t", 60)], cancel_timer("t"), "TimerCanceled"),
        ([], marker("m"), "MarkerRecorded"),
        ([], child("kid"), "StartChildWorkflowExecutionInitiated"),
        ([], signal_external("x"), "SignalExternalWorkflowExecutionInitiated"),
        ([], cancel_external("x"), "RequestCancelExternalWorkflowExecutionInitiated"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_12_what_a_decider_does_itself_brings_no_decision_task(
    slow: Driver, before: list[dict[str, object]], quiet: dict[str, object], event: str
) -> None:
    slow.start()
    slow.decide(*before)
    slow.signal()
    slow.decide(quiet)
    assert slow.history()[-1]["eventType"] == event


@known("capture")
def test_12_nor_does_a_started_activity_or_a_requested_cancel_of_one(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    assert swf.history()[-1]["eventType"] == "ActivityTaskStarted"
    swf.signal()
    swf.decide(cancel_activity("a"))
    assert swf.history()[-1]["eventType"] == "ActivityTaskCancelRequested"
    swf.report(completes())
    assert swf.history()[-1]["eventType"] == "DecisionTaskScheduled"


@known("client code")
def test_a_decision_without_its_attributes_is_a_decision_with_none(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        swf.answer({"decisionType": "RecordMarker"})
    assert refused.value.response["Error"]["Message"] == (
        "1 validation error detected: Value null at "
        "'decisions.1.member.recordMarkerDecisionAttributes.markerName' failed to satisfy "
        "constraint: Member must not be null"
    )
    swf.answer(decision("CompleteWorkflowExecution"))
    assert swf.history()[-1]["eventType"] == "WorkflowExecutionCompleted"
