"""How a Lambda task ends: by its function, its limit, or its role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from tests.support.driver import (
    Driver,
    child,
    continue_as_new,
    run_lambda,
    timer,
)
from tests.support.known import known
from tests.support.lambdas import ROLE, called, function
from tests.support.looks import driver, kinds


@pytest.fixture
def following() -> Iterator[Driver]:
    yield from driver(follow_up_ms=40)


# A function that returns


@known("capture")
def test_a_function_that_returns_completes_its_task(swf: Driver) -> None:
    seen = function(swf, {"tax": 19})
    ended = called(swf, input='{"sum": 100}')
    swf.shows("""
        1   WorkflowExecutionStarted
        2 = DecisionTaskScheduled
        3   DecisionTaskStarted(S2)
        4   DecisionTaskCompleted(S2, T3)
        5 = LambdaFunctionScheduled(tax-1, D4)
        6 = LambdaFunctionStarted(S5)
        7   LambdaFunctionCompleted(S5, T6)
        8 = DecisionTaskScheduled
    """)
    assert seen == [{"sum": 100}]
    assert ended == {"scheduledEventId": 5, "startedEventId": 6, "result": '{"tax": 19}'}
    assert swf.attributes(6) == {"scheduledEventId": 5}  # it shows nothing else


@known("capture")
def test_the_scheduled_event_shows_what_was_decided(swf: Driver) -> None:
    """The time limit is echoed when given."""
    function(swf, None)
    called(swf, input="[1]", control="mine", startToCloseTimeout="30")
    assert swf.attributes(5) == {
        "id": "tax-1",
        "name": "tax",
        "input": "[1]",
        "control": "mine",
        "startToCloseTimeout": "30",
        "decisionTaskCompletedEventId": 4,
    }


@known("capture")
def test_the_scheduled_event_shows_nothing_that_was_not_decided(swf: Driver) -> None:
    function(swf, None)
    called(swf)
    assert swf.attributes(5) == {"id": "tax-1", "name": "tax", "decisionTaskCompletedEventId": 4}


@known("capture", "client code")
@pytest.mark.parametrize(
    ("returned", "result"),
    [
        ("done", '"done"'),  # a string comes with its quotes
        (19, "19"),
        (None, "null"),
        (True, "true"),
        ([1, {"a": []}], '[1, {"a": []}]'),
        ("Straße 😀", '"Straße 😀"'),
    ],
)
def test_a_result_is_the_json_text_of_what_was_returned(
    swf: Driver, returned: Any, result: str
) -> None:
    function(swf, returned)
    assert called(swf)["result"] == result


@known("client code")
def test_without_an_input_the_function_receives_an_empty_object(swf: Driver) -> None:
    seen = function(swf, None)
    called(swf)
    assert seen == [{}]


@known("model")
@pytest.mark.parametrize("sent", ['"text"', "7", "null", "[1, 2]", '{"a": {"b": "ü"}}'])
def test_an_input_is_any_json(swf: Driver, sent: str) -> None:
    seen = function(swf, None)
    called(swf, input=sent)
    assert seen == [json.loads(sent)]


@known("our own")
def test_what_a_function_sleeps_is_the_time_it_takes(swf: Driver) -> None:
    function(swf, None, seconds=12.5)
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("tax-1"))
    swf.wait()
    swf.wait(12.4)
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 1
    assert len(swf.history()) == 6
    swf.wait(1)
    begun, ended = swf.history()[5:7]
    assert (ended["eventTimestamp"] - begun["eventTimestamp"]).total_seconds() == 12.5
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 0


@known("capture")
def test_several_functions_run_at_once_and_end_in_their_own_order(swf: Driver) -> None:
    function(swf, "slow", seconds=20, name="slow")
    function(swf, "fast", seconds=10, name="fast")
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("s", "slow"), run_lambda("f", "fast"), timer("t", 15))
    swf.wait()
    swf.wait(30)
    swf.shows("""
         5 = LambdaFunctionScheduled(s, D4)
         6 = LambdaFunctionScheduled(f, D4)
         7 = TimerStarted(t, D4)
         8 = LambdaFunctionStarted(S5)
         9 = LambdaFunctionStarted(S6)
        10   LambdaFunctionCompleted(S6, T9)
        11 = DecisionTaskScheduled
        12   TimerFired(t, T7)
        13   LambdaFunctionCompleted(S5, T8)
    """)


@known("capture")
def test_a_function_begins_a_moment_after_the_decision(following: Driver) -> None:
    """On the service 33 to 77 ms after; it is never begun inside the batch of decisions."""
    function(following, None)
    following.start(lambdaRole=ROLE)
    following.decide(run_lambda("tax-1"))
    following.wait()
    following.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = LambdaFunctionScheduled(tax-1, D4)
        6   LambdaFunctionStarted(S5)
    """)
    scheduled, begun = following.history()[4:6]
    assert (begun["eventTimestamp"] - scheduled["eventTimestamp"]).total_seconds() == 0.04


