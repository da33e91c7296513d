"""DecisionWorker: polls for decision tasks, asks the decider, answers, logs what is new."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from orders import decider
from orders.ports import Payloads
from orders.settings import Settings
from orders.worker import Worker

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

logger = logging.getLogger(__name__)


class DecisionWorker(Worker):
    """`DecisionWorker().run()` decides for every order of the domain, one task after another."""

    def __init__(
        self,
        client: "SWFClient | None" = None,
        settings: Settings | None = None,
        *,
        payloads: Payloads | None = None,
        identity: str | None = None,
    ) -> None:
        """Without a client, settings or payload store it makes its own, from the environment."""
        super().__init__(client, settings, identity, logger)
        self._rules = self.settings.rules()
        self._payloads = payloads
        self._poll_params: dict[str, Any] = {
            "domain": self.settings.domain,
            "taskList": {"name": self.settings.decision_task_list},
            "identity": self.identity,
        }

    def _poll(self) -> Mapping[str, Any]:
        return self.client.poll_for_decision_task(**self._poll_params)

    def _work(self, task: Mapping[str, Any]) -> None:
        whole = self._with_all_pages(task)
        if whole is None:
            return
        workflow_id = task["workflowExecution"]["workflowId"]
        try:
            answer = decider.answer(whole, self._rules)
            self._store(answer.payloads)
        except Exception:
            # Unanswered, the task times out and comes again: to a repaired decider, one hopes.
            logger.exception(
                "Cannot decide for workflow: %s, run %s, events %s to %s",
                workflow_id,
                task["workflowExecution"]["runId"],
                task.get("previousStartedEventId", 0) + 1,
                task["startedEventId"],
                extra={"workflow_id": workflow_id},
            )
            return
        self._log_lines(workflow_id, answer)
        refusal = self._answer(
            self.client.respond_decision_task_completed,
            taskToken=task["taskToken"],
            decisions=answer.decisions,
        )
        if refusal and refusal != "UnknownResourceFault":
            logger.error(
                "Decisions refused (%s) for workflow: %s: %s",
                refusal,
                workflow_id,
                answer.decisions,
                extra={"workflow_id": workflow_id, "order_id": answer.order_id},
            )

    def _with_all_pages(self, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The task with its complete history; None if a page cannot be had."""
        token = task.get("nextPageToken")
        if not token:
            return task
        events = list(task["events"])
        while token:
            try:
                page = self._patiently(
                    self.settings.decision_task_timeout,
                    self.client.poll_for_decision_task,
                    {**self._poll_params, "nextPageToken": token},
                )
            except (ClientError, BotoCoreError) as error:
                # Half a history must not be decided on. The task times out and comes again.
                logger.warning("Dropping a decision task, its history cannot be read: %s", error)
                return None
            events += page["events"]
            token = page.get("nextPageToken")
        return {**task, "events": events}

    def _store(self, texts: list[str]) -> None:
        if not texts:
            return
        if self._payloads is None:
            from orders.gateways.payloads import payloads_for  # few orders are this large

            self._payloads = payloads_for(self.settings)
        for text in texts:
            self._payloads.save(text)

    def _log_lines(self, workflow_id: str, answer: decider.Answer) -> None:
        who = {"workflow_id": workflow_id, "order_id": answer.order_id, "step": None}
        logger.info("Received decision task for workflow: %s", workflow_id, extra=who)
        for line in answer.lines:
            if logger.isEnabledFor(line.level):
                extra = {**who, "step": line.step, "attempt": line.attempt}
                logger.log(line.level, "%s", line.text, extra=extra)
