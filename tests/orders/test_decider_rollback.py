"""How the workflow takes an order back: after a step that stays broken, or at a cancel request."""

import pytest

from tests.orders.shapes import (
    ALL_DONE,
    ENRICHING,
    FINAL,
    MARKED,
    PROCESSING,
    SAVE_BROKEN,
    WAIT,
    resume,
    resumed,
)
from tests.orders.tables import answer, decisions, payload_of


class TestRollback:
    def test_after_the_third_failure_the_marker_and_the_first_rollback_step(self):
        marker, rollback = answer(SAVE_BROKEN).decisions
        assert marker["recordMarkerDecisionAttributes"]["markerName"] == "ROLLBACK_INITIATED"
        assert payload_of(marker)["failed_activity"] == "SaveResults"
        assert payload_of(marker)["reason"] == "Max retries exceeded"
        assert payload_of(marker)["last_error"] == "disk full"
        assert payload_of(rollback)["step_to_rollback"] == "SaveResults"
        assert payload_of(rollback)["order_id"] == "ORD-1"

    def test_then_the_compensation(self):
        table = f"{SAVE_BROKEN}\n{MARKED}\ndone(RollbackStep-1)"
        assert decisions(table) == ["ScheduleActivityTask(CompensateTransaction-1)"]

    def test_then_the_workflow_fails_and_names_the_compensation(self):
        table = f"{SAVE_BROKEN}\n{MARKED}\ndone(RollbackStep-1, CompensateTransaction-1)"
        (fail,) = answer(table).decisions
        assert fail["failWorkflowExecutionDecisionAttributes"]["reason"] == (
            "SaveResults: Max retries exceeded (disk full); rolled back and compensated"
        )
        details = payload_of(fail)
        assert details["compensation"] == "completed"
        assert details["failed_activity"] == "SaveResults"
        assert details["undone"]["CompensateTransaction"] == {
            "status": "CompensateTransaction-1 did it"
        }

    def test_whichever_step_it_was_that_used_up_its_attempts(self):
        table = "Started" + "".join(
            f"\nActivityTaskScheduled(ValidateInput-{n})"
            f"\nActivityTaskTimedOut(ValidateInput-{n}, timeoutType=START_TO_CLOSE)"
            for n in (1, 2, 3)
        )
        assert decisions(table) == [
            "RecordMarker(ROLLBACK_INITIATED)",
            "ScheduleActivityTask(RollbackStep-1)",
        ]

    def test_an_invalid_order_is_rolled_back_when_a_superseded_step_has_ended(self):
        table = f"""
            {PROCESSING}
            {resume("ValidateInput")}
            ActivityTaskCancelRequested(ProcessData-1)
            {resumed("ValidateInput")}
            failed(ValidateInput-1-resume1, reason=bad, {FINAL})
            """
        assert decisions(table) == []
        table += "\nActivityTaskCompleted(ProcessData-1)"
        assert decisions(table)[0] == "RecordMarker(ROLLBACK_INITIATED)"

    def test_a_rollback_step_is_retried(self):
        table = f"""
            {SAVE_BROKEN}
            {MARKED}
            failed(RollbackStep-1, reason=boom)
            """
        assert decisions(table) == ["ScheduleActivityTask(RollbackStep-2)"]

    @pytest.mark.parametrize(
        ("broken", "left"),
        [
            ("RollbackStep", ["RollbackStep", "CompensateTransaction"]),
            ("CompensateTransaction", ["CompensateTransaction"]),
        ],
    )
    def test_a_rollback_step_that_stays_broken_leaves_a_list_of_what_to_do(self, broken, left):
        before = "done(RollbackStep-1)" if broken == "CompensateTransaction" else ""
        attempts = "\n".join(
            f"ActivityTaskScheduled({broken}-{n})\nActivityTaskFailed({broken}-{n}, reason=boom)"
            for n in (1, 2, 3)
        )
        (fail,) = answer(f"{SAVE_BROKEN}\n{MARKED}\n{before}\n{attempts}").decisions
        reason = fail["failWorkflowExecutionDecisionAttributes"]["reason"]
        assert reason.startswith(f"Compensation incomplete, left to do: {', '.join(left)}")
        assert "SaveResults" in reason
        assert payload_of(fail)["left"] == left
        assert payload_of(fail)["compensation"] == "incomplete"

    def test_a_failure_that_says_so_is_not_retried(self):
        table = f"{PROCESSING}\nActivityTaskFailed(ProcessData-1, reason=declined, {FINAL})"
        marker, rollback = answer(table).decisions
        assert payload_of(marker)["reason"] == "Not retryable"
        assert payload_of(marker)["last_error"] == "declined"
        assert payload_of(rollback)["step_to_rollback"] == "ProcessData"

    def test_an_invalid_order_fails_at_once_there_is_nothing_to_take_back(self):
        reason = "items.0.quantity: must be positive"
        (fail,) = answer(
            f"""
            Started
            failed(ValidateInput-1, reason={reason}, {FINAL})
            """
        ).decisions
        assert fail["failWorkflowExecutionDecisionAttributes"]["reason"] == (
            f"ValidateInput failed: {reason}"
        )
        assert payload_of(fail)["failed_activity"] == "ValidateInput"

    def test_a_marker_that_swf_refuses_does_not_hold_up_the_rollback(self):
        table = f"""
            {SAVE_BROKEN}
            RecordMarkerFailed(ROLLBACK_INITIATED, cause=OPERATION_NOT_PERMITTED)
            done(RollbackStep-1, CompensateTransaction-1)
            """
        (fail,) = answer(table).decisions
        assert payload_of(fail)["failed_activity"] == "SaveResults"
        assert payload_of(fail)["reason"] == "Max retries exceeded"


