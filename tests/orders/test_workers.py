"""The two loops: what they ask SWF, and that neither trouble nor surprises stop them."""

import json
import logging
import threading

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from orders import aws, messages, progress
from orders.activity_worker import ActivityWorker
from orders.decision_worker import DecisionWorker
from orders.errors import NonRetryable, NotRegistered, PaymentRefused
from orders.gateways.memory import memory_ports
from orders.settings import Settings
from orders.task import Heartbeat, Task
from orders.workflow_starter import WorkflowStarter
from tests.orders.little_swf import LittleSwf, attributes_of, fault
from tests.orders.tables import ORDER

URL = "https://swf.test"
PASSING = [
    fault("ThrottlingException", "Rate exceeded"),
    fault("LimitExceededFault", "too many pollers"),
    fault("InternalFailure", "", status=500),
    fault("Whatever", "", status=503),
    EndpointConnectionError(endpoint_url=URL),
    ConnectTimeoutError(endpoint_url=URL),
    ReadTimeoutError(endpoint_url=URL),
]


class Floor:
    """One order, its two workers, and no waiting: naps are written down."""

    def __init__(self, monkeypatch):
        self.settings = Settings()
        self.swf = LittleSwf()
        self.ports = memory_ports()
        self.naps = []
        monkeypatch.setattr("time.sleep", self.naps.append)
        starter = WorkflowStarter(self.swf, self.settings, payloads=self.ports.payloads)
        self.ids = starter.start_workflow(ORDER)
        self.run = self.swf.runs[self.ids["run_id"]]
        self.decider = DecisionWorker(
            self.swf, self.settings, payloads=self.ports.payloads, identity="decider-7"
        )
        self.worker = ActivityWorker(self.swf, self.settings, self.ports, identity="worker-7")

    def last(self, kind):
        return [attributes_of(e) for e in self.run.events if e["eventType"] == kind][-1]

    def has(self, kind):
        return any(event["eventType"] == kind for event in self.run.events)

    def replace(self, activity):
        """Let ValidateInput, the first step, be this function."""
        self.worker.activities["ValidateInput"] = activity

    def first_step(self):
        self.decider.poll_once()
        self.worker.poll_once()

    def trouble_at(self, call, *errors):
        """Let the next calls of this method raise these errors before they get through."""
        errors, original = list(errors), getattr(self.swf, call)

        def troubled(**it):
            if errors:
                raise errors.pop(0)
            return original(**it)

        setattr(self.swf, call, troubled)


@pytest.fixture
def floor(monkeypatch):
    return Floor(monkeypatch)


