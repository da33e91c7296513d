"""The work of each step, above all what happens when it is done twice, late, or after a rollback.

Everything runs against the ports in memory and against the same ports in a database.
"""

from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

import pytest

from orders import activities
from orders.errors import NotStanding, OrderTaken, PaymentRefused, RolledBack, TaskCanceled
from orders.gateways import ports_for
from orders.gateways.memory import memory_ports
from orders.settings import Settings
from orders.task import Task
from tests.orders.tables import ORDER

W1, W2 = "workflow-1", "workflow-2"


@pytest.fixture(params=["memory", "database"])
def ports(request):
    if request.param == "memory":
        yield memory_ports()
        return
    ports = ports_for(Settings(database_url="sqlite://", external_api_url="local"))
    yield ports
    ports.store._database.close()


def task(workflow_id=W1, run_id="run-1", step="SaveResults"):
    return Task(workflow_id, run_id, f"{step}-1", step)


def data(results=None, runs=(), **more):
    found = {**ORDER, "results": results or {}, **more}
    if runs:
        found["_workflow"] = {"runs": list(runs)}
    return found


def validate(ports, who=None, **how):
    return activities.validate_input(who or task(), data(**how), ports.store)


def process(ports, who=None, **how):
    return activities.process_data(who or task(), data(**how), ports.payments)


def save(ports, processed, who=None, **how):
    results = {"ValidateInput": {}, "ProcessData": processed}
    return activities.save_results(who or task(), data(results, **how), ports)


def roll_back(ports, who=None, **how):
    """RollbackStep and CompensateTransaction."""
    given = data(step_to_rollback="SaveResults", **how)
    taken_back = activities.rollback_step(who or task(), given, ports.store)
    activities.compensate_transaction(who or task(), given, ports)
    return taken_back["record_taken_back"]


class TestProcessData:
    def test_holds_the_total_and_tells_the_key(self, ports):
        processed = process(ports)
        assert processed["total"] == "10.00"
        assert processed["payment_key"] == W1
        assert ports.payments.state(W1) == "authorized"

    def test_twice_is_once(self, ports):
        assert process(ports) == process(ports)

    def test_after_the_money_was_released_it_comes_too_late(self, ports):
        roll_back(ports)
        with pytest.raises(PaymentRefused):
            process(ports)

    def test_another_amount_under_the_same_key_is_refused(self, ports):
        process(ports)
        with pytest.raises(PaymentRefused, match=r"holds 10\.00"):
            ports.payments.authorize(W1, Decimal("11.00"), "BRL", "ORD-1")

    def test_a_resumed_run_goes_on_with_what_an_earlier_run_holds(self, ports):
        process(ports)
        assert process(ports, task(run_id="run-2"), runs=["run-1"])["payment_key"] == W1

    def test_a_resumed_run_after_a_rollback_holds_the_money_under_its_own_key(self, ports):
        process(ports)
        roll_back(ports)
        key = process(ports, task(run_id="run-2"), runs=["run-1"])["payment_key"]
        assert key == f"{W1}/run-2"
        assert ports.payments.state(key) == "authorized"

    def test_and_the_run_after_that_goes_on_with_it(self, ports):
        process(ports)
        roll_back(ports)
        process(ports, task(run_id="run-2"), runs=["run-1"])
        third = process(ports, task(run_id="run-3"), runs=["run-1", "run-2"])
        assert third["payment_key"] == f"{W1}/run-2"


