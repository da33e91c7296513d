"""Activities, timers and markers."""

from __future__ import annotations

from swfsim import Behaviour
from swfsim.spec.behaviour import Quotas
from tests.conformance.talk import Talk, conversation
from tests.support.driver import (
    DOMAIN,
    cancel_activity,
    cancel_timer,
    cancels,
    completes,
    fails,
    marker,
    schedule,
    timer,
)

PAY = {"name": "pay", "version": "1.0"}


@conversation("an activity is scheduled, taken, and completed")
def pays(swf: Talk) -> None:
    swf.start()
    swf.decide(schedule("a", input="5 EUR", control="first", taskPriority="3"))
    swf.told(
        "ActivityTaskScheduled",
        activityType=PAY,
        activityId="a",
        input="5 EUR",
        control="first",
        taskPriority="3",
        taskList={"name": "workers"},
        scheduleToStartTimeout="600",
        scheduleToCloseTimeout="900",
        startToCloseTimeout="300",
        heartbeatTimeout="NONE",
        decisionTaskCompletedEventId=4,
    )
    task = swf.work_item = swf.client.poll_for_activity_task(
        domain=DOMAIN, taskList={"name": "workers"}, identity="worker 1"
    )
    assert (task["activityId"], task["input"], task["startedEventId"]) == ("a", "5 EUR", 6)
    assert task["activityType"] == PAY
    swf.told("ActivityTaskStarted", scheduledEventId=5, identity="worker 1")
    assert swf.beat(details="half") is False
    swf.report(completes("paid"))
    swf.told("ActivityTaskCompleted", result="paid", scheduledEventId=5, startedEventId=6)
    with swf.refused("UnknownResourceFault", "Unknown activity, scheduledEventId = 5"):
        swf.report(completes("twice"))


@conversation("an activity fails")
def does_not_pay(swf: Talk) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.work(fails("no money", details="0 EUR"))
    swf.told(
        "ActivityTaskFailed",
        reason="no money",
        details="0 EUR",
        scheduledEventId=5,
        startedEventId=6,
    )


@conversation("an activity that runs is asked to cancel, and does")
def cancels_work(swf: Talk) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.signal()
    swf.decide(cancel_activity("a"))
    asked = swf.last("ActivityTaskCancelRequested")["eventId"]
    swf.told("ActivityTaskCancelRequested", activityId="a", decisionTaskCompletedEventId=asked - 1)
    assert swf.beat() is True
    swf.report(cancels(details="gave it back"))
    swf.told(
        "ActivityTaskCanceled",
        details="gave it back",
        scheduledEventId=5,
        startedEventId=6,
        latestCancelRequestedEventId=asked,
    )


@conversation("an activity that nobody has taken is cancelled at once")
def cancels_early(swf: Talk) -> None:
    swf.start()
    swf.decide(schedule("a"), cancel_activity("a"))
    swf.told("ActivityTaskCanceled", scheduledEventId=5, startedEventId=0)
    assert "taskToken" not in swf.take()


@conversation("each way in which an activity runs out of time")
def too_slow(swf: Talk) -> None:
    swf.start(executionStartToCloseTimeout="86400")
    swf.decide(schedule("a", scheduleToStartTimeout="10"))
    swf.wait(10)
    swf.told(
        "ActivityTaskTimedOut", timeoutType="SCHEDULE_TO_START", startedEventId=0, details=None
    )
    swf.decide(schedule("b", startToCloseTimeout="20"))
    swf.take()
    swf.wait(20)
    started = swf.last("ActivityTaskStarted")["eventId"]
    swf.told("ActivityTaskTimedOut", timeoutType="START_TO_CLOSE", startedEventId=started)
    swf.decide(schedule("c", heartbeatTimeout="30"))
    swf.take()
    swf.beat(details="a quarter")
    swf.wait(29)
    swf.beat()
    swf.wait(30)
    swf.told("ActivityTaskTimedOut", timeoutType="HEARTBEAT", details="a quarter")
    swf.decide(schedule("d", scheduleToCloseTimeout="40"))
    swf.take()
    swf.wait(40)
    swf.told("ActivityTaskTimedOut", timeoutType="SCHEDULE_TO_CLOSE")


