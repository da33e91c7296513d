"""What both workers share: the blocking loop, and patience with the network.

A poll that fails for a passing reason (throttling, connection, service trouble) is tried again
after a growing pause. So is an answer: the work behind it is done and must not be lost. SWF ends
that by itself, because a task that timed out meanwhile is no longer known.
"""

import logging
import os
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from orders import aws
from orders.errors import NotRegistered
from orders.messages import cut
from orders.settings import Settings

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
# An answer still undeliverable after this is given up: nearly every timeout is shorter.
ANSWER_PATIENCE_S = 900.0


def default_identity() -> str:
    """Who polls, as the history shows it: host:pid."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Worker(ABC):
    """A loop around `_poll` and `_work`, which the two kinds of worker provide."""

    def __init__(
        self,
        client: "SWFClient | None",
        settings: Settings | None,
        identity: str | None,
        log: logging.Logger,
    ) -> None:
        self.settings = settings or Settings()
        self.client = client if client is not None else aws.swf_client()
        self.identity = cut(identity or default_identity())
        self._log = log
        self._pause = FIRST_PAUSE_S
        self._stopping = False

    def run(self) -> None:
        """Poll and work until `stop`. Raises only what waiting does not mend.

        NotRegistered when the domain is unknown; ClientError, BotoCoreError for missing
        permissions or credentials.
        """
        self._log.info("Polling as %s in domain %s", self.identity, self.settings.domain)
        while not self._stopping:
            self.poll_once()

    def stop(self) -> None:
        """Let `run` end after the task at hand; a poll under way takes up to a minute to end."""
        self._stopping = True

    def poll_once(self) -> bool:
        """One poll and the work it brings. False if it brought none."""
        task = self._try_poll()
        if not task or not task.get("taskToken"):  # an empty poll has no token, or an empty one
            return False
        self._work(task)
        return True

    @abstractmethod
    def _poll(self) -> Mapping[str, Any]: ...

    @abstractmethod
    def _work(self, task: Mapping[str, Any]) -> None: ...

    def _try_poll(self) -> Mapping[str, Any] | None:
        try:
            task = self._poll()
        except (ClientError, BotoCoreError) as error:
            if aws.code_of(error) == "UnknownResourceFault":
                raise NotRegistered(
                    f"{aws.message_of(error)}: run `python -m orders register` first, "
                    "and check ORDERS_DOMAIN and the region"
                ) from error
            if not aws.is_transient(error):
                raise
            self._log.warning("Poll failed, trying again in %.0f s: %s", self._pause, error)
            self._rest()
            return None
        self._pause = FIRST_PAUSE_S
        return task

    def _rest(self) -> float:
        pause = self._pause
        time.sleep(pause)
        self._pause = min(pause * 2, LONGEST_PAUSE_S)
        return pause

    def _answer(self, call: Callable[..., object], **params: Any) -> str | None:
        """Send an answer, patiently. None if SWF took it, else the code of its refusal.

        Trouble that outlasts our patience raises nothing either: the task times out, and SWF
        tells the decider so.
        """
        try:
            self._patiently(ANSWER_PATIENCE_S, call, params)
        except (ClientError, BotoCoreError) as error:
            code = aws.code_of(error) or type(error).__name__
            if code == "UnknownResourceFault":
                # Timed out, answered already, or the run is closed: nobody waits for it any more.
                self._log.warning("Answer came too late: %s", aws.message_of(error))
            else:
                self._log.error("Answer not taken: %s", error)
            return code
        return None

    def _patiently(
        self, patience_s: float, call: Callable[..., Any], params: Mapping[str, Any]
    ) -> Any:
        """Call, and call again after a pause while the trouble may pass. Raises the last error."""
        waited = 0.0
        while True:
            try:
                result = call(**params)
            except (ClientError, BotoCoreError) as error:
                if not aws.is_transient(error) or self._stopping or waited >= patience_s:
                    raise
                self._log.warning("Call failed, trying again in %.0f s: %s", self._pause, error)
                waited += self._rest()
            else:
                self._pause = FIRST_PAUSE_S
                return result
