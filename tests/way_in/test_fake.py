"""``fake_swf``: the way in for a test that today writes ``mock_aws``."""

from __future__ import annotations

import asyncio
import datetime
import os
import threading
import time
import unittest
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.exceptions
import pytest
from freezegun import freeze_time

from swfsim import Fake, HarnessError, fake_swf
from tests.support.driver import DOMAIN, Driver, complete, schedule, timer

MADE_AT_IMPORT: Any = boto3.client(
    "swf", region_name="us-east-1", aws_access_key_id="real", aws_secret_access_key="keys"
)


def _domains(client: Any) -> list[str]:
    answer = client.list_domains(registrationStatus="REGISTERED")
    return [info["name"] for info in answer["domainInfos"]]


def _register(client: Any, name: str = DOMAIN) -> None:
    client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="7")


# Where it can stand


@fake_swf
def test_as_a_bare_decorator() -> None:
    _register(boto3.client("swf"))


@fake_swf(clock="virtual")
def test_as_a_decorator_with_arguments() -> None:
    _register(boto3.client("swf"))


@fake_swf
def _register_and_count() -> int:
    client = boto3.client("swf")
    _register(client)
    return len(_domains(client))


def test_each_call_of_a_decorated_function_is_a_fresh_service() -> None:
    assert _register_and_count() == 1
    assert _register_and_count() == 1


@fake_swf
async def _register_async() -> int:
    await asyncio.sleep(0)
    _register(boto3.client("swf"))
    return len(_domains(boto3.client("swf")))


def test_as_a_decorator_of_a_coroutine() -> None:
    assert asyncio.run(_register_async()) == 1


@pytest.fixture
@fake_swf
def client_of_a_fixture() -> Iterator[Any]:
    client = boto3.client("swf")
    yield client
    assert _domains(client) == [DOMAIN]  # the fake is there until the test is over


def test_as_a_decorator_of_a_fixture(client_of_a_fixture: Any) -> None:
    _register(client_of_a_fixture)
    assert _domains(client_of_a_fixture) == [DOMAIN]


@fake_swf
class TestAsADecoratorOfAClass:
    def setup_method(self) -> None:
        _register(boto3.client("swf"))

    def test_the_set_up_is_seen(self) -> None:
        assert _domains(boto3.client("swf")) == [DOMAIN]

    def test_each_test_is_fresh(self) -> None:
        assert _domains(boto3.client("swf")) == [DOMAIN]


@fake_swf
class UnittestStyle(unittest.TestCase):
    def setUp(self) -> None:
        _register(boto3.client("swf"))

    def test_the_set_up_is_seen(self) -> None:
        self.assertEqual(_domains(boto3.client("swf")), [DOMAIN])

    def test_each_test_is_fresh(self) -> None:
        self.assertEqual(_domains(boto3.client("swf")), [DOMAIN])


def test_the_inner_of_two_fakes_answers() -> None:
    with fake_swf():
        outer = boto3.client("swf")
        _register(outer, "outer")
        with fake_swf():
            assert _domains(boto3.client("swf")) == []
        assert _domains(outer) == ["outer"]


# Whom it reaches


def test_a_client_made_before_is_reached() -> None:
    with fake_swf():
        _register(MADE_AT_IMPORT)
        assert _domains(boto3.client("swf", region_name="us-east-1")) == [DOMAIN]


def test_a_client_of_a_session_of_its_own_is_reached() -> None:
    with fake_swf():
        _register(boto3.client("swf", region_name="eu-west-1"))
        session = boto3.session.Session(region_name="eu-west-1")
        assert _domains(session.client("swf")) == [DOMAIN]


def test_regions_are_apart() -> None:
    with fake_swf():
        _register(boto3.client("swf", region_name="eu-west-1"))
        assert _domains(boto3.client("swf", region_name="sa-east-1")) == []


def test_a_thread_of_the_application_is_reached() -> None:
    with fake_swf():
        thread = threading.Thread(target=lambda: _register(boto3.client("swf")))
        thread.start()
        thread.join()
        assert _domains(boto3.client("swf")) == [DOMAIN]


def test_other_services_are_left_alone() -> None:
    with fake_swf():
        client = boto3.client("sts", endpoint_url="http://127.0.0.1:9")
        with pytest.raises(botocore.exceptions.EndpointConnectionError):
            client.get_caller_identity()


def test_outside_of_a_fake_a_client_is_itself_again() -> None:
    with fake_swf():
        pass
    client: Any = boto3.client(
        "swf",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=botocore.config.Config(retries={"max_attempts": 0}),
    )
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        client.list_domains(registrationStatus="REGISTERED")


def test_it_needs_no_configuration_and_leaves_none_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    before = dict(os.environ)
    session = boto3.DEFAULT_SESSION
    with fake_swf():
        _register(boto3.client("swf"))
    assert dict(os.environ) == before
    assert boto3.DEFAULT_SESSION is session


