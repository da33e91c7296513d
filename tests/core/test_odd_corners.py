"""Odd corners: what happens where two rules of the service meet."""

from __future__ import annotations

import json
import threading
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from swfsim import Behaviour, HarnessError, fake_swf
from swfsim.spec.behaviour import Quotas
from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel_activity,
    child,
    complete,
    continue_as_new,
    marker,
    run_lambda,
    schedule,
    timer,
)
from tests.support.known import known


def refused(code: str, text: str = "") -> Any:
    return pytest.raises(botocore.exceptions.ClientError, match=rf"{code}(.|\n)*{text}")


def kinds(swf: Driver) -> list[str]:
    return [event["eventType"] for event in swf.history()]


@known("capture")
def test_a_function_ends_at_its_own_time_however_far_the_clock_is_moved(swf: Driver) -> None:
    swf.fake.lambda_functions["tax"] = lambda _: 7
    swf.start(lambdaRole="arn:aws:iam::1:role/r")
    swf.decide(run_lambda("l", startToCloseTimeout="5"), timer("t", 3))
    swf.wait(6)
    swf.shows("""
        5 = LambdaFunctionScheduled(l, D4)
        6 = TimerStarted(t, D4)
        7 = LambdaFunctionStarted(S5)
        8 = LambdaFunctionCompleted(S5, T7)
        9 = DecisionTaskScheduled
        10   TimerFired(t, T6)
    """)


@known("our own")
def test_a_refused_call_does_not_keep_a_function_from_running(swf: Driver) -> None:
    swf.fake.lambda_functions["tax"] = lambda _: 7
    swf.start(lambdaRole="arn:aws:iam::1:role/r")
    swf.decide(run_lambda("l", startToCloseTimeout="5"))
    with refused("UnknownResourceFault"):
        swf.client.describe_domain(name="nowhere")
    swf.wait(6)
    assert "LambdaFunctionCompleted" in kinds(swf)


@known("documentation")
@pytest.mark.parametrize("name", ["漢" * 256, "😀" * 128, "x" * 256, "half \ud800"])
def test_the_tokens_of_any_legal_workflow_id_can_be_answered(swf: Driver, name: str) -> None:
    swf.start(name)
    assert len(swf.poll()["taskToken"]) <= 1024
    swf.answer(schedule("a"))
    assert len(swf.take()["taskToken"]) <= 1024
    swf.report(("respond_activity_task_completed", {}))


@known("guess")
def test_a_page_token_is_good_in_its_own_region_only(swf: Driver) -> None:
    elsewhere: Any = boto3.client("swf", region_name="eu-west-1")
    for client in (swf.client, elsewhere):
        for number in range(3):
            client.register_domain(name=f"d{number}", workflowExecutionRetentionPeriodInDays="1")
    first = swf.client.list_domains(registrationStatus="REGISTERED", maximumPageSize=1)
    token = first["nextPageToken"]
    swf.client.list_domains(
        registrationStatus="REGISTERED", nextPageToken=token, reverseOrder=False
    )
    with refused("ValidationException", "Invalid token"):
        elsewhere.list_domains(registrationStatus="REGISTERED", nextPageToken=token)


