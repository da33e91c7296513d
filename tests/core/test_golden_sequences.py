"""The sequences that were captured from the real service, G1 to G26, event for event.

Each is written from the facts of a recording (docs/fidelity.md names it); ids differ from the
recording where it began in the middle of a longer run.
"""

from __future__ import annotations

import time

import pytest

from tests.support.driver import (
    Driver,
    cancel_activity,
    cancel_external,
    cancel_timer,
    cancels,
    child,
    complete,
    completes,
    continue_as_new,
    marker,
    run_lambda,
    schedule,
    signal_external,
    timer,
)


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


def test_g6_a_decision_timeout_without_a_queued_task_schedules_one(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.wait(300)
    swf.shows("""
        3   DecisionTaskStarted(S2)
        4   DecisionTaskTimedOut(START_TO_CLOSE, S2, T3)
        5 = DecisionTaskScheduled
    """)


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


def test_g9_cancelling_an_unknown_timer(swf: Driver) -> None:
    swf.start()
    swf.decide(cancel_timer("nap"))
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = CancelTimerFailed(nap, TIMER_ID_UNKNOWN, D4)
        6 = DecisionTaskScheduled
    """)


def test_g10_scheduling_an_unknown_activity_type(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", activityType={"name": "nope", "version": "1"}))
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = ScheduleActivityTaskFailed(a, ACTIVITY_TYPE_DOES_NOT_EXIST, D4)
        6 = DecisionTaskScheduled
    """)


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


def test_g20_a_worker_cancels_unasked(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a"))
    swf.work(cancels(details="my own idea"))
    swf.shows("""
        6   ActivityTaskStarted(S5)
        7   ActivityTaskCanceled(S5, T6)
        8 = DecisionTaskScheduled
    """)


def test_g23_a_timer_of_zero_seconds_fires_at_the_next_tick(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("now", 0))
    swf.wait()
    swf.shows("""
        5 = TimerStarted(now, D4)
        6 = TimerFired(now, T5)
        7 = DecisionTaskScheduled
    """)


# Children, signals, Lambda


def test_g4_two_children_and_a_queue_of_one(swf: Driver) -> None:
    swf.start()
    parent = swf.run_id
    swf.decide(child("c1", taskList={"name": "kids"}))
    swf.poll("kids")
    kid = swf.task
    swf.poll()
    swf.task, parent_task = kid, swf.task
    swf.answer(complete(result="1"))
    swf.task = parent_task
    swf.answer(marker("m"), child("c2", taskList={"name": "kids"}))
    swf.wait()
    swf.shows(
        """
         5 = StartChildWorkflowExecutionInitiated(c1, D4)
         6 = ChildWorkflowExecutionStarted(I5)
         7 = DecisionTaskScheduled
         8   DecisionTaskStarted(S7)
         9   ChildWorkflowExecutionCompleted(T6, I5)
        10 = DecisionTaskScheduled
        11   DecisionTaskCompleted(S7, T8)
        12 = MarkerRecorded(m, D11)
        13 = StartChildWorkflowExecutionInitiated(c2, D11)
        14 = ChildWorkflowExecutionStarted(I13)
        """,
        parent,
    )


def test_g11_starting_a_child_of_an_unknown_type(swf: Driver) -> None:
    swf.start()
    swf.decide(child("c", workflowType={"name": "nope", "version": "1"}, control="mine"))
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = StartChildWorkflowExecutionFailed(c, WORKFLOW_TYPE_DOES_NOT_EXIST, I0, D4)
        6 = DecisionTaskScheduled
    """)
    assert swf.attributes(5)["control"] == "mine"


def test_g12_continuing_as_an_unknown_version(swf: Driver) -> None:
    swf.start()
    swf.decide(continue_as_new(workflowTypeVersion="9"))
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = ContinueAsNewWorkflowExecutionFailed(WORKFLOW_TYPE_DOES_NOT_EXIST, D4)
        6 = DecisionTaskScheduled
    """)


@pytest.mark.parametrize(
    ("sent", "initiated", "failed"),
    [
        (
            signal_external("nobody", control="mine"),
            "SignalExternalWorkflowExecutionInitiated(hurry, nobody, D4)",
            "SignalExternalWorkflowExecutionFailed",
        ),
        (
            cancel_external("nobody", control="mine"),
            "RequestCancelExternalWorkflowExecutionInitiated(nobody, D4)",
            "RequestCancelExternalWorkflowExecutionFailed",
        ),
    ],
)
def test_g13_telling_nobody(
    swf: Driver, sent: dict[str, object], initiated: str, failed: str
) -> None:
    swf.start()
    swf.decide(sent)
    swf.wait()
    swf.shows(f"""
        4   DecisionTaskCompleted(S2, T3)
        5 = {initiated}
        6 = {failed}(nobody, UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION, I5, D4)
        7 = DecisionTaskScheduled
    """)
    assert swf.attributes(6)["control"] == "mine"


