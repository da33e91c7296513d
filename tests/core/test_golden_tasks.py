"""Sequences that were captured from the real service: tasks, timers, closes (G1 to G23).

Each is written from the facts of a recording (docs/fidelity.md names it); ids differ from the
recording where it began in the middle of a longer run.
"""

from __future__ import annotations

from tests.support.driver import (
    Driver,
    cancel_activity,
    cancel_timer,
    cancels,
    complete,
    completes,
    marker,
    schedule,
    timer,
)
from tests.support.known import known


@known("capture")
def test_g1_one_activity_after_the_other(swf: Driver) -> None:
    swf.start(input="{}")
    swf.decide(schedule("a"))
    swf.work(completes("2"))
    swf.decide(schedule("b"))
    swf.work(completes())
    swf.decide(complete(result="2"))
    swf.shows("""
         1   WorkflowExecutionStarted
         2 = DecisionTaskScheduled
         3   DecisionTaskStarted(S2)
         4   DecisionTaskCompleted(S2, T3)
         5 = ActivityTaskScheduled(a, D4)
         6   ActivityTaskStarted(S5)
         7   ActivityTaskCompleted(S5, T6)
         8 = DecisionTaskScheduled
         9   DecisionTaskStarted(S8)
        10   DecisionTaskCompleted(S8, T9)
        11 = ActivityTaskScheduled(b, D10)
        12   ActivityTaskStarted(S11)
        13   ActivityTaskCompleted(S11, T12)
        14 = DecisionTaskScheduled
        15   DecisionTaskStarted(S14)
        16   DecisionTaskCompleted(S14, T15)
        17 = WorkflowExecutionCompleted(D16)
    """)


@known("capture")
def test_g2_an_event_while_deciding_queues_the_next_task_at_once(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.take()
    swf.signal()
    swf.poll()
    swf.report(completes())
    swf.answer()
    swf.poll()
    swf.shows("""
         7   WorkflowExecutionSignaled(hurry)
         8 = DecisionTaskScheduled
         9   DecisionTaskStarted(S8)
        10   ActivityTaskCompleted(S5, T6)
        11 = DecisionTaskScheduled
        12   DecisionTaskCompleted(S8, T9)
        13   DecisionTaskStarted(S11)
    """)


@known("capture")
def test_g3_a_close_with_unhandled_news_is_refused_and_the_queued_task_follows(
    swf: Driver,
) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.answer(schedule("a"))
    swf.poll()
    swf.work(completes())
    swf.answer(complete())
    polled = swf.poll()
    swf.shows("""
         3   DecisionTaskStarted(S2)
         4   WorkflowExecutionSignaled(hurry)
         5 = DecisionTaskScheduled
         6   DecisionTaskCompleted(S2, T3)
         7 = ActivityTaskScheduled(a, D6)
         8   DecisionTaskStarted(S5)
         9   ActivityTaskStarted(S7)
        10   ActivityTaskCompleted(S7, T9)
        11 = DecisionTaskScheduled
        12   DecisionTaskCompleted(S5, T8)
        13 = CompleteWorkflowExecutionFailed(UNHANDLED_DECISION, D12)
        14   DecisionTaskStarted(S11)
    """)
    assert polled["previousStartedEventId"] == 8
    assert polled["startedEventId"] == 14


@known("capture")
def test_g5_a_decision_timeout_with_a_queued_task_schedules_no_other(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.wait(300)
    swf.poll()
    swf.shows("""
        3   DecisionTaskStarted(S2)
        4   WorkflowExecutionSignaled(hurry)
        5 = DecisionTaskScheduled
        6   DecisionTaskTimedOut(START_TO_CLOSE, S2, T3)
        7   DecisionTaskStarted(S5)
    """)


@known("capture")
def test_g6_a_decision_timeout_without_a_queued_task_schedules_one(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.wait(300)
    swf.shows("""
        3   DecisionTaskStarted(S2)
        4   DecisionTaskTimedOut(START_TO_CLOSE, S2, T3)
        5 = DecisionTaskScheduled
    """)


@known("capture")
def test_g7_an_activity_that_nobody_takes(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", scheduleToStartTimeout="10"))
    swf.wait(10)
    swf.poll()
    swf.shows("""
        5 = ActivityTaskScheduled(a, D4)
        6   ActivityTaskTimedOut(SCHEDULE_TO_START, S5, T0)
        7 = DecisionTaskScheduled
        8   DecisionTaskStarted(S7)
    """)
    assert "details" not in swf.attributes(6)


@known("capture")
def test_g8_news_while_a_task_is_queued_schedules_no_second_one(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", scheduleToStartTimeout="10"))
    swf.wait(10)
    swf.signal()
    swf.poll()
    swf.shows("""
        6   ActivityTaskTimedOut(SCHEDULE_TO_START, S5, T0)
        7 = DecisionTaskScheduled
        8   WorkflowExecutionSignaled(hurry)
        9   DecisionTaskStarted(S7)
    """)


@known("capture")
def test_g9_cancelling_an_unknown_timer(swf: Driver) -> None:
    swf.start()
    swf.decide(cancel_timer("nap"))
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = CancelTimerFailed(nap, TIMER_ID_UNKNOWN, D4)
        6 = DecisionTaskScheduled
    """)


@known("capture")
def test_g10_scheduling_an_unknown_activity_type(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", activityType={"name": "nope", "version": "1"}))
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = ScheduleActivityTaskFailed(a, ACTIVITY_TYPE_DOES_NOT_EXIST, D4)
        6 = DecisionTaskScheduled
    """)


@known("capture")
def test_g16_close_with_side_decisions(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("nap", 60), schedule("a"))
    swf.signal()
    swf.decide(cancel_timer("nap"), cancel_activity("a"), marker("bye"), complete())
    swf.shows("""
         9   DecisionTaskStarted(S8)
        10   DecisionTaskCompleted(S8, T9)
        11 = TimerCanceled(nap, T5, D10)
        12 = ActivityTaskCancelRequested(a, D10)
        13 = MarkerRecorded(bye, D10)
        14 = WorkflowExecutionCompleted(D10)
    """)


@known("capture")
def test_g19_terminated_while_deciding(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.terminate(reason="customer", details="called us")
    swf.shows("""
        3   DecisionTaskStarted(S2)
        4   WorkflowExecutionTerminated(OPERATOR_INITIATED)
    """)
    assert swf.attributes(4) == {
        "reason": "customer",
        "details": "called us",
        "childPolicy": "TERMINATE",
        "cause": "OPERATOR_INITIATED",
    }


@known("capture")
def test_g20_a_worker_cancels_unasked(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.work(cancels(details="my own idea"))
    swf.shows("""
        6   ActivityTaskStarted(S5)
        7   ActivityTaskCanceled(S5, T6)
        8 = DecisionTaskScheduled
    """)


@known("capture")
def test_g23_a_timer_of_zero_seconds_fires_at_the_next_tick(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("now", 0))
    swf.wait()
    swf.shows("""
        5 = TimerStarted(now, D4)
        6 = TimerFired(now, T5)
        7 = DecisionTaskScheduled
    """)
