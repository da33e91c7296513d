"""How long closed runs are kept, how much of everything an account may have, and how fast it may
call. Quotas are lowered to be met in a test; ``Behaviour()`` has the service's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from swfsim import Behaviour, fake_swf
from swfsim.spec.behaviour import Quotas
from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel_timer,
    child,
    complete,
    completes,
    continue_as_new,
    marker,
    schedule,
    timer,
)

DAY = 86_400
EVER = {"oldestDate": 0}


def refused(code: str, text: str = "") -> Any:
    return pytest.raises(botocore.exceptions.ClientError, match=rf"\({code}\).*{re.escape(text)}")


def driver(**behaviour: Any) -> Iterator[Driver]:
    with fake_swf(clock="virtual", behaviour=Behaviour(**behaviour)) as fake:
        yield Driver(fake).register()


@pytest.fixture
def throttled() -> Iterator[Driver]:
    yield from driver(throttling=True)


@pytest.fixture
def few() -> Iterator[Driver]:
    yield from driver(
        quotas=Quotas(
            domains=3,
            types=3,
            open_executions=3,
            open_activities=2,
            open_timers=2,
            open_children=2,
            decisions=4,
        )
    )


@pytest.fixture
def short() -> Iterator[Driver]:
    """A service whose histories end at 20 events."""
    yield from driver(quotas=Quotas(events=20))


def kinds(swf: Driver) -> list[str]:
    return [event["eventType"] for event in swf.history()]


def causes(swf: Driver) -> list[str]:
    """The causes of all that failed, in order."""
    return [
        attributes["cause"]
        for event in swf.history()
        for attributes in event.values()
        if isinstance(attributes, dict) and "cause" in attributes
    ]


# Retention: "closed executions disappear after 0 to 90 days, or with NONE at their close"


def kept_in(swf: Driver, days: str) -> Any:
    """A domain of this retention, with a run of it that has just closed; its key."""
    swf.client.register_domain(name="kept", workflowExecutionRetentionPeriodInDays=days)
    swf.client.register_workflow_type(domain="kept", name="order", version="1.0")
    run_id = swf.client.start_workflow_execution(
        domain="kept",
        workflowId="order-1",
        workflowType={"name": "order", "version": "1.0"},
        taskList={"name": "deciders"},
        executionStartToCloseTimeout="60",
        taskStartToCloseTimeout="60",
        childPolicy="TERMINATE",
        tagList=["kept"],
    )["runId"]
    swf.client.terminate_workflow_execution(domain="kept", workflowId="order-1")
    return {"domain": "kept", "execution": {"workflowId": "order-1", "runId": run_id}}


def is_kept(swf: Driver, key: Any) -> bool:
    """Whether the run can be seen, which all calls must answer alike."""
    client = swf.client
    text = "Unknown execution: WorkflowExecution=[workflowId=order-1, runId=" + (
        f"{key['execution']['runId']}]"
    )
    listed = [
        call(domain="kept", **times, **filters)
        for times in ({"startTimeFilter": EVER}, {"closeTimeFilter": EVER})
        for filters in (
            {},
            {"executionFilter": {"workflowId": "order-1"}},
            {"typeFilter": {"name": "order"}},
            {"tagFilter": {"tag": "kept"}},
            {"closeStatusFilter": {"status": "TERMINATED"}},
        )
        for call in (
            client.list_closed_workflow_executions,
            client.count_closed_workflow_executions,
        )
    ]
    seen = {bool(answer.get("executionInfos") or answer.get("count")) for answer in listed}
    (found,) = seen
    for call in (client.describe_workflow_execution, client.get_workflow_execution_history):
        if found:
            call(**key)
        else:
            with refused("UnknownResourceFault", text):
                call(**key)
    return found


@pytest.mark.parametrize("days", [1, 7, 30, 90])
def test_a_closed_run_is_kept_for_so_many_days(swf: Driver, days: int) -> None:
    key = kept_in(swf, str(days))
    swf.wait(days * DAY - 1)
    assert is_kept(swf, key)
    swf.wait(1)
    assert not is_kept(swf, key)


@pytest.mark.parametrize("days", ["0", "NONE"])
def test_without_retention_a_run_is_gone_with_its_close(swf: Driver, days: str) -> None:
    key = kept_in(swf, days)
    assert not is_kept(swf, key)


@pytest.mark.parametrize("days", ["0", "00", "7", "90", "NONE"])
def test_a_domain_shows_the_retention_it_was_given(swf: Driver, days: str) -> None:
    swf.client.register_domain(name="kept", workflowExecutionRetentionPeriodInDays=days)
    shown = swf.client.describe_domain(name="kept")["configuration"]
    assert shown == {"workflowExecutionRetentionPeriodInDays": days}


@pytest.mark.parametrize("days", ["91", "365", "99999999", "none", "-1", "1.5", "+7", " 7", "week"])
def test_a_retention_is_0_to_90_days_or_none(swf: Driver, days: str) -> None:
    with refused("ValidationException", "'workflowExecutionRetentionPeriodInDays' failed"):
        swf.client.register_domain(name="kept", workflowExecutionRetentionPeriodInDays=days)
    with refused("UnknownResourceFault"):
        swf.client.describe_domain(name="kept")


def test_an_open_run_is_kept_however_old(swf: Driver) -> None:
    """Retention counts from the close, not from the start."""
    swf.start(executionStartToCloseTimeout="31536000")
    swf.wait(300 * DAY)
    assert swf.describe()["executionInfo"]["executionStatus"] == "OPEN"
    swf.terminate()
    swf.wait(6 * DAY)
    assert kinds(swf)[-1] == "WorkflowExecutionTerminated"


def test_runs_go_one_after_the_other(swf: Driver) -> None:
    for name in ("first", "second", "third"):
        swf.start(name)
        swf.decide(complete())
        swf.wait(DAY)

    def kept() -> list[str]:
        infos = swf.client.list_closed_workflow_executions(domain=DOMAIN, startTimeFilter=EVER)
        return [info["execution"]["workflowId"] for info in infos["executionInfos"]]

    swf.wait(3 * DAY)
    assert kept() == ["third", "second", "first"]
    swf.wait(DAY)
    assert kept() == ["third", "second"]
    swf.wait(DAY)
    assert kept() == ["third"]
    swf.wait(DAY)
    assert kept() == []


def test_a_workflow_id_may_be_used_again_when_its_run_is_gone(swf: Driver) -> None:
    old = swf.start()
    swf.decide(complete())
    swf.wait(8 * DAY)
    new = swf.start()
    assert new != old
    assert kinds(swf) == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
    with refused("UnknownResourceFault", f"runId={old}]"):
        swf.history(old)


def test_a_token_of_a_run_that_is_gone_is_as_dead_as_after_its_close(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", startToCloseTimeout="NONE"))
    swf.take()
    swf.terminate()
    swf.wait(8 * DAY)
    text = f"Unknown execution: WorkflowExecution=[workflowId=order-1, runId={swf.run_id}]"
    with refused("UnknownResourceFault", text):
        swf.report(completes())
    with refused("UnknownResourceFault", text):
        swf.beat()


def test_a_parent_hears_of_a_child_that_leaves_nothing_behind(fake: Any) -> None:
    """Without retention the child's history goes at once; the parent's keeps what it was told."""
    swf = Driver(fake)
    swf.client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="NONE")
    swf.client.register_workflow_type(
        domain=DOMAIN,
        name="order",
        version="1.0",
        defaultTaskList={"name": "deciders"},
        defaultTaskStartToCloseTimeout="300",
        defaultExecutionStartToCloseTimeout="3600",
        defaultChildPolicy="TERMINATE",
    )
    swf.start()
    swf.decide(child("kid", taskList={"name": "kids"}))
    swf.wait()
    swf.poll("kids")
    swf.answer(complete(result="7"))
    swf.wait()
    swf.shows("""
        5 = StartChildWorkflowExecutionInitiated(kid, D4)
        6 = ChildWorkflowExecutionStarted(I5)
        7 = DecisionTaskScheduled
        8   ChildWorkflowExecutionCompleted(T6, I5)
    """)
    with refused("UnknownResourceFault"):
        swf.history(swf.task["workflowExecution"]["runId"], "kid")


# What an execution may have open, 1000 of each kind


@pytest.mark.parametrize(
    ("cause", "made"),
    [
        ("OPEN_ACTIVITIES_LIMIT_EXCEEDED", schedule),
        ("OPEN_TIMERS_LIMIT_EXCEEDED", lambda name: timer(name, 60)),
        ("OPEN_CHILDREN_LIMIT_EXCEEDED", lambda name: child(name, taskList={"name": "kids"})),
    ],
)
def test_the_one_too_many_fails_and_the_others_do_not(few: Driver, cause: str, made: Any) -> None:
    """A failed decision does not stop those behind it."""
    few.start()
    few.decide(made("1"), made("2"), made("3"), marker("m"))
    assert causes(few) == [cause]
    assert kinds(few)[7] == "MarkerRecorded"
    assert kinds(few)[6].endswith("Failed")
    assert "DecisionTaskScheduled" in kinds(few)[8:]


def test_activities_count_until_they_end_whether_started_or_not(few: Driver) -> None:
    few.start()
    few.decide(schedule("1"), schedule("2"))
    few.take()
    few.signal()
    few.decide(schedule("3"))
    assert causes(few) == ["OPEN_ACTIVITIES_LIMIT_EXCEEDED"]
    few.report(completes())
    few.decide(schedule("3"))
    assert len(causes(few)) == 1
    assert few.describe()["openCounts"]["openActivityTasks"] == 2


def test_timers_count_until_they_fire_or_are_cancelled(few: Driver) -> None:
    """Effects of earlier decisions are visible to later ones of the same answer."""
    few.start()
    few.decide(timer("1", 60), timer("2", 600))
    few.signal()
    few.decide(cancel_timer("1"), timer("3", 60), timer("4", 60))
    assert causes(few) == ["OPEN_TIMERS_LIMIT_EXCEEDED"]
    few.wait(60)
    few.decide(timer("4", 60))
    assert len(causes(few)) == 1
    assert few.describe()["openCounts"]["openTimers"] == 2


def test_children_count_until_they_close(few: Driver) -> None:
    few.start()
    few.decide(child("1", taskList={"name": "kids"}), child("2", taskList={"name": "kids"}))
    few.decide(child("3"))
    assert causes(few) == ["OPEN_CHILDREN_LIMIT_EXCEEDED"]
    few.poll("kids")
    few.answer(complete())
    few.decide(child("3", taskList={"name": "kids"}))
    few.wait()
    assert few.describe()["openCounts"]["openChildWorkflowExecutions"] == 2
    assert len(causes(few)) == 1


def test_each_execution_has_limits_of_its_own(few: Driver) -> None:
    for name in ("one", "two"):
        few.start(name)
        few.decide(timer("1", 60), timer("2", 60))
        assert causes(few) == []


# What a domain and an account may have


def test_executions_beyond_the_limit_of_open_ones_are_refused(few: Driver) -> None:
    """Children count; closed ones do not."""
    few.start("one")
    few.decide(child("kid", taskList={"name": "kids"}))
    few.start("two")
    with refused("LimitExceededFault"):
        few.start("three")
    few.workflow_id = "two"
    few.terminate()
    few.start("three")


def test_a_child_beyond_the_limit_of_open_executions_fails(few: Driver) -> None:
    few.start("one")
    few.start("two")
    few.start("three")
    few.poll()
    few.answer(child("kid"))
    few.wait()
    few.workflow_id = "one"
    few.run_id = few.task["workflowExecution"]["runId"]
    assert causes(few) == ["OPEN_WORKFLOWS_LIMIT_EXCEEDED"]


def test_a_continuation_takes_the_place_of_its_run(few: Driver) -> None:
    for name in ("one", "two", "three"):
        few.start(name)
    few.decide(continue_as_new())
    counted = few.client.count_open_workflow_executions(domain=DOMAIN, startTimeFilter=EVER)
    assert counted["count"] == 3


def test_each_domain_has_a_limit_of_its_own(few: Driver) -> None:
    for name in ("one", "two", "three"):
        few.start(name)
    kept_in(few, "7")


def test_domains_count_also_when_deprecated(few: Driver) -> None:
    def register(name: str) -> None:
        few.client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="1")

    register("two")
    register("three")
    with refused("LimitExceededFault"):
        register("four")
    few.client.deprecate_domain(name="two")
    with refused("LimitExceededFault"):
        register("four")
    with refused("DomainAlreadyExistsFault"):  # which is found out first
        register("two")


@pytest.mark.parametrize("kind", ["workflow", "activity"])
def test_types_count_also_when_deprecated_and_not_when_deleted(few: Driver, kind: str) -> None:
    def call(verb: str, **named: Any) -> None:
        getattr(few.client, f"{verb}_{kind}_type")(domain=DOMAIN, **named)

    call("register", name="a", version="1")
    call("register", name="a", version="2")
    with refused("LimitExceededFault"):
        call("register", name="a", version="3")
    named = {f"{kind}Type": {"name": "a", "version": "1"}}
    call("deprecate", **named)
    with refused("LimitExceededFault"):
        call("register", name="a", version="3")
    call("delete", **named)
    call("register", name="a", version="3")


def test_an_answer_with_too_many_decisions_is_refused_whole(few: Driver) -> None:
    few.start()
    few.poll()
    with refused("ValidationException", "less than or equal to 4"):
        few.answer(*(marker(str(number)) for number in range(5)))
    assert kinds(few)[-1] == "DecisionTaskStarted"
    few.answer(*(marker(str(number)) for number in range(4)))
    assert kinds(few).count("MarkerRecorded") == 4


def test_no_limit_is_met_before_its_time(swf: Driver) -> None:
    """The service's own: a thousand open activities, and the thousand and first fails."""
    swf.start()
    swf.decide(*(schedule(str(number)) for number in range(999)))
    swf.signal()
    swf.decide(schedule("1000th"), schedule("1001st"))
    assert swf.describe()["openCounts"]["openActivityTasks"] == 1_000
    events = swf.client.get_workflow_execution_history(
        domain=DOMAIN,
        execution={"workflowId": "order-1", "runId": swf.run_id},
        reverseOrder=True,
        maximumPageSize=2,
    )["events"]
    failed = events[1]["scheduleActivityTaskFailedEventAttributes"]
    assert failed["cause"] == "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
    assert failed["activityId"] == "1001st"


