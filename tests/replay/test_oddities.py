"""What real accounts' histories hold beside the usual, and still re-enacts; and what must not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from swfsim import Behaviour, fake_swf
from swfsim.replay import histories
from swfsim.replay.reenact import Difference, Reenactment
from swfsim.spec.behaviour import Quotas
from tests.support.driver import (
    Driver,
    cancel_activity,
    cancel_external,
    cancel_timer,
    child,
    complete,
    completes,
    marker,
    run_lambda,
    schedule,
    signal_external,
    timer,
)

Events = list[dict[str, Any]]


def captured(swf: Driver) -> Events:
    """The run's history as AWS CLI v1 prints it."""
    return [
        {**event, "eventTimestamp": event["eventTimestamp"].timestamp()} for event in swf.history()
    ]


def reenacted(events: Events) -> Difference | None:
    [found] = histories.parse({"events": events}, "memory")
    return Reenactment(found).run()


def attributes(event: dict[str, Any]) -> dict[str, Any]:
    [found] = [value for name, value in event.items() if name.endswith("Attributes")]
    assert isinstance(found, dict)
    return found


def last(events: Events, kind: str) -> dict[str, Any]:
    return [event for event in events if event["eventType"] == kind][-1]


def later(events: Events, first: int, seconds: float) -> Events:
    """The history with everything from this event on so much later."""
    made = copy.deepcopy(events)
    for event in made[first - 1 :]:
        event["eventTimestamp"] += seconds
    return made


def untimed(events: Events) -> Events:
    """The history as tools keep it that leave the timestamps out."""
    return [
        {name: value for name, value in event.items() if name != "eventTimestamp"}
        for event in events
    ]


# Forms


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_as_powershell_writes_it(swf: Driver, tmp_path: Path, encoding: str) -> None:
    swf.start(input="Ação")
    path = tmp_path / "history.json"
    path.write_text(json.dumps({"events": captured(swf)}, ensure_ascii=False), encoding=encoding)
    [found] = histories.load(path)
    assert found.events[0].attrs["input"] == "Ação"


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("1612121200000", 1_612_121_200_000),  # which is no day in the year 1612
        ("1612121200.5", 1_612_121_200_500),
        ("2021-01-31T19:26:40.072999+00:00", 1_612_121_200_073),
        ("20210131T192640Z", 1_612_121_200_000),
        (1_612_121_200, 1_612_121_200_000),
    ],
)
def test_instants_in_odd_forms(swf: Driver, stamp: Any, at: int) -> None:
    swf.start()
    first = {**captured(swf)[0], "eventTimestamp": stamp}
    [found] = histories.parse([first], "memory")
    assert found.events.instants[0] == at


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("TimerStarted", "startToFireTimeout", "soon"),
        ("TimerStarted", "startToFireTimeout", "NONE"),
        ("WorkflowExecutionStarted", "executionStartToCloseTimeout", "1e3"),
        ("WorkflowExecutionStarted", "taskPriority", "high"),
    ],
)
def test_numbers_that_are_none_are_refused_by_name(
    swf: Driver, kind: str, name: str, value: str
) -> None:
    swf.start()
    swf.decide(timer("t", 1))
    events = captured(swf)
    attributes(last(events, kind))[name] = value
    with pytest.raises(histories.Unusable, match=f"{kind}, does not fit .* {name} is '{value}'"):
        histories.parse(events, "memory")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ActivityTaskScheduled", "scheduleToStartTimeout"),
        ("ActivityTaskScheduled", "heartbeatTimeout"),
        ("DecisionTaskScheduled", "scheduleToStartTimeout"),
        ("WorkflowExecutionStarted", "taskStartToCloseTimeout"),
    ],
)
def test_no_limit_may_be_shown_or_left_out(swf: Driver, kind: str, name: str) -> None:
    swf.start(taskStartToCloseTimeout="NONE")
    swf.decide(schedule("a", scheduleToStartTimeout="NONE"))
    events = captured(swf)
    del attributes(last(events, kind))[name]
    for event in events:
        if event["eventType"] == "DecisionTaskScheduled" and kind == "WorkflowExecutionStarted":
            del attributes(event)["startToCloseTimeout"]
    assert reenacted(events) is None


# What the service may do that the machine does otherwise


