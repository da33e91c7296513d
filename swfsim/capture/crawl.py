"""Which runs to take, and their histories: through an ordinary boto3 client, at a given pace."""

from __future__ import annotations

import datetime
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.spec import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swfsim.capture.pace import Pace

LOOK_BACK: Final = datetime.timedelta(
    days=limits.RETENTION_DAYS_MAX + limits.EXECUTION_S_MAX // 86_400
)
"""How long ago a run that SWF still knows can have started: retention after a year's run."""


class RunKey(NamedTuple):
    workflow_id: str
    run_id: str


class Crawler:
    """Reads runs of one domain. Errors of the client (ClientError, BotoCoreError) pass through."""

    def __init__(
        self, client: Any, domain: str, pace: Pace, page_size: int = limits.PAGE_SIZE_MAX
    ) -> None:
        self._client = client
        self._domain = domain
        self._pace = pace
        self.page_size = page_size

    def latest(self, workflow_id: str, now: datetime.datetime) -> RunKey | None:
        """The open run of this id, else the one that started last; None when SWF knows none."""
        started = {"oldestDate": now - LOOK_BACK}
        only = {"executionFilter": {"workflowId": workflow_id}, "startTimeFilter": started}
        for operation in ("list_open_workflow_executions", "list_closed_workflow_executions"):
            for info in self._listed(operation, maximumPageSize=1, **only):
                return _key(info)
        return None

    def closed_since(
        self, since: datetime.datetime, name: str | None, version: str | None, limit: int
    ) -> Iterator[RunKey]:
        """Runs that closed since then, the last first; of one workflow type when it is named."""
        filters: dict[str, Any] = {"closeTimeFilter": {"oldestDate": since}}
        if name:
            filters["typeFilter"] = {"name": name} | ({"version": version} if version else {})
        for number, info in enumerate(self._listed("list_closed_workflow_executions", **filters)):
            if number == limit:
                return
            yield _key(info)

    def _listed(self, operation: str, **asked: Any) -> Iterator[Any]:
        token: dict[str, str] = {}
        while True:
            self._pace.wait()
            page = getattr(self._client, operation)(domain=self._domain, **asked, **token)
            yield from page["executionInfos"]
            if not page.get("nextPageToken"):
                return
            token = {"nextPageToken": page["nextPageToken"]}

    def history(self, key: RunKey) -> list[dict[str, Any]]:
        """All events of a run, all pages."""
        events: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            self._pace.wait()
            page = self._client.get_workflow_execution_history(
                domain=self._domain,
                execution={"workflowId": key.workflow_id, "runId": key.run_id},
                maximumPageSize=self.page_size,
                **token,
            )
            events += page["events"]
            if not page.get("nextPageToken"):
                return events
            token = {"nextPageToken": page["nextPageToken"]}


def _key(info: Any) -> RunKey:
    execution = info["execution"]
    return RunKey(execution["workflowId"], execution["runId"])


def related(key: RunKey, events: Iterable[dict[str, Any]]) -> Iterator[RunKey]:
    """The run's children, and the runs before and after it in a continue-as-new chain."""
    for event in events:
        kind = event["eventType"]
        if kind == "ChildWorkflowExecutionStarted":
            child = event["childWorkflowExecutionStartedEventAttributes"]["workflowExecution"]
            yield RunKey(child["workflowId"], child["runId"])
        elif kind == "WorkflowExecutionContinuedAsNew":
            attributes = event["workflowExecutionContinuedAsNewEventAttributes"]
            yield RunKey(key.workflow_id, attributes["newExecutionRunId"])
        elif kind == "WorkflowExecutionStarted":
            attributes = event.get("workflowExecutionStartedEventAttributes") or {}
            if attributes.get("continuedExecutionRunId"):
                yield RunKey(key.workflow_id, attributes["continuedExecutionRunId"])


class Queue:
    """Runs still to be taken, each once, in the order in which they were found."""

    def __init__(self, first: Iterable[RunKey]) -> None:
        self._seen: set[RunKey] = set()
        self._left: deque[RunKey] = deque()
        self.add(first)

    def add(self, found: Iterable[RunKey]) -> None:
        for key in found:
            if key not in self._seen:
                self._seen.add(key)
                self._left.append(key)

    def __iter__(self) -> Iterator[RunKey]:
        while self._left:
            yield self._left.popleft()

    def __len__(self) -> int:
        return len(self._left)
