"""Mistakes that a lenient fake lets through, 47 to 70: children, tasks, names, texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from swfsim import Behaviour, Env, fake_swf, wire
from swfsim.core.pages import Page
from swfsim.spec.behaviour import Quotas
from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel,
    child,
    complete,
    completes,
    marker,
    schedule,
    signal_external,
    timer,
)
from tests.support.known import known
from tests.support.looks import EVER, HOUR, YEAR, driver, kinds, refused


@pytest.fixture
def throttled() -> Iterator[Driver]:
    yield from driver(throttling=True, quotas=Quotas(open_activities=5_000))


@pytest.fixture
def following() -> Iterator[Driver]:
    """A service on which children start 40 ms after they were decided on."""
    yield from driver(follow_up_ms=40)


@known("capture")
def test_47_children_survive_a_completed_parent_only_with_abandon(swf: Driver) -> None:
    swf.start(childPolicy="ABANDON")
    swf.decide(child("kid", taskList={"name": "kids"}))
    swf.wait()
    swf.decide(complete())
    open_ones = swf.client.list_open_workflow_executions(domain=DOMAIN, startTimeFilter=EVER)
    assert [i["execution"]["workflowId"] for i in open_ones["executionInfos"]] == ["kid"]


@known("capture")
def test_48_a_child_is_started_separately_and_later(following: Driver) -> None:
    following.start()
    following.decide(child("kid"), marker("m"))
    following.wait()
    following.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = StartChildWorkflowExecutionInitiated(kid, D4)
        6 = MarkerRecorded(m, D4)
        7   ChildWorkflowExecutionStarted(I5)
        8 = DecisionTaskScheduled
    """)