def test_an_unstarted_activity_may_be_cancelled_a_little_after_the_batch(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"), timer("t", 60))
    swf.signal()
    swf.decide(cancel_activity("a"))
    swf.poll()
    events = captured(swf)
    cancelled = last(events, "ActivityTaskCanceled")["eventId"]
    assert reenacted(events) is None
    assert reenacted(later(events, cancelled, 0.02)) is None


def test_a_signal_may_come_between_a_cancel_request_and_the_cancellation(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.signal()
    swf.decide(cancel_activity("a"))
    events = captured(swf)
    *_, cancelled, scheduled = events
    swf.signal("meanwhile")
    signal = swf.history()[-1]
    at = cancelled["eventTimestamp"] + 0.1
    number = cancelled["eventId"]
    between = [
        {**signal, "eventId": number, "eventTimestamp": at},
        {**scheduled, "eventId": number + 1, "eventTimestamp": at},
        {**cancelled, "eventId": number + 2, "eventTimestamp": at + 0.1},
    ]
    assert reenacted([*events[:-2], *between]) is None


def test_an_activity_that_was_started_is_not_cancelled_by_the_service(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.signal()
    swf.decide(cancel_activity("a"))
    swf.report(completes())
    events = captured(swf)
    done = last(events, "ActivityTaskCompleted")
    done["eventType"] = "ActivityTaskCanceled"
    done["activityTaskCanceledEventAttributes"] = {
        "scheduledEventId": 5,
        "startedEventId": 0,
        "latestCancelRequestedEventId": 11,
    }
    del done["activityTaskCompletedEventAttributes"]
    difference = reenacted(events)
    assert difference is not None
    assert difference.why == "no unstarted activity is to be cancelled"


def test_either_of_two_timeouts_due_within_moments_may_come(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", startToCloseTimeout="10", heartbeatTimeout="5"))
    swf.take()
    for _ in range(2):
        swf.wait(4.94)
        swf.beat()
    swf.wait(4)
    events = later(captured(swf), 7, 0.1)
    assert attributes(events[6])["timeoutType"] == "START_TO_CLOSE"
    attributes(events[6])["timeoutType"] = "HEARTBEAT"
    assert reenacted(events) is None
    attributes(events[6])["timeoutType"] = "SCHEDULE_TO_CLOSE"
    difference = reenacted(events)
    assert difference is not None
    assert "SCHEDULE_TO_CLOSE at" in difference.why


@pytest.mark.parametrize(
    ("timeouts", "beats", "waits", "ends_by"),
    [
        ({"heartbeatTimeout": "5", "startToCloseTimeout": "12"}, 4, 0, "START_TO_CLOSE"),
        ({"heartbeatTimeout": "5", "startToCloseTimeout": "12"}, 2, 0, "HEARTBEAT"),
        ({"scheduleToCloseTimeout": "10", "startToCloseTimeout": "8"}, 0, 5, "SCHEDULE_TO_CLOSE"),
        ({"scheduleToCloseTimeout": "10", "heartbeatTimeout": "4"}, 3, 0, "SCHEDULE_TO_CLOSE"),
    ],
)
def test_without_times_nobody_knows_how_long_a_task_waited_nor_when_it_last_beat(
    swf: Driver, timeouts: dict[str, str], beats: int, waits: int, ends_by: str
) -> None:
    swf.start()
    swf.decide(schedule("a", **timeouts))
    swf.wait(waits)
    swf.take()
    for _ in range(beats):
        swf.wait(2.5)
        swf.beat()
    swf.wait(60)
    events = captured(swf)
    assert attributes(events[6])["timeoutType"] == ends_by
    assert reenacted(untimed(events)) is None


@pytest.mark.parametrize(
    ("timeouts", "taken", "which", "sooner"),
    [
        ({"startToCloseTimeout": "5"}, True, "HEARTBEAT", "START_TO_CLOSE"),
        ({"scheduleToCloseTimeout": "3"}, True, "START_TO_CLOSE", "SCHEDULE_TO_CLOSE"),
        ({"scheduleToStartTimeout": "1"}, True, "SCHEDULE_TO_CLOSE", "START_TO_CLOSE"),
        ({"scheduleToStartTimeout": "1"}, False, "SCHEDULE_TO_CLOSE", "SCHEDULE_TO_START"),
    ],
)
def test_without_times_a_timeout_that_can_never_come_first_is_a_difference(
    swf: Driver, timeouts: dict[str, str], taken: bool, which: str, sooner: str
) -> None:
    limits = {
        "heartbeatTimeout": "6",
        "startToCloseTimeout": "6",
        "scheduleToStartTimeout": "600",
        "scheduleToCloseTimeout": "900",
    }
    swf.start()
    swf.decide(schedule("a", **limits | timeouts))
    if taken:
        swf.take()
    swf.wait(3600)
    events = captured(swf)
    attributes(last(events, "ActivityTaskTimedOut"))["timeoutType"] = which
    difference = reenacted(untimed(events))
    assert difference is not None
    assert difference.why == f"{sooner} always comes before {which}"


def test_a_function_without_a_limit_has_the_one_of_its_time(swf: Driver) -> None:
    swf.start(lambdaRole="arn:aws:iam::123456789012:role/swf")
    swf.fake.lambda_functions["tax"] = lambda _: None
    swf.decide(run_lambda("l"))
    swf.wait(1)
    events = captured(swf)
    ended = last(events, "LambdaFunctionCompleted")
    ended["eventType"] = "LambdaFunctionTimedOut"
    ids = attributes(ended)
    del ended["lambdaFunctionCompletedEventAttributes"], ids["result"]
    ended["lambdaFunctionTimedOutEventAttributes"] = {**ids, "timeoutType": "START_TO_CLOSE"}
    assert reenacted(later(events, ended["eventId"], 300)) is None


def test_an_id_in_use_tells_that_the_type_was_there(swf: Driver) -> None:
    other = {"name": "pay", "version": "2.0"}
    swf.client.register_activity_type(domain="shop", **other)
    swf.start()
    swf.decide(schedule("a"), schedule("a", activityType=other))
    events = captured(swf)
    assert attributes(events[5])["cause"] == "ACTIVITY_ID_ALREADY_IN_USE"
    assert reenacted(events) is None


def test_what_the_service_took_in_older_years_is_taken(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("a-b", 10))
    events = captured(swf)
    attributes(last(events, "TimerStarted"))["timerId"] = "urn:a/b"
    assert reenacted(events) is None


def test_a_batch_larger_than_a_request_with_its_settings_resolved(swf: Driver) -> None:
    swf.start()
    swf.decide(*[marker("m", details="x" * 32_000)] * 30)
    events = captured(swf)
    more = [
        {**copy.deepcopy(events[-1]), "eventId": len(events) + number} for number in range(1, 1_100)
    ]
    assert reenacted(events + more) is None


def in_january_2012(events: Events) -> Events:
    """The history at the time of the developer guide's samples."""
    return later(events, 1, 1_326_668_003 - events[0]["eventTimestamp"])


def test_the_first_histories_spread_a_batch_over_some_milliseconds(swf: Driver) -> None:
    """The developer guide's own sample has an ActivityTaskScheduled 12 ms behind its decision."""
    swf.start()
    swf.decide(schedule("a"))
    events = captured(swf)
    scheduled = last(events, "ActivityTaskScheduled")["eventId"]
    assert reenacted(later(in_january_2012(events), scheduled, 0.012)) is None
    difference = reenacted(later(in_january_2012(events), scheduled, 0.5))
    assert difference is not None
    assert difference.why == "its time differs by -500 ms"
    difference = reenacted(later(events, scheduled, 0.012))
    assert difference is not None
    assert difference.why == "its time differs by -12 ms"


# References that an earlier event dictates


@pytest.fixture
def family(swf: Driver) -> Events:
    """A child that completes, a function, a signal to nobody, and word to a friend."""
    swf.fake.lambda_functions["tax"] = lambda _: 7
    friend = swf.start("friend", taskList={"name": "friends"})
    swf.start(lambdaRole="arn:aws:iam::123456789012:role/swf")
    swf.decide(
        child("kid", taskList={"name": "kids"}),
        run_lambda("l"),
        signal_external("nobody", control="c"),
        signal_external("friend", runId=friend),
        cancel_external("friend"),
    )
    swf.wait(1)
    swf.poll("kids")
    swf.answer(complete())
    return captured(swf)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("ChildWorkflowExecutionCompleted", "startedEventId", 3),
        ("LambdaFunctionCompleted", "startedEventId", 3),
        ("LambdaFunctionCompleted", "scheduledEventId", 0),
        ("SignalExternalWorkflowExecutionFailed", "decisionTaskCompletedEventId", 3),
        ("SignalExternalWorkflowExecutionFailed", "control", "d"),
        ("SignalExternalWorkflowExecutionFailed", "workflowId", "somebody"),
        ("SignalExternalWorkflowExecutionFailed", "initiatedEventId", 6),
        ("LambdaFunctionStarted", "scheduledEventId", 8),
        ("WorkflowExecutionStarted", "parentInitiatedEventId", 3),
        ("ExternalWorkflowExecutionSignaled", "initiatedEventId", 9),
        ("ExternalWorkflowExecutionCancelRequested", "initiatedEventId", 8),
    ],
)
def test_a_wrong_reference_is_a_difference(
    family: Events, kind: str, name: str, value: object
) -> None:
    assert reenacted(family) is None
    attributes(last(family, kind))[name] = value
    difference = reenacted(family)
    assert difference is not None
    assert difference.captured.kind == kind


@pytest.mark.parametrize(
    ("kind", "member", "name"),
    [
        ("ChildWorkflowExecutionStarted", "workflowExecution", "workflowId"),
        ("ChildWorkflowExecutionStarted", "workflowType", "name"),
        ("ChildWorkflowExecutionStarted", "workflowType", "version"),
        ("ChildWorkflowExecutionCompleted", "workflowExecution", "workflowId"),
        ("ChildWorkflowExecutionCompleted", "workflowType", "name"),
        ("ExternalWorkflowExecutionSignaled", "workflowExecution", "workflowId"),
        ("ExternalWorkflowExecutionSignaled", "workflowExecution", "runId"),
        ("ExternalWorkflowExecutionCancelRequested", "workflowExecution", "workflowId"),
    ],
)
def test_an_answer_from_somebody_who_was_not_asked_is_a_difference(
    family: Events, kind: str, member: str, name: str
) -> None:
    attributes(last(family, kind))[member][name] = "other"
    difference = reenacted(family)
    assert difference is not None
    assert difference.captured.kind == kind


def test_a_child_that_continued_ends_as_another_run_and_maybe_another_version(
    family: Events,
) -> None:
    ended = attributes(last(family, "ChildWorkflowExecutionCompleted"))
    ended["workflowExecution"]["runId"] = "22another"
    ended["workflowType"]["version"] = "2.0"
    assert reenacted(family) is None


def test_a_long_history_with_activities_that_beat_all_the_while(swf: Driver) -> None:
    swf.start(executionStartToCloseTimeout="31536000", taskStartToCloseTimeout="NONE")
    lasting = {
        "heartbeatTimeout": "60",
        "startToCloseTimeout": "NONE",
        "scheduleToCloseTimeout": "NONE",
    }
    swf.decide(schedule("a", **lasting), schedule("b", **lasting))
    swf.take()
    swf.take()
    swf.signal()
    events = captured(swf)
    signal = last(events, "WorkflowExecutionSignaled")
    begun = signal["eventTimestamp"]
    events += [
        {**signal, "eventId": number, "eventTimestamp": begun + number}
        for number in range(len(events) + 1, 25_001)
    ]
    assert reenacted(events) is None


@pytest.mark.parametrize("after_s", [0, 0.5])
def test_a_history_that_the_limit_of_events_ended(after_s: float) -> None:
    """Wherever the service noticed it: here behind a refused decision, with no task after it."""
    with fake_swf(clock="virtual", behaviour=Behaviour(quotas=Quotas(events=6))) as fake:
        swf = Driver(fake).register()
        swf.start()
        swf.decide(marker("m"), cancel_timer("nothing"))
        events = captured(swf)
    assert [event["eventType"] for event in events[-2:]] == [
        "CancelTimerFailed",
        "WorkflowExecutionTerminated",
    ]
    assert reenacted(later(events, 7, after_s)) is None


@pytest.mark.parametrize("kind", ["decision", "activity"])
def test_a_task_whose_start_was_the_last_event_allowed(kind: str) -> None:
    most = {"decision": 3, "activity": 6}[kind]
    with fake_swf(clock="virtual", behaviour=Behaviour(quotas=Quotas(events=most))) as fake:
        swf = Driver(fake).register()
        swf.start()
        swf.poll()
        if kind == "activity":
            swf.answer(schedule("a"))
            swf.take()
        events = captured(swf)
    assert events[-2]["eventType"].endswith("TaskStarted")
    assert reenacted(events) is None