# The limit of events


def test_a_history_that_is_full_ends_in_termination(short: Driver) -> None:
    short.start()
    for number in range(17):
        short.signal(f"s{number}")
    assert short.describe()["executionInfo"]["executionStatus"] == "OPEN"
    short.signal("the last")
    assert len(kinds(short)) == 21
    assert kinds(short)[-2:] == ["WorkflowExecutionSignaled", "WorkflowExecutionTerminated"]
    assert short.attributes(21) == {"cause": "EVENT_LIMIT_EXCEEDED", "childPolicy": "TERMINATE"}
    info = short.describe()["executionInfo"]
    assert (info["executionStatus"], info["closeStatus"]) == ("CLOSED", "TERMINATED")
    with refused("UnknownResourceFault", "Unknown execution, workflowId = order-1"):
        short.signal()


def test_its_outstanding_tokens_die_with_it(short: Driver) -> None:
    short.start()
    short.decide(schedule("a"))
    short.take()
    short.signal()
    short.poll()
    while short.describe()["executionInfo"]["executionStatus"] == "OPEN":
        short.signal()
    text = f"Unknown execution: WorkflowExecution=[workflowId=order-1, runId={short.run_id}]"
    with refused("UnknownResourceFault", text):
        short.answer(complete())
    with refused("UnknownResourceFault", text):
        short.report(completes())


