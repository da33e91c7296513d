"""Seventy mistakes that a lenient fake lets through, and what Amazon SWF does instead.

The number in each name is the trap's. Two that are about workers rather than the service (22, 66)
are told with a simulation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from swfsim import Behaviour, Env, Fake, fake_swf, wire
from swfsim.core.pages import Page
from swfsim.sim.faults import decider_dies
from swfsim.sim.plan import Plan
from swfsim.spec.behaviour import Quotas
from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel,
    cancel_activity,
    cancel_timer,
    child,
    complete,
    completes,
    continue_as_new,
    fails,
    marker,
    schedule,
    signal_external,
    timer,
)

HOUR = 3_600
YEAR = 31_536_000


def refusal(error: pytest.ExceptionInfo[botocore.exceptions.ClientError]) -> tuple[str, str]:
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def refused(code: str, text: str = "") -> Any:
    """The call is refused with this code, and a text that holds this."""
    return pytest.raises(botocore.exceptions.ClientError, match=f"{code}(.|\n)*{re.escape(text)}")


def kinds(swf: Driver) -> list[str]:
    return [event["eventType"] for event in swf.history()]


def newest(swf: Driver, count: int) -> list[dict[str, Any]]:
    """The last events, newest first."""
    execution = {"workflowId": swf.workflow_id, "runId": swf.run_id}
    events: list[dict[str, Any]] = swf.client.get_workflow_execution_history(
        domain=DOMAIN, execution=execution, reverseOrder=True, maximumPageSize=count
    )["events"]
    return events


@pytest.fixture
def unchecked(fake: Fake) -> Any:
    """A client without botocore's own parameter validation, as other languages have none."""
    config = botocore.config.Config(parameter_validation=False)
    return boto3.client("swf", region_name="us-east-1", config=config)


def driver(**behaviour: Any) -> Iterator[Driver]:
    with fake_swf(clock="virtual", behaviour=Behaviour(**behaviour)) as fake:
        yield Driver(fake).register()


@pytest.fixture
def few() -> Iterator[Driver]:
    """A service whose quotas are small enough to be met in a test."""
    yield from driver(quotas=Quotas(open_activities=2, open_timers=2, open_children=2, events=60))


@pytest.fixture
def throttled() -> Iterator[Driver]:
    yield from driver(throttling=True, quotas=Quotas(open_activities=5_000))


@pytest.fixture
def following() -> Iterator[Driver]:
    """A service on which children start 40 ms after they were decided on."""
    yield from driver(follow_up_ms=40)


@pytest.fixture
def lagging() -> Iterator[Driver]:
    yield from driver(visibility_lag_ms=2_000)


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


def test_03_the_last_event_is_always_decision_task_started(swf: Driver) -> None:
    swf.start()
    assert swf.poll()["events"][-1]["eventType"] == "DecisionTaskStarted"
    swf.answer(timer("t", 0))
    swf.wait()
    assert swf.poll(reverseOrder=True)["events"][0]["eventType"] == "DecisionTaskStarted"


