"""What is held is taken exactly once or given back, whatever fails and whoever comes late.

Hypothesis plays the world: ports fail before or after they took effect, workers die, a worker left
over from a timed-out attempt carries on, runs are canceled, terminated and resumed, and the same
order is started twice.
"""

import contextlib
import itertools
from dataclasses import replace
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.activity_worker import ActivityWorker
from orders.decision_worker import DecisionWorker
from orders.errors import OrdersError
from orders.gateways import ports_for
from orders.gateways.memory import memory_ports
from orders.settings import Settings
from orders.workflow_starter import WorkflowStarter
from tests.orders.little_swf import LittleSwf, attributes_of
from tests.orders.tables import ORDER

IN_MEMORY = Settings(database_url="sqlite://")


class Flaky:
    """A port whose next call may raise before it takes effect, or after, or be overtaken."""

    def __init__(self, port, meanwhile):
        self._port = port
        self._meanwhile = meanwhile
        self.trouble = None

    def __getattr__(self, name):
        def call(*args, **named):
            trouble, self.trouble = self.trouble, None
            if trouble == "before":
                raise ConnectionError("lost before")
            if trouble == "overtaken":
                self._meanwhile()
            result = getattr(self._port, name)(*args, **named)
            if trouble == "after":
                raise ConnectionError("lost after")
            return result

        return call


class Shop:
    """Two workflows for one order, one decider, one activity worker, and what may befall them."""

    def __init__(self, choose, ports):
        self.choose = choose
        self.swf = LittleSwf()
        self.swf.lists_lag = choose(st.booleans())
        self.real = ports
        self.store = Flaky(ports.store, self.zombie_wakes)
        self.payments = Flaky(ports.payments, self.zombie_wakes)
        ports = replace(ports, store=self.store, payments=self.payments)
        self.starter = WorkflowStarter(self.swf, IN_MEMORY, payloads=ports.payloads)
        self.decider = DecisionWorker(self.swf, IN_MEMORY, payloads=ports.payloads)
        self.worker = ActivityWorker(self.swf, IN_MEMORY, ports)
        self.ghost = ActivityWorker(self.swf, IN_MEMORY, ports)
        self.zombies = []
        for _ in range(choose(st.integers(1, 2))):
            self.starter.start_workflow(ORDER)

    def moves(self):
        yield from ("decide", "decide", "work", "work", "work", "zombie", "die")
        yield from ("trouble", "trouble")
        if any(run.open_activities for run in self._open_runs()):
            yield "time out"
        if self.zombies:
            yield "zombie wakes"
        if self._open_runs():
            yield from ("cancel", "terminate", "resume")
        else:
            yield "resume"

    def happen(self, move):
        getattr(self, move.replace(" ", "_"))()

    def decide(self):
        self.decider.poll_once()

    def work(self):
        self.worker.poll_once()

    def zombie(self):
        """A worker takes a task and is not heard of for a while."""
        polled = self.swf.poll_for_activity_task(domain="d", taskList={"name": "l"})
        if polled.get("taskToken"):
            self.zombies.append(polled)

    def die(self):
        """A worker does the work and dies before it can say so."""
        polled = self.swf.poll_for_activity_task(domain="d", taskList={"name": "l"})
        if polled.get("taskToken"):
            answer, self.worker._answer = self.worker._answer, lambda *_, **__: None
            self.worker._work(polled)
            self.worker._answer = answer

    def zombie_wakes(self):
        if self.zombies:
            index = self.choose(st.integers(0, len(self.zombies) - 1))
            self.ghost._work(self.zombies.pop(index))

    def trouble(self):
        port = self.choose(st.sampled_from([self.store, self.payments]))
        port.trouble = self.choose(st.sampled_from(["before", "after", "overtaken"]))

    def time_out(self):
        run = self.choose(st.sampled_from([r for r in self._open_runs() if r.open_activities]))
        activity_id = self.choose(st.sampled_from(sorted(run.open_activities)))
        self.swf.time_out(run, activity_id)

    def cancel(self):
        self.starter.cancel_workflow(*self._some_open_run())

    def terminate(self):
        self.starter.terminate_workflow(*self._some_open_run(), "for the test")

    def resume(self):
        run = self.choose(st.sampled_from(list(self.swf.runs.values())))
        step = self.choose(st.sampled_from(["ProcessData", "SaveResults", "NotifyCompletion"]))
        with contextlib.suppress(OrdersError):
            self.starter.resume_workflow_from_step(*run.ids.values(), step)

    def settle(self):
        """From now on nothing fails; those left over from before wake up last."""
        self.store.trouble = self.payments.trouble = None
        for _ in range(400):
            if self.decider.poll_once() or self.worker.poll_once():
                continue
            stuck = [run for run in self._open_runs() if run.open_activities]
            if stuck:
                self.swf.time_out(stuck[0], min(stuck[0].open_activities))
            elif self.zombies:
                self.zombie_wakes()
            else:
                break
        open_runs = self._open_runs()
        assert not open_runs, open_runs[0].text()

    def _open_runs(self):
        return [run for run in self.swf.runs.values() if not run.closed]

    def _some_open_run(self):
        return self.choose(st.sampled_from(self._open_runs())).ids.values()


def check(shop):
    runs = shop.swf.runs.values()
    last_runs = {run.ids["workflowId"]: run for run in runs}
    completed = {
        run.ids["workflowId"] for run in runs if run.closed == "WorkflowExecutionCompleted"
    }
    assert len(completed) <= 1, "the same order was completed twice"
    keys = {key for run in shop.swf.runs.values() for key in _keys_of(run)}
    state = {key: shop.real.payments.state(key) for key in keys}
    record = shop.real.store.find("ORD-1")
    saved_by = record.workflow_id if record and record.status == "saved" else None
    clean = True
    for workflow_id, run in last_runs.items():
        told = str(attributes_of(run.events[-1]))
        # Only where lists lag can a run be resumed that is not the last of its workflow.
        looked_at = _runs_of(shop, workflow_id) if shop.swf.lists_lag else [run]
        mine = {key: state[key] for key in keys if key.startswith(workflow_id)}
        left = [key for key in mine if mine[key] in ("authorized", "captured")]
        if workflow_id in completed:
            assert saved_by == workflow_id, "completed, and not on record"
            assert mine[record.payment_key] == "captured", mine
        if any(map(_is_left_to_people, looked_at)):
            clean = False
        elif workflow_id in completed:
            assert left == [record.payment_key], mine
        else:
            assert not left, f"{run.closed} {told}: still holds {mine}"
            assert saved_by != workflow_id, f"{run.closed} {told}: still on record"
    if clean:
        assert list(state.values()).count("captured") <= 1


def _runs_of(shop, workflow_id):
    return [run for run in shop.swf.runs.values() if run.ids["workflowId"] == workflow_id]


def _is_left_to_people(run):
    """Terminated, or not all taken back; which it says."""
    told = str(attributes_of(run.events[-1]))
    return run.closed == "WorkflowExecutionTerminated" or "incomplete" in told


def _keys_of(run):
    workflow_id, run_id = run.ids.values()
    return workflow_id, f"{workflow_id}/{run_id}"


def play(choose, ports):
    with mock.patch("uuid.uuid4", side_effect=itertools.count()):
        shop = Shop(choose, ports)
    for _ in range(choose(st.integers(0, 45))):
        shop.happen(choose(st.sampled_from(list(shop.moves()))))
    shop.settle()
    check(shop)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_in_memory(data):
    play(data.draw, memory_ports())


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_in_a_database(data):
    ports = ports_for(IN_MEMORY)
    play(data.draw, ports)
    ports.store._database.close()
