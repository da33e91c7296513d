"""Visibility: which executions there are, without walking them.

ListOpenWorkflowExecutions    CountOpenWorkflowExecutions
ListClosedWorkflowExecutions  CountClosedWorkflowExecutions

A start or a close only leaves a note. The notes are worked into sorted indexes, one for each filter
that the service knows, when somebody lists or counts: whoever never lists never pays.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from sortedcontainers import SortedKeyList

from swfsim.core import pages
from swfsim.spec import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.core.events import Attrs
    from swfsim.core.world import Domain, Execution, Recorder, Region, World

Key = tuple[str, ...]
"""What an index holds: ("all",), ("executionFilter", id), ("tagFilter", tag), …"""

EXCLUSIVE: Final = ("executionFilter", "typeFilter", "tagFilter", "closeStatusFilter")
"""Filters of which one call may name one."""

_TIMES: Final = {"startTimeFilter": "started", "closeTimeFilter": "closed"}


def info(x: Execution, shown_open: bool) -> Attrs:
    """A WorkflowExecutionInfo. A closed run shows cancelRequested false, as recorded."""
    shown: Attrs = {
        "execution": x.key,
        "workflowType": x.started["workflowType"],
        "startTimestamp": x.started_at,
        "executionStatus": "OPEN" if shown_open else "CLOSED",
        "cancelRequested": x.cancel_requested and shown_open,
    }
    if not shown_open:
        shown |= {"closeTimestamp": x.closed_at, "closeStatus": x.close_status}
    for event_member, member in (("parentWorkflowExecution", "parent"), ("tagList", "tagList")):
        if event_member in x.started:
            shown[member] = x.started[event_member]
    return shown


def _keys(x: Execution) -> Iterator[Key]:
    kind = x.started["workflowType"]
    yield ("all",)
    yield ("executionFilter", x.workflow_id)
    yield ("typeFilter", kind["name"])
    yield ("typeFilter", kind["name"], kind["version"])
    for tag in set(x.started.get("tagList", ())):
        yield ("tagFilter", tag)


_ORDINALS: Final = 40
"""Bits for the place among what happened at one instant."""


def _from(at: int) -> int:
    """The least place in order of this instant."""
    return at << _ORDINALS


def _by_start(x: Execution) -> int:
    return x.start_place


def _by_close(x: Execution) -> int:
    return x.close_place


class Visibility:
    """The indexes of one domain.

    They stand in order of time and, at one instant, of what happened first. Such a place is one
    number that only grows, so that a start or a close costs the same however many there are.
    """

    __slots__ = ("_closed", "_count", "_gone", "_notes", "_open")

    def __init__(self) -> None:
        self._count = 0
        self._notes: deque[tuple[int, Execution, bool]] = deque()
        self._gone: set[str] = set()  # runs forgotten before their close was shown
        self._open: dict[Key, Any] = {}
        self._closed: dict[tuple[str, Key], Any] = {}

    def note(self, x: Execution) -> None:
        """This run has just started, or just closed."""
        now = x.domain.world.now
        self._count += 1
        place = _from(now) + self._count
        if x.open:
            x.start_place = place
        else:
            x.close_place = place
        self._notes.append((now, x, x.open))

    def forget(self, x: Execution) -> None:
        """This run has been kept long enough."""
        shown = x.domain.world.now - x.domain.world.lag_ms
        self._work_in(shown)
        if x.closed_at is None or x.closed_at > shown:
            self._gone.add(x.run_id)
            return
        for key in _keys(x):
            self._forget_closed(key, x)
        self._forget_closed(("closeStatusFilter", x.close_status or ""), x)

    def open(self, world: World, key: Key) -> Any:
        """Open runs under this key, oldest start first."""
        self._work_in(world.now - world.lag_ms)
        return self._open.get(key, ())

    def closed(self, world: World, time: str, key: Key) -> Any:
        """Closed runs under this key, in the order of ``time``: started or closed."""
        self._work_in(world.now - world.lag_ms)
        return self._closed.get((time, key), ())

    def _pass_over(self, x: Execution, opened: bool) -> None:
        """A run that is gone is not shown any more, at most its start has been."""
        if opened:
            return
        self._gone.discard(x.run_id)
        for key in _keys(x):
            if key in self._open:
                self._open[key].discard(x)

    def _work_in(self, until: int) -> None:
        while self._notes and self._notes[0][0] <= until:
            _, x, opened = self._notes.popleft()
            if x.run_id in self._gone:
                self._pass_over(x, opened)
                continue
            for key in _keys(x):
                if opened:
                    self._index(self._open, key, _by_start).add(x)
                else:
                    self._open[key].remove(x)
                    self._index_closed(key, x)
            if not opened:
                self._index_closed(("closeStatusFilter", x.close_status or ""), x)

    def _index_closed(self, key: Key, x: Execution) -> None:
        self._index(self._closed, ("started", key), _by_start).add(x)
        self._index(self._closed, ("closed", key), _by_close).add(x)

    def _forget_closed(self, key: Key, x: Execution) -> None:
        for time in _TIMES.values():
            self._closed[time, key].discard(x)

    @staticmethod
    def _index(indexes: dict[Any, Any], key: Any, order: Any) -> Any:
        found = indexes.get(key)
        if found is None:
            found = indexes[key] = SortedKeyList(key=order)
        return found


# Filters


def _key(asked: Attrs) -> Key:
    """The one index that the filters name; more than one exclusive filter is a fault."""
    named = [name for name in EXCLUSIVE if name in asked]
    if len(named) > 1:
        raise faults.invalid(
            "Cannot specify more than one exclusive filters in the same query: "
            f"[{', '.join(named)}]"
        )
    if not named:
        return ("all",)
    wanted = asked[named[0]]
    if named[0] == "typeFilter":
        return ("typeFilter", *(wanted[part] for part in ("name", "version") if wanted.get(part)))
    return (named[0], next(iter(wanted.values())))


def _time(asked: Attrs) -> str:
    named = [name for name in _TIMES if name in asked]
    if len(named) > 1:
        raise faults.invalid("Cannot specify both a startTimeFilter and a closeTimeFilter")
    if not named:
        raise faults.invalid("Must specify time filter")
    return named[0]


def _bounds(index: Any, window: Attrs) -> tuple[int, int]:
    """Positions of the runs within the window; both of its ends belong to it."""
    if not index:
        return 0, 0
    first = index.bisect_key_left(_from(window["oldestDate"]))
    if "latestDate" not in window:
        return first, len(index)
    return first, max(first, index.bisect_key_left(_from(window["latestDate"] + 1)))


# Operations


def _page(domain: Domain, operation: str, asked: Attrs, index: Any, window: Attrs) -> Attrs:
    """Newest first, unless reversed. The token names the last run shown, so that runs which come
    or go between two pages neither repeat nor hide others."""
    first, last = _bounds(index, window)
    ascending = asked.get("reverseOrder", False)
    where = pages.position(domain.region, operation, asked)
    if where is not None and index:
        seen = int(where[0])
        if ascending:
            first = max(first, index.bisect_key_right(seen))
        else:
            last = min(last, index.bisect_key_left(seen))
    length = pages.size(asked)
    if ascending:
        shown = list(index[first : min(last, first + length)]) if index else []
    else:
        shown = list(index[max(first, last - length) : last]) if index else []
        shown.reverse()
    opened = "Open" in operation
    answer: Attrs = {"executionInfos": [info(x, opened) for x in shown]}
    if last - first > length:
        last_seen = str(index.key(shown[-1]))
        answer["nextPageToken"] = pages.seal(domain.region, operation, asked, last_seen)
    return answer


def _of(domain: Domain) -> Visibility:
    """A domain's indexes."""
    assert isinstance(domain.visibility, Visibility), "domains are made with these"
    return domain.visibility


def list_open(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    domain = region.domain(asked["domain"])
    index = _of(domain).open(domain.world, _key(asked))
    return _page(domain, "ListOpenWorkflowExecutions", asked, index, asked["startTimeFilter"])


def list_closed(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    domain = region.domain(asked["domain"])
    time = _time(asked)
    index = _of(domain).closed(domain.world, _TIMES[time], _key(asked))
    return _page(domain, "ListClosedWorkflowExecutions", asked, index, asked[time])


def count_open(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    domain = region.domain(asked["domain"])
    index = _of(domain).open(domain.world, _key(asked))
    first, last = _bounds(index, asked["startTimeFilter"])
    return {"count": last - first, "truncated": False}


def count_closed(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    domain = region.domain(asked["domain"])
    time = _time(asked)
    index = _of(domain).closed(domain.world, _TIMES[time], _key(asked))
    first, last = _bounds(index, asked[time])
    return {"count": last - first, "truncated": False}
