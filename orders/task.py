"""The activity task at hand, and its heartbeat."""

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from orders import aws
from orders.errors import TaskCanceled
from orders.messages import short_id

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Task:
    """What an activity may know of its task beyond its input.

    attempt: 1 for the first. stop_reason: set, from the heartbeat's thread, once working on is no
    longer wanted.
    """

    workflow_id: str
    run_id: str
    activity_id: str
    step: str
    attempt: int = 1
    token: str = field(default="", repr=False)
    stop_reason: str | None = None

    def about(self, order_id: object) -> dict[str, object]:
        """The fields of a log line, as `extra`."""
        return {
            "order_id": short_id(order_id),
            "step": self.step,
            "workflow_id": self.workflow_id,
            "attempt": self.attempt,
        }

    def checkpoint(self) -> None:
        """A safe point: nothing is half done here. Raises TaskCanceled if we are to stop."""
        if self.stop_reason is not None:
            raise TaskCanceled(self.stop_reason)


class Heartbeat:
    """Beats for a task while a `with` block runs, and tells the task when it is to stop.

    every_s: seconds between beats, a third of the heartbeat timeout, so that one lost beat does no
    harm. None: the step has no heartbeat, nothing is done.
    """

    def __init__(self, client: "SWFClient", task: Task, every_s: float | None) -> None:
        self._client = client
        self._task = task
        self._every_s = every_s
        self._over: threading.Event | None = None

    def __enter__(self) -> None:
        if self._every_s is not None:
            self._over = threading.Event()
            name = f"heartbeat {self._task.activity_id}"
            threading.Thread(target=self._beat, args=(self._over,), name=name, daemon=True).start()

    def __exit__(self, *exc: object) -> None:
        # Not joined: a beat that hangs in the network must not hold back the answer.
        if self._over is not None:
            self._over.set()

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(self._every_s):
            try:
                answer = self._client.record_activity_task_heartbeat(taskToken=self._task.token)
            except (ClientError, BotoCoreError) as error:
                if aws.code_of(error) == "UnknownResourceFault":
                    self._task.stop_reason = "SWF no longer waits for this task"
                    return
                logger.warning("Heartbeat of %s failed: %s", self._task.activity_id, error)
            else:
                if answer["cancelRequested"]:
                    self._task.stop_reason = "cancel requested"