class TestSaveResults:
    def test_puts_the_order_on_record_and_takes_the_money(self, ports):
        saved = save(ports, process(ports))
        assert saved["status"] == "saved"
        record = ports.store.find("ORD-1")
        assert record.content["order"] == ORDER
        assert record.content["results"].keys() == {"ValidateInput", "ProcessData"}
        assert ports.payments.state(W1) == "captured"

    def test_unicode_is_kept(self, ports):
        save(ports, process(ports), customer={"id": "1", "name": "João 漢 𝄞"})
        assert ports.store.find("ORD-1").content["order"]["customer"]["name"] == "João 漢 𝄞"

    def test_saved_already_it_finds_its_own_record_and_says_so(self, ports, caplog):
        caplog.set_level("INFO")
        first = save(ports, process(ports))
        assert "already saved" not in caplog.text
        assert save(ports, process(ports)) == first
        (line,) = [each for each in caplog.records if "already saved" in each.message]
        assert line.message == "Order ORD-1 already saved, skipping"
        assert (line.order_id, line.step, line.workflow_id) == ("ORD-1", "SaveResults", W1)

    def test_an_attempt_that_died_before_the_money_was_taken_is_completed_by_the_next(self, ports):
        processed = process(ports)
        capture, ports.payments.capture = ports.payments.capture, fail
        with pytest.raises(ConnectionError):
            save(ports, processed)
        ports.payments.capture = capture
        save(ports, processed)
        assert ports.payments.state(W1) == "captured"

    def test_other_content_after_a_resume_replaces_the_record(self, ports):
        save(ports, process(ports))
        save(ports, process(ports), note="enriched anew")
        assert ports.store.find("ORD-1").content["order"]["note"] == "enriched anew"

    def test_an_order_another_workflow_saved_stays_as_it_is(self, ports):
        save(ports, process(ports))
        other = task(W2)
        processed = process(ports, other)
        with pytest.raises(OrderTaken, match=f"saved by workflow {W1}, and not placed a second"):
            save(ports, processed, other)
        assert ports.store.find("ORD-1").workflow_id == W1
        assert ports.payments.state(W1) == "captured"

    def test_with_other_content_the_customer_is_told_no_total_of_the_other(self, ports):
        save(ports, process(ports))
        other, dearer = task(W2), [{"sku": "A", "quantity": 2, "price": 10.0}]
        processed = process(ports, other, items=dearer)
        with pytest.raises(OrderTaken, match=rf"{W1} with other content, total 10\.00: order_id"):
            save(ports, processed, other, items=dearer)

    def test_validation_says_so_before_any_money_is_held(self, ports):
        save(ports, process(ports))
        with pytest.raises(OrderTaken, match=W1):
            validate(ports, task(W2))
        with pytest.raises(OrderTaken, match="other content"):
            validate(ports, task(W2), note="another")
        assert validate(ports)["status"] == "validated"

    def test_what_another_workflow_took_back_is_valid_again(self, ports):
        save(ports, process(ports))
        roll_back(ports)
        assert validate(ports, task(W2))["status"] == "validated"

    def test_also_when_the_other_saves_just_before(self, ports):
        save(ports, process(ports))
        other = task(W2)
        processed = process(ports, other)

        class TooEarly:
            save = staticmethod(ports.store.save)

            def find(self, order_id):
                return None

        with pytest.raises(OrderTaken, match=W1):
            save(replace(ports, store=TooEarly()), processed, other)
        assert ports.store.find("ORD-1").workflow_id == W1

    def test_the_rollback_of_the_second_lets_all_its_money_go(self, ports):
        save(ports, process(ports))
        other, runs = task(W2, "run-8"), ["run-7"]
        process(ports, other, runs=runs)
        roll_back(ports, other, runs=runs)
        assert ports.payments.state(W2) == "released"
        assert ports.payments.state(W1) == "captured"
        with pytest.raises(PaymentRefused):
            process(ports, other, runs=runs)

    def test_an_order_another_workflow_took_back_is_free_again(self, ports):
        save(ports, process(ports))
        roll_back(ports)
        other = task(W2, "run-9")
        assert save(ports, process(ports, other), other)["workflow_id"] == W2
        assert ports.store.find("ORD-1").status == "saved"

    def test_and_rolling_back_the_second_does_not_touch_the_first(self, ports):
        save(ports, process(ports))
        other = task(W2)
        process(ports, other)
        assert roll_back(ports, other) is False
        assert ports.store.find("ORD-1").status == "saved"
        assert ports.payments.state(W1) == "captured"

    def test_it_stops_at_a_safe_point_and_has_done_nothing(self, ports):
        processed = process(ports)
        stopped = task()
        stopped.stop_reason = "cancel requested"
        with pytest.raises(TaskCanceled):
            save(ports, processed, stopped)
        assert ports.store.find("ORD-1") is None
        assert ports.payments.state(W1) == "authorized"


