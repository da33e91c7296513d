"""What the workflow does next while all goes well, how it closes, what it logs and carries."""

import json

import pytest

from orders.decider import decide
from tests.orders.shapes import ALL_DONE, FINAL, PROCESSING, WAIT, resume
from tests.orders.tables import answer, decisions, history, lines, payload_of


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
            failed(ValidateInput-1, reason={reason}, {FINAL})
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