@known("our own")
def test_its_end_has_its_own_instant_however_far_time_leaps(swf: Driver) -> None:
    function(swf, None, seconds=0.5)
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("tax-1", startToCloseTimeout="10"), timer("t", 1))
    swf.wait(1_000)  # the first call after the decision
    swf.shows("""
         7 = LambdaFunctionStarted(S5)
         8   LambdaFunctionCompleted(S5, T7)
         9 = DecisionTaskScheduled
        10   TimerFired(t, T6)
    """)
    begun, ended = swf.history()[6:8]
    assert (ended["eventTimestamp"] - begun["eventTimestamp"]).total_seconds() == 0.5


# A function that fails


@known("capture", "client code")
@pytest.mark.parametrize("reason", ["Unhandled", "UnhandledError"])
def test_a_function_that_raises_fails_its_task(reason: str) -> None:
    """The reason was UnhandledError in a capture of 2017, and is Unhandled today."""
    for swf in driver(lambda_failure_reason=reason):
        function(swf, ValueError("no such country"))
        ended = called(swf)
        swf.shows("""
            5 = LambdaFunctionScheduled(tax-1, D4)
            6 = LambdaFunctionStarted(S5)
            7   LambdaFunctionFailed(S5, T6)
            8 = DecisionTaskScheduled
        """)
        assert ended["reason"] == reason
        details = json.loads(ended["details"])
        assert details["errorMessage"] == "no such country"
        assert details["errorType"] == "ValueError"
        assert any("raise outcome" in line for line in details["stackTrace"])


@known("client code")
def test_today_the_reason_is_unhandled(swf: Driver) -> None:
    function(swf, KeyError("country"))
    assert called(swf)["reason"] == "Unhandled"


@known("guess")
def test_what_json_cannot_say_is_a_failure(swf: Driver) -> None:
    function(swf, object())
    called(swf)
    assert kinds(swf)[6] == "LambdaFunctionFailed"


@known("client code")
def test_a_function_that_does_not_exist_fails_its_task(swf: Driver) -> None:
    """It is found out when the task has begun."""
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("tax-1", "no-such-function"))
    swf.wait()
    assert kinds(swf)[4:] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "DecisionTaskScheduled",
    ]
    assert swf.attributes(7)["reason"] == "ResourceNotFoundException"
    assert "no-such-function" in swf.attributes(7)["details"]


@known("documentation")
def test_a_failed_function_may_be_called_again(swf: Driver) -> None:
    function(swf, ValueError("try again"))
    called(swf)
    function(swf, "better")
    swf.decide(run_lambda("tax-1"))
    swf.wait()
    swf.wait(1)
    swf.shows("""
         7   LambdaFunctionFailed(S5, T6)
         8 = DecisionTaskScheduled
         9   DecisionTaskStarted(S8)
        10   DecisionTaskCompleted(S8, T9)
        11 = LambdaFunctionScheduled(tax-1, D10)
        12 = LambdaFunctionStarted(S11)
        13   LambdaFunctionCompleted(S11, T12)
        14 = DecisionTaskScheduled
    """)


# A function that takes too long


@known("capture")
def test_a_function_that_takes_too_long_times_out_and_its_result_is_lost(swf: Driver) -> None:
    function(swf, "too late", seconds=10)
    ended = called(swf, seconds=60, startToCloseTimeout="5")
    swf.shows("""
        5 = LambdaFunctionScheduled(tax-1, D4)
        6 = LambdaFunctionStarted(S5)
        7   LambdaFunctionTimedOut(START_TO_CLOSE, S5, T6)
        8 = DecisionTaskScheduled
    """)
    assert ended == {"scheduledEventId": 5, "startedEventId": 6, "timeoutType": "START_TO_CLOSE"}
    begun, timed_out = swf.history()[5:7]
    assert (timed_out["eventTimestamp"] - begun["eventTimestamp"]).total_seconds() == 5


