"""Starting, watching, canceling and terminating orders; for resuming see test_resume.py."""

import io
import json
import uuid
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from orders import aws, errors, messages
from tests.orders.little_swf import attributes_of, fault
from tests.orders.tables import ORDER


class TestStart:
    def test_returns_the_ids(self, house, monkeypatch):
        known = uuid.UUID("a1b2c3d4-e5f6-7890-abcd-ef1234567890")
        monkeypatch.setattr(uuid, "uuid4", lambda: known)
        assert house.start() == {"workflow_id": f"workflow-{known}", "run_id": "run-1="}

    def test_states_every_setting_and_tags_the_order(self, house):
        started = attributes_of(house.run(house.start()).events[0])
        assert started["tagList"] == ["ORD-1"]
        assert started["taskList"] == {"name": "orders-decisions"}
        assert started["executionStartToCloseTimeout"] == "604800"
        assert started["taskStartToCloseTimeout"] == "60"
        assert json.loads(started["input"]) == ORDER

    def test_optional_steps_are_recorded_with_the_order(self, house):
        ids = house.start(optional_steps=("CallExternalAPI",))
        text = attributes_of(house.run(ids).events[0])["input"]
        assert json.loads(text)["_workflow"] == {"optional_steps": ["CallExternalAPI"]}
        house.work()
        assert house.done[2:4] == ["EnrichData", "CallExternalAPI"]

    def test_an_unknown_optional_step_is_refused(self, house):
        with pytest.raises(errors.UnknownStep, match="CallExternalAPI"):
            house.start(optional_steps=("Nope",))

    @pytest.mark.parametrize(
        ("order", "kind"),
        [(None, "null"), ("ORD-1", "a string"), (7, "a number"), (["ORD-1"], "an array")],
    )
    def test_what_is_no_json_object_is_refused(self, house, order, kind):
        with pytest.raises(errors.NotAnOrder, match=f"not {kind}$"):
            house.start(order)
        assert house.swf.runs == {}

    @pytest.mark.parametrize("value", [Decimal(1), {1, 2}, object(), b"x"])
    def test_what_cannot_be_written_as_json_is_refused(self, house, value):
        with pytest.raises(errors.NotAnOrder, match="JSON"):
            house.start({"order_id": "X", "total": value})

    @pytest.mark.parametrize("key", ["_workflow", "results", "step_to_rollback"])
    def test_reserved_keys_are_refused(self, house, key):
        with pytest.raises(errors.NotAnOrder, match=key):
            house.start({"order_id": "X", key: 1})

    @pytest.mark.parametrize("order", [{}, {"order_id": None}, {"order_id": "x" * 300}])
    def test_an_order_without_a_decent_id_is_started_and_fails_validation(self, house, order):
        ids = house.start(order)
        assert attributes_of(house.run(ids).events[0])["tagList"] == []
        house.work()
        reason = attributes_of(house.run(ids).events[-1])["reason"]
        assert reason.startswith("ValidateInput failed: ")
        assert "order_id" in reason

    def test_not_a_number_passes_the_starter_and_fails_validation(self, house):
        items = [{"sku": "A", "quantity": 1, "price": float("nan")}]
        ids = house.start({"order_id": "X", "items": items})
        house.work()
        assert "items.0.price" in attributes_of(house.run(ids).events[-1])["reason"]

    def test_a_large_order_goes_by_reference_all_the_way(self, house):
        items = [{"sku": f"P{n}", "name": "ção" * 9, "quantity": 1, "price": 1} for n in range(900)]
        ids = house.start({"order_id": "BIG", "items": items})
        house.work()
        run = house.run(ids)
        assert run.closed == "WorkflowExecutionCompleted"
        assert len(house.ports.store.find("BIG").content["order"]["items"]) == 900
        enriched = json.loads(attributes_of(completed(run, "EnrichData"))["result"])
        assert messages.is_reference(enriched)

    def test_an_order_kept_in_s3_is_read_by_whoever_starts_it(self, house, monkeypatch):
        kept = json.dumps({"order_id": "S3", "items": [{"sku": "A", "quantity": 1, "price": 2}]})
        monkeypatch.setattr(aws, "s3_client", lambda: Bucket({("mine", "data/large.json"): kept}))
        ids = house.start({"s3_bucket": "mine", "s3_key": "data/large.json"})
        house.work()
        assert house.run(ids).closed == "WorkflowExecutionCompleted"
        assert house.ports.store.find("S3").content["order"]["order_id"] == "S3"

    @pytest.mark.parametrize(
        ("kept", "says"),
        [
            (None, "cannot be read.*NoSuchKey"),
            ("{", "is not JSON"),
            ("[]", "not an array"),
            ('{"local_key": "x"}', "reference to an order"),
            ('{"s3_bucket": "other", "s3_key": "k"}', "reference to an order"),
        ],
    )
    def test_what_lies_in_s3_and_is_no_order_is_not_started(self, house, monkeypatch, kept, says):
        there = {} if kept is None else {("mine", "k"): kept}
        monkeypatch.setattr(aws, "s3_client", lambda: Bucket(there))
        with pytest.raises(errors.NotAnOrder, match=says):
            house.start({"s3_bucket": "mine", "s3_key": "k"})
        assert house.swf.runs == {}

    def test_a_missing_domain_says_what_to_do(self, house):
        house.swf.trouble.append(fault("UnknownResourceFault", "Unknown domain: orders"))
        with pytest.raises(errors.NotRegistered, match="python -m orders register"):
            house.start()