@pytest.mark.parametrize("policy", ["TERMINATE", "ABANDON", "REQUEST_CANCEL"])
def test_its_child_policy_is_applied(short: Driver, policy: str) -> None:
    short.start(childPolicy=policy)
    short.decide(child("kid", taskList={"name": "kids"}, childPolicy="ABANDON"))
    short.wait()
    kid = short.client.list_open_workflow_executions(
        domain=DOMAIN, startTimeFilter=EVER, executionFilter={"workflowId": "kid"}
    )["executionInfos"][0]["execution"]
    while short.describe()["executionInfo"]["executionStatus"] == "OPEN":
        short.signal()
    short.wait()
    assert short.attributes(len(kinds(short)))["childPolicy"] == policy
    happened = {
        "TERMINATE": "WorkflowExecutionTerminated",
        "ABANDON": "DecisionTaskScheduled",
        "REQUEST_CANCEL": "WorkflowExecutionCancelRequested",
    }
    told = [event["eventType"] for event in short.history(kid["runId"], "kid")]
    assert told[2:] == ([] if policy == "ABANDON" else [happened[policy]])


def test_a_close_at_the_limit_is_a_close(short: Driver) -> None:
    short.start()
    for number in range(14):
        short.signal(f"s{number}")
    short.decide(complete())
    assert len(kinds(short)) == 19
    assert kinds(short)[-1] == "WorkflowExecutionCompleted"


