"""What the service does where several of its rules meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from swfsim import Behaviour, fake_swf
from swfsim.errors import HarnessError
from tests.support.driver import DOMAIN, Driver, complete, marker, signal_external
from tests.support.known import known
from tests.support.looks import kinds

TYPES = {
    "workflow": {"name": "order", "version": "1.0"},
    "activity": {"name": "pay", "version": "1.0"},
}


def error(raised: Any) -> tuple[str, str]:
    told = raised.value.response["Error"]
    return told["Code"], told["Message"]


def pending(swf: Driver, task_list: str = "deciders") -> int:
    answer = swf.client.count_pending_decision_tasks(domain=DOMAIN, taskList={"name": task_list})
    count: int = answer["count"]
    return count


# Decision tasks behind a running one


@known("documentation")
def test_a_decision_task_behind_a_running_one_is_pending(swf: Driver) -> None:
    swf.start()
    assert pending(swf) == 1
    swf.poll()
    assert pending(swf) == 0
    swf.signal()
    assert pending(swf) == 1
    swf.answer()
    assert pending(swf) == 1
    swf.poll()
    assert pending(swf) == 0


@known("documentation")
def test_a_decision_task_is_pending_on_its_own_list(swf: Driver) -> None:
    swf.start()
    swf.decide(taskList={"name": "sticky"})
    swf.signal()
    swf.poll("sticky")
    swf.signal()
    assert (pending(swf), pending(swf, "sticky")) == (0, 1)


@known("documentation")
def test_a_closed_run_has_nothing_pending(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.terminate()
    assert pending(swf) == 0


@pytest.fixture
def sticky(swf: Driver) -> Driver:
    """A run whose decision tasks must be started within five seconds; one is being decided."""
    swf.start()
    swf.decide(taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5")
    swf.signal("first")
    swf.poll("sticky")
    return swf


@known("guess")
def test_no_time_to_start_runs_out_behind_a_running_task(sticky: Driver) -> None:
    sticky.signal("second")
    sticky.wait(60)
    sticky.answer()
    sticky.wait(4.9)
    assert kinds(sticky)[-1] == "DecisionTaskCompleted"
    assert "taskToken" in sticky.poll("sticky")


@known("guess")
def test_the_time_to_start_begins_when_the_running_task_ends(sticky: Driver) -> None:
    sticky.signal("second")
    sticky.wait(60)
    sticky.answer()
    sticky.wait(5)
    assert kinds(sticky)[-2:] == ["DecisionTaskTimedOut", "DecisionTaskScheduled"]
    assert "taskToken" not in sticky.poll("sticky")
    assert "taskToken" in sticky.poll()


# What IAM does not permit


@known("documentation")
def test_a_signal_that_is_not_permitted_fails_after_it_was_initiated() -> None:
    denied = Behaviour(denied=frozenset({"SignalExternalWorkflowExecution"}))
    with fake_swf(clock="virtual", behaviour=denied) as fake:
        swf = Driver(fake).register()
        swf.start()
        swf.decide(signal_external("order-1", control="c"))
        swf.wait()
        assert kinds(swf)[4:] == [
            "SignalExternalWorkflowExecutionInitiated",
            "SignalExternalWorkflowExecutionFailed",
            "DecisionTaskScheduled",
        ]
        assert swf.attributes(6) == {
            "workflowId": "order-1",
            "cause": "OPERATION_NOT_PERMITTED",
            "initiatedEventId": 5,
            "decisionTaskCompletedEventId": 4,
            "control": "c",
        }


# Lags


@pytest.fixture
def lagging() -> Iterator[Driver]:
    with fake_swf(clock="virtual", behaviour=Behaviour(visibility_lag_ms=10_000)) as fake:
        yield Driver(fake).register()


@known("documentation", "guess")
def test_a_run_that_no_listing_knows_cannot_be_described(lagging: Driver) -> None:
    run_id = lagging.start()
    with pytest.raises(lagging.client.exceptions.UnknownResourceFault) as raised:
        lagging.describe()
    text = f"Unknown execution: WorkflowExecution=[workflowId=order-1, runId={run_id}]"
    assert error(raised) == ("UnknownResourceFault", text)
    lagging.wait(10)
    assert lagging.describe()["executionInfo"]["executionStatus"] == "OPEN"


@known("documentation", "guess")
def test_a_closed_run_is_described_as_open_until_the_lag_is_over(lagging: Driver) -> None:
    lagging.start()
    lagging.wait(10)
    lagging.decide(complete())
    info = lagging.describe()["executionInfo"]
    assert info["executionStatus"] == "OPEN"
    assert "closeStatus" not in info
    lagging.wait(10)
    assert lagging.describe()["executionInfo"]["closeStatus"] == "COMPLETED"


@known("client code")
def test_what_was_just_registered_is_in_no_list_for_a_while() -> None:
    with fake_swf(clock="virtual", behaviour=Behaviour(registration_lag_ms=4_000)) as fake:
        client: Any = boto3.client("swf", region_name="us-east-1")
        arn = f"arn:aws:swf:us-east-1:123456789012:/domain/{DOMAIN}"

        def listed() -> int:
            domains = client.list_domains(registrationStatus="REGISTERED")
            return len(domains["domainInfos"])

        client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        assert listed() == 0
        with pytest.raises(client.exceptions.UnknownResourceFault):
            client.list_tags_for_resource(resourceArn=arn)
        fake.advance(4)
        assert listed() == 1
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == []
        for kind, name in TYPES.items():
            getattr(client, f"register_{kind}_type")(domain=DOMAIN, **name)
            types = getattr(client, f"list_{kind}_types")
            shown = types(domain=DOMAIN, registrationStatus="REGISTERED")
            assert shown["typeInfos"] == []
            fake.advance(4)
            shown = types(domain=DOMAIN, registrationStatus="REGISTERED")
            assert len(shown["typeInfos"]) == 1


# Tokens


def started() -> tuple[str, str]:
    """The run id and the decision token of a fake's first run."""
    with fake_swf(clock="virtual") as fake:
        swf = Driver(fake).register()
        return swf.start(), swf.poll()["taskToken"]


