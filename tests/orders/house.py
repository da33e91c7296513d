"""A house for orders: a little SWF, the starter, both workers, and outside services in memory."""

from orders.activity_worker import ActivityWorker
from orders.decision_worker import DecisionWorker
from orders.gateways.memory import memory_ports
from orders.settings import Settings
from orders.workflow_starter import WorkflowStarter
from tests.orders.little_swf import LittleSwf
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
