"""What the workflow does next when an attempt of a step fails, or cannot even be scheduled."""

import pytest

from orders.workflow import Rules
from tests.orders.shapes import MARKED, PROCESSING, SAVE_BROKEN, WAIT
from tests.orders.tables import answer, decisions, payload_of


class TestRetry:
    @pytest.mark.parametrize(
        "how",
        [
            "Failed(ProcessData-1, reason=Connection timeout)",
            "TimedOut(ProcessData-1, timeoutType=START_TO_CLOSE)",
            "TimedOut(ProcessData-1, timeoutType=SCHEDULE_TO_START)",
            "TimedOut(ProcessData-1, timeoutType=SCHEDULE_TO_CLOSE)",
            "TimedOut(ProcessData-1, timeoutType=HEARTBEAT)",
            "Canceled(ProcessData-1)",
        ],
    )
    def test_an_attempt_that_did_not_succeed_is_followed_by_another(self, how):
        table = f"{PROCESSING}\nActivityTask{how}"
        assert decisions(table) == ["ScheduleActivityTask(ProcessData-2)"]

    def test_failures_and_time_outs_count_alike(self):
        table = f"""
            {PROCESSING}
            ActivityTaskTimedOut(ProcessData-1, timeoutType=START_TO_CLOSE)
            failed(ProcessData-2, reason=boom)
            """
        assert decisions(table) == ["ScheduleActivityTask(ProcessData-3)"]
        assert decisions(
            f"""
            {table}
            ActivityTaskScheduled(ProcessData-3)
            ActivityTaskTimedOut(ProcessData-3, timeoutType=HEARTBEAT)
            """
        ) == ["RecordMarker(ROLLBACK_INITIATED)", "ScheduleActivityTask(RollbackStep-1)"]

    def test_success_at_the_third_attempt_goes_on(self):
        assert decisions(
            f"""
            {PROCESSING}
            ActivityTaskFailed(ProcessData-1, reason=boom)
            failed(ProcessData-2, reason=boom)
            done(ProcessData-3)
            """
        ) == ["ScheduleActivityTask(EnrichData-1)"]

    def test_attempts_count_per_step(self):
        assert decisions(
            f"""
            {PROCESSING}
            ActivityTaskFailed(ProcessData-1, reason=boom)
            failed(ProcessData-2, reason=boom)
            done(ProcessData-3)
            failed(EnrichData-1, reason=boom)
            """
        ) == ["ScheduleActivityTask(EnrichData-2)"]

    def test_an_attempt_at_work_is_waited_for_even_if_none_more_is_allowed_now(self):
        table = f"""
            {PROCESSING}
            ActivityTaskFailed(ProcessData-1, reason=boom)
            ActivityTaskScheduled(ProcessData-2)
            """
        assert decisions(table, Rules(max_attempts=1)) == WAIT

    def test_the_number_of_attempts_is_a_setting(self):
        table = f"{PROCESSING}\nActivityTaskFailed(ProcessData-1, reason=boom)"
        assert "RecordMarker(ROLLBACK_INITIATED)" in decisions(table, Rules(max_attempts=1))


class TestBackoff:
    RULES = Rules(retry_backoff=4, retry_backoff_cap=6)
    FAILED = """
        Started
        failed(ValidateInput-1, reason=boom)
        """

    def test_a_timer_comes_before_the_next_attempt(self):
        assert decisions(self.FAILED, self.RULES) == ["StartTimer(retry-ValidateInput-2, 4)"]

    def test_while_it_runs_there_is_nothing_to_decide(self):
        table = f"{self.FAILED}\nTimerStarted(retry-ValidateInput-2)"
        assert decisions(table, self.RULES) == WAIT

    def test_when_it_has_fired_the_attempt_is_made(self):
        table = f"""
            {self.FAILED}
            TimerStarted(retry-ValidateInput-2)
            TimerFired(retry-ValidateInput-2)
            """
        assert decisions(table, self.RULES) == ["ScheduleActivityTask(ValidateInput-2)"]

    def test_it_doubles_up_to_the_cap(self):
        table = f"""
            {self.FAILED}
            TimerStarted(retry-ValidateInput-2)
            TimerFired(retry-ValidateInput-2)
            failed(ValidateInput-2, reason=boom)
            """
        assert decisions(table, self.RULES) == ["StartTimer(retry-ValidateInput-3, 6)"]

    def test_a_timer_that_swf_refuses_is_not_waited_for(self):
        table = f"""
            {self.FAILED}
            StartTimerFailed(retry-ValidateInput-2, cause=OPEN_TIMERS_LIMIT_EXCEEDED)
            """
        assert decisions(table, self.RULES) == ["ScheduleActivityTask(ValidateInput-2)"]


class TestSchedulingRefused:
    @pytest.mark.parametrize("cause", ["ACTIVITY_TYPE_DOES_NOT_EXIST", "OPERATION_NOT_PERMITTED"])
    def test_what_another_attempt_cannot_mend_fails_at_once(self, cause):
        table = f"Started\nScheduleActivityTaskFailed(ValidateInput-1, cause={cause})"
        assert decisions(table) == [f"FailWorkflowExecution(ValidateInput failed: {cause})"]

    def test_and_is_rolled_back_where_there_is_something_to_take_back(self):
        cause = "ACTIVITY_TYPE_DEPRECATED"
        assert decisions(
            f"""
            Started
            done(ValidateInput-1, ProcessData-1)
            ScheduleActivityTaskFailed(EnrichData-1, cause={cause})
            """
        ) == ["RecordMarker(ROLLBACK_INITIATED)", "ScheduleActivityTask(RollbackStep-1)"]

    def test_throttling_is_waited_for_and_counts_as_an_attempt(self):
        cause = "ACTIVITY_CREATION_RATE_EXCEEDED"
        table = f"Started\nScheduleActivityTaskFailed(ValidateInput-1, cause={cause})"
        assert decisions(table) == ["StartTimer(retry-ValidateInput-2, 5)"]
        again = f"{table}\nTimerFired(retry-ValidateInput-2)"
        assert decisions(again) == ["ScheduleActivityTask(ValidateInput-2)"]

    def test_a_rollback_step_that_cannot_be_scheduled_does_not_spin(self):
        cause = "ACTIVITY_TYPE_DOES_NOT_EXIST"
        table = (
            f"{SAVE_BROKEN}\n{MARKED}\nScheduleActivityTaskFailed(RollbackStep-1, cause={cause})"
        )
        (fail,) = answer(table).decisions
        assert payload_of(fail)["left"] == ["RollbackStep", "CompensateTransaction"]