class TestRollback:
    def test_takes_back_the_record_and_the_money(self, ports):
        save(ports, process(ports))
        assert roll_back(ports) is True
        assert ports.store.find("ORD-1").status == "rolled_back"
        assert ports.payments.state(W1) == "refunded"

    def test_twice_is_once(self, ports):
        save(ports, process(ports))
        assert roll_back(ports) is True
        assert roll_back(ports) is True
        assert ports.payments.state(W1) == "refunded"

    def test_of_an_order_never_saved_releases_what_is_held(self, ports):
        process(ports)
        assert roll_back(ports) is False
        assert ports.payments.state(W1) == "released"

    def test_of_an_order_without_an_id_has_nothing_to_take_back(self, ports):
        given = {"results": {}, "step_to_rollback": "ValidateInput"}
        assert activities.rollback_step(task(), given, ports.store)["record_taken_back"] is False
        activities.compensate_transaction(task(), given, ports)

    def test_a_save_that_comes_late_is_refused(self, ports):
        processed = process(ports)
        roll_back(ports)
        with pytest.raises(PaymentRefused):
            save(ports, processed)
        assert ports.store.find("ORD-1") is None

    def test_also_between_the_two_rollback_steps(self, ports):
        processed = process(ports)
        given = data(step_to_rollback="SaveResults")
        activities.rollback_step(task(), given, ports.store)
        with pytest.raises(RolledBack):
            save(ports, processed)
        assert ports.store.find("ORD-1") is None

    def test_a_resumed_run_may_save_again_and_holds_the_money_anew(self, ports):
        processed = process(ports)
        save(ports, processed)
        roll_back(ports)
        second = task(run_id="run-2")
        saved = save(ports, processed, second, runs=["run-1"])
        assert saved["payment_key"] == f"{W1}/run-2"
        assert ports.payments.state(f"{W1}/run-2") == "captured"
        assert ports.payments.state(W1) == "refunded"
        assert ports.store.find("ORD-1").status == "saved"


class TestLeftOverFromAnEarlierRun:
    """A run was terminated with a worker still at it; the order was resumed as run-2."""

    SECOND: ClassVar = {"who": task(run_id="run-2"), "runs": ["run-1"]}

    def test_its_save_after_that_of_the_later_run_is_refused(self, ports):
        processed = process(ports)
        save(ports, processed, **self.SECOND)
        with pytest.raises(RolledBack):
            save(ports, processed)

    def test_its_rollback_takes_nothing_back(self, ports):
        save(ports, process(ports), **self.SECOND)
        assert roll_back(ports) is False
        assert ports.store.find("ORD-1").status == "saved"
        assert ports.payments.state(W1) == "captured"

    def test_even_if_it_was_rolling_back_before(self, ports):
        processed = process(ports)
        given = data(step_to_rollback="SaveResults")
        activities.rollback_step(task(), given, ports.store)
        save(ports, processed, **self.SECOND)
        assert activities.rollback_step(task(), given, ports.store)["record_taken_back"] is False

    def test_a_record_it_saved_is_taken_back_with_the_later_run(self, ports):
        save(ports, process(ports))
        assert roll_back(ports, **self.SECOND) is True
        assert ports.payments.state(W1) == "refunded"
        again = replace(ports.store.find("ORD-1"), run_id="run-1", status="saved")
        with pytest.raises(RolledBack):
            ports.store.save(again)

    def test_money_it_holds_under_any_key_is_released_with_the_later_run(self, ports):
        process(ports)
        roll_back(ports)
        second = task(run_id="run-2")
        process(ports, second, runs=["run-1"])
        roll_back(ports, task(run_id="run-3"), runs=["run-1", "run-2"])
        assert ports.payments.state(f"{W1}/run-2") == "released"
        with pytest.raises(PaymentRefused):
            process(ports, second, runs=["run-1"])


class TestTwoRunsThatCarryOnFromTheSame:
    """run-1 was rolled back and resumed as run-2, which saved. Then run-1 was resumed once more,
    as run-3, which does not know of run-2."""

    THIRD: ClassVar = {"who": task(run_id="run-3"), "runs": ["run-1"]}

    @pytest.fixture
    def processed(self, ports):
        processed = process(ports)
        roll_back(ports)
        save(ports, processed, task(run_id="run-2"), runs=["run-1"])
        return processed

    def test_the_third_may_not_save_and_the_customer_pays_once(self, ports, processed):
        with pytest.raises(RolledBack, match="run-2 saved the order"):
            save(ports, processed, **self.THIRD)
        assert ports.payments.state(f"{W1}/run-2") == "captured"
        assert ports.payments.state(f"{W1}/run-3") == "none"

    def test_also_when_the_second_saves_just_before(self, ports, processed):
        record = replace(ports.store.find("ORD-1"), run_id="run-3")
        with pytest.raises(RolledBack, match="superseded by run-2"):
            ports.store.save(record, ["run-1"])

    def test_its_rollback_lets_go_of_what_it_held_itself_and_of_nothing_else(
        self, ports, processed
    ):
        key = process(ports, **self.THIRD)["payment_key"]
        assert roll_back(ports, **self.THIRD) is False
        assert ports.payments.state(key) == "released"
        assert ports.payments.state(f"{W1}/run-2") == "captured"
        assert ports.store.find("ORD-1").status == "saved"