def test_a_timer_that_fires_may_be_what_fills_a_history(short: Driver) -> None:
    short.start()
    short.decide(timer("t", 60))
    for number in range(13):
        short.signal(f"s{number}")
    assert len(kinds(short)) == 19
    short.wait(60)
    assert kinds(short)[-2:] == ["TimerFired", "WorkflowExecutionTerminated"]


# Throttling


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


def test_a_bucket_never_holds_more_than_its_capacity(throttled: Driver) -> None:
    throttled.wait(30 * DAY)
    client = throttled.client
    listing = {"registrationStatus": "REGISTERED"}
    assert burst(lambda: client.list_domains(**listing), 200) == 100


def test_each_operation_has_a_bucket_of_its_own(throttled: Driver) -> None:
    client = throttled.client
    burst(lambda: client.list_domains(registrationStatus="REGISTERED"), 101)
    client.describe_domain(name=DOMAIN)
    client.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED")


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


def test_a_call_that_is_refused_for_its_form_uses_no_token(throttled: Driver) -> None:
    """Constraints of a request are checked before throttling."""
    throttled.wait(3_600)
    for _ in range(150):
        with refused("ValidationException"):
            throttled.client.list_domains(registrationStatus="GONE")
    listing = {"registrationStatus": "REGISTERED"}
    assert burst(lambda: throttled.client.list_domains(**listing), 100) == 100