class Bucket:
    """What an S3 client is asked for, in memory."""

    def __init__(self, texts):
        self.texts = texts

    def get_object(self, **asked):
        where = (asked["Bucket"], asked["Key"])
        if where not in self.texts:
            raise fault("NoSuchKey", "The specified key does not exist.")
        return {"Body": io.BytesIO(self.texts[where].encode())}


class TestHistory:
    def test_has_all_pages(self, house):
        ids = house.start()
        house.work()
        house.swf.page_size = 7
        events = house.starter.get_workflow_history(ids["workflow_id"], ids["run_id"])
        assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["eventType"] == "WorkflowExecutionCompleted"
        assert events[0]["eventTimestamp"].year == 2031

    def test_of_an_unknown_run(self, house):
        with pytest.raises(errors.UnknownRun, match="'nope'"):
            house.starter.get_workflow_history("workflow-x", "nope")


class TestEnding:
    def test_terminate_closes_at_once_with_the_reason(self, house):
        ids = house.start()
        house.starter.terminate_workflow(**ids, reason="Pedido cancelado pelo cliente")
        last = house.run(ids).events[-1]
        assert last["eventType"] == "WorkflowExecutionTerminated"
        assert attributes_of(last)["reason"] == "Pedido cancelado pelo cliente"

    def test_a_long_reason_is_cut_and_kept_whole_in_the_details(self, house):
        ids = house.start()
        house.starter.terminate_workflow(**ids, reason="x" * 300)
        terminated = attributes_of(house.run(ids).events[-1])
        assert terminated["reason"] == "x" * 255 + "…"
        assert terminated["details"] == "x" * 300

    def test_cancel_takes_back_what_was_done(self, house):
        ids = house.start()
        house.broken.add("SaveResults")
        for _ in range(3):
            house.decider.poll_once()
            house.worker.poll_once()
        house.starter.cancel_workflow(**ids)
        house.work()
        assert house.run(ids).closed == "WorkflowExecutionCanceled"
        assert house.ports.payments.state(ids["workflow_id"]) == "released"

    @pytest.mark.parametrize("end", ["terminate_workflow", "cancel_workflow"])
    def test_a_closed_or_unknown_run(self, house, end):
        ids = house.start()
        house.work()
        with pytest.raises(errors.UnknownRun):
            getattr(house.starter, end)(**ids)


