"""A worker that polls by itself, fed one decision task at a time from a captured history.

The worker runs on a greenlet of its own: its poll hands over until there is a task for it, and its
answer is taken down. Pages, page tokens and the shapes of the answers are those of the machine's
own lane.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import greenlet

from swfsim.core.pages import Page
from swfsim.errors import HarnessError
from swfsim.spec import limits
from swfsim.spec.check import plain
from swfsim.transports import boto

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swfsim.core.events import Attrs
    from swfsim.debug.tasks import Answer
    from swfsim.spec.check import Params

_TOKEN: Final = "page:"


class _Run:
    """What a page needs of a run: its events, and room for how they are shown."""

    def __init__(self, events: Any) -> None:
        self.events = events
        self.shown: Any = None


class _Failures(logging.Handler):
    """Keeps the last exception that a worker logs instead of raising it."""

    def __init__(self) -> None:
        super().__init__()
        self.last: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.last = record.exc_info[1]


class Polled:
    """A worker class as a decider: called with a task, it gives what the worker answers.

    ``page_size`` is the most events a page holds; smaller ones that the worker asks for are kept.
    """

    def __init__(
        self, made: Callable[[], Any], name: str, page_size: int = limits.PAGE_SIZE_MAX
    ) -> None:
        self._made = made
        self._name = name
        self._page_size = page_size
        self._greenlet: greenlet.greenlet | None = None
        self._task: Mapping[str, Any] = {}  # the one at hand, and whether the worker has it
        self._given = True
        self._run = _Run(())
        self._answers: list[Answer] = []
        self._failures = _Failures()

    def show(self, events: Any) -> None:
        """From now on, tasks are of the run with this history."""
        self._run = _Run(events)

    def __call__(self, task: Mapping[str, Any]) -> Answer:
        self._task, self._given, self._failures.last = task, False, None
        self._answers.clear()
        boto.open_door(self)
        logging.getLogger().addHandler(self._failures)
        try:
            self._go_on()
        finally:
            logging.getLogger().removeHandler(self._failures)
            boto.close_door(self)
        if not self._answers:
            if self._failures.last is not None:
                raise self._failures.last
            raise HarnessError(f"{self._name} polled again without an answer to its decision task")
        return self._answers[0]

    def _go_on(self) -> None:
        if self._greenlet is None or self._greenlet.dead:
            self._greenlet = greenlet.greenlet(self._live)
        self._greenlet.parent = greenlet.getcurrent()
        self._greenlet.switch()

    def _live(self) -> None:
        worker = self._made()
        if hasattr(worker, "run"):
            worker.run()
            return
        while True:
            worker.poll_once()

    def answer(self, client: Any, operation: str, params: Params, region: str) -> Attrs:
        """The door of the worker's boto3 clients."""
        asked = plain(params)
        if operation == "RespondDecisionTaskCompleted":
            self._answers.append(list(asked.get("decisions", [])))
            return {}
        if operation != "PollForDecisionTask":
            raise HarnessError(
                f"{self._name} calls {operation} while it decides: a replay answers only "
                "PollForDecisionTask and RespondDecisionTaskCompleted"
            )
        token = str(asked.get("nextPageToken") or "")
        if token.startswith(_TOKEN):
            return self._page(int(token.removeprefix(_TOKEN)), asked)
        while self._given:
            self._wait()
        self._given = True
        return self._page(0, asked)

    def _wait(self) -> None:
        asking = greenlet.getcurrent().parent
        if asking is None:
            raise HarnessError(f"{self._name} polls on a thread of its own; let it poll in run()")
        asking.switch()

    def _page(self, first: int, asked: Mapping[str, Any]) -> Attrs:
        task = self._task
        started = task["startedEventId"]
        last = min(started, first + min(asked.get("maximumPageSize") or 1000, self._page_size))
        answer = {name: value for name, value in task.items() if name != "events"}
        answer["events"] = Page(self._run, first, last, reverse=False)  # type: ignore[arg-type]
        if last < started:
            answer["nextPageToken"] = f"{_TOKEN}{last}"
        return answer