def test_throttling_comes_before_what_the_call_is_about(throttled: Driver) -> None:
    throttled.wait(3_600)
    for _ in range(200):
        with refused("UnknownResourceFault", "Unknown domain: nowhere"):
            throttled.client.describe_domain(name="nowhere")
    with refused("ThrottlingException", "Rate exceeded"):
        throttled.client.describe_domain(name="nowhere")


def test_a_throttled_call_changes_nothing(throttled: Driver) -> None:
    throttled.start()
    throttled.step_s = 0
    taken = burst(throttled.request_cancel, 250)
    assert taken == 200  # the bucket of one execution
    assert kinds(throttled).count("WorkflowExecutionCancelRequested") == 200


def test_children_beyond_the_rate_fail_one_by_one(throttled: Driver) -> None:
    """500 with 12 a second: over-use by decisions is not a fault but events."""
    throttled.start()
    throttled.decide(*(child(f"a{number}", taskList={"name": "k"}) for number in range(510)))
    assert causes(throttled) == ["CHILD_CREATION_RATE_EXCEEDED"] * 10
    throttled.wait(1)
    throttled.decide(*(child(f"b{number}", taskList={"name": "k"}) for number in range(20)))
    told = throttled.describe()["openCounts"]["openChildWorkflowExecutions"]
    assert told == 500 + 13  # 12 a second, and 100 ms for the two calls


def test_without_the_switch_nothing_is_throttled(swf: Driver) -> None:
    listing = {"registrationStatus": "REGISTERED"}
    assert burst(lambda: swf.client.list_domains(**listing), 500) == 500
