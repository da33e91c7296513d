"""How much an execution, a domain and an account may have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

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
from tests.support.known import known
from tests.support.looks import EVER, driver, kinds, refused
from tests.support.quotas import causes, kept_in


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


# What an execution may have open, 1000 of each kind


@known("documentation", "model")
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


@known("documentation", "client code")
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


@known("documentation")
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


@known("documentation")
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


@known("documentation")
def test_each_execution_has_limits_of_its_own(few: Driver) -> None:
    for name in ("one", "two"):
        few.start(name)
        few.decide(timer("1", 60), timer("2", 60))
        assert causes(few) == []


# What a domain and an account may have


@known("documentation")
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


@known("documentation")
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


@known("guess")
def test_a_continuation_takes_the_place_of_its_run(few: Driver) -> None:
    for name in ("one", "two", "three"):
        few.start(name)
    few.decide(continue_as_new())
    counted = few.client.count_open_workflow_executions(domain=DOMAIN, startTimeFilter=EVER)
    assert counted["count"] == 3


@known("documentation")
def test_each_domain_has_a_limit_of_its_own(few: Driver) -> None:
    for name in ("one", "two", "three"):
        few.start(name)
    kept_in(few, "7")


@known("documentation")
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


@known("documentation")
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


@known("client code")
def test_an_answer_with_too_many_decisions_is_refused_whole(few: Driver) -> None:
    few.start()
    few.poll()
    with refused("ValidationException", "less than or equal to 4"):
        few.answer(*(marker(str(number)) for number in range(5)))
    assert kinds(few)[-1] == "DecisionTaskStarted"
    few.answer(*(marker(str(number)) for number in range(4)))
    assert kinds(few).count("MarkerRecorded") == 4


@known("documentation", "capture")
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


@known("documentation", "capture")
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


@known("documentation")
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


@known("documentation", "model")
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


@known("guess")
def test_no_decision_task_is_scheduled_beyond_the_limit() -> None:
    for swf in driver(quotas=Quotas(events=5)):
        swf.start()
        swf.decide()
        swf.signal()
        assert kinds(swf)[4:] == ["WorkflowExecutionSignaled", "WorkflowExecutionTerminated"]


@known("guess")
def test_a_close_at_the_limit_is_a_close(short: Driver) -> None:
    short.start()
    for number in range(14):
        short.signal(f"s{number}")
    short.decide(complete())
    assert len(kinds(short)) == 19
    assert kinds(short)[-1] == "WorkflowExecutionCompleted"


@known("guess")
def test_a_timer_that_fires_may_be_what_fills_a_history(short: Driver) -> None:
    short.start()
    short.decide(timer("t", 60))
    for number in range(13):
        short.signal(f"s{number}")
    assert len(kinds(short)) == 19
    short.wait(60)
    assert kinds(short)[-2:] == ["TimerFired", "WorkflowExecutionTerminated"]