def test_a_region_that_is_configured_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    with fake_swf():
        assert boto3.client("swf").meta.region_name == "sa-east-1"


# What a client sees


def test_botocores_own_validation_is_real(swf: Driver) -> None:
    with pytest.raises(botocore.exceptions.ParamValidationError, match="Unknown parameter"):
        swf.client.register_domain(nome="x", workflowExecutionRetentionPeriodInDays="7")
    with pytest.raises(botocore.exceptions.ParamValidationError, match="Invalid type"):
        swf.start(input=7)


def test_faults_are_the_modelled_exceptions(swf: Driver) -> None:
    with pytest.raises(swf.client.exceptions.UnknownResourceFault) as unknown:
        swf.client.describe_domain(name="nowhere")
    assert str(unknown.value) == (
        "An error occurred (UnknownResourceFault) when calling the DescribeDomain operation: "
        "Unknown domain: nowhere"
    )
    assert unknown.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert unknown.value.response["message"] == "Unknown domain: nowhere"


def test_faults_that_are_not_modelled_are_client_errors(swf: Driver) -> None:
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        swf.start(tagList=list("abcdef"))
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_answer_looks_like_boto3s(swf: Driver) -> None:
    swf.start()
    polled = swf.poll()
    metadata = polled["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 200
    assert metadata["RequestId"]
    stamp = polled["events"][0]["eventTimestamp"]
    assert isinstance(stamp, datetime.datetime)
    assert stamp.tzinfo is not None
    assert stamp == swf.fake.now() - datetime.timedelta(milliseconds=50)


def test_a_caller_who_changes_an_answer_does_not_harm_the_world(swf: Driver) -> None:
    swf.start(tagList=["fast"])
    before = swf.history()
    for event in swf.history():
        for attributes in [value for value in event.values() if isinstance(value, dict)]:
            for inner in attributes.values():
                if isinstance(inner, dict | list):
                    inner.clear()
            attributes.clear()
    assert swf.history() == before


def test_a_caller_who_changes_its_parameters_later_does_not_harm_the_world(swf: Driver) -> None:
    tags = ["fast"]
    decision = schedule("a", taskList={"name": "workers"})
    swf.start(tagList=tags)
    swf.decide(decision)
    tags.append("slow")
    decision["scheduleActivityTaskDecisionAttributes"]["taskList"]["name"] = "nowhere"
    assert swf.attributes(1)["tagList"] == ["fast"]
    assert swf.attributes(5)["taskList"] == {"name": "workers"}


def test_paginators_work(swf: Driver) -> None:
    for number in range(5):
        swf.start(f"w{number}")
    pages = swf.client.get_paginator("list_open_workflow_executions").paginate(
        domain=DOMAIN, startTimeFilter={"oldestDate": 0}, PaginationConfig={"PageSize": 2}
    )
    found = [i["execution"]["workflowId"] for page in pages for i in page["executionInfos"]]
    assert found == ["w4", "w3", "w2", "w1", "w0"]


def test_event_hooks_of_the_application_run(swf: Driver) -> None:
    """Many applications add or change parameters through botocore's hooks."""
    swf.client.meta.events.register(
        "provide-client-params.swf.SignalWorkflowExecution",
        lambda params, **kwargs: {**params, "input": "added by a hook"},
    )
    swf.start()
    swf.signal()
    assert swf.attributes(3)["input"] == "added by a hook"


# Time


def test_on_the_virtual_clock_nothing_moves_by_itself(fake: Fake) -> None:
    first = fake.now()
    time.sleep(0.002)
    assert fake.now() == first


def test_an_empty_poll_on_the_virtual_clock_answers_at_once(swf: Driver) -> None:
    polled = swf.poll()
    assert "taskToken" not in polled
    assert polled["startedEventId"] == polled["previousStartedEventId"] == 0
    assert "activityId" not in swf.take()


def test_advance_fires_all_that_is_due_each_at_its_own_instant(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("late", 300), timer("early", 60))
    begun = swf.attributes(5), swf.fake.now()
    swf.fake.advance(3_000)
    events = swf.history()
    fired = [e for e in events if e["eventType"] == "TimerFired"]
    assert [e["timerFiredEventAttributes"]["timerId"] for e in fired] == ["early", "late"]
    assert [e["eventTimestamp"] - begun[1] for e in fired] == [
        datetime.timedelta(seconds=60),
        datetime.timedelta(seconds=300),
    ]


def test_move_to_takes_a_datetime_or_epoch_seconds() -> None:
    with fake_swf(clock="virtual", start=1_000) as fake:
        assert fake.now() == datetime.datetime(1970, 1, 1, 0, 16, 40, tzinfo=datetime.UTC)
        fake.move_to(2_000.5)
        assert fake.now().timestamp() == 2_000.5
        fake.move_to(datetime.datetime(2030, 1, 1))
        assert fake.now() == datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)