class TestMonitor:
    @pytest.fixture
    def said(self):
        return []

    def test_says_each_event_once_until_the_run_closes(self, house, said, monkeypatch):
        ids = house.start()
        naps = []

        def nap(seconds):
            naps.append(seconds)
            house.decider.poll_once()
            house.worker.poll_once()

        monkeypatch.setattr("time.sleep", nap)
        closed = house.starter.monitor_workflow(**ids, interval=3, say=said.append)
        assert closed == "WorkflowExecutionCompleted"
        assert said[0] == f"Monitorando workflow {ids['workflow_id']}..."
        assert said[1] == said[-2] == "=" * 60
        assert said[-1] == "Workflow finalizado: WorkflowExecutionCompleted"
        told = said[2:-2]
        assert len(told) == len(house.run(ids).events)
        assert told[0].startswith("[2031-03-07 11:42:05")
        assert set(naps) == {3}

    @pytest.mark.parametrize(
        "close",
        ["Completed", "Failed", "Canceled", "Terminated", "TimedOut", "ContinuedAsNew"],
    )
    def test_ends_at_every_kind_of_close(self, house, said, monkeypatch, close):
        ids = house.start()
        event = {"eventType": f"WorkflowExecution{close}", "eventTimestamp": 1, "eventId": 3}
        house.run(ids).events.append(event)
        monkeypatch.setattr("time.sleep", lambda _: pytest.fail("should have ended"))
        house.starter.monitor_workflow(**ids, say=said.append)
        assert said[-1] == f"Workflow finalizado: WorkflowExecution{close}"

    def test_the_user_may_interrupt(self, house, said, monkeypatch):
        def interrupt(_):
            raise KeyboardInterrupt

        monkeypatch.setattr("time.sleep", interrupt)
        assert house.starter.monitor_workflow(**house.start(), say=said.append) is None
        assert said[-1] == "\nMonitoramento interrompido pelo usuário"

    def test_passing_trouble_is_told_and_sat_out(self, house, said, monkeypatch):
        ids = house.start()
        house.starter.terminate_workflow(**ids)
        house.swf.trouble.append(fault("ThrottlingException", "Rate exceeded"))
        naps = []
        monkeypatch.setattr("time.sleep", naps.append)
        assert house.starter.monitor_workflow(**ids, say=said.append) is not None
        assert "Erro ao monitorar" in said[2]
        assert naps == [5]

    def test_lasting_trouble_ends_it(self, house, said):
        assert house.starter.monitor_workflow("w", "nope", say=said.append) is None
        assert said[-1].startswith("Erro ao monitorar: SWF knows no run 'nope'")


class TestBatch:
    ORDERS = ({"order_id": "A"}, "not an order", {"items": []}, {"order_id": "D", "x": {1}}, ORDER)

    def test_goes_on_after_a_bad_order_and_reports_it(self, house, monkeypatch):
        said, naps = [], []
        monkeypatch.setattr("time.sleep", naps.append)
        report = house.starter.start_batch(self.ORDERS, say=said.append)
        assert len(report.workflow_ids) == 3
        assert [(position, order_id) for position, order_id, _ in report.failed] == [
            (2, "?"),
            (4, "D"),
        ]
        assert said[0] == "Processando lote de 5 pedidos..."
        assert said[1] == "[1/5] Pedido A iniciado"
        assert said[2].startswith("[2/5] Erro ao processar ?: an order is a JSON object")
        assert said[3] == "[3/5] Pedido ? iniciado"
        assert said[4].startswith("[4/5] Erro ao processar D: ")
        assert said[-1] == "\nTotal processado: 3/5"
        assert set(naps) == {0.5}

    def test_returns_the_workflow_ids_as_in_the_usage_examples(self, house):
        ids = house.starter.process_batch([ORDER, None, ORDER], delay=0, say=lambda _: None)
        assert [run.ids["workflowId"] for run in house.swf.runs.values()] == ids

    def test_goes_on_after_aws_says_no(self, house):
        trouble = [fault("ThrottlingException", "Rate exceeded"), None]
        trouble.insert(1, EndpointConnectionError(endpoint_url="https://swf.test"))
        house.swf.trouble.extend(trouble)
        report = house.starter.start_batch([ORDER] * 3, delay=0, say=lambda _: None)
        assert (len(report.workflow_ids), len(report.failed)) == (1, 2)

    @pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
    def test_a_delay_nobody_can_wait_is_refused_before_the_first_start(self, house, seconds):
        with pytest.raises(ValueError, match="from 0 to 86400"):
            house.starter.process_batch([ORDER], delay=seconds, say=lambda _: None)
        assert house.swf.log == []

    def test_an_empty_batch(self, house):
        assert house.starter.process_batch([], say=lambda _: None) == []


def test_what_aws_does_not_let_us_do_is_raised_as_it_came(house):
    house.swf.trouble.append(fault("AccessDeniedException", "no"))
    with pytest.raises(ClientError, match="AccessDenied"):
        house.start()


def completed(run, step):
    for event in run.events:
        if event["eventType"] == "ActivityTaskCompleted":
            scheduled = run.events[attributes_of(event)["scheduledEventId"] - 1]
            if attributes_of(scheduled)["activityType"]["name"] == step:
                return event
    raise AssertionError(f"{step} never completed")