class TestBothLoops:
    def test_an_empty_poll_is_no_work(self, floor):
        assert floor.worker.poll_once() is False
        floor.decider.poll_once()
        assert floor.decider.poll_once() is False

    @pytest.mark.parametrize(
        "empty", [{"startedEventId": 0}, {"taskToken": ""}, {"taskToken": None}]
    )
    def test_in_every_form_it_has_taken(self, floor, empty):
        floor.swf.poll_for_decision_task = floor.swf.poll_for_activity_task = lambda **_: empty
        assert floor.decider.poll_once() is False
        assert floor.worker.poll_once() is False

    def test_they_say_who_they_are(self, floor):
        floor.first_step()
        assert floor.last("DecisionTaskStarted")["identity"] == "decider-7"
        assert floor.last("ActivityTaskStarted")["identity"] == "worker-7"
        nameless = DecisionWorker(floor.swf, floor.settings)
        assert ":" in nameless.identity

    @pytest.mark.parametrize("error", PASSING, ids=repr)
    @pytest.mark.parametrize("who", ["decider", "worker"])
    def test_passing_trouble_with_a_poll_is_sat_out(self, floor, who, error):
        floor.swf.trouble.extend([error, error])
        worker = getattr(floor, who)
        assert worker.poll_once() is False
        assert worker.poll_once() is False
        assert floor.naps == [1, 2]
        worker.poll_once()
        floor.swf.trouble.append(error)
        worker.poll_once()
        assert floor.naps == [1, 2, 1]

    def test_the_pause_grows_to_half_a_minute(self, floor):
        floor.swf.trouble.extend(PASSING * 2)
        for _ in PASSING * 2:
            floor.decider.poll_once()
        assert max(floor.naps) == 30

    def test_an_unknown_domain_says_what_to_do(self, floor):
        floor.swf.trouble.append(fault("UnknownResourceFault", "Unknown domain: orders"))
        with pytest.raises(
            NotRegistered, match="Unknown domain: orders: run `python -m orders reg"
        ):
            floor.decider.run()

    @pytest.mark.parametrize(
        "error", [fault("AccessDeniedException", "no"), NoCredentialsError()], ids=repr
    )
    def test_what_waiting_does_not_mend_is_raised(self, floor, error):
        floor.swf.trouble.append(error)
        with pytest.raises(type(error)):
            floor.worker.run()

    def test_stop_ends_the_loop_after_the_task_at_hand(self, floor):
        floor.decider.poll_once()

        def stopping(input_data):
            floor.worker.stop()
            return {"done": True}

        floor.replace(stopping)
        floor.worker.run()
        assert json.loads(floor.last("ActivityTaskCompleted")["result"]) == {"done": True}

    def test_their_own_client_waits_longer_than_a_poll_takes(self, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
        monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
        config = aws.swf_client().meta.config
        assert config.read_timeout >= 70
        assert config.retries["mode"] == "standard"


class TestAnswers:
    @pytest.mark.parametrize("error", PASSING, ids=repr)
    def test_passing_trouble_does_not_lose_the_work(self, floor, error):
        floor.trouble_at("respond_decision_task_completed", error, error)
        floor.trouble_at("respond_activity_task_completed", error, error)
        floor.first_step()
        assert floor.has("ActivityTaskCompleted")
        assert floor.naps == [1, 2, 1, 2]

    def test_trouble_without_end_is_given_up(self, floor, caplog):
        floor.trouble_at("respond_activity_task_completed", *[PASSING[0]] * 1000)
        floor.first_step()
        assert 900 <= sum(floor.naps) < 1000
        assert "Answer not taken" in caplog.text
        assert floor.worker.poll_once() is False

    def test_at_a_stop_it_is_not_waited_for(self, floor):
        floor.trouble_at("respond_activity_task_completed", *[PASSING[0]] * 1000)
        floor.replace(lambda _: floor.worker.stop())
        floor.first_step()
        assert floor.naps == []

    def test_an_answer_that_comes_too_late_is_logged(self, floor, caplog):
        floor.replace(lambda _: floor.swf.time_out(floor.run, "ValidateInput-1"))
        floor.first_step()
        assert "Answer came too late: Unknown activity, scheduledEventId = 5" in caplog.text
        floor.decider.poll_once()
        assert "ValidateInput-2" in floor.run.open_activities

    def test_decisions_for_a_closed_run_are_logged(self, floor, caplog):
        starter = WorkflowStarter(floor.swf, floor.settings)
        poll = floor.swf.poll_for_decision_task

        def poll_then_close(**it):
            task = poll(**it)
            starter.terminate_workflow(**floor.ids)
            return task

        floor.swf.poll_for_decision_task = poll_then_close
        floor.decider.poll_once()
        assert "Answer came too late: Unknown execution" in caplog.text

    def test_decisions_that_swf_refuses_are_an_error_and_no_reason_to_die(self, floor, caplog):
        refusal = fault("ValidationException", "Close must be last decision in list")
        floor.trouble_at("respond_decision_task_completed", refusal)
        assert floor.decider.poll_once() is True
        errors = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert "Close must be last" in errors[0].message
        assert "ScheduleActivityTask" in errors[1].message
        assert errors[1].workflow_id == floor.ids["workflow_id"]


class TestDecisionWorker:
    def test_logs_the_usage_example_word_for_word(self, floor, caplog):
        caplog.set_level("INFO", "orders.decision_worker")

        def timed_out(input_data):
            raise RuntimeError("Connection timeout")

        work = floor.worker.activities["ProcessData"]
        floor.worker.activities["ProcessData"] = timed_out
        floor.first_step()
        for _ in range(2):
            floor.first_step()
        floor.worker.activities["ProcessData"] = work
        floor.first_step()
        floor.decider.poll_once()
        received = f"Received decision task for workflow: {floor.ids['workflow_id']}"
        told = [each for each in caplog.records if each.name == "orders.decision_worker"]
        assert [each.message for each in told[-9:]] == [
            received,
            "Activity 'ProcessData' failed: Connection timeout",
            "Retrying activity: ProcessData (attempt 2)",
            received,
            "Activity 'ProcessData' failed: Connection timeout",
            "Retrying activity: ProcessData (attempt 3)",
            received,
            "Activity 'ProcessData' completed successfully",
            "Scheduling next activity: EnrichData",
        ]
        retrying = told[-7]
        assert retrying.order_id == "ORD-1"
        assert retrying.step == "ProcessData"
        assert retrying.attempt == 2
        assert retrying.workflow_id == floor.ids["workflow_id"]

    @pytest.mark.parametrize("size", [1, 2, 3, 1000])
    def test_reads_all_pages_and_decides_alike(self, floor, size):
        floor.swf.page_size = size
        while floor.decider.poll_once() or floor.worker.poll_once():
            pass
        assert floor.run.closed == "WorkflowExecutionCompleted"
        assert len(floor.run.events) == 35

    def test_a_page_that_cannot_be_had_drops_the_task_it_is_not_decided_on_half(self, floor):
        floor.swf.page_size = 1
        refusal = fault("ValidationException", "Specified token has exceeded its maximum lifetime")
        floor.swf.trouble.extend([None, refusal])
        assert floor.decider.poll_once() is True
        assert "RespondDecisionTaskCompleted" not in floor.swf.log
        floor.swf.time_out_decision(floor.run)
        floor.decider.poll_once()
        assert "ValidateInput-1" in floor.run.open_activities

    def test_passing_trouble_with_a_page_is_sat_out(self, floor):
        floor.swf.page_size = 1
        floor.swf.trouble.extend([None, PASSING[0], PASSING[0]])
        floor.decider.poll_once()
        assert "ValidateInput-1" in floor.run.open_activities

    def test_a_decider_that_breaks_names_the_event_and_leaves_the_task_to_time_out(
        self, floor, caplog, monkeypatch
    ):
        def broken(*_):
            raise ZeroDivisionError("a bug")

        floor.first_step()
        with monkeypatch.context() as patch:
            react = "ActivityTaskCompleted"
            patch.setitem(progress._SEEN, react, (broken, "activityTaskCompletedEventAttributes"))
            assert floor.decider.poll_once() is True
        assert "events 4 to 9" in caplog.text
        assert "a bug\nat event 7, ActivityTaskCompleted" in caplog.text
        floor.swf.time_out_decision(floor.run)
        floor.decider.poll_once()
        assert "ProcessData-1" in floor.run.open_activities

    def test_stores_what_the_decisions_refer_to_before_it_sends_them(self, floor):
        order = {**ORDER, "order_id": "BIG", "note": "x" * 32_500}
        starter = WorkflowStarter(floor.swf, floor.settings, payloads=floor.ports.payloads)
        run = floor.swf.runs[starter.start_workflow(order)["run_id"]]
        assert floor.ports.payloads.texts == {}
        while floor.decider.poll_once() or floor.worker.poll_once():
            pass
        assert run.closed == "WorkflowExecutionCompleted"
        assert floor.ports.payloads.texts

    def test_nothing_is_sent_when_it_cannot_be_stored(self, floor):
        order = {"order_id": "BIG", "note": "x" * 32_740}
        WorkflowStarter(floor.swf, floor.settings).start_workflow(order)
        floor.decider.poll_once()
        floor.ports.payloads.save = broken_store
        floor.swf.log.clear()
        assert floor.decider.poll_once() is True
        assert "RespondDecisionTaskCompleted" not in floor.swf.log

    def test_says_nothing_when_nobody_listens(self, floor, caplog):
        caplog.set_level("ERROR")
        floor.decider.poll_once()
        assert caplog.records == []


class TestActivityWorker:
    def test_registers_every_step_under_its_name(self, floor):
        assert list(floor.worker.activities) == [
            "ValidateInput",
            "ProcessData",
            "EnrichData",
            "CallExternalAPI",
            "SaveResults",
            "NotifyCompletion",
            "RollbackStep",
            "CompensateTransaction",
        ]

    def test_a_new_activity_is_a_method_and_a_line(self, floor):
        class Mine(ActivityWorker):
            def __init__(self, *args):
                super().__init__(*args)
                self.activities["ValidateInput"] = self.validate_my_way

            def validate_my_way(self, input_data):
                return {"order": input_data.get("order_id"), "attempt": self.task.attempt}

        floor.decider.poll_once()
        Mine(floor.swf, floor.settings, floor.ports).poll_once()
        result = floor.last("ActivityTaskCompleted")["result"]
        assert json.loads(result) == {"order": "ORD-1", "attempt": 1}

    def test_activities_can_be_called_without_swf(self, floor):
        result = floor.worker.call_external_api({"order_id": "ORD-1"})
        assert result["external_data"] == {"order_id": "ORD-1", "known": True}

    def test_an_activity_nobody_registered_is_reported_and_the_loop_goes_on(self, floor):
        del floor.worker.activities["ValidateInput"]
        floor.first_step()
        failed = floor.last("ActivityTaskFailed")
        assert failed["reason"] == "Unknown activity type: ValidateInput"
        assert json.loads(failed["details"])["retryable"] is True
        floor.decider.poll_once()
        assert floor.worker.poll_once() is True

    @pytest.mark.parametrize(
        ("error", "reason", "retryable"),
        [
            (RuntimeError("Connection timeout"), "Connection timeout", True),
            (RuntimeError(), "RuntimeError", True),
            (NonRetryable("no use"), "no use", False),
            (PaymentRefused("declined"), "declined", False),
        ],
    )
    def test_a_failure_tells_the_reason_and_whether_to_try_again(
        self, floor, error, reason, retryable
    ):
        floor.replace(raising(error))
        floor.first_step()
        failed = floor.last("ActivityTaskFailed")
        assert failed["reason"] == reason
        details = json.loads(failed["details"])
        assert details["retryable"] is retryable
        assert details["error"] == type(error).__name__

    def test_a_reason_too_long_is_cut_and_kept_whole_in_the_details(self, floor):
        floor.replace(raising(RuntimeError("ã" * 5000)))
        floor.first_step()
        failed = floor.last("ActivityTaskFailed")
        assert failed["reason"] == "ã" * 255 + "…"
        assert json.loads(failed["details"])["message"] == "ã" * 5000

    def test_details_too_long_are_stored_and_referred_to(self, floor):
        floor.replace(raising(NonRetryable("x" * 40_000)))
        floor.first_step()
        details = json.loads(floor.last("ActivityTaskFailed")["details"])
        assert details["retryable"] is False
        stored = floor.ports.payloads.load(details["whole"])
        assert json.loads(stored)["message"] == "x" * 40_000

    def test_and_if_they_cannot_be_stored_the_failure_is_still_reported(self, floor):
        floor.ports.payloads.save = broken_store
        floor.replace(raising(RuntimeError("x" * 40_000)))
        floor.first_step()
        assert floor.last("ActivityTaskFailed")["reason"].startswith("xxx")

    def test_a_report_that_swf_refuses_is_made_in_fewer_words(self, floor):
        floor.trouble_at("respond_activity_task_failed", fault("ValidationException", "too long"))
        floor.replace(raising(RuntimeError("boom")))
        floor.first_step()
        assert floor.last("ActivityTaskFailed")["reason"] == "RuntimeError"

    def test_a_result_too_long_goes_by_reference(self, floor):
        floor.replace(lambda _: {"text": "x" * 40_000})
        floor.first_step()
        result = json.loads(floor.last("ActivityTaskCompleted")["result"])
        assert messages.is_reference(result)
        assert result["order_id"] == "ORD-1"

    def test_a_result_too_long_that_cannot_be_stored_is_a_failure(self, floor):
        floor.ports.payloads.save = broken_store
        floor.replace(lambda _: {"text": "x" * 40_000})
        floor.first_step()
        assert floor.last("ActivityTaskFailed")["reason"] == "store is gone"

    def test_a_result_that_is_no_json_is_a_failure(self, floor):
        floor.replace(lambda _: {"when": object()})
        floor.first_step()
        assert "not JSON serializable" in floor.last("ActivityTaskFailed")["reason"]

    def test_an_input_that_is_no_order_is_a_failure_not_worth_another_attempt(self, floor):
        floor.decider.poll_once()
        floor.run.events[4]["activityTaskScheduledEventAttributes"]["input"] = "nope"
        floor.worker.poll_once()
        failed = floor.last("ActivityTaskFailed")
        assert failed["reason"].startswith("input is not JSON")
        assert json.loads(failed["details"])["retryable"] is False

    def test_its_log_lines_name_order_step_and_attempt(self, floor, caplog):
        caplog.set_level("INFO", "orders.activity_worker")
        floor.first_step()
        (line,) = caplog.records
        assert line.message == "Executing: ValidateInput"
        assert (line.order_id, line.step, line.attempt) == ("ORD-1", "ValidateInput", 1)
        assert line.workflow_id == floor.ids["workflow_id"]

    def test_a_death_while_at_work_answers_nothing(self, floor):
        floor.replace(raising(SystemExit()))
        with pytest.raises(SystemExit):
            floor.first_step()
        assert "RespondActivityTaskFailed" not in floor.swf.log


class TestHeartbeat:
    """Beats come every third of the timeout; here a third is next to nothing."""

    def beat(self, client):
        task = Task("w", "r", "EnrichData-1", "EnrichData", token="t")
        beaten = threading.Event()
        original = client.record_activity_task_heartbeat

        def record(**it):
            try:
                return original(**it)
            finally:
                if len(client.beats) >= 2:
                    beaten.set()

        client.record_activity_task_heartbeat = record
        with Heartbeat(client, task, 0.001):
            beating = [t for t in threading.enumerate() if t.name == "heartbeat EnrichData-1"]
            assert beaten.wait(5)
        for thread in beating:
            thread.join(5)
            assert not thread.is_alive(), "still beats after the work is done"
        return task

    def test_goes_on_while_the_activity_works(self):
        client = Beaten({"cancelRequested": False})
        assert self.beat(client).stop_reason is None
        assert client.beats[0] == {"taskToken": "t"}

    def test_tells_the_task_that_cancellation_is_requested(self):
        task = self.beat(Beaten({"cancelRequested": True}))
        assert task.stop_reason == "cancel requested"

    def test_passing_trouble_is_no_reason_to_stop(self):
        task = self.beat(Beaten(PASSING[0]))
        assert task.stop_reason is None

    def test_a_task_swf_no_longer_knows_is_stopped(self):
        client = Beaten(fault("UnknownResourceFault", "Unknown activity, scheduledEventId = 5"))
        client.beats.append("one before")
        assert self.beat(client).stop_reason == "SWF no longer waits for this task"
        assert len(client.beats) == 2

    def test_a_step_without_heartbeat_has_no_thread(self):
        before = threading.active_count()
        with Heartbeat(Beaten(None), Task("w", "r", "a", "s"), None):
            assert threading.active_count() == before

    @pytest.mark.parametrize(("step", "every"), [("EnrichData", 20), ("ValidateInput", None)])
    def test_its_pace_follows_the_timeout_of_the_step(self, floor, step, every):
        assert floor.worker._beat_every_s(step) == every

    def test_a_canceled_activity_stops_at_its_safe_point_and_says_so(self, floor):
        def work(input_data):
            floor.worker.task.stop_reason = "cancel requested"
            return floor.worker.enrich_data(input_data)

        floor.replace(work)
        floor.first_step()
        canceled = floor.last("ActivityTaskCanceled")
        assert json.loads(canceled["details"])["reason"] == "cancel requested"


class Beaten:
    def __init__(self, answer):
        self.beats = []
        self._answer = answer

    def record_activity_task_heartbeat(self, **it):
        self.beats.append(it)
        if isinstance(self._answer, ClientError):
            raise self._answer
        return self._answer


def raising(error):
    def activity(input_data):
        raise error

    return activity


def broken_store(text):
    raise OSError("store is gone")
