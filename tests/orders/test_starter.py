"""Starting, watching, resuming, canceling and terminating orders."""

import json
import uuid
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from orders import errors, messages
from orders.activity_worker import ActivityWorker
from orders.decision_worker import DecisionWorker
from orders.gateways.memory import memory_ports
from orders.settings import Settings
from orders.workflow_starter import WorkflowStarter
from tests.orders.little_swf import LittleSwf, attributes_of, fault
from tests.orders.tables import ORDER


class House:
    """A little SWF with a starter and both workers; `broken` steps fail while they are in it."""

    def __init__(self):
        settings = Settings()
        self.swf = LittleSwf()
        self.ports = memory_ports()
        self.starter = WorkflowStarter(self.swf, settings, payloads=self.ports.payloads)
        self.decider = DecisionWorker(self.swf, settings, payloads=self.ports.payloads)
        self.worker = ActivityWorker(self.swf, settings, self.ports)
        self.broken = set()
        self.done = []
        for name, activity in self.worker.activities.items():
            self.worker.activities[name] = self._watched(name, activity)

    def _watched(self, name, activity):
        def watched(input_data):
            if name in self.broken:
                raise RuntimeError(f"{name} is broken")
            self.done.append(name)
            return activity(input_data)

        return watched

    def start(self, order=ORDER, **how):
        return self.starter.start_workflow(order, **how)

    def work(self):
        """Until nothing is left to do."""
        while self.decider.poll_once() or self.worker.poll_once():
            pass

    def saved(self):
        """The ids of an order that is on record and paid, and nobody was told of it yet."""
        ids = self.start()
        while "SaveResults" not in self.done:
            self.decider.poll_once()
            self.worker.poll_once()
        return ids

    def run(self, ids):
        return self.swf.runs[ids["run_id"]]

    def resume(self, ids, step):
        return self.starter.resume_workflow_from_step(
            workflow_id=ids["workflow_id"], run_id=ids["run_id"], step_name=step
        )


@pytest.fixture
def house():
    return House()


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

    def test_a_missing_domain_says_what_to_do(self, house):
        house.swf.trouble.append(fault("UnknownResourceFault", "Unknown domain: orders"))
        with pytest.raises(errors.NotRegistered, match="python -m orders register"):
            house.start()


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


