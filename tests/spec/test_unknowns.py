"""What nobody knows for certain: each default does what ``spec.unknowns`` says of it, each switch
another thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import boto3
import botocore.exceptions
import pytest

from swfsim import Behaviour, fake_swf
from swfsim.spec.behaviour import Quotas
from swfsim.spec.unknowns import UNKNOWNS
from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel,
    cancel_timer,
    child,
    complete,
    continue_as_new,
    fail,
    marker,
    run_lambda,
    schedule,
    timer,
)
from tests.support.known import known

TYPE = {"name": "order", "version": "1.0"}


def under(behaviour: Behaviour, tell: Callable[[Driver], Any]) -> Any:
    with fake_swf(clock="virtual", behaviour=behaviour) as fake:
        return tell(Driver(fake).register())


def refused(code: str, text: str = "") -> Any:
    return pytest.raises(botocore.exceptions.ClientError, match=rf"{code}(.|\n)*{text}")


def kinds(swf: Driver, **which: Any) -> list[str]:
    return [event["eventType"] for event in swf.history(**which)]


def test_every_switch_exists() -> None:
    known = {field.name for field in fields(Behaviour)}
    known |= {f"quotas.{field.name}" for field in fields(Quotas)}
    assert {unknown.switch for unknown in UNKNOWNS.values()} - {""} <= known


def test_every_unknown_has_its_test() -> None:
    numbers = {int(name.split("_")[1][1:]) for name in globals() if name.startswith("test_u")}
    assert numbers == set(UNKNOWNS) == set(range(1, 33))


@known("capture", "client code")
def test_u1_an_empty_poll_has_no_token_or_an_empty_one(swf: Driver) -> None:
    assert "taskToken" not in swf.poll()
    assert under(Behaviour(empty_poll_token="empty"), lambda swf: swf.poll()["taskToken"]) == ""


@known("guess")
def test_u2_already_started_says_nothing(swf: Driver) -> None:
    swf.start()
    with pytest.raises(swf.client.exceptions.WorkflowExecutionAlreadyStartedFault) as told:
        swf.start()
    assert told.value.response["Error"]["Message"] == ""


@known("client code")
@pytest.mark.parametrize(
    ("given", "missed"),
    [
        ({}, "executionStartToCloseTimeout"),
        ({"executionStartToCloseTimeout": "60"}, "taskList"),
        (
            {"taskList": {"name": "deciders"}, "executionStartToCloseTimeout": "60"},
            "taskStartToCloseTimeout",
        ),
    ],
)
def test_u3_the_setting_without_a_default_is_named(
    swf: Driver, given: dict[str, Any], missed: str
) -> None:
    swf.client.register_workflow_type(domain=DOMAIN, name="bare", version="1")
    bare = {"name": "bare", "version": "1"}
    with pytest.raises(swf.client.exceptions.DefaultUndefinedFault) as told:
        swf.client.start_workflow_execution(
            domain=DOMAIN, workflowId="w", workflowType=bare, **given
        )
    assert told.value.response["Error"]["Message"] == missed


@known("guess")
@pytest.mark.parametrize(
    ("member", "given"),
    [
        ("workflowId", {"workflowId": "a:b"}),
        ("executionStartToCloseTimeout", {"executionStartToCloseTimeout": "31536001"}),
        ("taskStartToCloseTimeout", {"taskStartToCloseTimeout": "-1"}),
    ],
)
def test_u4_bad_text_is_refused_in_the_wording_of_constraints(
    swf: Driver, member: str, given: dict[str, Any]
) -> None:
    with refused("ValidationException", f"at '{member}' failed to satisfy constraint"):
        swf.client.start_workflow_execution(
            **{"domain": DOMAIN, "workflowId": "w", "workflowType": TYPE, **given}
        )


@known("guess")
def test_u5_the_shape_is_checked_before_the_token(swf: Driver) -> None:
    with refused("ValidationException", "at 'reason' failed"):
        swf.client.respond_activity_task_failed(taskToken="none", reason="x" * 257)


@known("guess")
def test_u5_a_misplaced_close_is_told_before_an_incompatible_one(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException", "Close must be last decision in list"):
        swf.answer(complete(), schedule("a"))


@known("client code")
def test_u6_a_thousand_decisions_or_fewer(swf: Driver) -> None:
    swf.start()
    swf.decide(*[marker("m")] * 1000)

    def strict(swf: Driver) -> None:
        swf.start()
        swf.poll()
        with refused("ValidationException"):
            swf.answer(*[marker("m")] * 101)

    under(Behaviour(quotas=Quotas(decisions=100)), strict)


@known("documentation", "client code")
def test_u7_every_activity_timeout_must_be_known(swf: Driver) -> None:
    def schedules_a_bare_one(swf: Driver) -> str:
        swf.client.register_activity_type(domain=DOMAIN, name="bare", version="1")
        swf.start()
        limits = dict.fromkeys(
            ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout"), "60"
        )
        bare = {"name": "bare", "version": "1"}
        swf.decide(schedule("a", activityType=bare, taskList={"name": "workers"}, **limits))
        cause: str = swf.attributes(5).get("cause", "scheduled")
        return cause

    assert schedules_a_bare_one(swf) == "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED"
    assert under(Behaviour(heartbeat_mandatory=False), schedules_a_bare_one) == "scheduled"


@known("guess")
def test_u8_a_timeout_of_zero_is_due_at_once(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", scheduleToStartTimeout="0"))
    swf.wait()
    assert "ActivityTaskTimedOut" in kinds(swf)


@known("capture", "guess")
@pytest.mark.parametrize("close", [complete(), fail(), cancel(), continue_as_new()])
def test_u9_the_child_policy_is_applied_on_every_close(close: Any) -> None:
    ends = {behaviour: child_after(behaviour, close) for behaviour in ("any", "documented")}
    assert ends == {"any": "TERMINATED", "documented": "OPEN"}


def child_after(policy_on: Any, close: Any) -> str:
    """How the child stands after its parent, with the policy TERMINATE, has closed so."""

    def tell(swf: Driver) -> str:
        run = swf.start()
        swf.decide(child("below"))
        while swf.poll()["workflowExecution"]["runId"] != run:
            pass
        swf.answer(close)
        swf.wait()
        below = {"executionFilter": {"workflowId": "below"}, "domain": DOMAIN}
        since = {"startTimeFilter": {"oldestDate": 0}}
        if swf.client.count_open_workflow_executions(**below, **since)["count"]:
            return "OPEN"
        [info] = swf.client.list_closed_workflow_executions(**below, **since)["executionInfos"]
        status: str = info["closeStatus"]
        return status

    return str(under(Behaviour(child_policy_on_close=policy_on), tell))


@known("guess")
def test_u10_a_child_under_way_starts_and_then_meets_the_policy() -> None:
    def tell(swf: Driver) -> None:
        swf.start()
        swf.signal()
        swf.decide(child("below"), complete())
        swf.wait(1)
        [info] = swf.client.list_closed_workflow_executions(
            domain=DOMAIN,
            startTimeFilter={"oldestDate": 0},
            executionFilter={"workflowId": "below"},
        )["executionInfos"]
        assert info["closeStatus"] == "TERMINATED"

    under(Behaviour(follow_up_ms=100), tell)


@known("guess")
def test_u11_a_timers_id_is_free_again_within_one_list(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("t", 60))
    swf.signal()
    swf.decide(cancel_timer("t"), timer("t", 90))
    assert kinds(swf)[-2:] == ["TimerCanceled", "TimerStarted"]


@known("guess")
def test_u12_what_stands_before_an_unhandled_close_has_happened(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.answer(marker("kept"), complete())
    assert kinds(swf)[-2:] == ["MarkerRecorded", "CompleteWorkflowExecutionFailed"]


@known("documentation")
def test_u13_the_previous_start_is_of_the_last_completed_task(swf: Driver) -> None:
    swf.start()
    swf.decide()
    swf.signal()
    swf.poll()
    swf.wait(301)
    assert swf.poll()["previousStartedEventId"] == 3


@known("guess")
def test_u14_an_unstarted_decision_task_times_out_with_0(swf: Driver) -> None:
    swf.start()
    swf.decide(taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    swf.signal()
    swf.wait(6)
    [event] = [e for e in swf.history() if e["eventType"] == "DecisionTaskTimedOut"]
    assert event["decisionTaskTimedOutEventAttributes"]["startedEventId"] == 0


@known("guess")
def test_u15_a_cancellation_nobody_asked_for_names_no_request(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.report(("respond_activity_task_canceled", {}))
    assert "latestCancelRequestedEventId" not in swf.attributes(7)


@known("guess")
def test_u16_a_bare_heartbeat_keeps_the_details(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.beat(details="half")
    swf.beat()
    swf.wait(301)
    assert swf.attributes(7)["details"] == "half"


@known("capture")
def test_u17_decision_tasks_show_their_time_to_start_or_do_not(swf: Driver) -> None:
    def shown(swf: Driver) -> bool:
        swf.start()
        return "scheduleToStartTimeout" in swf.attributes(2)

    assert shown(swf)
    assert not under(Behaviour(decision_schedule_to_start=False), shown)


@known("client code")
def test_u18_a_function_that_raises_is_unhandled(swf: Driver) -> None:
    def reason(swf: Driver) -> str:
        def broken(_: Any) -> None:
            raise ValueError("no tax")

        swf.fake.lambda_functions["tax"] = broken
        swf.start(lambdaRole="arn:aws:iam::1:role/r")
        swf.decide(run_lambda("l"))
        swf.wait(1)
        told: str = swf.attributes(7)["reason"]
        return told

    assert reason(swf) == "Unhandled"
    assert under(Behaviour(lambda_failure_reason="UnhandledError"), reason) == "UnhandledError"


@known("client code")
def test_u19_a_lambda_id_may_be_used_again(swf: Driver) -> None:
    def twice(swf: Driver) -> str:
        swf.start()
        swf.decide(run_lambda("l"), run_lambda("l"))
        return kinds(swf)[5]

    assert twice(swf) == "LambdaFunctionScheduled"
    assert under(Behaviour(lambda_id_reuse=False), twice) == "ScheduleLambdaFunctionFailed"


@known("client code")
def test_u20_a_deprecated_domain_refuses_types_and_starts(swf: Driver) -> None:
    swf.client.deprecate_domain(name=DOMAIN)
    with pytest.raises(swf.client.exceptions.DomainDeprecatedFault):
        swf.client.register_workflow_type(domain=DOMAIN, name="new", version="1")
    with pytest.raises(swf.client.exceptions.TypeDeprecatedFault):
        swf.start()


@known("guess")
def test_u21_types_stay_deprecated_when_their_domain_comes_back(swf: Driver) -> None:
    swf.client.deprecate_domain(name=DOMAIN)
    swf.client.undeprecate_domain(name=DOMAIN)
    with pytest.raises(swf.client.exceptions.TypeDeprecatedFault):
        swf.start()


@known("guess")
def test_u22_limits_are_told_in_a_sentence(swf: Driver) -> None:
    arn = swf.client.describe_domain(name=DOMAIN)["domainInfo"]["arn"]
    tags = [{"key": str(number), "value": ""} for number in range(51)]
    with pytest.raises(swf.client.exceptions.TooManyTagsFault) as told:
        swf.client.tag_resource(resourceArn=arn, tags=tags)
    assert told.value.response["Error"]["Message"]


@known("guess")
def test_u23_counts_are_not_truncated(swf: Driver) -> None:
    swf.start()
    told = swf.client.count_open_workflow_executions(
        domain=DOMAIN, startTimeFilter={"oldestDate": 0}
    )
    assert (told["count"], told["truncated"]) == (1, False)


@known("capture")
def test_u24_the_termination_follows_the_last_event_allowed() -> None:
    def tell(swf: Driver) -> None:
        swf.start()
        for _ in range(20):
            swf.signal()
            if swf.describe()["executionInfo"]["executionStatus"] == "CLOSED":
                break
        assert len(swf.history()) == 11
        assert swf.attributes(11)["cause"] == "EVENT_LIMIT_EXCEEDED"

    under(Behaviour(quotas=Quotas(events=10)), tell)


@known("capture")
def test_u25_a_closed_run_has_no_cancel_requested(swf: Driver) -> None:
    swf.start()
    swf.request_cancel()
    assert swf.describe()["executionInfo"]["cancelRequested"]
    swf.decide(cancel())
    assert not swf.describe()["executionInfo"]["cancelRequested"]


@known("guess")
def test_u26_a_token_of_another_region_is_invalid(swf: Driver) -> None:
    swf.start()
    elsewhere: Any = boto3.client("swf", region_name="eu-west-1")
    with refused("ValidationException", "Invalid token"):
        elsewhere.respond_decision_task_completed(taskToken=swf.poll()["taskToken"])


@known("guess")
def test_u27_a_request_over_a_megabyte_is_refused(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException"):
        swf.answer(*[marker("m", details="x" * 30_000)] * 40)


@known("guess")
def test_u28_a_time_to_start_without_a_list_means_nothing(swf: Driver) -> None:
    swf.start()
    swf.decide(taskListScheduleToStartTimeout="5")
    swf.signal()
    swf.wait(60)
    assert kinds(swf)[-1] == "DecisionTaskScheduled"


@known("guess")
def test_u29_each_request_to_cancel_is_recorded(swf: Driver) -> None:
    swf.start()
    swf.request_cancel()
    swf.request_cancel()
    assert kinds(swf).count("WorkflowExecutionCancelRequested") == 2


@known("guess")
def test_u30_an_undeprecated_type_has_no_date_of_deprecation(swf: Driver) -> None:
    swf.client.deprecate_workflow_type(domain=DOMAIN, workflowType=TYPE)
    swf.client.undeprecate_workflow_type(domain=DOMAIN, workflowType=TYPE)
    info = swf.client.describe_workflow_type(domain=DOMAIN, workflowType=TYPE)["typeInfo"]
    assert "deprecationDate" not in info


@known("guess")
def test_u31_a_type_comes_back_before_its_domain_and_cannot_be_used(swf: Driver) -> None:
    swf.client.deprecate_domain(name=DOMAIN)
    swf.client.undeprecate_workflow_type(domain=DOMAIN, workflowType=TYPE)
    told = swf.client.describe_workflow_type(domain=DOMAIN, workflowType=TYPE)
    assert told["typeInfo"]["status"] == "REGISTERED"
    with refused("TypeDeprecatedFault"):
        swf.start()
    swf.client.undeprecate_domain(name=DOMAIN)
    swf.start()


@known("documentation", "guess")
def test_u32_describing_lags_behind_in_starts_and_closes_and_in_no_count(swf: Driver) -> None:
    def tell(swf: Driver) -> tuple[str, int]:
        swf.start()
        swf.wait(10)
        swf.decide(timer("t", 60))
        counted = swf.describe()["openCounts"]["openTimers"]
        swf.terminate()
        return swf.describe()["executionInfo"]["executionStatus"], counted

    assert tell(swf) == ("CLOSED", 1)
    assert under(Behaviour(visibility_lag_ms=10_000), tell) == ("OPEN", 1)
