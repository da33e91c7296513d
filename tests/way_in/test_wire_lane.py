"""The wire lane: botocore's own serialiser, parser, errors and retries, in process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.config
import botocore.endpoint
import botocore.exceptions
import pytest

from swfsim import Behaviour, Fake, HarnessError, fake_swf
from swfsim.spec import limits
from tests.support.driver import DOMAIN, Driver, complete, schedule

KEYS = {"aws_access_key_id": "swfsim", "aws_secret_access_key": "swfsim"}


@pytest.fixture
def fake() -> Iterator[Fake]:
    with fake_swf(clock="virtual", lane="wire") as made:
        yield made


def client(**config: Any) -> Any:
    return boto3.client(
        "swf", region_name="us-east-1", config=botocore.config.Config(**config) if config else None
    )


def test_what_is_sent_and_received_are_the_protocols_bytes(fake: Fake) -> None:
    swf = client()
    seen: list[Any] = []
    swf.meta.events.register_first("before-send.swf", lambda request, **_: seen.append(request))
    answer = swf.list_domains(registrationStatus="REGISTERED")
    [request] = seen
    assert request.headers["X-Amz-Target"] == b"SimpleWorkflowService.ListDomains"
    assert b"AWS4-HMAC-SHA256" in request.headers["Authorization"]
    assert json.loads(request.body) == {"registrationStatus": "REGISTERED"}
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amzn-requestid"] == answer["ResponseMetadata"]["RequestId"]


def test_a_throttled_call_is_tried_again_by_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket fills again while botocore pauses: here the pause is the virtual clock's."""
    with fake_swf(clock="virtual", lane="wire", behaviour=Behaviour(throttling=True)) as fake:
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            fake.advance(1)

        monkeypatch.setattr(botocore.endpoint.time, "sleep", pause)
        swf = client(retries={"mode": "standard", "total_max_attempts": 3})
        for _ in range(limits.API_BUCKETS["ListDomains"][0]):
            swf.list_domains(registrationStatus="REGISTERED")
        assert pauses == []
        answer = swf.list_domains(registrationStatus="REGISTERED")
        assert answer["ResponseMetadata"]["RetryAttempts"] == len(pauses) == 1


def test_a_fault_of_the_model_is_not_tried_again(fake: Fake) -> None:
    swf = client()
    with pytest.raises(swf.exceptions.UnknownResourceFault) as refused:
        swf.describe_domain(name="nowhere")
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_clients_made_before_are_reached_too() -> None:
    """They sign as they would for AWS, so that they need credentials of their own."""
    swf = boto3.client("swf", region_name="us-east-1", **KEYS)
    for _ in range(2):
        with fake_swf(clock="virtual", lane="wire"):
            assert swf.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []


def test_each_fake_answers_in_its_own_lane(fake: Fake) -> None:
    swf = Driver(fake).register().client
    with fake_swf(clock="virtual"):
        inner = swf.list_domains(registrationStatus="REGISTERED")
        assert inner["domainInfos"] == []
        assert "date" not in inner["ResponseMetadata"]["HTTPHeaders"]
    outer = swf.list_domains(registrationStatus="REGISTERED")
    assert [one["name"] for one in outer["domainInfos"]] == [DOMAIN]
    assert "content-length" in outer["ResponseMetadata"]["HTTPHeaders"]


def test_after_it_calls_go_to_the_network_again() -> None:
    """Here a port at which nobody listens."""
    once = botocore.config.Config(retries={"total_max_attempts": 1})
    swf = boto3.client(
        "swf", region_name="us-east-1", endpoint_url="http://127.0.0.1:1", config=once, **KEYS
    )
    with fake_swf(lane="wire"):
        swf.list_domains(registrationStatus="REGISTERED")
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        swf.list_domains(registrationStatus="REGISTERED")


def test_a_request_above_the_limit(fake: Fake) -> None:
    swf = Driver(fake).register()
    swf.start()
    swf.poll()
    decisions = [schedule(str(number), input="x" * 32_000) for number in range(40)]
    with pytest.raises(botocore.exceptions.ClientError, match="Request is larger than 1000000"):
        swf.answer(*decisions)
    swf.answer(complete())


def test_a_lane_that_is_none() -> None:
    with pytest.raises(HarnessError, match='"direct" or "wire"'):
        fake_swf(lane="radio")
