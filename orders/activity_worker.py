"""ActivityWorker: polls for activity tasks and does the work registered under their names.

To add a step, write a method that takes the input and returns a dict, and register it in
`__init__`: `self.activities['CallExternalAPI'] = self.call_external_api`. The dict is plain, so
entries can be wrapped or replaced.
"""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from orders import activities, messages
from orders.errors import NonRetryable, TaskCanceled
from orders.gateways import ports_for
from orders.ports import Ports
from orders.settings import Settings
from orders.task import Heartbeat, Task
from orders.worker import Worker
from orders.workflow import attempt_of

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

logger = logging.getLogger(__name__)

Data = dict[str, Any]
Activity = Callable[[Data], Any]


class ActivityWorker(Worker):
    """`ActivityWorker().run()` works for every order of the domain, one task after another.

    activities: activity type name → the function that does it.
    task: the task at hand; one worker works on one task at a time.
    """

    def __init__(
        self,
        client: "SWFClient | None" = None,
        settings: Settings | None = None,
        ports: Ports | None = None,
        *,
        identity: str | None = None,
    ) -> None:
        """Without a client, settings or ports it makes its own, from the environment."""
        super().__init__(client, settings, identity, logger)
        self.ports = ports if ports is not None else ports_for(self.settings)
        self.task = Task("", "", "", "")
        self._timeouts = self.settings.timeouts()
        self.activities: dict[str, Activity] = {}
        self.activities["ValidateInput"] = self.validate_input
        self.activities["ProcessData"] = self.process_data
        self.activities["EnrichData"] = self.enrich_data
        self.activities["CallExternalAPI"] = self.call_external_api
        self.activities["SaveResults"] = self.save_results
        self.activities["NotifyCompletion"] = self.notify_completion
        self.activities["RollbackStep"] = self.rollback_step
        self.activities["CompensateTransaction"] = self.compensate_transaction

    def validate_input(self, input_data: Data) -> Data:
        return activities.validate_input(self.task, input_data, self.ports.store)

    def process_data(self, input_data: Data) -> Data:
        return activities.process_data(self.task, input_data, self.ports.payments)

    def enrich_data(self, input_data: Data) -> Data:
        return activities.enrich_data(self.task, input_data)

    def call_external_api(self, input_data: Data) -> Data:
        return activities.call_external_api(self.task, input_data, self.ports.external_api)

    def save_results(self, input_data: Data) -> Data:
        return activities.save_results(self.task, input_data, self.ports)

    def notify_completion(self, input_data: Data) -> Data:
        return activities.notify_completion(self.task, input_data, self.ports)

    def rollback_step(self, input_data: Data) -> Data:
        return activities.rollback_step(self.task, input_data, self.ports.store)

    def compensate_transaction(self, input_data: Data) -> Data:
        return activities.compensate_transaction(self.task, input_data, self.ports)

    def _poll(self) -> Mapping[str, Any]:
        return self.client.poll_for_activity_task(
            domain=self.settings.domain,
            taskList={"name": self.settings.activity_task_list},
            identity=self.identity,
        )

    def _work(self, polled: Mapping[str, Any]) -> None:
        self.task = task = _task_of(polled)
        extra = task.about(None)
        try:
            input_data = messages.resolve(polled.get("input") or "", self.ports.payloads.load)
            extra = task.about(input_data.get("order_id"))
            logger.info("Executing: %s", task.step, extra=extra)
            with Heartbeat(self.client, task, self._beat_every_s(task.step)):
                result = self._activity(task.step)(input_data)
            text = self._fitting(messages.to_json(result), input_data)
        except TaskCanceled as stop:
            logger.info("Canceled: %s: %s", task.step, stop, extra=extra)
            self._answer(
                self.client.respond_activity_task_canceled,
                taskToken=task.token,
                details=messages.to_json({"step": task.step, "reason": str(stop)}),
            )
        except Exception as error:
            self._report_failure(task, error, extra)
        else:
            self._answer(
                self.client.respond_activity_task_completed, taskToken=task.token, result=text
            )

    def _activity(self, name: str) -> Activity:
        activity = self.activities.get(name)
        if activity is None:
            # Worth another attempt: a worker that knows it may be polling as well.
            raise LookupError(f"Unknown activity type: {name}")
        return activity

    def _beat_every_s(self, step: str) -> float | None:
        timeouts = self._timeouts.get(step)
        return timeouts.heartbeat / 3 if timeouts and timeouts.heartbeat else None

    def _fitting(self, text: str, input_data: Mapping[str, Any]) -> str:
        if messages.fits(text):
            return text
        reference = self.ports.payloads.save(text)
        order_id = messages.short_id(input_data.get("order_id"))
        return messages.to_json(messages.by_reference(order_id, reference))

    def _report_failure(self, task: Task, error: Exception, extra: dict[str, object]) -> None:
        """Answer that the task failed; the decider reads `retryable` from the details."""
        message = str(error) or type(error).__name__
        retryable = not isinstance(error, NonRetryable)
        logger.warning(
            "Failed: %s: %s",
            task.step,
            message,
            extra=extra,
            # A refusal on purpose explains itself; anything else may need its traceback.
            exc_info=retryable,
        )
        details = {"retryable": retryable, "error": type(error).__name__, "message": message}
        refusal = self._answer(
            self.client.respond_activity_task_failed,
            taskToken=task.token,
            reason=messages.cut(message),
            details=self._fitting_details(details),
        )
        if refusal == "ValidationException":
            # Whatever SWF disliked about our words, that the task failed must reach it.
            self._answer(
                self.client.respond_activity_task_failed,
                taskToken=task.token,
                reason=type(error).__name__[:100],
                details=messages.to_json({"retryable": retryable}),
            )

    def _fitting_details(self, details: Data) -> str:
        """The details as text; a message too long for SWF is cut, and kept as a payload."""
        text = messages.to_json(details)
        if messages.fits(text):
            return text
        short = {**details, "message": messages.cut(details["message"], 1000)}
        try:
            short["whole"] = self.ports.payloads.save(text)
        except Exception:
            # A failure that cannot be stored must still be reported.
            logger.exception("Cannot store the details of a failure")
        return messages.to_json(short)


def _task_of(polled: Mapping[str, Any]) -> Task:
    execution = polled["workflowExecution"]
    activity_id = polled["activityId"]
    return Task(
        workflow_id=execution["workflowId"],
        run_id=execution["runId"],
        activity_id=activity_id,
        step=polled["activityType"]["name"],
        attempt=attempt_of(activity_id),
        token=polled["taskToken"],
    )