def test_the_start_may_be_a_datetime_of_any_zone() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=-3))
    with fake_swf(clock="virtual", start=datetime.datetime(2030, 1, 1, tzinfo=zone)) as fake:
        assert fake.now() == datetime.datetime(2030, 1, 1, 3, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("mistake", "advice"),
    [
        (lambda fake: fake.advance(-1), "from 0 on"),
        (lambda fake: fake.advance("60"), "number of seconds"),
        (lambda fake: fake.move_to(0), "backwards"),
        (lambda fake: fake.move_to("tomorrow"), "datetime or seconds"),
    ],
)
def test_a_clock_that_is_misused_says_what_it_takes(fake: Fake, mistake: Any, advice: str) -> None:
    now = fake.now()
    with pytest.raises(HarnessError, match=advice):
        mistake(fake)
    assert fake.now() == now


def test_a_fake_that_is_not_entered_says_how_it_is() -> None:
    with pytest.raises(AttributeError, match=r"with fake_swf\(…\) as fake"):
        fake_swf(clock="virtual").advance(60)  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no attribute 'advnace'"):
        fake_swf(clock="virtual").advnace(60)  # type: ignore[attr-defined]


def test_the_system_clock_cannot_be_moved() -> None:
    with fake_swf() as fake, pytest.raises(HarnessError, match='clock="virtual"'):
        fake.advance(1)


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"clock": "wall"}, '"system" or "virtual"'),
        ({"wrapped": "virtual"}, r'fake_swf\(clock="virtual"\)'),
        ({"start": 1}, 'clock="virtual"'),
        ({"clock": "virtual", "start": "now"}, "datetime or seconds"),
    ],
)
def test_a_mistake_in_the_arguments_shows_at_once(arguments: Any, advice: str) -> None:
    with pytest.raises(HarnessError, match=advice):
        fake_swf(**arguments)


def test_under_freezegun_the_service_follows_the_frozen_time() -> None:
    with freeze_time("2030-01-01") as frozen, fake_swf() as fake:
        swf = Driver(fake, step_s=0).register()
        swf.start()
        swf.decide(timer("nap", 60))
        frozen.tick(59)
        assert len(swf.history()) == 5
        frozen.tick(1)
        fired = swf.history()[5]
        assert fired["eventType"] == "TimerFired"
        assert fired["eventTimestamp"].timestamp() == 1_893_456_060


def test_under_freezegun_an_empty_poll_answers_at_once() -> None:
    with freeze_time("2030-01-01"), fake_swf():
        client: Any = boto3.client("swf")
        _register(client)
        polled = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "deciders"})
        assert "taskToken" not in polled


def test_frozen_time_that_runs_backwards_does_not_run_backwards_in_a_history() -> None:
    with freeze_time("2030-01-02") as frozen, fake_swf() as fake:
        swf = Driver(fake, step_s=0).register()
        swf.start()
        frozen.move_to("2030-01-01")
        swf.signal()
        stamps = [event["eventTimestamp"] for event in swf.history()]
        assert stamps == sorted(stamps)


def test_reset_forgets_everything_and_starts_the_clock_again() -> None:
    with fake_swf(clock="virtual", start=1_000) as fake:
        swf = Driver(fake).register()
        swf.start()
        fake.reset()
        assert fake.now().timestamp() == 1_000
        assert _domains(swf.client) == []
        swf.register()
        swf.start()
        swf.decide(complete())
        assert len(swf.history()) == 5


# Long polls on the system clock


def test_a_long_poll_is_answered_when_its_task_arrives() -> None:
    with fake_swf() as fake:
        swf = Driver(fake, step_s=0).register()
        got: list[Any] = []
        waiting = threading.Thread(target=lambda: got.append(swf.poll()))
        waiting.start()
        while not fake.service.polls_wait:
            time.sleep(0.001)
        swf.start()
        waiting.join(10)
        assert got[0]["events"][0]["eventType"] == "WorkflowExecutionStarted"


def test_time_brings_tasks_to_waiting_polls_though_nobody_calls() -> None:
    with fake_swf() as fake:
        swf = Driver(fake, step_s=0).register()
        swf.start()
        swf.decide(timer("now", 0))
        polled = swf.poll()
        assert polled["events"][-3]["eventType"] == "TimerFired"


def test_a_long_poll_that_finds_nothing_ends_after_its_time() -> None:
    with fake_swf() as fake:
        fake.service.poll_s = 0.01
        client: Any = boto3.client("swf")
        _register(client)
        polled = client.poll_for_activity_task(domain=DOMAIN, taskList={"name": "workers"})
        assert set(polled) == {"startedEventId", "ResponseMetadata"}