@pytest.mark.parametrize(
    ("sent", "arrived"),
    [
        (signal_external("other"), "ExternalWorkflowExecutionSignaled"),
        (cancel_external("other"), "ExternalWorkflowExecutionCancelRequested"),
    ],
)
def test_g14_g15_telling_another(swf: Driver, sent: dict[str, object], arrived: str) -> None:
    other = swf.start("other", taskList={"name": "elsewhere"})
    sender = swf.start("order-1")
    swf.decide(sent)
    swf.wait()
    swf.shows(f"""
        6 = {arrived}(I5)
        7 = DecisionTaskScheduled
    """)
    assert swf.attributes(6)["workflowExecution"] == {"workflowId": "other", "runId": other}
    told = swf.history(other, "other")[2]
    member = next(name for name in told if name.endswith("Attributes"))
    assert told[member]["externalWorkflowExecution"] == {
        "workflowId": "order-1",
        "runId": sender,
    }
    assert told[member]["externalInitiatedEventId"] == 5


def _a_child_beside_its_parent(swf: Driver, parent_policy: str) -> str:
    """A parent about to complete, with a child that nobody decides for; gives the child's run."""
    swf.start(childPolicy=parent_policy)
    swf.decide(child("kid", taskList={"name": "kids"}))
    swf.wait()
    run_id: str = swf.attributes(6)["workflowExecution"]["runId"]
    return run_id


def test_g17_a_parent_that_completes_terminates_its_child(swf: Driver) -> None:
    kid = _a_child_beside_its_parent(swf, "TERMINATE")
    swf.decide(complete())
    assert swf.history()[-1]["eventType"] == "WorkflowExecutionCompleted"
    swf.workflow_id = "kid"
    swf.shows(
        """
        1   WorkflowExecutionStarted
        2 = DecisionTaskScheduled
        3   WorkflowExecutionTerminated(CHILD_POLICY_APPLIED)
        """,
        kid,
    )


def test_g18_a_parent_that_completes_asks_its_child_to_cancel(swf: Driver) -> None:
    kid = _a_child_beside_its_parent(swf, "REQUEST_CANCEL")
    parent = swf.run_id
    swf.decide(complete())
    told = swf.history(kid, "kid")[2]
    assert told["workflowExecutionCancelRequestedEventAttributes"] == {
        "cause": "CHILD_POLICY_APPLIED",
        "externalWorkflowExecution": {"workflowId": "order-1", "runId": parent},
        "externalInitiatedEventId": 0,
    }


def test_g21_lambda_without_a_role(swf: Driver) -> None:
    swf.start()
    swf.decide(run_lambda("l"))
    swf.wait()
    swf.shows("""
        5 = LambdaFunctionScheduled(l, D4)
        6 = StartLambdaFunctionFailed(ASSUME_ROLE_FAILED, S5)
        7 = DecisionTaskScheduled
    """)
    assert swf.attributes(6)["message"] == (
        "No IAM role is attached to the current workflow execution."
    )


def test_g22_lambda_times_out(swf: Driver) -> None:
    swf.fake.lambda_functions["tax"] = lambda _: time.sleep(60)
    swf.start(lambdaRole="arn:aws:iam::123456789012:role/swf")
    swf.decide(run_lambda("l", startToCloseTimeout="5"))
    swf.wait(6)
    swf.shows("""
        5 = LambdaFunctionScheduled(l, D4)
        6 = LambdaFunctionStarted(S5)
        7   LambdaFunctionTimedOut(START_TO_CLOSE, S5, T6)
        8 = DecisionTaskScheduled
    """)


def test_g24_g25_a_child_that_is_over_before_its_parent_looks(swf: Driver) -> None:
    swf.start()
    parent = swf.run_id
    swf.decide(child("kid", taskList={"name": "kids"}))
    swf.poll("kids")
    swf.answer(complete(result="7"))
    swf.poll()
    swf.shows(
        """
        5 = StartChildWorkflowExecutionInitiated(kid, D4)
        6 = ChildWorkflowExecutionStarted(I5)
        7 = DecisionTaskScheduled
        8   ChildWorkflowExecutionCompleted(T6, I5)
        9   DecisionTaskStarted(S7)
        """,
        parent,
    )
    assert swf.attributes(8)["result"] == "7"


def test_g26_two_children_start_behind_one_decision_task(swf: Driver) -> None:
    swf.start()
    swf.decide(child("c1"), child("c2"))
    swf.wait()
    swf.shows("""
        5 = StartChildWorkflowExecutionInitiated(c1, D4)
        6 = StartChildWorkflowExecutionInitiated(c2, D4)
        7 = ChildWorkflowExecutionStarted(I5)
        8 = DecisionTaskScheduled
        9 = ChildWorkflowExecutionStarted(I6)
    """)