@conversation("activities that cannot be scheduled")
def schedules_badly(swf: Talk) -> None:
    bare, old = ({"name": "bare", "version": version} for version in ("1", "0"))
    for kind in (bare, old):
        swf.client.register_activity_type(domain=DOMAIN, **kind)
    swf.client.deprecate_activity_type(domain=DOMAIN, activityType=old)
    swf.start()
    for refused, cause in (
        (
            schedule("a", activityType={"name": "no", "version": "1"}),
            "ACTIVITY_TYPE_DOES_NOT_EXIST",
        ),
        (schedule("a", activityType=old), "ACTIVITY_TYPE_DEPRECATED"),
    ):
        swf.decide(refused)
        swf.failed("ScheduleActivityTask", cause, activityId="a")
    given: dict[str, object] = {}
    for member, value, missing in (
        ("taskList", {"name": "workers"}, "TASK_LIST"),
        ("scheduleToStartTimeout", "9", "SCHEDULE_TO_START_TIMEOUT"),
        ("scheduleToCloseTimeout", "9", "SCHEDULE_TO_CLOSE_TIMEOUT"),
        ("startToCloseTimeout", "9", "START_TO_CLOSE_TIMEOUT"),
        ("heartbeatTimeout", "NONE", "HEARTBEAT_TIMEOUT"),
    ):
        swf.decide(schedule("a", activityType=bare, **given))
        swf.failed("ScheduleActivityTask", f"DEFAULT_{missing}_UNDEFINED", activityType=bare)
        given[member] = value
    swf.decide(schedule("a", activityType=bare, **given), schedule("a"), cancel_activity("nothing"))
    swf.told("ActivityTaskScheduled", activityId="a", activityType=bare)
    swf.failed("ScheduleActivityTask", "ACTIVITY_ID_ALREADY_IN_USE", activityType=PAY)
    swf.failed("RequestCancelActivityTask", "ACTIVITY_ID_UNKNOWN", activityId="nothing")


@conversation("timers fire, and are cancelled")
def timers(swf: Talk) -> None:
    swf.start()
    swf.decide(timer("t", 10, control="tea"), timer("u", 20))
    swf.told("TimerStarted", timerId="u", startToFireTimeout="20", control=None)
    swf.wait(9)
    assert swf.idle()
    swf.wait(1)
    swf.told("TimerFired", timerId="t", startedEventId=5)
    swf.decide(cancel_timer("u"))
    swf.told("TimerCanceled", timerId="u", startedEventId=6, decisionTaskCompletedEventId=10)
    swf.wait(20)
    swf.told("TimerFired", timerId="t")


@conversation("timers that cannot be started or cancelled")
def bad_timers(swf: Talk) -> None:
    swf.start()
    swf.decide(timer("t", 10), timer("t", 20), cancel_timer("u"))
    swf.failed("StartTimer", "TIMER_ID_ALREADY_IN_USE", timerId="t", decisionTaskCompletedEventId=4)
    swf.failed("CancelTimer", "TIMER_ID_UNKNOWN", timerId="u", decisionTaskCompletedEventId=4)


@conversation("a marker is a note in the history")
def notes(swf: Talk) -> None:
    swf.start()
    swf.decide(marker("here", details="and now"))
    swf.told("MarkerRecorded", markerName="here", details="and now", decisionTaskCompletedEventId=4)
    assert swf.idle()


@conversation(
    "an execution has room for so many activities and timers",
    Behaviour(quotas=Quotas(open_activities=1, open_timers=1)),
)
def no_more_room(swf: Talk) -> None:
    swf.start()
    swf.decide(schedule("a"), schedule("b"), timer("a", 60), timer("b", 60))
    swf.failed("ScheduleActivityTask", "OPEN_ACTIVITIES_LIMIT_EXCEEDED", activityId="b")
    swf.failed("StartTimer", "OPEN_TIMERS_LIMIT_EXCEEDED", timerId="b")
    counts = swf.describe()["openCounts"]
    assert (counts["openActivityTasks"], counts["openTimers"]) == (1, 1)


@conversation("what waits on the lists is counted")
def waiting(swf: Talk) -> None:
    def pending(kind: str, task_list: str) -> int:
        count = getattr(swf.client, f"count_pending_{kind}_tasks")
        counted: int = count(domain=DOMAIN, taskList={"name": task_list})["count"]
        return counted

    swf.start()
    assert pending("decision", "deciders") == 1
    swf.decide(schedule("a"), schedule("b"))
    assert (pending("decision", "deciders"), pending("activity", "workers")) == (0, 2)
    swf.take()
    assert (pending("activity", "workers"), pending("activity", "nowhere")) == (1, 0)