def test_04_closing_while_something_arrived_is_refused(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.answer(complete())
    assert kinds(swf)[-1] == "CompleteWorkflowExecutionFailed"
    swf.decide(complete())
    assert kinds(swf)[-1] == "WorkflowExecutionCompleted"


def test_05_unhandled_decision_is_an_event_not_an_error(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.answer(cancel())  # raises nothing
    assert swf.attributes(7) == {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": 6}


def test_06_completing_and_scheduling_in_one_answer_is_rejected_whole(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException", "Specified decision is incompatible with close decision"):
        swf.answer(schedule("a"), complete())
    swf.wait(300)
    assert kinds(swf)[3:] == ["DecisionTaskTimedOut", "DecisionTaskScheduled"]


@pytest.mark.parametrize("behind", [marker("m"), complete(), schedule("a")])
def test_07_nothing_may_stand_behind_a_close(swf: Driver, behind: dict[str, Any]) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException", "Close must be last decision in list"):
        swf.answer(complete(), behind)


def test_08_one_bad_decision_among_good_ones_leaves_all_undone(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException"):
        swf.answer(marker("one"), timer("bad", 1, control="x" * 32_769), marker("two"))
    assert kinds(swf)[-1] == "DecisionTaskStarted"


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


def test_10_after_an_empty_answer_no_task_comes_until_something_happens(swf: Driver) -> None:
    swf.start()
    swf.decide()
    swf.wait(HOUR / 2)
    assert "taskToken" not in swf.poll()
    swf.signal()
    assert "taskToken" in swf.poll()


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


def test_12_lengths_are_counted_in_utf_16_units(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    with refused("ValidationException", "32768"):
        swf.report(completes("😀" * 16_385))
    swf.report(completes("ç" * 32_768))


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


def test_14_an_activity_id_in_use_is_an_event(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"), schedule("a"))
    assert kinds(swf)[-2:] == ["ScheduleActivityTaskFailed", "DecisionTaskScheduled"]
    assert swf.attributes(6)["cause"] == "ACTIVITY_ID_ALREADY_IN_USE"
    swf.work(completes())
    swf.decide(schedule("a"))
    assert kinds(swf)[-1] == "ActivityTaskScheduled"


def test_15_a_timer_id_in_use_is_an_event(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("t", 60), timer("t", 60))
    assert kinds(swf)[-2:] == ["StartTimerFailed", "DecisionTaskScheduled"]
    assert swf.attributes(6)["cause"] == "TIMER_ID_ALREADY_IN_USE"
    swf.wait(60)
    swf.decide(timer("t", 60))
    assert kinds(swf)[-1] == "TimerStarted"


def test_16_a_timeout_that_is_a_number_does_not_deserialise(swf: Driver, unchecked: Any) -> None:
    with refused("SerializationException"):
        unchecked.start_workflow_execution(
            domain=DOMAIN,
            workflowId="w",
            workflowType={"name": "order", "version": "1.0"},
            executionStartToCloseTimeout=60,
        )


@pytest.mark.parametrize("text", ["+5", "-1", " 5", "1.5", "none", "5s", "123456789", "１２"])
def test_17_a_duration_is_at_most_eight_digits(swf: Driver, text: str) -> None:
    with refused("ValidationException", "taskStartToCloseTimeout"):
        swf.start(taskStartToCloseTimeout=text)


@pytest.mark.parametrize("text", ["NONE", str(YEAR + 1), "99999999"])
def test_18_an_execution_lasts_a_year_at_most(swf: Driver, text: str) -> None:
    with refused("ValidationException", "executionStartToCloseTimeout"):
        swf.start(executionStartToCloseTimeout=text)
    swf.start(executionStartToCloseTimeout=str(YEAR))


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


def test_20_the_defaults_of_a_version_never_change(swf: Driver) -> None:
    with refused("TypeAlreadyExistsFault", "WorkflowType=[name=order, version=1.0]"):
        swf.client.register_workflow_type(
            domain=DOMAIN, name="order", version="1.0", defaultChildPolicy="ABANDON"
        )
    described = swf.client.describe_workflow_type(
        domain=DOMAIN, workflowType={"name": "order", "version": "1.0"}
    )
    assert described["configuration"]["defaultChildPolicy"] == "TERMINATE"


def test_21_deprecated_names_stay_taken(swf: Driver) -> None:
    swf.client.deprecate_activity_type(
        domain=DOMAIN, activityType={"name": "pay", "version": "1.0"}
    )
    with refused("TypeAlreadyExistsFault", "ActivityType=[name=pay, version=1.0]"):
        swf.client.register_activity_type(domain=DOMAIN, name="pay", version="1.0")
    swf.client.deprecate_domain(name=DOMAIN)
    with refused("DomainAlreadyExistsFault", DOMAIN):
        swf.client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")


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


def test_23_an_empty_poll_has_no_task_token(swf: Driver) -> None:
    assert "taskToken" not in swf.poll()


def test_24_page_tokens_of_polls_and_of_histories_are_not_exchangeable(swf: Driver) -> None:
    run_id = swf.start()
    polled = swf.poll(maximumPageSize=1)["nextPageToken"]
    execution = {"workflowId": "order-1", "runId": run_id}
    read = swf.client.get_workflow_execution_history(
        domain=DOMAIN, execution=execution, maximumPageSize=1
    )["nextPageToken"]
    with refused("ValidationException", "Invalid token"):
        swf.client.get_workflow_execution_history(
            domain=DOMAIN, execution=execution, nextPageToken=polled
        )
    with refused("ValidationException", "Invalid token"):
        swf.poll(nextPageToken=read)


def test_25_a_history_of_more_than_a_thousand_events_comes_in_pages(swf: Driver) -> None:
    swf.start()
    swf.decide(*(marker(str(number)) for number in range(1_000)))
    swf.signal()
    first = swf.poll()
    assert len(first["events"]) == 1_000
    second = swf.poll(nextPageToken=first["nextPageToken"])
    assert second["events"][-1]["eventType"] == "DecisionTaskStarted"
    assert "nextPageToken" not in second
    ids = [event["eventId"] for event in first["events"] + second["events"]]
    assert ids == list(range(1, first["startedEventId"] + 1))


def test_26_page_tokens_grow_old_and_the_task_times_out_meanwhile(swf: Driver) -> None:
    swf.start(executionStartToCloseTimeout=str(YEAR))
    first = swf.poll(maximumPageSize=1)
    swf.wait(23 * HOUR)
    second = swf.poll(maximumPageSize=1, nextPageToken=first["nextPageToken"])
    assert second["events"][0]["eventId"] == 2, "reading on still works"
    with refused("UnknownResourceFault", "Unknown decision task, scheduledEventId = 2"):
        swf.answer()
    swf.wait(2 * HOUR)
    with refused("ValidationException", "Specified token has exceeded its maximum lifetime"):
        swf.poll(maximumPageSize=1, nextPageToken=first["nextPageToken"])


def test_27_asking_for_a_further_page_takes_no_further_task(swf: Driver) -> None:
    swf.start("one")
    swf.start("two")
    first = swf.poll(maximumPageSize=1)
    for _ in range(2):
        again = swf.poll(maximumPageSize=1, nextPageToken=first["nextPageToken"])
        assert again["taskToken"] == first["taskToken"]
        assert again["startedEventId"] == again["events"][0]["eventId"] + 1 == 3
    assert swf.poll()["workflowExecution"]["workflowId"] == "two"


def test_28_listings_may_lag_behind(lagging: Driver) -> None:
    def listed() -> tuple[int, int]:
        times = {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}}
        return (
            lagging.client.count_open_workflow_executions(**times)["count"],
            lagging.client.count_closed_workflow_executions(**times)["count"],
        )

    lagging.start()
    assert listed() == (0, 0)
    lagging.wait(2)
    assert listed() == (1, 0)
    lagging.decide(complete())
    assert listed() == (1, 0)
    lagging.wait(2)
    assert listed() == (0, 1)
    assert lagging.describe()["executionInfo"]["executionStatus"] == "CLOSED"


TIMES = {"oldestDate": 0}


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        ({}, "Must specify time filter"),
        (
            {"startTimeFilter": TIMES, "closeTimeFilter": TIMES},
            "Cannot specify both a startTimeFilter and a closeTimeFilter",
        ),
        (
            {
                "startTimeFilter": TIMES,
                "tagFilter": {"tag": "t"},
                "executionFilter": {"workflowId": "w"},
            },
            "Cannot specify more than one exclusive filters in the same query: "
            "[executionFilter, tagFilter]",
        ),
    ],
)
@pytest.mark.parametrize("call", ["list", "count"])
def test_29_filters_that_do_not_go_together(
    swf: Driver, call: str, filters: dict[str, Any], text: str
) -> None:
    with refused("ValidationException", text):
        getattr(swf.client, f"{call}_closed_workflow_executions")(domain=DOMAIN, **filters)


def test_30_a_tag_matches_whole_and_exactly(swf: Driver) -> None:
    swf.start(tagList=["Express"])

    def found(tag: str) -> int:
        answer = swf.client.count_open_workflow_executions(
            domain=DOMAIN, startTimeFilter=TIMES, tagFilter={"tag": tag}
        )
        count: int = answer["count"]
        return count

    assert [found("Express"), found("express"), found("Exp")] == [1, 0, 0]


def test_31_six_tags_are_too_many(swf: Driver) -> None:
    with refused("ValidationException", "'tagList' failed to satisfy constraint"):
        swf.start(tagList=list("abcdef"))
    swf.start(tagList=list("abcde"))


def test_32_a_closed_run_is_gone_when_its_retention_is_over(swf: Driver) -> None:
    run_id = swf.start()
    swf.decide(complete())
    swf.wait(7 * 24 * HOUR - 1)
    assert kinds(swf)[-1] == "WorkflowExecutionCompleted"
    swf.wait(1)
    text = f"Unknown execution: WorkflowExecution=[workflowId=order-1, runId={run_id}]"
    with refused("UnknownResourceFault", text):
        swf.history()
    with refused("UnknownResourceFault", text):
        swf.describe()
    counted = swf.client.count_closed_workflow_executions(domain=DOMAIN, startTimeFilter=TIMES)
    assert counted["count"] == 0


def test_33_a_workflow_id_is_unique_among_open_runs_only(swf: Driver) -> None:
    first = swf.start()
    with refused("WorkflowExecutionAlreadyStartedFault"):
        swf.start()
    swf.decide(complete())
    assert swf.start() != first


def test_34_describing_needs_the_run_id(swf: Driver) -> None:
    swf.start()
    with pytest.raises(botocore.exceptions.ParamValidationError, match="runId"):
        swf.client.describe_workflow_execution(domain=DOMAIN, execution={"workflowId": "order-1"})


def test_35_a_worker_that_never_beats_learns_of_no_cancel_and_may_time_out(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", heartbeatTimeout="30"))
    swf.take()
    swf.signal()
    swf.decide(cancel_activity("a"))
    swf.wait(30)
    assert kinds(swf)[-2:] == ["ActivityTaskTimedOut", "DecisionTaskScheduled"]
    assert swf.attributes(12) == {
        "timeoutType": "HEARTBEAT",
        "scheduledEventId": 5,
        "startedEventId": 6,
    }


def test_36_a_requested_cancel_does_not_free_the_slot(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.signal()
    swf.decide(cancel_activity("a"), schedule("a"))
    assert swf.attributes(12)["cause"] == "ACTIVITY_ID_ALREADY_IN_USE"
    assert swf.beat() is True
    swf.report(completes())
    swf.decide(schedule("a"))
    assert kinds(swf)[-1] == "ActivityTaskScheduled"


def test_37_the_service_cancels_an_unstarted_activity_itself(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.signal()
    swf.decide(cancel_activity("a"))
    swf.shows("""
         9   DecisionTaskCompleted(S7, T8)
        10 = ActivityTaskCancelRequested(a, D9)
        11 = ActivityTaskCanceled(S5, T0, C10)
        12 = DecisionTaskScheduled
    """)
    assert "taskToken" not in swf.take()


def test_38_an_answer_after_the_timeout_is_refused(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.wait(300)
    for late in (completes(), fails()):
        with refused("UnknownResourceFault", "Unknown activity, scheduledEventId = 5"):
            swf.report(late)
    with refused("UnknownResourceFault", "Unknown activity, scheduledEventId = 5"):
        swf.beat()


def test_39_the_service_never_retries_an_activity(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.work(fails())
    swf.wait(600)
    assert "taskToken" not in swf.take()
    assert kinds(swf).count("ActivityTaskScheduled") == 1


def test_40_the_result_of_a_timed_out_task_never_appears(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.wait(300)
    with refused("UnknownResourceFault"):
        swf.report(completes("at last"))
    assert "ActivityTaskCompleted" not in kinds(swf)


def test_41_of_a_timed_out_decision_nothing_was_applied(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.wait(300)
    with refused("UnknownResourceFault", "Unknown decision task, scheduledEventId = 2"):
        swf.answer(marker("late"))
    polled = swf.poll()
    assert polled["previousStartedEventId"] == 0, "the same events come again, as new"
    told = [event["eventType"] for event in polled["events"]]
    assert "DecisionTaskTimedOut" in told
    assert "MarkerRecorded" not in told


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (lambda n: schedule(str(n)), "OPEN_ACTIVITIES_LIMIT_EXCEEDED"),
        (lambda n: timer(str(n), 60), "OPEN_TIMERS_LIMIT_EXCEEDED"),
        (lambda n: child(str(n), taskList={"name": "k"}), "OPEN_CHILDREN_LIMIT_EXCEEDED"),
    ],
)
def test_42_beyond_the_limit_of_open_ones_each_try_brings_a_failure_and_a_task(
    few: Driver, made: Any, cause: str
) -> None:
    few.start()
    few.decide(made(1), made(2))
    few.signal()
    for attempt in range(3):  # the hot loop of a decider that does not look
        few.decide(made(3 + attempt))
        assert few.attributes(len(few.history()) - 1)["cause"] == cause
        assert kinds(few)[-1] == "DecisionTaskScheduled"


def test_43_beyond_a_rate_each_try_brings_a_failure_and_a_task(throttled: Driver) -> None:
    throttled.start()
    throttled.decide(*(schedule(str(n)) for n in range(1_000)))
    throttled.signal()
    for attempt in range(3):  # within a second of the burst, 200 more at most are allowed
        throttled.decide(*(schedule(f"{attempt} {n}") for n in range(100)))
        task, last = newest(throttled, 2)
        assert task["eventType"] == "DecisionTaskScheduled"
        attributes = last["scheduleActivityTaskFailedEventAttributes"]
        assert attributes["cause"] == "ACTIVITY_CREATION_RATE_EXCEEDED"
    throttled.wait(5)
    throttled.decide(schedule("later"))
    assert newest(throttled, 1)[0]["eventType"] == "ActivityTaskScheduled"


def test_44_a_run_is_terminated_at_its_limit_of_events(few: Driver) -> None:
    few.start()
    few.decide(*(marker(str(n)) for n in range(56)))
    assert kinds(few)[-1] == "WorkflowExecutionTerminated"
    assert len(kinds(few)) == 61
    assert few.attributes(61) == {"cause": "EVENT_LIMIT_EXCEEDED", "childPolicy": "TERMINATE"}


def test_45_continue_as_new_takes_the_types_defaults(swf: Driver) -> None:
    swf.start(
        input="old",
        tagList=["old"],
        executionStartToCloseTimeout="60",
        taskStartToCloseTimeout="NONE",
        childPolicy="ABANDON",
        taskPriority="7",
    )
    swf.decide(continue_as_new())
    started = swf.history(swf.attributes(5)["newExecutionRunId"])[0]
    attributes = started["workflowExecutionStartedEventAttributes"]
    assert attributes == {
        "parentInitiatedEventId": 0,
        "executionStartToCloseTimeout": "3600",
        "taskStartToCloseTimeout": "300",
        "taskList": {"name": "deciders"},
        "childPolicy": "TERMINATE",
        "workflowType": {"name": "order", "version": "1.0"},
        "continuedExecutionRunId": swf.run_id,
    }


def test_46_a_parent_hears_nothing_of_a_continuation_and_later_of_the_last_run(
    swf: Driver,
) -> None:
    parent = swf.start()
    swf.decide(child("kid", taskList={"name": "kids"}))
    swf.poll("kids")
    swf.answer(continue_as_new(taskList={"name": "kids"}))
    swf.poll("kids")
    last = swf.task["workflowExecution"]["runId"]
    swf.answer(complete(result="in the end"))
    told = swf.history(parent)
    closed = [e for e in told if e["eventType"] == "ChildWorkflowExecutionCompleted"]
    assert len(closed) == 1
    attributes = closed[0]["childWorkflowExecutionCompletedEventAttributes"]
    assert attributes["workflowExecution"] == {"workflowId": "kid", "runId": last}
    assert attributes["result"] == "in the end"


def test_47_children_survive_a_completed_parent_only_with_abandon(swf: Driver) -> None:
    swf.start(childPolicy="ABANDON")
    swf.decide(child("kid", taskList={"name": "kids"}))
    swf.wait()
    swf.decide(complete())
    open_ones = swf.client.list_open_workflow_executions(domain=DOMAIN, startTimeFilter=TIMES)
    assert [i["execution"]["workflowId"] for i in open_ones["executionInfos"]] == ["kid"]


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


def test_50_a_signal_to_a_missing_run_is_a_later_event(swf: Driver) -> None:
    swf.start()
    swf.decide(signal_external("nobody"))
    swf.wait()
    assert kinds(swf)[4:6] == [
        "SignalExternalWorkflowExecutionInitiated",
        "SignalExternalWorkflowExecutionFailed",
    ]


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


def test_52_priority_is_not_inherited(swf: Driver) -> None:
    swf.start(taskPriority="9")
    swf.decide(schedule("a"), child("kid"))
    assert swf.attributes(2)["taskPriority"] == "9"
    assert "taskPriority" not in swf.attributes(5)
    assert "taskPriority" not in swf.attributes(6)


def test_53_decision_lists_and_activity_lists_of_one_name_do_not_meet(swf: Driver) -> None:
    swf.start(taskList={"name": "same"})
    assert "taskToken" not in swf.take("same")
    assert "taskToken" in swf.poll("same")
    swf.answer(schedule("a", taskList={"name": "same"}))
    assert "taskToken" not in swf.poll("same")
    assert swf.take("same")["activityId"] == "a"


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


def test_55_a_deprecated_domain_still_shows_what_was_in_it(swf: Driver) -> None:
    swf.start()
    swf.client.deprecate_domain(name=DOMAIN)
    assert len(kinds(swf)) == 2
    counted = swf.client.count_open_workflow_executions(domain=DOMAIN, startTimeFilter=TIMES)
    assert counted["count"] == 1
    swf.decide(complete())
    assert swf.describe()["executionInfo"]["closeStatus"] == "COMPLETED"


def test_56_a_cancel_request_closes_nothing(swf: Driver) -> None:
    swf.start()
    swf.request_cancel()
    info = swf.describe()["executionInfo"]
    assert info["executionStatus"] == "OPEN"
    assert info["cancelRequested"] is True
    swf.decide(complete())
    assert swf.describe()["executionInfo"]["cancelRequested"] is False, "as recorded"


def test_57_cancelling_needs_no_request(swf: Driver) -> None:
    swf.start()
    swf.decide(cancel(details="bye"))
    assert swf.describe()["executionInfo"]["closeStatus"] == "CANCELED"


def test_58_run_ids_hold_characters_that_addresses_must_escape(swf: Driver) -> None:
    ids = [swf.start(str(number)) for number in range(50)]
    assert all(re.fullmatch(r"22[A-Za-z0-9+/]{43}=", one) for one in ids)
    assert any("/" in one for one in ids)
    assert any("+" in one for one in ids)
    assert len(set(ids)) == len(ids)


def test_59_one_batch_shares_an_instant_and_other_causes_do_not(swf: Driver) -> None:
    swf.start()
    swf.decide(marker("a"), marker("b"))
    swf.signal()
    stamps = [event["eventTimestamp"] for event in swf.history()]
    assert len(set(stamps[3:6])) == 1
    assert stamps[2] < stamps[3] < stamps[6] == stamps[7]


def test_60_instants_on_the_wire_are_doubles_in_scientific_form(swf: Driver) -> None:
    swf.start()
    domain = swf.fake.service.machine.world.region("us-east-1").domain(DOMAIN)
    x = domain.open["order-1"]
    page = Page(x, 0, len(x.events), reverse=False)
    body = wire.answer_bytes("GetWorkflowExecutionHistory", {"events": page})
    text = body.decode().split('"eventTimestamp":')[1].split(",")[0]
    assert re.fullmatch(r"1\.9[0-9]+E9", text)
    assert json.loads(body)["events"][0]["eventTimestamp"] == x.started_at / 1000


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


def test_61_without_a_time_limit_it_waits_for_ever(swf: Driver) -> None:
    swf.start(executionStartToCloseTimeout=str(YEAR))
    swf.decide(taskList={"name": "sticky"})
    swf.signal()
    swf.wait(30 * 24 * HOUR)
    assert "taskToken" not in swf.poll("deciders")
    assert "taskToken" in swf.poll("sticky")


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


def test_63_a_thousand_decisions_at_once_are_the_limit(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException", "1000"):
        swf.answer(*(marker("m") for _ in range(1_001)))
    swf.answer(*(marker("m") for _ in range(1_000)))


def test_63_and_a_megabyte(swf: Driver) -> None:
    swf.start()
    swf.poll()
    with refused("ValidationException", "1000000"):
        swf.answer(*(marker("m", details="x" * 32_768) for _ in range(31)))
    swf.answer(*(marker("m", details="x" * 32_768) for _ in range(30)))


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


def test_65_the_already_started_fault_names_no_run(swf: Driver) -> None:
    run_id = swf.start()
    with refused("WorkflowExecutionAlreadyStartedFault") as told:
        swf.start()
    assert run_id not in str(told.value)


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


def test_67_timers_and_timeouts_are_never_early(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("t", 10))
    begun = swf.history()[4]["eventTimestamp"]
    swf.wait(9.999)
    assert kinds(swf)[-1] == "TimerStarted"
    swf.wait(0.001)
    fired = swf.history()[5]["eventTimestamp"]
    assert (fired - begun).total_seconds() == 10


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


def test_68_but_names_that_only_contain_arn_are_fine(swf: Driver) -> None:
    swf.start("learn arn by heart")


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


def test_70_control_comes_back_only_where_the_model_has_it(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", control="mine"), timer("t", 1, control="mine"))
    assert swf.attributes(5)["control"] == "mine"
    assert swf.attributes(6)["control"] == "mine"
    swf.work(completes())
    swf.wait(1)
    for event in swf.history()[6:]:
        assert all("control" not in part for part in event.values() if isinstance(part, dict))


def test_every_trap_has_its_test() -> None:
    told = {int(name[5:7]) for name in globals() if re.match(r"test_\d\d_", name)}
    assert told == set(range(1, 71))