class TestCancel:
    def test_before_anything_was_done_the_order_is_canceled_at_once(self):
        (cancel,) = answer("Started\nWorkflowExecutionCancelRequested").decisions
        assert cancel["decisionType"] == "CancelWorkflowExecution"
        assert payload_of(cancel)["undone"] == []

    def test_what_is_at_work_is_asked_to_stop_and_waited_for(self):
        table = f"{PROCESSING}\nWorkflowExecutionCancelRequested"
        assert decisions(table) == ["RequestCancelActivityTask(ProcessData-1)"]
        table += "\nActivityTaskCancelRequested(ProcessData-1)"
        assert decisions(table) == WAIT

    @pytest.mark.parametrize("end", ["Canceled", "Completed", "Failed"])
    def test_however_it_ended_it_may_have_taken_effect_and_is_taken_back(self, end):
        table = f"""
            {PROCESSING}
            ActivityTaskStarted(ProcessData-1)
            WorkflowExecutionCancelRequested
            ActivityTaskCancelRequested(ProcessData-1)
            ActivityTask{end}(ProcessData-1)
            """
        marker, rollback = answer(table).decisions
        assert payload_of(marker)["reason"] == "Cancel requested"
        assert "failed_activity" not in payload_of(marker)
        assert payload_of(rollback)["step_to_rollback"] == "ProcessData"

    def test_a_step_that_never_started_leaves_nothing_to_take_back(self):
        table = f"""
            {PROCESSING}
            WorkflowExecutionCancelRequested
            ActivityTaskCancelRequested(ProcessData-1)
            ActivityTaskCanceled(ProcessData-1, started=no)
            """
        assert decisions(table) == ["CancelWorkflowExecution"]

    def test_when_all_is_taken_back_the_execution_is_canceled_and_says_what_was_undone(self):
        table = f"""
            {ENRICHING}
            WorkflowExecutionCancelRequested
            ActivityTaskCanceled(EnrichData-1)
            MarkerRecorded(ROLLBACK_INITIATED, details={{"canceling": true}})
            done(RollbackStep-1, CompensateTransaction-1)
            """
        (cancel,) = answer(table).decisions
        assert cancel["decisionType"] == "CancelWorkflowExecution"
        assert set(payload_of(cancel)["undone"]) == {"RollbackStep", "CompensateTransaction"}

    def test_a_cancel_that_cannot_be_taken_back_whole_fails_loudly(self):
        attempts = "\n".join(
            f"ActivityTaskScheduled(RollbackStep-{n})\nActivityTaskFailed(RollbackStep-{n})"
            for n in (1, 2, 3)
        )
        table = f"""
            {ENRICHING}
            WorkflowExecutionCancelRequested
            ActivityTaskCanceled(EnrichData-1)
            MarkerRecorded(ROLLBACK_INITIATED, details={{"canceling": true}})
            {attempts}
            """
        (fail,) = answer(table).decisions
        assert payload_of(fail)["compensation"] == "incomplete"

    def test_an_order_that_is_done_completes_all_the_same(self):
        assert decisions(f"{ALL_DONE}\nWorkflowExecutionCancelRequested") == [
            "CompleteWorkflowExecution"
        ]

    def test_backoff_timers_are_canceled(self):
        table = f"""
            {PROCESSING}
            ActivityTaskFailed(ProcessData-1)
            TimerStarted(retry-ProcessData-2)
            WorkflowExecutionCancelRequested
            """
        assert decisions(table)[0] == "CancelTimer(retry-ProcessData-2)"

    def test_a_rollback_under_way_ends_as_a_failure(self):
        table = f"""
            {SAVE_BROKEN}
            {MARKED}
            WorkflowExecutionCancelRequested
            done(RollbackStep-1, CompensateTransaction-1)
            """
        assert decisions(table)[0].startswith("FailWorkflowExecution")

    def test_a_timer_that_swf_refuses_to_cancel_is_not_canceled_for_ever(self):
        table = f"""
            {PROCESSING}
            ActivityTaskFailed(ProcessData-1, started=no)
            TimerStarted(retry-ProcessData-2)
            WorkflowExecutionCancelRequested
            CancelTimerFailed(retry-ProcessData-2, cause=OPERATION_NOT_PERMITTED)
            """
        assert decisions(table) == ["CancelWorkflowExecution"]

    def test_a_cancel_request_that_swf_refuses_is_not_repeated_for_ever(self):
        table = f"""
            {PROCESSING}
            WorkflowExecutionCancelRequested
            RequestCancelActivityTaskFailed(ProcessData-1, cause=OPERATION_NOT_PERMITTED)
            """
        assert decisions(table) == WAIT
