"""Resuming an order from a step: a closed run is started anew, an open one signalled."""

import json

import pytest

from orders import errors
from tests.orders.little_swf import attributes_of


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