@known("capture", "client code")
def test_one_decision_task_follows_all_cancellations_of_a_batch(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"), schedule("b"))
    swf.signal()
    swf.decide(cancel_activity("a"), cancel_activity("b"))
    assert kinds(swf)[-5:] == [
        "ActivityTaskCancelRequested",
        "ActivityTaskCancelRequested",
        "ActivityTaskCanceled",
        "ActivityTaskCanceled",
        "DecisionTaskScheduled",
    ]


@known("documentation")
@pytest.mark.parametrize(
    ("behaviour", "close"),
    [
        (Behaviour(child_policy_on_close="documented"), complete()),
        (Behaviour(child_policy_on_continue=False), continue_as_new()),
    ],
)
def test_a_policy_that_does_not_apply_spares_a_child_under_way(
    behaviour: Behaviour, close: Any
) -> None:
    with fake_swf(clock="virtual", behaviour=behaviour) as fake:
        swf = Driver(fake).register()
        swf.start()
        swf.decide(child("below"), close)
        swf.wait(1)
        assert swf.client.count_open_workflow_executions(
            domain=DOMAIN,
            startTimeFilter={"oldestDate": 0},
            executionFilter={"workflowId": "below"},
        )["count"]


@known("documentation", "capture")
def test_the_limit_of_events_holds_inside_a_batch() -> None:
    with fake_swf(clock="virtual", behaviour=Behaviour(quotas=Quotas(events=60))) as fake:
        swf = Driver(fake).register()
        swf.start()
        swf.decide(*[marker("m")] * 100, complete())
        assert len(swf.history()) == 61
        assert swf.attributes(61)["cause"] == "EVENT_LIMIT_EXCEEDED"


@known("guess")
def test_a_task_whose_start_was_one_event_too_many_is_not_handed_out() -> None:
    with fake_swf(clock="virtual", behaviour=Behaviour(quotas=Quotas(events=3))) as fake:
        swf = Driver(fake).register()
        swf.start()
        assert "taskToken" not in swf.poll()
        assert kinds(swf)[-1] == "WorkflowExecutionTerminated"


@known("documentation")
def test_children_under_way_count_as_open_executions() -> None:
    quotas = Quotas(open_executions=3)
    with fake_swf(clock="virtual", behaviour=Behaviour(quotas=quotas)) as fake:
        swf = Driver(fake).register()
        swf.start()
        swf.decide(*[child(f"child-{number}") for number in range(3)])
        swf.shows("""
            5 = StartChildWorkflowExecutionInitiated(child-0, D4)
            6 = StartChildWorkflowExecutionInitiated(child-1, D4)
            7 = StartChildWorkflowExecutionFailed(child-2, OPEN_WORKFLOWS_LIMIT_EXCEEDED, I0, D4)
            8 = DecisionTaskScheduled
            9 = ChildWorkflowExecutionStarted(I5)
            10 = ChildWorkflowExecutionStarted(I6)
        """)


@known("documentation")
@pytest.mark.parametrize("call", ["poll_for_activity_task", "start child"])
def test_lists_whose_names_begin_or_end_with_a_space(swf: Driver, call: str) -> None:
    spaced = {"name": " list "}
    with refused("ValidationException", "taskList.name"):
        if call == "start child":
            swf.start()
            swf.poll()
            swf.answer(child("below", taskList=spaced))
        else:
            swf.client.poll_for_activity_task(domain=DOMAIN, taskList=spaced)
    swf.client.poll_for_decision_task(domain=DOMAIN, taskList=spaced)


@known("documentation")
def test_starting_names_its_domain_within_the_rules(swf: Driver) -> None:
    with refused("ValidationException", "'a:b' at 'domain'"):
        swf.client.start_workflow_execution(
            domain="a:b", workflowId="w", workflowType={"name": "order", "version": "1.0"}
        )


@known("documentation")
@pytest.mark.parametrize("text", ["漢", "😀"])
def test_a_request_is_measured_in_bytes(swf: Driver, text: str) -> None:
    swf.start()
    swf.poll()
    big = text * (32_768 // len(text.encode("utf-16-le")) * 2)
    with refused("ValidationException"):
        swf.answer(*[schedule(f"a{n}", input=big, control=big) for n in range(10)])


@known("client code")
@pytest.mark.parametrize("lane", ["direct", "wire"])
@pytest.mark.parametrize("letters", ["ação", "漢", "😀", "x"])
def test_a_request_is_as_large_as_botocore_writes_it(lane: Any, letters: str) -> None:
    with fake_swf(clock="virtual", lane=lane) as fake:
        swf = Driver(fake).register()
        swf.start()
        request = {
            "taskToken": swf.poll()["taskToken"],
            "decisions": [marker("m", details=letters * 1_500)],
            "executionContext": "",
        }
        one = len(json.dumps(request["decisions"])[1:-1] + ", ")
        request["decisions"] *= 1 + (1_000_000 - len(json.dumps(request))) // one
        room = 1_000_000 - len(json.dumps(request))
        with refused("ValidationException", "larger than 1000000 bytes"):
            swf.answer(*request["decisions"], executionContext="x" * (room + 1))
        swf.answer(*request["decisions"], executionContext="x" * room)


@known("client code")
@pytest.mark.parametrize("value", [["REGISTERED"], {"REGISTERED": 1}, 3])
def test_an_enumeration_given_as_something_else(swf: Driver, value: Any) -> None:
    raw = unchecked()
    with refused("SerializationException"):
        raw.list_domains(registrationStatus=value)


@known("client code")
@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1e30", "then", True])
def test_an_instant_that_is_none(swf: Driver, value: Any) -> None:
    with refused("SerializationException"):
        unchecked().count_open_workflow_executions(
            domain=DOMAIN, startTimeFilter={"oldestDate": value}
        )


def unchecked() -> Any:
    config = botocore.config.Config(parameter_validation=False)
    return boto3.client("swf", region_name="us-east-1", config=config)


@known("our own")
@pytest.mark.parametrize("name", ["ScheduleLambdaFunction", "StartWorkflow"])
def test_what_swf_cannot_deny_cannot_be_denied(name: str) -> None:
    with pytest.raises(HarnessError, match=name):
        Behaviour(denied=frozenset({name}))


@known("guess")
def test_a_parked_poll_does_not_stand_in_its_own_way() -> None:
    """It is woken by a task that is gone before it looks, and goes on waiting."""
    with fake_swf(behaviour=Behaviour(quotas=Quotas(pollers=1))) as fake:
        swf = Driver(fake, step_s=0).register()
        fake.service.poll_s = 0.3
        client: Any = boto3.client("swf", region_name="us-east-1")
        answers: list[Any] = []

        def poll() -> None:
            answers.append(
                client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "deciders"})
            )

        thread = threading.Thread(target=poll)
        thread.start()
        while not fake.service.polls_wait:
            pass
        swf.start(executionStartToCloseTimeout="0")
        thread.join(10)
        assert [answer.get("taskToken") for answer in answers] == [None]
