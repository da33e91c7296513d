"""Mistakes that a lenient fake lets through, 24 to 46: pages, listings, workers, limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.config
import botocore.exceptions
import pytest

from swfsim.spec.behaviour import Quotas
from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel_activity,
    child,
    complete,
    completes,
    continue_as_new,
    fails,
    marker,
    schedule,
    timer,
)
from tests.support.known import known
from tests.support.looks import EVER, HOUR, YEAR, driver, kinds, refused


def newest(swf: Driver, count: int) -> list[dict[str, Any]]:
    """The last events, newest first."""
    execution = {"workflowId": swf.workflow_id, "runId": swf.run_id}
    events: list[dict[str, Any]] = swf.client.get_workflow_execution_history(
        domain=DOMAIN, execution=execution, reverseOrder=True, maximumPageSize=count
    )["events"]
    return events


@pytest.fixture
def few() -> Iterator[Driver]:
    """A service whose quotas are small enough to be met in a test."""
    yield from driver(quotas=Quotas(open_activities=2, open_timers=2, open_children=2, events=60))


@pytest.fixture
def throttled() -> Iterator[Driver]:
    yield from driver(throttling=True, quotas=Quotas(open_activities=5_000))


@pytest.fixture
def lagging() -> Iterator[Driver]:
    yield from driver(visibility_lag_ms=2_000)


@known("documentation")
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


@known("client code")
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


@known("client code")
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


@known("documentation")
def test_27_asking_for_a_further_page_takes_no_further_task(swf: Driver) -> None:
    swf.start("one")
    swf.start("two")
    first = swf.poll(maximumPageSize=1)
    for _ in range(2):
        again = swf.poll(maximumPageSize=1, nextPageToken=first["nextPageToken"])
        assert again["taskToken"] == first["taskToken"]
        assert again["startedEventId"] == again["events"][0]["eventId"] + 1 == 3
    assert swf.poll()["workflowExecution"]["workflowId"] == "two"


@known("documentation")
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


@known("documentation")
@pytest.mark.parametrize(
    ("filters", "text"),
    [
        ({}, "Must specify time filter"),
        (
            {"startTimeFilter": EVER, "closeTimeFilter": EVER},
            "Cannot specify both a startTimeFilter and a closeTimeFilter",
        ),
        (
            {
                "startTimeFilter": EVER,
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


@known("documentation")
def test_30_a_tag_matches_whole_and_exactly(swf: Driver) -> None:
    swf.start(tagList=["Express"])

    def found(tag: str) -> int:
        answer = swf.client.count_open_workflow_executions(
            domain=DOMAIN, startTimeFilter=EVER, tagFilter={"tag": tag}
        )
        count: int = answer["count"]
        return count

    assert [found("Express"), found("express"), found("Exp")] == [1, 0, 0]


@known("documentation")
def test_31_six_tags_are_too_many(swf: Driver) -> None:
    with refused("ValidationException", "'tagList' failed to satisfy constraint"):
        swf.start(tagList=list("abcdef"))
    swf.start(tagList=list("abcde"))


@known("documentation")
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
    counted = swf.client.count_closed_workflow_executions(domain=DOMAIN, startTimeFilter=EVER)
    assert counted["count"] == 0


@known("documentation")
def test_33_a_workflow_id_is_unique_among_open_runs_only(swf: Driver) -> None:
    first = swf.start()
    with refused("WorkflowExecutionAlreadyStartedFault"):
        swf.start()
    swf.decide(complete())
    assert swf.start() != first


@known("documentation")
def test_34_describing_needs_the_run_id(swf: Driver) -> None:
    swf.start()
    with pytest.raises(botocore.exceptions.ParamValidationError, match="runId"):
        swf.client.describe_workflow_execution(domain=DOMAIN, execution={"workflowId": "order-1"})


@known("documentation")
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


@known("documentation")
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


@known("documentation")
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


@known("documentation", "client code")
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


@known("documentation")
def test_39_the_service_never_retries_an_activity(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.work(fails())
    swf.wait(600)
    assert "taskToken" not in swf.take()
    assert kinds(swf).count("ActivityTaskScheduled") == 1


@known("documentation")
def test_40_the_result_of_a_timed_out_task_never_appears(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.wait(300)
    with refused("UnknownResourceFault"):
        swf.report(completes("at last"))
    assert "ActivityTaskCompleted" not in kinds(swf)


@known("capture")
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


@known("capture", "client code")
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


@known("client code")
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


@known("capture", "documentation")
def test_44_a_run_is_terminated_at_its_limit_of_events(few: Driver) -> None:
    few.start()
    few.decide(*(marker(str(n)) for n in range(56)))
    assert kinds(few)[-1] == "WorkflowExecutionTerminated"
    assert len(kinds(few)) == 61
    assert few.attributes(61) == {"cause": "EVENT_LIMIT_EXCEEDED", "childPolicy": "TERMINATE"}


@known("documentation")
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


@known("client code")
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
