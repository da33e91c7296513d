"""Deciders that poll by themselves, fed one decision task at a time from a captured history.

A worker runs on a greenlet of its own: its poll hands over until there is a task for it, and its
answer is taken down. A function that looks for further pages fetches them through its own client.
Pages, page tokens and the shapes of the answers are those of the machine's own lane.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import greenlet

from swfsim.core.pages import Page
from swfsim.errors import HarnessError
from swfsim.spec import limits, render
from swfsim.transports import boto

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swfsim.core.events import Attrs
    from swfsim.debug.reads import Reads
    from swfsim.debug.tasks import Answer
    from swfsim.spec.check import Params

_TOKEN: Final = "page:"
_POLL: Final = "PollForDecisionTask"
_RESPOND: Final = "RespondDecisionTaskCompleted"


class _Run:
    """What a page needs of a run: its events, and room for how they are shown."""

    def __init__(self, events: Any) -> None:
        self.events = events
        self.shown: Any = None


class Pages:
    """The answer to one poll, page by page. ``page_size`` is the most that a page holds, ``usual``
    what it is for histories that tell nothing of it."""

    def __init__(self, page_size: int = limits.PAGE_SIZE_MAX) -> None:
        self.page_size = self.usual = page_size
        self.task: Mapping[str, Any] = {}
        self._run = _Run(())

    def show(self, events: Any) -> None:
        """From now on, tasks are of the run with this history."""
        self._run = _Run(events)

    def asked_for(self, token: str, asked: Mapping[str, Any]) -> Attrs:
        """The page that a token leads to; without one, the first."""
        task = self.task
        started = task["startedEventId"]
        try:
            first = int(token.removeprefix(_TOKEN)) if token else 0
        except ValueError:
            raise HarnessError(f"a decider asks for a page by another's token {token!r}") from None
        size = min(asked.get("maximumPageSize") or limits.PAGE_SIZE_MAX, self.page_size)
        reverse = bool(asked.get("reverseOrder"))
        last = min(started, first + size)
        low, high = (started - last, started - first) if reverse else (first, last)
        answer = {name: value for name, value in task.items() if name != "events"}
        answer["events"] = Page(self._run, low, high, reverse=reverse)  # type: ignore[arg-type]
        if last < started:
            answer["nextPageToken"] = f"{_TOKEN}{last}"
        return answer


class Fetching:
    """Around a call of a function that fetches further pages itself."""

    def __init__(self, pages: Pages, name: str) -> None:
        self._pages = pages
        self._name = name

    def __enter__(self) -> dict[str, Any]:
        """The first page, as boto3 gives it."""
        boto.open_door(self)
        first: dict[str, Any] = render.answer(_POLL, self._pages.asked_for("", {}), boto.stamp)
        return first

    def __exit__(self, *error: object) -> None:
        boto.close_door(self)

    def answer(self, client: Any, operation: str, params: Params, region: str) -> Attrs:
        """The door of the function's boto3 clients."""
        token = str(params.get("nextPageToken") or "")
        if operation != _POLL or not token:
            raise HarnessError(
                f"{self._name} calls {operation} while it decides: a replay answers only "
                f"{_POLL} with the nextPageToken of its task"
            )
        return self._pages.asked_for(token, params)


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
    ``reads`` are active from the moment the worker has the whole task until it answers; ``said`` is
    its latest answer with all that belongs to it.
    """

    def __init__(
        self, made: Callable[[], Any], name: str, page_size: int = limits.PAGE_SIZE_MAX
    ) -> None:
        self._made = made
        self._name = name
        self.pages = Pages(page_size)
        self.reads: Reads | None = None
        self._greenlet: greenlet.greenlet | None = None
        self._given = True
        self._answers: list[Answer] = []
        self.said: Mapping[str, Any] = {}
        self._failures = _Failures()

    def show(self, events: Any) -> None:
        """From now on, tasks are of the run with this history."""
        self.pages.show(events)

    def anew(self) -> None:
        """The next task goes to a worker that was just started."""
        self._greenlet = None

    def __call__(self, task: Mapping[str, Any]) -> Answer:
        self.pages.task, self._given, self._failures.last = task, False, None
        self._answers.clear()
        boto.open_door(self)
        logging.getLogger().addHandler(self._failures)
        try:
            self._go_on()
        finally:
            self._watch(False)
            logging.getLogger().removeHandler(self._failures)
            boto.close_door(self)
        if not self._answers:
            if self._failures.last is not None:
                raise self._failures.last
            raise HarnessError(f"{self._name} polled again without an answer to its decision task")
        return self._answers[0]

    def _watch(self, active: bool) -> None:
        if self.reads is not None:
            self.reads.active = active

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
        if operation == _RESPOND:
            self._watch(False)
            self.said = params
            self._answers.append(list(params.get("decisions", [])))
            return {}
        if operation != _POLL:
            raise HarnessError(
                f"{self._name} calls {operation} while it decides: a replay answers only "
                f"{_POLL} and {_RESPOND}"
            )
        token = str(params.get("nextPageToken") or "")
        if not token:
            while self._given:
                self._wait()
            self._given = True
        page = self.pages.asked_for(token, params)
        self._watch("nextPageToken" not in page)
        return page

    def _wait(self) -> None:
        asking = greenlet.getcurrent().parent
        if asking is None:
            raise HarnessError(f"{self._name} polls on a thread of its own; let it poll in run()")
        asking.switch()
