"""Mistakes that a lenient fake lets through, 1 to 23: decisions, values, settings, polls."""

from __future__ import annotations

from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from swfsim import Env, Fake
from swfsim.sim.faults import decider_dies
from swfsim.sim.plan import Plan
from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel,
    cancel_timer,
    complete,
    completes,
    fails,
    marker,
    schedule,
    timer,
)
from tests.support.known import known
from tests.support.looks import HOUR, YEAR, kinds, refused


@pytest.fixture
def unchecked(fake: Fake) -> Any:
    """A client without botocore's own parameter validation, as other languages have none."""
    config = botocore.config.Config(parameter_validation=False)
    return boto3.client("swf", region_name="us-east-1", config=config)


@known("documentation", "client code")
def test_01_a_closed_run_takes_no_signal_and_no_cancel(swf: Driver) -> None:
    run_id = swf.start()
    swf.decide(complete())
    with refused("UnknownResourceFault", "Unknown execution, workflowId = order-1"):
        swf.signal()
    with refused("UnknownResourceFault", "Unknown execution, workflowId = order-1"):
        swf.request_cancel()
    with refused(
        "UnknownResourceFault",
        f"Unknown execution: WorkflowExecution=[workflowId=order-1, runId={run_id}]",
    ):
        swf.client.signal_workflow_execution(
            domain=DOMAIN, workflowId="order-1", runId=run_id, signalName="x"
        )