@known("capture", "documentation")
def test_49_only_an_id_that_is_running_shows_an_initiated_event_before_the_failure(
    swf: Driver,
) -> None:
    swf.start("kid", taskList={"name": "elsewhere"})
    swf.start()
    swf.decide(child("kid"))
    swf.wait()
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = StartChildWorkflowExecutionInitiated(kid, D4)
        6 = StartChildWorkflowExecutionFailed(kid, WORKFLOW_ALREADY_RUNNING, I5, D4)
        7 = DecisionTaskScheduled
    """)


@known("capture")
def test_50_a_signal_to_a_missing_run_is_a_later_event(swf: Driver) -> None:
    swf.start()
    swf.decide(signal_external("nobody"))
    swf.wait()
    assert kinds(swf)[4:6] == [
        "SignalExternalWorkflowExecutionInitiated",
        "SignalExternalWorkflowExecutionFailed",
    ]


@known("capture", "documentation")
def test_51_a_higher_priority_goes_first_and_then_the_order_of_arrival(swf: Driver) -> None:
    swf.start()
    swf.decide(
        schedule("a"),
        schedule("b", taskPriority="5"),
        schedule("c", taskPriority="-3"),
        schedule("d", taskPriority="5"),
        schedule("e"),
    )
    taken = [swf.take()["activityId"] for _ in range(5)]
    assert taken == ["b", "d", "a", "e", "c"]


@known("documentation")
def test_52_priority_is_not_inherited(swf: Driver) -> None:
    swf.start(taskPriority="9")
    swf.decide(schedule("a"), child("kid"))
    assert swf.attributes(2)["taskPriority"] == "9"
    assert "taskPriority" not in swf.attributes(5)
    assert "taskPriority" not in swf.attributes(6)


@known("documentation")
def test_53_decision_lists_and_activity_lists_of_one_name_do_not_meet(swf: Driver) -> None:
    swf.start(taskList={"name": "same"})
    assert "taskToken" not in swf.take("same")
    assert "taskToken" in swf.poll("same")
    swf.answer(schedule("a", taskList={"name": "same"}))
    assert "taskToken" not in swf.poll("same")
    assert swf.take("same")["activityId"] == "a"


@known("documentation")
def test_54_deprecating_a_type_stops_nothing_that_runs(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    pay = {"name": "pay", "version": "1.0"}
    order = {"name": "order", "version": "1.0"}
    swf.client.deprecate_activity_type(domain=DOMAIN, activityType=pay)
    swf.client.deprecate_workflow_type(domain=DOMAIN, workflowType=order)
    swf.work(completes())
    swf.decide(schedule("b"))
    assert swf.attributes(11)["cause"] == "ACTIVITY_TYPE_DEPRECATED"
    with refused("TypeDeprecatedFault", "WorkflowType=[name=order, version=1.0]"):
        swf.start("another")


@known("documentation")
def test_55_a_deprecated_domain_still_shows_what_was_in_it(swf: Driver) -> None:
    swf.start()
    swf.client.deprecate_domain(name=DOMAIN)
    assert len(kinds(swf)) == 2
    counted = swf.client.count_open_workflow_executions(domain=DOMAIN, startTimeFilter=EVER)
    assert counted["count"] == 1
    swf.decide(complete())
    assert swf.describe()["executionInfo"]["closeStatus"] == "COMPLETED"


@known("documentation")
def test_56_a_cancel_request_closes_nothing(swf: Driver) -> None:
    swf.start()
    swf.request_cancel()
    info = swf.describe()["executionInfo"]
    assert info["executionStatus"] == "OPEN"
    assert info["cancelRequested"] is True
    swf.decide(complete())
    assert swf.describe()["executionInfo"]["cancelRequested"] is False, "as recorded"


@known("capture")
def test_57_cancelling_needs_no_request(swf: Driver) -> None:
    swf.start()
    swf.decide(cancel(details="bye"))
    assert swf.describe()["executionInfo"]["closeStatus"] == "CANCELED"


@known("capture")
def test_58_run_ids_hold_characters_that_addresses_must_escape(swf: Driver) -> None:
    ids = [swf.start(str(number)) for number in range(50)]
    assert all(re.fullmatch(r"22[A-Za-z0-9+/]{43}=", one) for one in ids)
    assert any("/" in one for one in ids)
    assert any("+" in one for one in ids)
    assert len(set(ids)) == len(ids)


@known("capture")
def test_59_one_batch_shares_an_instant_and_other_causes_do_not(swf: Driver) -> None:
    swf.start()
    swf.decide(marker("a"), marker("b"))
    swf.signal()
    stamps = [event["eventTimestamp"] for event in swf.history()]
    assert len(set(stamps[3:6])) == 1
    assert stamps[2] < stamps[3] < stamps[6] == stamps[7]


@known("capture")
def test_60_instants_on_the_wire_are_doubles_in_scientific_form(swf: Driver) -> None:
    swf.start()
    domain = swf.fake.service.machine.world.region("us-east-1").domain(DOMAIN)
    x = domain.open["order-1"]
    page = Page(x, 0, len(x.events), reverse=False)
    body = wire.answer_bytes("GetWorkflowExecutionHistory", {"events": page})
    text = body.decode().split('"eventTimestamp":')[1].split(",")[0]
    assert re.fullmatch(r"1\.9[0-9]+E9", text)
    assert json.loads(body)["events"][0]["eventTimestamp"] == x.started_at / 1000


@known("documentation")
def test_61_an_affinity_list_that_nobody_polls(swf: Driver) -> None:
    swf.start()
    swf.decide(taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5")
    swf.signal()
    assert "taskToken" not in swf.poll("deciders")
    swf.wait(5)
    swf.shows("""
        5   WorkflowExecutionSignaled(hurry)
        6 = DecisionTaskScheduled
        7   DecisionTaskTimedOut(SCHEDULE_TO_START, S6, T0)
        8 = DecisionTaskScheduled
    """)
    assert swf.attributes(6)["taskList"] == {"name": "sticky"}
    assert swf.attributes(6)["scheduleToStartTimeout"] == "5"
    assert "taskToken" in swf.poll("deciders"), "back to the original list"


@known("documentation")
def test_61_without_a_time_limit_it_waits_for_ever(swf: Driver) -> None:
    swf.start(executionStartToCloseTimeout=str(YEAR))
    swf.decide(taskList={"name": "sticky"})
    swf.signal()
    swf.wait(30 * 24 * HOUR)
    assert "taskToken" not in swf.poll("deciders")
    assert "taskToken" in swf.poll("sticky")


@known("capture")
def test_62_the_execution_context_stays_until_overwritten(swf: Driver) -> None:
    swf.start()
    assert "latestExecutionContext" not in swf.describe()
    swf.decide(timer("t", 0), executionContext="step 1")
    swf.wait()
    swf.decide(timer("t", 0))
    assert swf.describe()["latestExecutionContext"] == "step 1"
    swf.wait()
    swf.decide(executionContext="")
    assert swf.describe()["latestExecutionContext"] == ""
    assert swf.attributes(14)["executionContext"] == ""


@known("client code")
def test_63_a_thousand_decisions_at_once_are_the_limit(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException", "1000"):
        swf.answer(*(marker("m") for _ in range(1_001)))
    swf.answer(*(marker("m") for _ in range(1_000)))


@known("client code")
def test_63_and_a_megabyte(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException", "1000000"):
        swf.answer(*(marker("m", details="x" * 32_768) for _ in range(31)))
    swf.answer(*(marker("m", details="x" * 32_768) for _ in range(30)))


@known("capture", "client code")
def test_64_throttling_is_a_fault_of_its_own_and_passes(throttled: Driver) -> None:
    throttled.start()
    for _ in range(200):
        throttled.client.signal_workflow_execution(
            domain=DOMAIN, workflowId="order-1", signalName="s"
        )
    with refused("ThrottlingException", "Rate exceeded"):
        for _ in range(2_000):
            throttled.client.signal_workflow_execution(
                domain=DOMAIN, workflowId="order-1", signalName="s"
            )
    throttled.wait(1)
    throttled.signal()


@known("client code")
def test_65_the_already_started_fault_names_no_run(swf: Driver) -> None:
    run_id = swf.start()
    with refused("WorkflowExecutionAlreadyStartedFault") as told:
        swf.start()
    assert run_id not in str(told.value)


@known("client code")
def test_66_the_events_know_the_time_whatever_the_deciders_clock_says() -> None:
    seen: list[tuple[float, float]] = []

    def decide() -> None:
        import time

        client: Any = boto3.client("swf")
        task = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "deciders"})
        time.sleep(30)  # a decider that is slow to look at its clock
        started = task["events"][-1]["eventTimestamp"].timestamp()
        seen.append((time.time(), started))

    with Env.sim() as env:
        client = env.client()
        client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        client.register_workflow_type(domain=DOMAIN, name="order", version="1")
        client.start_workflow_execution(
            domain=DOMAIN,
            workflowId="w",
            workflowType={"name": "order", "version": "1"},
            taskList={"name": "deciders"},
            executionStartToCloseTimeout="600",
            taskStartToCloseTimeout="60",
            childPolicy="ABANDON",
        )
        env.add("decider", decide)
        env.run()
        at = env.executions()[0].events[2].at / 1000
    [(own, by_event)] = seen
    assert by_event == pytest.approx(at)
    assert own - by_event == pytest.approx(30)


@known("capture")
def test_67_timers_and_timeouts_are_never_early(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("t", 10))
    begun = swf.history()[4]["eventTimestamp"]
    swf.wait(9.999)
    assert kinds(swf)[-1] == "TimerStarted"
    swf.wait(0.001)
    fired = swf.history()[5]["eventTimestamp"]
    assert (fired - begun).total_seconds() == 10


@known("documentation")
@pytest.mark.parametrize("bad", ["a:b", "a/b", "a|b", "a\nb", "a\x7fb", "arn"])
def test_68_names_with_forbidden_characters(swf: Driver, bad: str) -> None:
    register = swf.client.register_domain
    with refused("ValidationException", "'name'"):
        register(name=bad, workflowExecutionRetentionPeriodInDays="1")
    with refused("ValidationException", "'workflowId'"):
        swf.start(bad)
    for kind in ("workflow", "activity"):
        with refused("ValidationException", "'name'"):
            getattr(swf.client, f"register_{kind}_type")(domain=DOMAIN, name=bad, version="1")
    swf.start()
    with refused("ValidationException", "'taskList.name'"):
        swf.poll(bad)
    swf.poll()
    for one in (schedule(bad), timer(bad, 1), schedule("a", taskList={"name": bad})):
        with refused("ValidationException", "decisions.1.member"):
            swf.answer(one)


@known("documentation")
def test_68_but_names_that_only_contain_arn_are_fine(swf: Driver) -> None:
    swf.start("learn arn by heart")


@known("client code")
def test_69_what_was_just_registered_may_be_unknown_for_a_while() -> None:
    with fake_swf(clock="virtual", behaviour=Behaviour(registration_lag_ms=4_000)) as fake:
        client: Any = boto3.client("swf", region_name="us-east-1")
        client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        with refused("UnknownResourceFault", "Unknown domain: shop"):
            client.register_workflow_type(domain=DOMAIN, name="order", version="1")
        fake.advance(4)
        client.register_workflow_type(domain=DOMAIN, name="order", version="1")
        with refused("UnknownResourceFault", "Unknown type: WorkflowType=[name=order, version=1]"):
            client.describe_workflow_type(
                domain=DOMAIN, workflowType={"name": "order", "version": "1"}
            )


@known("documentation")
def test_70_control_comes_back_only_where_the_model_has_it(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", control="mine"), timer("t", 1, control="mine"))
    assert swf.attributes(5)["control"] == "mine"
    assert swf.attributes(6)["control"] == "mine"
    swf.work(completes())
    swf.wait(1)
    for event in swf.history()[6:]:
        assert all("control" not in part for part in event.values() if isinstance(part, dict))