class TestNotifyCompletion:
    """An order that does not stand is not complete, and nobody is told that it is."""

    def notify(self, ports, who=None, **how):
        given = data({"ProcessData": {"total": "10.00"}}, **how)
        return activities.notify_completion(who or task(), given, ports)

    def test_the_customer_is_told_once_per_workflow(self):
        ports = memory_ports()
        customer = {"id": "C", "email": "a@b.c"}
        save(ports, process(ports))
        for run_id in ("run-1", "run-1", "run-2"):
            self.notify(ports, task(run_id=run_id), customer=customer)
        ((key, message),) = ports.notifier.sent.items()
        assert key.startswith(W1)
        assert message["email"] == "a@b.c"
        assert message["total"] == "10.00"

    def test_of_an_order_that_was_rolled_back(self, ports):
        save(ports, process(ports))
        given = data(step_to_rollback="SaveResults")
        activities.rollback_step(task(), given, ports.store)
        with pytest.raises(NotStanding, match=r"record was rolled back.*resume from SaveResults"):
            self.notify(ports)

    def test_of_an_order_whose_money_was_given_back(self, ports):
        save(ports, process(ports))
        ports.payments.release(W1)
        with pytest.raises(NotStanding, match="payment is refunded"):
            self.notify(ports)

    def test_of_an_order_that_only_another_workflow_saved(self, ports):
        save(ports, process(ports))
        with pytest.raises(NotStanding, match="this workflow has no record"):
            self.notify(ports, task(W2))

    def test_of_an_order_nobody_saved(self, ports):
        with pytest.raises(NotStanding, match="no record"):
            self.notify(ports)


class TestPaymentKeys:
    def test_money_never_held_cannot_be_taken(self, ports):
        with pytest.raises(PaymentRefused, match="not held"):
            ports.payments.capture("nobody")
        assert ports.payments.state("nobody") == "none"

    def test_released_money_cannot_be_taken(self, ports):
        process(ports)
        assert ports.payments.release(W1) == "released"
        with pytest.raises(PaymentRefused):
            ports.payments.capture(W1)

    def test_a_key_released_before_it_was_used_is_blocked(self, ports):
        assert ports.payments.release("later") == "released"
        with pytest.raises(PaymentRefused, match="was released"):
            ports.payments.authorize("later", Decimal(1), "BRL", "ORD-1")

    def test_taken_twice_and_given_back_twice_is_once(self, ports):
        process(ports)
        ports.payments.capture(W1)
        ports.payments.capture(W1)
        assert ports.payments.authorize(W1, Decimal("10.00"), "BRL", "ORD-1") == "captured"
        assert ports.payments.release(W1) == "refunded"
        assert ports.payments.release(W1) == "refunded"


class TestOtherSteps:
    def test_enrich_data_adds_up_each_line(self):
        order = {
            "order_id": "X",
            "items": [{"sku": "A", "quantity": 2, "unit_price": 50.0, "discount": 0.05}],
            "customer": {"id": "C", "tier": "premium"},
            "shipping": {"cost": 25},
        }
        enriched = activities.enrich_data(task(), order)
        assert enriched["lines"] == [{"sku": "A", "quantity": 2, "line_total": "95.00"}]
        assert enriched["customer_tier"] == "premium"
        assert enriched["shipping_cost"] == "25.00"

    def test_enrich_data_stops_at_a_safe_point(self):
        stopped = task()
        stopped.stop_reason = "cancel requested"
        with pytest.raises(TaskCanceled):
            activities.enrich_data(stopped, ORDER)

    def test_the_external_api_is_asked_about_the_order(self, ports):
        answer = activities.call_external_api(task(), data(), ports.external_api)
        assert answer["status"] == "api_called"
        assert answer["order_id"] == "ORD-1"
        assert answer["external_data"]["known"] is True
        assert answer["called_at"] > 0


def fail(*_):
    raise ConnectionError("payment service is gone")