@known("capture", "client code")
def test_02_several_new_events_may_stand_in_one_decision_task(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"), schedule("b"))
    swf.work(completes())
    swf.work(fails())
    polled = swf.poll()
    new = [e for e in polled["events"] if e["eventId"] > polled["previousStartedEventId"]]
    told = [e["eventType"] for e in new if e["eventType"].startswith("ActivityTask")]
    assert told[-2:] == ["ActivityTaskStarted", "ActivityTaskFailed"]
    assert "ActivityTaskCompleted" in told


@known("capture")
def test_03_the_last_event_is_always_decision_task_started(swf: Driver) -> None:
    swf.start()
    assert swf.poll()["events"][-1]["eventType"] == "DecisionTaskStarted"
    swf.answer(timer("t", 0))
    swf.wait()
    assert swf.poll(reverseOrder=True)["events"][0]["eventType"] == "DecisionTaskStarted"


@known("capture")
def test_04_closing_while_something_arrived_is_refused(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.answer(complete())
    assert kinds(swf)[-1] == "CompleteWorkflowExecutionFailed"
    swf.decide(complete())
    assert kinds(swf)[-1] == "WorkflowExecutionCompleted"


@known("capture")
def test_05_unhandled_decision_is_an_event_not_an_error(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.answer(cancel())  # raises nothing
    assert swf.attributes(7) == {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": 6}


@known("client code")
def test_06_completing_and_scheduling_in_one_answer_is_rejected_whole(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException", "Specified decision is incompatible with close decision"):
        swf.answer(schedule("a"), complete())
    swf.wait(300)
    assert kinds(swf)[3:] == ["DecisionTaskTimedOut", "DecisionTaskScheduled"]


@known("client code")
@pytest.mark.parametrize("behind", [marker("m"), complete(), schedule("a")])
def test_07_nothing_may_stand_behind_a_close(swf: Driver, behind: dict[str, Any]) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException", "Close must be last decision in list"):
        swf.answer(complete(), behind)


@known("client code")
def test_08_one_bad_decision_among_good_ones_leaves_all_undone(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException"):
        swf.answer(marker("one"), timer("bad", 1, control="x" * 32_769), marker("two"))
    assert kinds(swf)[-1] == "DecisionTaskStarted"


@known("client code")
def test_09_a_swallowed_refusal_hangs_until_the_task_times_out_and_comes_again(
    swf: Driver,
) -> None:
    swf.start()
    for _ in range(2):
        swf.poll()
        with refused("ValidationException"):
            swf.answer(marker("x" * 257))
        swf.wait(300)
    assert kinds(swf).count("DecisionTaskTimedOut") == 2
    assert kinds(swf)[-1] == "DecisionTaskScheduled"


@known("capture")
def test_10_after_an_empty_answer_no_task_comes_until_something_happens(swf: Driver) -> None:
    swf.start()
    swf.decide()
    swf.wait(HOUR / 2)
    assert "taskToken" not in swf.poll()
    swf.signal()
    assert "taskToken" in swf.poll()


@known("capture", "client code")
def test_11_a_zero_second_timer_is_what_forces_a_task(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("t", 600))
    swf.signal()
    swf.decide(cancel_timer("t"), marker("m"))
    assert "taskToken" not in swf.poll()
    swf.signal()
    swf.decide(timer("force", 0))
    swf.wait()
    assert "taskToken" in swf.poll()


@known("documentation", "client code")
def test_12_values_that_are_too_long_are_refused_and_the_task_stays_open(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    too_long = "Member must have length less than or equal to"
    with refused("ValidationException", f"{too_long} 32768"):
        swf.report(completes("x" * 32_769))
    with refused("ValidationException", f"{too_long} 256"):
        swf.report(fails("x" * 257))
    with refused("ValidationException", f"{too_long} 2048"):
        swf.beat(details="x" * 2_049)
    assert swf.describe()["openCounts"]["openActivityTasks"] == 1
    swf.report(completes("x" * 32_768))


@known("documentation", "client code")
def test_12_lengths_are_counted_in_utf_16_units(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    with refused("ValidationException", "32768"):
        swf.report(completes("😀" * 16_385))
    swf.report(completes("ç" * 32_768))


@known("client code")
def test_13_a_failure_that_quotes_the_long_value_is_refused_as_well(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    with refused("ValidationException") as first:
        swf.report(completes("x" * 40_000))
    with refused("ValidationException"):
        swf.report(fails("too long", details=str(first.value)))
    swf.wait(300)
    assert "ActivityTaskTimedOut" in kinds(swf)


@known("documentation")
def test_14_an_activity_id_in_use_is_an_event(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"), schedule("a"))
    assert kinds(swf)[-2:] == ["ScheduleActivityTaskFailed", "DecisionTaskScheduled"]
    assert swf.attributes(6)["cause"] == "ACTIVITY_ID_ALREADY_IN_USE"
    swf.work(completes())
    swf.decide(schedule("a"))
    assert kinds(swf)[-1] == "ActivityTaskScheduled"


@known("documentation")
def test_15_a_timer_id_in_use_is_an_event(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("t", 60), timer("t", 60))
    assert kinds(swf)[-2:] == ["StartTimerFailed", "DecisionTaskScheduled"]
    assert swf.attributes(6)["cause"] == "TIMER_ID_ALREADY_IN_USE"
    swf.wait(60)
    swf.decide(timer("t", 60))
    assert kinds(swf)[-1] == "TimerStarted"


@known("documentation")
def test_16_a_timeout_that_is_a_number_does_not_deserialise(swf: Driver, unchecked: Any) -> None:
    with refused("SerializationException"):
        unchecked.start_workflow_execution(
            domain=DOMAIN,
            workflowId="w",
            workflowType={"name": "order", "version": "1.0"},
            executionStartToCloseTimeout=60,
        )


@known("documentation")
@pytest.mark.parametrize("text", ["+5", "-1", " 5", "1.5", "none", "5s", "123456789", "１２"])
def test_17_a_duration_is_at_most_eight_digits(swf: Driver, text: str) -> None:
    with refused("ValidationException", "taskStartToCloseTimeout"):
        swf.start(taskStartToCloseTimeout=text)


@known("documentation")
@pytest.mark.parametrize("text", ["NONE", str(YEAR + 1), "99999999"])
def test_18_an_execution_lasts_a_year_at_most(swf: Driver, text: str) -> None:
    with refused("ValidationException", "executionStartToCloseTimeout"):
        swf.start(executionStartToCloseTimeout=text)
    swf.start(executionStartToCloseTimeout=str(YEAR))


@known("documentation")
def test_19_a_setting_without_a_default_is_missed(swf: Driver) -> None:
    for kind in ("workflow", "activity"):
        getattr(swf.client, f"register_{kind}_type")(domain=DOMAIN, name="bare", version="1")
    bare = {"name": "bare", "version": "1"}
    settings: dict[str, Any] = {}
    for member, value in (
        ("executionStartToCloseTimeout", "60"),
        ("taskList", {"name": "l"}),
        ("taskStartToCloseTimeout", "60"),
        ("childPolicy", "ABANDON"),
    ):
        with refused("DefaultUndefinedFault", member):
            swf.client.start_workflow_execution(
                domain=DOMAIN, workflowId="b", workflowType=bare, **settings
            )
        settings[member] = value
    swf.start()
    given: dict[str, Any] = {}
    for member, value, cause in (
        ("taskList", {"name": "l"}, "DEFAULT_TASK_LIST_UNDEFINED"),
        ("scheduleToStartTimeout", "9", "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED"),
        ("scheduleToCloseTimeout", "9", "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("startToCloseTimeout", "9", "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("heartbeatTimeout", "NONE", "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED"),
    ):
        swf.decide(schedule("a", activityType=bare, **given))
        assert swf.attributes(len(swf.history()) - 1)["cause"] == cause
        given[member] = value
    swf.decide(schedule("a", activityType=bare, **given))
    assert kinds(swf)[-1] == "ActivityTaskScheduled"


@known("documentation")
def test_20_the_defaults_of_a_version_never_change(swf: Driver) -> None:
    with refused("TypeAlreadyExistsFault", "WorkflowType=[name=order, version=1.0]"):
        swf.client.register_workflow_type(
            domain=DOMAIN, name="order", version="1.0", defaultChildPolicy="ABANDON"
        )
    described = swf.client.describe_workflow_type(
        domain=DOMAIN, workflowType={"name": "order", "version": "1.0"}
    )
    assert described["configuration"]["defaultChildPolicy"] == "TERMINATE"


@known("documentation")
def test_21_deprecated_names_stay_taken(swf: Driver) -> None:
    swf.client.deprecate_activity_type(
        domain=DOMAIN, activityType={"name": "pay", "version": "1.0"}
    )
    with refused("TypeAlreadyExistsFault", "ActivityType=[name=pay, version=1.0]"):
        swf.client.register_activity_type(domain=DOMAIN, name="pay", version="1.0")
    swf.client.deprecate_domain(name=DOMAIN)
    with refused("DomainAlreadyExistsFault", DOMAIN):
        swf.client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")


@known("documentation", "client code")
def test_22_a_task_given_to_a_client_that_has_gone_is_lost_until_it_times_out() -> None:
    def decide() -> None:
        client: Any = boto3.client("swf")
        while True:
            task = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "deciders"})
            client.respond_decision_task_completed(
                taskToken=task["taskToken"], decisions=[complete()]
            )

    with Env.sim(plan=Plan([decider_dies(1, "before deciding")])) as env:
        client = env.client()
        client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        client.register_workflow_type(domain=DOMAIN, name="order", version="1")
        env.add("decider", decide)
        client.start_workflow_execution(
            domain=DOMAIN,
            workflowId="w",
            workflowType={"name": "order", "version": "1"},
            taskList={"name": "deciders"},
            executionStartToCloseTimeout="600",
            taskStartToCloseTimeout="60",
            childPolicy="ABANDON",
        )
        env.run()
        told = [event["eventType"] for event in env.history("w")]
    assert told[2:5] == ["DecisionTaskStarted", "DecisionTaskTimedOut", "DecisionTaskScheduled"]
    assert told[-1] == "WorkflowExecutionCompleted"


@known("capture", "client code")
def test_23_an_empty_poll_has_no_task_token(swf: Driver) -> None:
    assert "taskToken" not in swf.poll()