class TestResumeClosed:
    def test_goes_on_from_the_named_step_under_the_same_workflow_id(self, house):
        house.broken.add("EnrichData")
        ids = house.start()
        house.work()
        assert house.run(ids).closed == "WorkflowExecutionFailed"

        house.broken.clear()
        house.done.clear()
        again = house.resume(ids, "EnrichData")
        house.work()
        assert again["workflow_id"] == ids["workflow_id"]
        assert again["run_id"] != ids["run_id"]
        assert house.done == ["EnrichData", "SaveResults", "NotifyCompletion"]
        run = house.run(again)
        assert run.closed == "WorkflowExecutionCompleted"
        assert run.text()[1:3] == [
            "MarkerRecorded(RESUME_FROM_STEP)",
            "ActivityTaskScheduled(EnrichData-1)",
        ]
        record = house.ports.store.find("ORD-1")
        assert record.status == "saved"
        assert house.ports.payments.state(record.payment_key) == "captured"

    def test_a_resumed_run_can_be_resumed(self, house):
        house.broken.add("NotifyCompletion")
        ids = house.start(optional_steps=("CallExternalAPI",))
        house.work()
        second = house.resume(ids, "SaveResults")
        house.work()
        house.broken.clear()
        third = house.resume(second, "SaveResults")
        control = json.loads(attributes_of(house.run(third).events[0])["input"])["_workflow"]
        assert control["resume"]["runs"] == [ids["run_id"], second["run_id"]]
        assert control["optional_steps"] == ["CallExternalAPI"]
        assert list(control["results"])[-2:] == ["EnrichData", "CallExternalAPI"]
        house.work()
        assert house.run(third).closed == "WorkflowExecutionCompleted"

    @pytest.mark.parametrize("end", ["terminated", "canceled"])
    def test_however_it_was_closed(self, house, end):
        ids = house.start()
        for _ in range(3):
            house.decider.poll_once()
            house.worker.poll_once()
        if end == "terminated":
            house.starter.terminate_workflow(**ids)
        else:
            house.starter.cancel_workflow(**ids)
            house.work()
        again = house.resume(ids, "SaveResults")
        house.work()
        assert house.run(again).closed == "WorkflowExecutionCompleted"

    def test_large_results_are_carried_by_reference(self, house):
        items = [{"sku": f"P{n}" * 9, "quantity": 1, "price": 1} for n in range(600)]
        house.broken.add("SaveResults")
        ids = house.start({"order_id": "BIG", "items": items})
        house.work()
        house.broken.clear()
        stored = len(house.ports.payloads.texts)
        again = house.resume(ids, "SaveResults")
        assert len(house.ports.payloads.texts) == stored
        house.work()
        assert house.run(again).closed == "WorkflowExecutionCompleted"
        assert len(house.ports.store.find("BIG").content["results"]["EnrichData"]["lines"]) == 600

    def test_a_completed_run_has_nothing_to_resume(self, house):
        ids = house.start()
        house.work()
        with pytest.raises(errors.RunCompleted, match="nothing to resume"):
            house.resume(ids, "SaveResults")

    def test_a_step_whose_predecessors_never_completed(self, house):
        house.broken.add("ProcessData")
        ids = house.start()
        house.work()
        with pytest.raises(errors.StepNotReached, match="ProcessData, EnrichData") as refused:
            house.resume(ids, "SaveResults")
        assert "resume from ProcessData" in str(refused.value)

    def test_an_order_that_was_taken_back_must_be_saved_again(self, house):
        house.broken.add("NotifyCompletion")
        ids = house.start()
        house.work()
        assert house.ports.store.find("ORD-1").status == "rolled_back"
        with pytest.raises(errors.TakenBack, match="resume from SaveResults or an earlier step"):
            house.resume(ids, "NotifyCompletion")
        house.broken.clear()
        again = house.resume(ids, "SaveResults")
        house.work()
        assert house.run(again).closed == "WorkflowExecutionCompleted"
        assert house.ports.store.find("ORD-1").status == "saved"

    def test_also_when_it_was_canceled_after_saving(self, house):
        ids = house.saved()
        house.starter.cancel_workflow(**ids)
        house.work()
        assert house.run(ids).closed == "WorkflowExecutionCanceled"
        assert house.ports.payments.state(ids["workflow_id"]) == "refunded"
        with pytest.raises(errors.TakenBack, match="SaveResults"):
            house.resume(ids, "NotifyCompletion")

    @pytest.mark.parametrize("rollback_step", ["RollbackStep", "CompensateTransaction"])
    def test_also_when_only_half_of_it_was_taken_back(self, house, rollback_step):
        house.broken.update(["NotifyCompletion", rollback_step])
        ids = house.start()
        house.work()
        with pytest.raises(errors.TakenBack, match="SaveResults"):
            house.resume(ids, "NotifyCompletion")
        house.broken.clear()
        again = house.resume(ids, "SaveResults")
        house.work()
        assert house.run(again).closed == "WorkflowExecutionCompleted"

    def test_also_when_it_was_terminated_while_being_taken_back(self, house):
        ids = house.saved()
        house.starter.cancel_workflow(**ids)
        house.decider.poll_once()  # the cancel request, and RollbackStep
        house.worker.poll_once()
        house.starter.terminate_workflow(**ids)
        with pytest.raises(errors.TakenBack, match="SaveResults"):
            house.resume(ids, "NotifyCompletion")

    def test_an_order_that_stands_is_resumed_behind_saving(self, house):
        ids = house.saved()
        house.starter.terminate_workflow(**ids)
        again = house.resume(ids, "NotifyCompletion")
        house.done.clear()
        house.work()
        assert house.done == ["NotifyCompletion"]
        assert house.run(again).closed == "WorkflowExecutionCompleted"

    def test_a_run_that_a_later_one_carried_on_is_resumed_no_more(self, house):
        ids = house.saved()
        house.starter.terminate_workflow(**ids)
        house.broken.add("NotifyCompletion")
        later = house.resume(ids, "SaveResults")
        house.work()
        house.broken.clear()
        with pytest.raises(errors.RunSuperseded, match=f"carried on by run .{later['run_id']}"):
            house.resume(ids, "NotifyCompletion")

    def test_a_resumed_order_that_does_not_stand_is_not_completed(self, house):
        """Lists lag: the starter does not learn of the later run, the step looks for itself."""
        house.swf.lists_lag = True
        ids = house.saved()
        house.starter.terminate_workflow(**ids)
        house.broken.add("NotifyCompletion")
        house.resume(ids, "SaveResults")
        house.work()
        house.broken.clear()
        third = house.resume(ids, "NotifyCompletion")
        house.work()
        assert house.run(third).closed == "WorkflowExecutionFailed"
        reason = attributes_of(house.run(third).events[-1])["reason"]
        assert "record was rolled back" in reason
        assert house.ports.notifier.sent == {}

    def test_while_another_run_of_the_workflow_is_open(self, house):
        house.broken.add("EnrichData")
        ids = house.start()
        house.work()
        house.resume(ids, "EnrichData")
        with pytest.raises(errors.RunStillOpen, match="another run"):
            house.resume(ids, "EnrichData")

    def test_an_input_that_is_no_order(self, house):
        ids = house.start()
        house.run(ids).events[0]["workflowExecutionStartedEventAttributes"]["input"] = "?"
        house.work()
        with pytest.raises(errors.ResumeRefused, match="start the order again"):
            house.resume(ids, "ValidateInput")


