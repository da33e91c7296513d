"""How often an operation may be called, with `Behaviour(throttling=True)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from tests.support.driver import (
    DOMAIN,
    Driver,
    child,
)
from tests.support.known import known
from tests.support.looks import DAY, EVER, driver, kinds, refused
from tests.support.quotas import causes


@pytest.fixture
def throttled() -> Iterator[Driver]:
    yield from driver(throttling=True)


def burst(call: Any, calls: int) -> int:
    """How many of so many calls are let through, at one instant."""
    done = 0
    for _ in range(calls):
        try:
            call()
            done += 1
        except botocore.exceptions.ClientError as error:
            told = error.response["Error"]
            assert (told["Code"], told["Message"]) == ("ThrottlingException", "Rate exceeded")
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return done


@known("documentation")
@pytest.mark.parametrize(
    ("operation", "asked", "capacity", "refill"),
    [
        ("list_domains", {"registrationStatus": "REGISTERED"}, 100, 6),
        ("describe_domain", {"name": DOMAIN}, 200, 6),
        ("list_open_workflow_executions", {"domain": DOMAIN, "startTimeFilter": EVER}, 200, 48),
        ("list_closed_workflow_executions", {"domain": DOMAIN, "closeTimeFilter": EVER}, 200, 6),
        (
            "count_pending_activity_tasks",
            {"domain": DOMAIN, "taskList": {"name": "workers"}},
            200,
            6,
        ),
        ("list_workflow_types", {"domain": DOMAIN, "registrationStatus": "REGISTERED"}, 200, 6),
        (
            "list_tags_for_resource",
            {"resourceArn": "arn:aws:swf:us-east-1:123456789012:/domain/shop"},
            50,
            30,
        ),
    ],
)
def test_a_bucket_holds_so_many_calls_and_fills_again(
    throttled: Driver, operation: str, asked: Any, capacity: int, refill: int
) -> None:
    throttled.wait(3_600)  # what registration has used up is there again
    call = getattr(throttled.client, operation)
    assert burst(lambda: call(**asked), capacity + 50) == capacity
    throttled.wait(1)
    assert burst(lambda: call(**asked), capacity) == refill
    throttled.wait(0.5)
    assert burst(lambda: call(**asked), capacity) == refill // 2
    throttled.wait(3_600)
    assert burst(lambda: call(**asked), capacity + 50) == capacity


@known("documentation")
def test_a_bucket_never_holds_more_than_its_capacity(throttled: Driver) -> None:
    throttled.wait(30 * DAY)
    client = throttled.client
    listing = {"registrationStatus": "REGISTERED"}
    assert burst(lambda: client.list_domains(**listing), 200) == 100


@known("documentation")
def test_each_operation_has_a_bucket_of_its_own(throttled: Driver) -> None:
    client = throttled.client
    burst(lambda: client.list_domains(registrationStatus="REGISTERED"), 101)
    client.describe_domain(name=DOMAIN)
    client.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED")


@known("documentation")
def test_a_history_has_a_bucket_for_each_execution(throttled: Driver) -> None:
    """400 with 200 a second of each execution, within 2000 with 60 a second of all."""
    throttled.start("one")
    one = throttled.run_id
    throttled.start("two")
    throttled.step_s = 0
    assert burst(lambda: throttled.history(one, "one"), 450) == 400
    assert burst(throttled.history, 450) == 400
    throttled.wait(1)
    assert burst(throttled.history, 450) == 200


@known("guess")
def test_a_call_that_is_refused_for_its_form_uses_no_token(throttled: Driver) -> None:
    """Constraints of a request are checked before throttling."""
    throttled.wait(3_600)
    for _ in range(150):
        with refused("ValidationException"):
            throttled.client.list_domains(registrationStatus="GONE")
    listing = {"registrationStatus": "REGISTERED"}
    assert burst(lambda: throttled.client.list_domains(**listing), 100) == 100


@known("guess")
def test_throttling_comes_before_what_the_call_is_about(throttled: Driver) -> None:
    throttled.wait(3_600)
    for _ in range(200):
        with refused("UnknownResourceFault", "Unknown domain: nowhere"):
            throttled.client.describe_domain(name="nowhere")
    with refused("ThrottlingException", "Rate exceeded"):
        throttled.client.describe_domain(name="nowhere")


@known("documentation")
def test_a_throttled_call_changes_nothing(throttled: Driver) -> None:
    throttled.start()
    throttled.step_s = 0
    taken = burst(throttled.request_cancel, 250)
    assert taken == 200  # the bucket of one execution
    assert kinds(throttled).count("WorkflowExecutionCancelRequested") == 200


@known("documentation", "client code")
def test_children_beyond_the_rate_fail_one_by_one(throttled: Driver) -> None:
    """500 with 12 a second: over-use by decisions is not a fault but events."""
    throttled.start()
    throttled.decide(*(child(f"a{number}", taskList={"name": "k"}) for number in range(510)))
    assert causes(throttled) == ["CHILD_CREATION_RATE_EXCEEDED"] * 10
    throttled.wait(1)
    throttled.decide(*(child(f"b{number}", taskList={"name": "k"}) for number in range(20)))
    told = throttled.describe()["openCounts"]["openChildWorkflowExecutions"]
    assert told == 500 + 13  # 12 a second, and 100 ms for the two calls


@known("our own")
def test_without_the_switch_nothing_is_throttled(swf: Driver) -> None:
    listing = {"registrationStatus": "REGISTERED"}
    assert burst(lambda: swf.client.list_domains(**listing), 500) == 500
