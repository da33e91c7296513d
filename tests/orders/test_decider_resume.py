"""How the workflow goes back to a step: by signal in an open run, or as a run started anew."""

import json
from typing import ClassVar

import pytest

from tests.orders.shapes import (
    ALL_DONE,
    ENRICHING,
    MARKED,
    SAVE_BROKEN,
    SAVING_FOR_THE_THIRD_TIME,
    WAIT,
    resume,
    resumed,
)
from tests.orders.tables import ORDER, answer, decisions, lines, payload_of


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
            {resumed("EnrichData", 99)}
            done(EnrichData-1-resume1)
            """
        assert decisions(table) == ["ScheduleActivityTask(SaveResults-1-resume1)"]

    def test_attempts_count_afresh(self):
        table = f"""
            Started
            done(ValidateInput-1, ProcessData-1)
            failed(EnrichData-1, EnrichData-2, reason=bug)
            {resume("EnrichData")}
            {resumed("EnrichData", 99)}
            failed(EnrichData-1-resume1, reason=bug)
            """
        assert decisions(table) == ["ScheduleActivityTask(EnrichData-2-resume1)"]

    def test_a_step_at_work_is_not_scheduled_twice(self):
        table = f"{ENRICHING}\n{resume('EnrichData')}"
        assert decisions(table) == ["RecordMarker(RESUME_FROM_STEP)"]
        table += f"\n{resumed('EnrichData', 99)}\nActivityTaskFailed(EnrichData-1, reason=boom)"
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
            {resumed("ProcessData", 9)}
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
            {resumed("EnrichData", 17)}
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
            {resumed("ProcessData", 17)}
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