@known("guess")
def test_a_token_of_an_earlier_fake_is_invalid(swf: Driver) -> None:
    run_id, foreign = started()
    assert swf.start() == run_id, "equal calls give equal runs"
    swf.poll()
    with pytest.raises(swf.client.exceptions.ClientError) as raised:
        swf.client.respond_decision_task_completed(taskToken=foreign)
    assert error(raised) == ("ValidationException", "Invalid token")


@known("guess")
def test_a_token_from_before_a_reset_is_invalid(swf: Driver) -> None:
    swf.start()
    token = swf.poll()["taskToken"]
    swf.fake.reset()
    swf.register()
    swf.start()
    swf.poll()
    with pytest.raises(swf.client.exceptions.ClientError) as raised:
        swf.client.respond_decision_task_completed(taskToken=token)
    assert error(raised) == ("ValidationException", "Invalid token")


# Order of the checks


@known("guess")
def test_the_number_of_decisions_is_looked_at_before_the_token(swf: Driver) -> None:
    with pytest.raises(swf.client.exceptions.ClientError) as raised:
        swf.client.respond_decision_task_completed(
            taskToken="made up", decisions=[marker("m")] * 1001
        )
    assert "'decisions'" in error(raised)[1]


@known("client code", "guess")
def test_the_token_is_looked_at_before_the_order_of_decisions(swf: Driver) -> None:
    with pytest.raises(swf.client.exceptions.ClientError) as raised:
        swf.client.respond_decision_task_completed(
            taskToken="made up", decisions=[complete(), marker("m")]
        )
    assert error(raised) == ("ValidationException", "Invalid token")


# Outages


@known("our own")
def test_the_service_fails_as_often_as_it_was_told_to_and_nothing_happens() -> None:
    codes = ["InternalFailure", "ServiceUnavailable", "ThrottlingException"]
    broken = Behaviour(outages={"SignalWorkflowExecution": codes})
    with fake_swf(clock="virtual", behaviour=broken) as fake:
        swf = Driver(fake).register()
        swf.start()
        for code, status in zip(codes, (500, 503, 400), strict=True):
            with pytest.raises(swf.client.exceptions.ClientError) as raised:
                swf.signal()
            assert error(raised)[0] == code
            assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert kinds(swf)[-1] == "DecisionTaskScheduled"
        swf.signal()
        assert kinds(swf)[-1] == "WorkflowExecutionSignaled"


@known("our own")
@pytest.mark.parametrize(
    ("outages", "text"),
    [
        ({"SignalWorkflow": ["InternalFailure"]}, "no such operation"),
        ({"SignalWorkflowExecution": ["UnknownResourceFault"]}, "expected a list of"),
        ({"SignalWorkflowExecution": "InternalFailure"}, "expected a list of"),
    ],
)
def test_outages_that_cannot_be(outages: dict[str, Any], text: str) -> None:
    with pytest.raises(HarnessError, match=text):
        Behaviour(outages=outages)