class TestResumeOpen:
    def at_save_results(self, house):
        ids = house.start()
        for _ in range(3):
            house.decider.poll_once()
            house.worker.poll_once()
        house.decider.poll_once()
        return ids

    def test_is_signalled_and_goes_on_itself(self, house):
        ids = self.at_save_results(house)
        assert house.resume(ids, "EnrichData") == ids
        signaled = [e for e in house.run(ids).events if e["eventType"].endswith("Signaled")]
        assert json.loads(attributes_of(signaled[0])["input"]) == {"step_name": "EnrichData"}
        house.work()
        assert house.run(ids).closed == "WorkflowExecutionCompleted"
        assert house.done.count("EnrichData") == 2
        assert house.done.count("ProcessData") == 1

    def test_what_the_decider_would_ignore_is_refused(self, house):
        ids = self.at_save_results(house)
        with pytest.raises(errors.StepNotReached):
            house.resume(ids, "NotifyCompletion")
        with pytest.raises(errors.UnknownStep):
            house.resume(ids, "CallExternalAPI")
        house.starter.cancel_workflow(**ids)
        with pytest.raises(errors.ResumeRefused, match=r"being canceled.*then resume it$"):
            house.resume(ids, "EnrichData")
        assert "SignalWorkflowExecution" not in house.swf.log

    def test_while_it_is_taken_back_it_names_the_step_to_resume_from_later(self, house):
        ids = house.saved()
        house.starter.cancel_workflow(**ids)
        house.decider.poll_once()
        with pytest.raises(errors.ResumeRefused, match="resume it from SaveResults or an earlier"):
            house.resume(ids, "NotifyCompletion")

    def test_a_run_that_closes_just_before_the_signal_is_started_anew(self, house):
        ids = self.at_save_results(house)
        signal = house.swf.signal_workflow_execution

        def too_late(**it):
            house.starter.terminate_workflow(**ids)
            signal(**it)

        house.swf.signal_workflow_execution = too_late
        again = house.resume(ids, "EnrichData")
        assert again["run_id"] != ids["run_id"]

    @pytest.mark.parametrize("step", ["Nonsense", "RollbackStep", "CompensateTransaction", ""])
    def test_an_unknown_step(self, house, step):
        ids = self.at_save_results(house)
        with pytest.raises(errors.UnknownStep, match="ValidateInput, ProcessData"):
            house.resume(ids, step)

    def test_an_unknown_run(self, house):
        with pytest.raises(errors.UnknownRun):
            house.resume({"workflow_id": "w", "run_id": "r"}, "EnrichData")


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

    def test_an_empty_batch(self, house):
        assert house.starter.process_batch([], say=lambda _: None) == []


def test_what_aws_does_not_let_us_do_is_raised_as_it_came():
    house = House()
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