@known("guess")
def test_a_function_that_is_just_in_time_completes(swf: Driver) -> None:
    function(swf, "in time", seconds=4.999)
    assert called(swf, seconds=60, startToCloseTimeout="5")["result"] == '"in time"'


@known("documentation")
def test_a_function_has_900_seconds_unless_told_otherwise(swf: Driver) -> None:
    function(swf, None, seconds=1_000)
    called(swf, seconds=950)
    begun, timed_out = swf.history()[5:7]
    assert timed_out["eventType"] == "LambdaFunctionTimedOut"
    assert (timed_out["eventTimestamp"] - begun["eventTimestamp"]).total_seconds() == 900


@known("documentation")
@pytest.mark.parametrize("limit", ["0", "901", "NONE", "-1", "1.5", "99999999"])
def test_a_time_limit_is_1_to_900_seconds(swf: Driver, limit: str) -> None:
    swf.start(lambdaRole=ROLE)
    swf.poll()
    with pytest.raises(botocore.exceptions.ClientError, match=r"ValidationException.*1 validation"):
        swf.answer(run_lambda("tax-1", startToCloseTimeout=limit))
    swf.answer(run_lambda("shortest", startToCloseTimeout="1"))
    swf.signal()
    swf.decide(run_lambda("longest", startToCloseTimeout="900"))


@known("model")
@pytest.mark.parametrize("member", [{"lambda_id": "x" * 257}, {"lambda_id": "l", "name": "x" * 65}])
def test_ids_have_256_characters_and_names_64(swf: Driver, member: dict[str, str]) -> None:
    swf.start(lambdaRole=ROLE)
    swf.poll()
    with pytest.raises(botocore.exceptions.ClientError, match="length less than or equal to"):
        swf.answer(run_lambda(**member))
    swf.answer(run_lambda("x" * 256, "x" * 64))


# The role


@known("capture", "client code")
def test_without_a_role_the_function_is_not_run(swf: Driver) -> None:
    """The failure stands directly behind the Scheduled event, without a Started."""
    seen = function(swf, None)
    swf.start()
    swf.decide(run_lambda("tax-1"))
    swf.wait(1_000)
    assert kinds(swf)[4:7] == [
        "LambdaFunctionScheduled",
        "StartLambdaFunctionFailed",
        "DecisionTaskScheduled",
    ]
    assert swf.attributes(6) == {
        "scheduledEventId": 5,
        "cause": "ASSUME_ROLE_FAILED",
        "message": "No IAM role is attached to the current workflow execution.",
    }
    assert seen == []
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 0


@known("documentation")
def test_the_role_may_be_the_types_default(fake: Any) -> None:
    swf = Driver(fake).register(defaultLambdaRole=ROLE)
    function(swf, None)
    swf.start()
    assert swf.attributes(1)["lambdaRole"] == ROLE
    assert swf.describe()["executionConfiguration"]["lambdaRole"] == ROLE
    swf.decide(run_lambda("tax-1"))
    swf.wait()
    swf.wait(1)
    assert "LambdaFunctionCompleted" in kinds(swf)


@known("documentation")
def test_a_child_does_not_inherit_its_parents_role(swf: Driver) -> None:
    """The role comes from the decision or the type, never from the parent."""
    function(swf, None)
    swf.start(lambdaRole=ROLE)
    swf.decide(child("without"), child("with", lambdaRole=ROLE))
    swf.wait()
    for _ in range(3):
        polled = swf.poll()
        name = polled["workflowExecution"]["workflowId"]
        swf.answer(*(() if name == "order-1" else [run_lambda("tax-1")]))
    swf.wait()
    opened = swf.client.list_open_workflow_executions(
        domain="shop", startTimeFilter={"oldestDate": 0}
    )["executionInfos"]
    began = {}
    for info in opened:
        execution = info["execution"]
        events = swf.history(execution["runId"], execution["workflowId"])
        began[execution["workflowId"]] = [event["eventType"] for event in events][5:6]
    assert began["without"] == ["StartLambdaFunctionFailed"]
    assert began["with"] == ["LambdaFunctionStarted"]


@known("documentation")
def test_a_continuation_does_not_inherit_the_role_of_the_run_before(swf: Driver) -> None:
    """Continuing takes the decision's settings, else the type's, not the closing run's."""
    swf.start(lambdaRole=ROLE)
    swf.decide(continue_as_new())
    swf.run_id = swf.attributes(5)["newExecutionRunId"]
    swf.decide(run_lambda("tax-1"))
    swf.wait()
    assert kinds(swf)[5] == "StartLambdaFunctionFailed"
