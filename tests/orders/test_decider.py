"""What the workflow does next, for every turn an order can take.

Histories are tables (see tables.py), decisions are text.
"""

import json
from typing import ClassVar

import pytest

from orders.decider import decide
from orders.workflow import Rules
from tests.orders.tables import ORDER, answer, decisions, history, lines, payload_of

WAIT = []


class TestForward:
    def test_a_new_order_begins_with_validation(self):
        assert decisions("Started") == ["ScheduleActivityTask(ValidateInput-1)"]

    @pytest.mark.parametrize(
        ("done", "following"),
        [
            ("ValidateInput", "ProcessData"),
            ("ValidateInput ProcessData", "EnrichData"),
            ("ValidateInput ProcessData EnrichData", "SaveResults"),
            ("ValidateInput ProcessData EnrichData SaveResults", "NotifyCompletion"),
        ],
    )
    def test_one_step_follows_the_other(self, done, following):
        before = ", ".join(f"{step}-1" for step in done.split())
        assert decisions(f"Started\ndone({before})") == [f"ScheduleActivityTask({following}-1)"]

    def test_an_order_may_ask_for_the_optional_step(self):
        started = 'Started({"order_id": "X", "_workflow": {"optional_steps": ["CallExternalAPI"]}})'
        done = "done(ValidateInput-1, ProcessData-1, EnrichData-1)"
        assert decisions(f"{started}\n{done}") == ["ScheduleActivityTask(CallExternalAPI-1)"]
        assert decisions(f"{started}\n{done}\ndone(CallExternalAPI-1)") == [
            "ScheduleActivityTask(SaveResults-1)"
        ]

    def test_an_order_that_is_done_completes_with_its_id_and_status(self):
        (complete,) = answer(ALL_DONE).decisions
        assert complete["decisionType"] == "CompleteWorkflowExecution"
        assert payload_of(complete)["order_id"] == "ORD-1"
        assert payload_of(complete)["status"] == "completed"

    def test_while_a_step_is_at_work_there_is_nothing_to_decide(self):
        assert decisions("Started\nActivityTaskScheduled(ValidateInput-1)") == WAIT

    def test_a_step_gets_the_order_and_what_earlier_steps_found(self):
        (schedule,) = answer(
            """
            Started({"order_id": "É-1", "items": [1], "note": "água"})
            ActivityTaskScheduled(ValidateInput-1)
            ActivityTaskCompleted(ValidateInput-1, result={"status": "validated"})
            """
        ).decisions
        assert payload_of(schedule) == {
            "order_id": "É-1",
            "items": [1],
            "note": "água",
            "results": {"ValidateInput": {"status": "validated"}},
        }
        assert "água" in schedule["scheduleActivityTaskDecisionAttributes"]["input"]

    def test_every_setting_of_a_step_is_given(self):
        (schedule,) = answer("Started").decisions
        it = schedule["scheduleActivityTaskDecisionAttributes"]
        assert it["activityType"] == {"name": "ValidateInput", "version": "1.0"}
        assert it["taskList"] == {"name": "orders-activities"}
        assert it["startToCloseTimeout"] == "60"
        assert it["heartbeatTimeout"] == "NONE"
        waiting, working = int(it["scheduleToStartTimeout"]), int(it["startToCloseTimeout"])
        assert max(waiting, working) < int(it["scheduleToCloseTimeout"]) < waiting + working

    def test_long_steps_have_the_long_timeout_and_a_heartbeat(self):
        (schedule,) = answer("Started\ndone(ValidateInput-1, ProcessData-1)").decisions
        it = schedule["scheduleActivityTaskDecisionAttributes"]
        assert (it["startToCloseTimeout"], it["heartbeatTimeout"]) == ("600", "60")

    def test_events_and_activities_of_others_are_passed_over(self):
        assert decisions(
            """
            Started
            LambdaFunctionStarted
            MarkerRecorded(SOMETHING, details=else)
            ActivityTaskScheduled(Elsewhere-1)
            ActivityTaskCompleted(Elsewhere-1)
            """
        ) == ["ScheduleActivityTask(ValidateInput-1)"]

    def test_a_plain_list_of_events_will_do(self):
        events, _ = history("Started")
        assert len(decide(events)) == 1

    def test_a_closed_run_is_left_alone(self):
        assert decisions(f"{ALL_DONE}\nWorkflowExecutionCompleted") == WAIT
        assert decisions("Started\nWorkflowExecutionTerminated") == WAIT


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
            ActivityTaskScheduled(ProcessData-2)
            ActivityTaskFailed(ProcessData-2, reason=boom)
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
            ActivityTaskScheduled(ProcessData-2)
            ActivityTaskFailed(ProcessData-2, reason=boom)
            done(ProcessData-3)
            """
        ) == ["ScheduleActivityTask(EnrichData-1)"]

    def test_attempts_count_per_step(self):
        assert decisions(
            f"""
            {PROCESSING}
            ActivityTaskFailed(ProcessData-1, reason=boom)
            ActivityTaskScheduled(ProcessData-2)
            ActivityTaskFailed(ProcessData-2, reason=boom)
            done(ProcessData-3)
            ActivityTaskScheduled(EnrichData-1)
            ActivityTaskFailed(EnrichData-1, reason=boom)
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
        ActivityTaskScheduled(ValidateInput-1)
        ActivityTaskFailed(ValidateInput-1, reason=boom)
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
            ActivityTaskScheduled(ValidateInput-2)
            ActivityTaskFailed(ValidateInput-2, reason=boom)
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

    def test_an_invalid_order_is_rolled_back_while_a_superseded_step_is_still_at_work(self):
        table = f"""
            {PROCESSING}
            {resume("ValidateInput")}
            ActivityTaskCancelRequested(ProcessData-1)
            MarkerRecorded(RESUME_FROM_STEP, details={{"step_name": "ValidateInput"}})
            ActivityTaskScheduled(ValidateInput-1-resume1)
            ActivityTaskFailed(ValidateInput-1-resume1, reason=bad, {FINAL})
            """
        assert decisions(table)[0] == "RecordMarker(ROLLBACK_INITIATED)"

    def test_a_rollback_step_is_retried(self):
        table = f"""
            {SAVE_BROKEN}
            {MARKED}
            ActivityTaskScheduled(RollbackStep-1)
            ActivityTaskFailed(RollbackStep-1, reason=boom)
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
            ActivityTaskScheduled(ValidateInput-1)
            ActivityTaskFailed(ValidateInput-1, reason={reason}, {FINAL})
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


class TestResumeWhileOpen:
    def test_marker_then_the_named_step(self):
        table = f"{ALL_DONE}\n--- new\n{resume('EnrichData')}"
        marker, schedule = answer(table).decisions
        assert marker["recordMarkerDecisionAttributes"]["markerName"] == "RESUME_FROM_STEP"
        assert payload_of(marker)["step_name"] == "EnrichData"
        assert schedule["scheduleActivityTaskDecisionAttributes"]["activityId"] == (
            "EnrichData-1-resume1"
        )
        assert set(payload_of(schedule)["results"]) == {"ValidateInput", "ProcessData"}

    def test_then_the_normal_flow_runs_all_that_follows_again(self):
        table = f"""
            {ALL_DONE}
            {resume("EnrichData")}
            {RESUMED_ENRICH}
            done(EnrichData-1-resume1)
            """
        assert decisions(table) == ["ScheduleActivityTask(SaveResults-1-resume1)"]

    def test_attempts_count_afresh(self):
        table = f"""
            Started
            done(ValidateInput-1, ProcessData-1)
            ActivityTaskScheduled(EnrichData-1)
            ActivityTaskFailed(EnrichData-1, reason=bug)
            ActivityTaskScheduled(EnrichData-2)
            ActivityTaskFailed(EnrichData-2, reason=bug)
            {resume("EnrichData")}
            {RESUMED_ENRICH}
            ActivityTaskScheduled(EnrichData-1-resume1)
            ActivityTaskFailed(EnrichData-1-resume1, reason=bug)
            """
        assert decisions(table) == ["ScheduleActivityTask(EnrichData-2-resume1)"]

    def test_a_step_at_work_is_not_scheduled_twice(self):
        table = f"{ENRICHING}\n{resume('EnrichData')}"
        assert decisions(table) == ["RecordMarker(RESUME_FROM_STEP)"]
        table += f"\n{RESUMED_ENRICH}\nActivityTaskFailed(EnrichData-1, reason=boom)"
        assert decisions(table) == ["ScheduleActivityTask(EnrichData-2-resume1)"]

    def test_another_step_at_work_is_canceled_and_its_outcome_ignored(self):
        table = f"{ENRICHING}\n{resume('ProcessData')}"
        assert decisions(table) == [
            "RequestCancelActivityTask(EnrichData-1)",
            "RecordMarker(RESUME_FROM_STEP)",
            "ScheduleActivityTask(ProcessData-1-resume1)",
        ]
        table += """
            ActivityTaskCancelRequested(EnrichData-1)
            MarkerRecorded(RESUME_FROM_STEP, details={"step_name": "ProcessData", "event_id": 10})
            ActivityTaskScheduled(ProcessData-1-resume1)
            --- new
            ActivityTaskCompleted(EnrichData-1)
            """
        assert decisions(table) == WAIT
        assert lines(table) == ["Ignoring superseded activity 'EnrichData': completed successfully"]

    def test_a_superseded_step_must_end_before_it_is_run_again(self):
        table = f"""
            {ENRICHING}
            {resume("ProcessData")}
            ActivityTaskCancelRequested(EnrichData-1)
            MarkerRecorded(RESUME_FROM_STEP, details={{"step_name": "ProcessData", "event_id": 9}})
            done(ProcessData-1-resume1)
            """
        assert decisions(table) == WAIT
        table += "\nActivityTaskCanceled(EnrichData-1)"
        assert decisions(table) == ["ScheduleActivityTask(EnrichData-1-resume1)"]

    def test_an_open_backoff_timer_is_canceled(self):
        table = f"""
            {ENRICHING}
            ActivityTaskFailed(EnrichData-1, reason=boom)
            TimerStarted(retry-EnrichData-2)
            {resume("EnrichData")}
            """
        assert decisions(table) == [
            "CancelTimer(retry-EnrichData-2)",
            "RecordMarker(RESUME_FROM_STEP)",
            "ScheduleActivityTask(EnrichData-1-resume1)",
        ]

    @pytest.mark.parametrize("order", ["failure first", "signal first"])
    def test_a_resume_in_the_same_batch_as_the_last_failure_wins(self, order):
        failure, signal = (
            "ActivityTaskFailed(SaveResults-3, reason=disk full)",
            resume("EnrichData"),
        )
        table = SAVING_FOR_THE_THIRD_TIME + "\n".join(
            ["", failure, signal] if order == "failure first" else ["", signal, failure]
        )
        assert decisions(table) == [
            "RecordMarker(RESUME_FROM_STEP)",
            "ScheduleActivityTask(EnrichData-1-resume1)",
        ]

    def test_of_two_signals_the_later_one_counts(self):
        table = f"{ALL_DONE}\n{resume('EnrichData')}\n{resume('SaveResults')}"
        assert decisions(table)[-1] == "ScheduleActivityTask(SaveResults-1-resume1)"

    def test_a_signal_that_came_while_another_was_decided_about_has_its_turn(self):
        table = f"""
            {ALL_DONE}
            {resume("EnrichData")}
            {resume("ProcessData")}
            MarkerRecorded(RESUME_FROM_STEP, details={{"step_name": "EnrichData", "event_id": 17}})
            ActivityTaskScheduled(EnrichData-1-resume1)
            """
        assert decisions(table) == [
            "RequestCancelActivityTask(EnrichData-1-resume1)",
            "RecordMarker(RESUME_FROM_STEP)",
            "ScheduleActivityTask(ProcessData-1-resume2)",
        ]

    def test_unless_the_other_took_away_what_it_was_to_follow(self):
        table = f"""
            {ALL_DONE}
            {resume("ProcessData")}
            {resume("SaveResults")}
            MarkerRecorded(RESUME_FROM_STEP, details={{"step_name": "ProcessData", "event_id": 17}})
            ActivityTaskScheduled(ProcessData-1-resume1)
            """
        assert decisions(table) == WAIT

    @pytest.mark.parametrize(
        ("asked", "complaint"),
        [
            ('{"step_name": "Nonsense"}', "'Nonsense' is not one of the steps"),
            ('{"step_name": "RollbackStep"}', "'RollbackStep' is not one of the steps"),
            ('{"step_name": "CallExternalAPI"}', "'CallExternalAPI' is not one of the steps"),
            ('{"step_name": "SaveResults"}', "not completed before SaveResults: EnrichData"),
            ('{"step_name": 7}', "input is not {'step_name': …}"),
            ("not json", "input is not {'step_name': …}"),
            ("[]", "input is not {'step_name': …}"),
        ],
    )
    def test_a_signal_that_cannot_be_followed_is_logged_and_ignored(self, asked, complaint):
        signal = f"WorkflowExecutionSignaled(RESUME_FROM_STEP, input={asked})"
        table = f"{ENRICHING}\n--- new\n{signal}"
        assert decisions(table) == WAIT
        (line,) = lines(table)
        assert line.startswith("Ignoring signal RESUME_FROM_STEP: ")
        assert complaint in line

    def test_a_signal_without_input_or_of_unknown_name_is_ignored(self):
        table = f"{ENRICHING}\n--- new\nWorkflowExecutionSignaled(RESUME_FROM_STEP)"
        assert decisions(table) == WAIT
        table = f"{ENRICHING}\n--- new\nWorkflowExecutionSignaled(HELLO)"
        assert decisions(table) == WAIT
        assert lines(table) == ["Ignoring unknown signal: HELLO"]

    def test_once_rolling_back_there_is_no_way_back(self):
        table = f"""
            {SAVE_BROKEN}
            {MARKED}
            ActivityTaskScheduled(RollbackStep-1)
            --- new
            {resume("EnrichData")}
            """
        assert decisions(table) == WAIT
        assert "the order is being rolled back" in lines(table)[0]

    def test_a_signal_that_came_while_the_rollback_was_decided_is_ignored(self):
        table = f"{SAVE_BROKEN}\n--- new\n{resume('EnrichData')}\n{MARKED}\ndone(RollbackStep-1)"
        assert decisions(table) == ["ScheduleActivityTask(CompensateTransaction-1)"]
        assert "Ignoring signal RESUME_FROM_STEP: the order is being rolled back" in lines(table)

    def test_a_marker_that_swf_refuses_does_not_come_again_and_again(self):
        table = f"""
            {ALL_DONE}
            {resume("EnrichData")}
            RecordMarkerFailed(RESUME_FROM_STEP, cause=OPERATION_NOT_PERMITTED)
            ActivityTaskScheduled(EnrichData-1-resume1)
            """
        assert decisions(table) == WAIT


class TestResumedRun:
    RESULTS: ClassVar = {"ValidateInput": {"status": "ok"}, "ProcessData": {"total": "10.00"}}
    RESUME: ClassVar = {"step_name": "EnrichData", "runs": ["run-1=", "run-2="]}
    INPUT = json.dumps({**ORDER, "_workflow": {"resume": RESUME, "results": RESULTS}})
    STARTED = f"Started({INPUT})"
    MARKED = 'MarkerRecorded(RESUME_FROM_STEP, details={"step_name": "EnrichData", "event_id": 1})'

    def test_it_begins_with_the_marker_and_the_named_step(self):
        marker, schedule = answer(self.STARTED).decisions
        assert payload_of(marker)["step_name"] == "EnrichData"
        assert schedule["scheduleActivityTaskDecisionAttributes"]["activityId"] == "EnrichData-1"
        assert payload_of(schedule) == {
            **ORDER,
            "results": self.RESULTS,
            "_workflow": {"runs": ["run-1=", "run-2="]},
        }

    def test_and_goes_on_as_any_other(self):
        table = f"{self.STARTED}\n{self.MARKED}\ndone(EnrichData-1)"
        assert decisions(table) == ["ScheduleActivityTask(SaveResults-1)"]

    def test_it_can_be_resumed_by_signal_itself(self):
        table = f"{self.STARTED}\n{resume('ProcessData')}"
        assert decisions(table) == [
            "RecordMarker(RESUME_FROM_STEP)",
            "ScheduleActivityTask(ProcessData-1-resume1)",
        ]

    def test_canceled_before_it_does_anything_it_takes_back_what_earlier_runs_did(self):
        table = f"{self.STARTED}\nWorkflowExecutionCancelRequested"
        assert decisions(table)[-1] == "ScheduleActivityTask(RollbackStep-1)"


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


class TestClosing:
    def test_a_close_refused_because_something_is_new_is_decided_again(self):
        table = f"{ALL_DONE}\nCompleteWorkflowExecutionFailed(cause=UNHANDLED_DECISION)"
        assert decisions(table) == ["CompleteWorkflowExecution"]

    def test_and_the_new_thing_may_change_the_decision(self):
        table = f"""
            {ALL_DONE}
            {resume("SaveResults")}
            CompleteWorkflowExecutionFailed(cause=UNHANDLED_DECISION)
            """
        assert decisions(table)[-1] == "ScheduleActivityTask(SaveResults-1-resume1)"

    def test_a_close_refused_for_good_is_not_tried_in_a_loop(self):
        table = f"{ALL_DONE}\nCompleteWorkflowExecutionFailed(cause=OPERATION_NOT_PERMITTED)"
        assert decisions(table) == WAIT
        assert "SWF refuses to close this run (OPERATION_NOT_PERMITTED)" in lines(table)[-1]

    @pytest.mark.parametrize(
        "event", ["WorkflowExecutionSignaled(TRY_AGAIN)", "WorkflowExecutionCancelRequested"]
    )
    def test_but_once_more_when_somebody_asks(self, event):
        table = f"""
            {ALL_DONE}
            CompleteWorkflowExecutionFailed(cause=OPERATION_NOT_PERMITTED)
            {event}
            """
        assert decisions(table) == ["CompleteWorkflowExecution"]

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("not json", "not JSON"),
            ("[1]", "not a JSON object but an array"),
            ('{"_workflow": []}', "not a JSON object but an array"),
            ('{"_workflow": {"optional_steps": ["Nope"]}}', "not understood"),
            ('{"_workflow": {"optional_steps": 3}}', "not understood"),
            ('{"_workflow": {"resume": {"step_name": "SaveResults"}}}', "not understood"),
            ('{"_workflow": {"resume": {"step_name": "X", "runs": []}, "results": {}}}', "not in"),
        ],
    )
    def test_an_input_that_is_no_order_fails_the_run_and_says_why(self, text, complaint):
        ((fail,)) = decisions(f"Started({text})")
        assert fail.startswith("FailWorkflowExecution(Invalid input: ")
        assert complaint in fail


class TestLog:
    """The lines of the usage examples, word for word; only of what is new in this task."""

    def test_first_failure(self):
        table = (
            f"{PROCESSING}\n--- new\nActivityTaskFailed(ProcessData-1, reason=Connection timeout)"
        )
        assert lines(table) == [
            "Activity 'ProcessData' failed: Connection timeout",
            "Retrying activity: ProcessData (attempt 2)",
        ]

    def test_second_failure(self):
        table = f"""
            {PROCESSING}
            ActivityTaskFailed(ProcessData-1, reason=Connection timeout)
            ActivityTaskScheduled(ProcessData-2)
            --- new
            ActivityTaskFailed(ProcessData-2, reason=Connection timeout)
            """
        assert lines(table) == [
            "Activity 'ProcessData' failed: Connection timeout",
            "Retrying activity: ProcessData (attempt 3)",
        ]

    def test_success(self):
        table = f"{PROCESSING}\n--- new\nActivityTaskCompleted(ProcessData-1)"
        assert lines(table) == [
            "Activity 'ProcessData' completed successfully",
            "Scheduling next activity: EnrichData",
        ]

    def test_time_out(self):
        end = "ActivityTaskTimedOut(ProcessData-1, timeoutType=START_TO_CLOSE)"
        assert lines(f"{PROCESSING}\n--- new\n{end}")[0] == (
            "Activity 'ProcessData' timed out: START_TO_CLOSE"
        )

    def test_each_line_knows_its_step_and_attempt(self):
        table = f"{PROCESSING}\n--- new\nActivityTaskFailed(ProcessData-1, reason=boom)"
        found = answer(table)
        assert found.order_id == "ORD-1"
        assert [(line.step, line.attempt) for line in found.lines] == [
            ("ProcessData", 1),
            ("ProcessData", 2),
        ]


class TestLongTexts:
    """Nothing above 32,768 characters goes out; nothing is lost either."""

    def test_an_input_too_long_goes_by_reference_and_is_handed_over_for_storing(self):
        order = {"order_id": "ORD-1", "note": "é" * 32_700}
        found = answer(f"Started({json.dumps(order, ensure_ascii=False)})\ndone(ValidateInput-1)")
        (schedule,) = found.decisions
        (text,) = found.payloads
        sent = payload_of(schedule)
        assert sent.keys() == {"order_id", "local_key"}
        assert json.loads(text)["note"] == order["note"]

    def test_the_same_history_refers_to_the_same_payload(self):
        table = f'Started({{"order_id": "X", "note": "{"n" * 32_760}"}})'
        assert answer(table) == answer(table)

    def test_an_order_given_by_reference_is_passed_on_by_reference(self):
        order = {"order_id": "X", "s3_bucket": "my-bucket", "s3_key": "data/large-file.json"}
        (schedule,) = answer(f"Started({json.dumps(order)})").decisions
        assert payload_of(schedule) == {**order, "results": {}}

    def test_a_long_reason_is_cut(self):
        reason = "items.0.sku: " + "𝄞" * 250
        table = f"""
            Started
            ActivityTaskScheduled(ValidateInput-1)
            ActivityTaskFailed(ValidateInput-1, reason={reason}, {FINAL})
            """
        (fail,) = decisions(table)
        assert fail.endswith("…)")

    def test_a_result_that_is_no_json_travels_as_text(self):
        table = """
            Started
            ActivityTaskScheduled(ValidateInput-1)
            ActivityTaskCompleted(ValidateInput-1, result=fine)
            """
        (schedule,) = answer(table).decisions
        assert payload_of(schedule)["results"] == {"ValidateInput": "fine"}


def resume(step):
    return f'WorkflowExecutionSignaled(RESUME_FROM_STEP, input={{"step_name": "{step}"}})'


PROCESSING = """
    Started
    done(ValidateInput-1)
    ActivityTaskScheduled(ProcessData-1)
    """
ENRICHING = """
    Started
    done(ValidateInput-1, ProcessData-1)
    ActivityTaskScheduled(EnrichData-1)
    """
ALL_DONE = """
    Started
    done(ValidateInput-1, ProcessData-1, EnrichData-1, SaveResults-1, NotifyCompletion-1)
    """
SAVING_FOR_THE_THIRD_TIME = """
    Started
    done(ValidateInput-1, ProcessData-1, EnrichData-1)
    ActivityTaskScheduled(SaveResults-1)
    ActivityTaskFailed(SaveResults-1, reason=disk full)
    ActivityTaskScheduled(SaveResults-2)
    ActivityTaskFailed(SaveResults-2, reason=disk full)
    ActivityTaskScheduled(SaveResults-3)
    """
SAVE_BROKEN = f"{SAVING_FOR_THE_THIRD_TIME}\nActivityTaskFailed(SaveResults-3, reason=disk full)"
MARKED = (
    'MarkerRecorded(ROLLBACK_INITIATED, details={"failed_activity": "SaveResults", '
    '"reason": "Max retries exceeded", "last_error": "disk full", '
    '"step_to_rollback": "SaveResults", "canceling": false})'
)
RESUMED_ENRICH = (
    'MarkerRecorded(RESUME_FROM_STEP, details={"step_name": "EnrichData", "event_id": 99})'
)
FINAL = 'details={"retryable": false}'
