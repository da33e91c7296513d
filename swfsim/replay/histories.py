"""Captured histories: read from whatever form they were kept in.

AWS CLI (v1: numbers, v2: ISO 8601), boto3 as JSON, lists of events, answers of PollForDecisionTask,
recordings of whole HTTP conversations (``calls``), forwards or backwards. A file that cannot be
used is refused in one sentence that names the file and, where there is one, the event.
"""

from __future__ import annotations

import datetime
import functools
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swfsim.clock import milliseconds, moment
from swfsim.core.events import Event, History
from swfsim.errors import HarnessError
from swfsim.spec import check, limits, model, quick, render
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNTIMED: Final = -1
"""The instant of an event that was kept without one."""

_MILLISECONDS_FROM: Final = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds they would lie beyond the year 5000."""

_PROSE: Final = {
    "DurationInSeconds": re.compile(r"[0-9]{1,8}", re.ASCII).fullmatch,
    "DurationInSecondsOptional": re.compile(r"[0-9]{1,8}|NONE|", re.ASCII).fullmatch,
    "TaskPriority": re.compile(r"-?[0-9]{1,10}", re.ASCII).fullmatch,
}
"""What the model says of these shapes in words only; the machine reckons with their values."""

_HALF: Final = datetime.timedelta(microseconds=500)
"""Tools that reckon in binary fractions write some milliseconds a microsecond short."""

_HISTORY_CALLS: Final = ("GetWorkflowExecutionHistory", "PollForDecisionTask")


_LARGE: Final = 10_000_000
_HEAD: Final = 10_000
_BEGINS: Final = re.compile(r'"events"\s*:\s*\[\s*')
_LONG: Final = re.compile(r"(?<=[:\[,\s])-?[0-9]{4300,}")
_ID: Final = re.compile(r'"eventId"\s*:\s*([0-9]{1,9})\b')
"""Of files: from how many characters on they are large, how many tell what they are, and how their
events, numbers that are none, and ids begin."""


class Unusable(HarnessError):  # noqa: N818 - said of a file
    """A file holds no history that could be used; the message says why, and where."""


@dataclass(slots=True)
class Captured:
    """A history from a file. ``workflow_id`` and ``run_id`` are empty where the file tells none.

    ``notes`` are members of events that the service model does not know, left out. ``page_size``
    is how many events a page held when it was recorded, 0 where the file tells nothing.
    """

    source: str
    events: History
    workflow_id: str = ""
    run_id: str = ""
    notes: list[str] = field(default_factory=list)
    page_size: int = 0

    @property
    def timed(self) -> bool:
        return UNTIMED not in self.events.instants


def load(path: str | Path) -> list[Captured]:
    """Every history in a file. Raises ``Unusable``."""
    return parse(_read(Path(path)), str(path))


def parse(found: Any, source: str) -> list[Captured]:
    """Every history in JSON data that came from ``source``. Raises ``Unusable``."""
    captured = [
        _captured(found, source if number == 1 else f"{source} run {number}")
        for number, found in enumerate(_histories(found), 1)
    ]
    if not captured:
        raise Unusable(
            f"{source} holds no history: expected a JSON object with the list 'events', as "
            "aws swf get-workflow-execution-history prints it"
        )
    return captured


def document(captured: Captured) -> dict[str, Any]:
    """A history in the form of ``aws swf get-workflow-execution-history``, ready for JSON."""
    shown = render.history(captured.events, _told_instant)
    for one in shown:
        if one["eventTimestamp"] is None:
            del one["eventTimestamp"]
    execution = {"workflowId": captured.workflow_id, "runId": captured.run_id}
    known = {"workflowExecution": execution} if captured.workflow_id or captured.run_id else {}
    sized = {"swfsim": {"pageSize": captured.page_size}} if captured.page_size else {}
    return {**sized, **known, "events": shown}


def _told_instant(at: int) -> str | None:
    return None if at == UNTIMED else moment(at).isoformat(timespec="milliseconds")


def _read(path: Path) -> Any:
    try:
        text = _text(path)
        if len(text) > _LARGE:
            _check_first(text, path)
        return json.loads(text, object_pairs_hook=_members)
    except _Repeated as error:
        raise Unusable(f"{path}: {error}; was the file edited?") from None
    except RecursionError:
        raise Unusable(f"{path} is nested too deeply to be a history") from None
    except MemoryError:
        raise Unusable(f"{path} is too large to be read here") from None
    except json.JSONDecodeError as error:
        raise Unusable(f"{path} is not JSON: {error}") from error
    except ValueError:  # Python sets a limit to the digits of a number
        raise Unusable(f"{path}: {_digits(text)}") from None


def _text(path: Path) -> str:
    try:
        kept = path.read_bytes()
        return kept.decode(json.detect_encoding(kept), "surrogatepass")  # PowerShell: UTF-16
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Unusable(f"{path} is no Unicode text: {error.reason}") from error


class _Repeated(Exception):  # noqa: N818 - said of a file
    pass


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, which names each of its members once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        event = f"event {short(found['eventId'])}" if "eventId" in found else short(found)
        raise _Repeated(f"the member {short(twice)} comes twice in {event}")
    return found


def _check_first(text: str, path: Path) -> None:
    """Reading on for long is spared where the first event already is none."""
    begins = _BEGINS.search(text, 0, _HEAD)
    if begins is not None:
        try:
            one, _ = json.JSONDecoder().raw_decode(text, begins.end())
        except ValueError:
            return  # which is told with its place when all is read
        _event_id(one, str(path))


def _digits(text: str) -> str:
    """Where a number is that is too long to be one."""
    number = _LONG.search(text)
    if number is None:
        return "it holds a number too long to be read"
    ids = [one[1] for one in _ID.finditer(text, 0, number.start())]
    there = f"event {ids[-1]}, or the one behind it," if ids else "its first event"
    line = text.count("\n", 0, number.start()) + 1
    return f"{there} holds a number of {len(number[0]):,} digits, in line {line:,}"


# Finding the events

_Ids = tuple[str, str]


class _Found(NamedTuple):
    """A list that looks like events, with what stands beside it."""

    events: list[Any]
    ids: _Ids = ("", "")
    page_size: int = 0


def _histories(found: Any) -> Iterator[_Found]:
    """Lists of events in some JSON data, each with workflow id and run id."""
    if isinstance(found, list) and found and _looks_like_event(found[0]):
        yield _Found(found)
    elif isinstance(found, list):
        for one in found:
            yield from _histories(one)
    elif isinstance(found, dict) and isinstance(found.get("calls"), list):
        yield from _from_calls(found["calls"])
    elif isinstance(found, dict) and isinstance(found.get("events"), list):
        yield _Found(found["events"], _ids(found), _page_size(found.get("swfsim"), "pageSize"))
    elif isinstance(found, dict) and "history" in found:
        yield from _histories(found["history"])


def _looks_like_event(one: Any) -> bool:
    return isinstance(one, dict) and "eventType" in one


def _ids(found: dict[str, Any]) -> _Ids:
    execution = found.get("workflowExecution") or found.get("execution") or {}
    if not isinstance(execution, dict):
        return "", ""
    return str(execution.get("workflowId", "")), str(execution.get("runId", ""))


def _page_size(found: Any, member: str) -> int:
    """A page size that was told, if it is one that the service takes; else 0."""
    size = found.get(member) if isinstance(found, dict) else None
    return size if type(size) is int and 1 <= size <= limits.PAGE_SIZE_MAX else 0


def _from_calls(calls: list[Any]) -> Iterator[_Found]:
    """The histories that a recorded conversation shows, pages put together, run by run."""
    runs: dict[_Ids, dict[Any, Any]] = {}
    sizes: dict[_Ids, int] = {}
    for call in calls:
        if not isinstance(call, dict) or call.get("op") not in _HISTORY_CALLS:
            continue
        body, request = call.get("body"), call.get("request")
        if isinstance(body, dict) and isinstance(body.get("events"), list):
            ids = _ids({**(request if isinstance(request, dict) else {}), **body})
            events = runs.setdefault(ids, {})
            if call["op"] == _HISTORY_CALLS[1]:
                sizes.setdefault(ids, _page_size(request, "maximumPageSize"))
            for event in body["events"]:
                events[event.get("eventId") if isinstance(event, dict) else None] = event
    for ids, by_id in runs.items():
        yield _Found(list(by_id.values()), ids, sizes.get(ids, 0))


# Reading the events


def _captured(found: _Found, source: str) -> Captured:
    if not found.events:
        raise Unusable(f"{source} holds a history without any event")
    captured = Captured(source, History(), *found.ids, page_size=found.page_size)
    ordered = sorted(found.events, key=lambda one: _event_id(one, source))
    first = _event_id(ordered[0], source)
    if first != 1:
        raise Unusable(
            f"{source} begins with event {first}: its first page is missing. Read the history "
            "again from the beginning, following nextPageToken"
        )
    for expected, one in enumerate(ordered, 1):
        number = _event_id(one, source)
        if number != expected:
            what = "comes twice" if number < expected else f"is missing before event {number}"
            raise Unusable(f"{source}: event {min(number, expected)} {what}; is it one run's?")
        captured.events.append(_event(one, expected, captured))
    if captured.events.kinds[0] != "WorkflowExecutionStarted":
        raise Unusable(f"{source}: event 1 is {captured.events.kinds[0]}, not the start of a run")
    return captured


def _event_id(one: Any, source: str) -> int:
    number = one.get("eventId") if isinstance(one, dict) else None
    if type(number) is int and "eventTimestamp" in one:
        return number
    if isinstance(one, dict) and (service := _service(one)):
        raise Unusable(
            f"{source} is a history of {service}, as its events show; swfsim reads those of "
            "Amazon SWF"
        )
    if type(number) is not int:
        raise Unusable(f"{source} holds an event without a number as its eventId: {short(one)}")
    return number


def _service(one: dict[str, Any]) -> str | None:
    """Which other service an event seems to be of."""
    kind = one.get("eventType", "")
    if isinstance(kind, str) and kind.startswith("EVENT_TYPE_"):
        return "Temporal"
    if "eventType" not in one and {"id", "type", "timestamp"} <= one.keys():
        return "AWS Step Functions"
    if "eventTimestamp" not in one and {"timestamp", "eventType"} <= one.keys():
        return "Cadence"
    return None


def short(value: Any) -> str:
    """A value as it is quoted: not at length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _told(complaint: str) -> str:
    """A complaint that quotes a value, which may be long: its beginning and its end."""
    return complaint if len(complaint) <= 300 else f"{complaint[:80]}…{complaint[-200:]}"


def _event(one: dict[str, Any], number: int, captured: Captured) -> Event:
    kind = one.get("eventType")
    if not isinstance(kind, str) or kind not in model.EVENT_MEMBER:
        raise Unusable(
            f"{captured.source}: event {number} is of the unknown type {short(kind)}; is it a "
            "history of Amazon SWF?"
        )
    at = _instant(one.get("eventTimestamp"), number, captured.source)
    given = one.get(model.EVENT_MEMBER[kind])
    given = {} if given is None else given
    return Event(number, at, kind, _attributes(kind, given, number, captured))


def _attributes(kind: str, given: Any, number: int, captured: Captured) -> dict[str, Any]:
    """What the model knows of an event's attributes; zero ids that some tools drop put back."""
    good = quick.event(kind)(given)
    if good is not None and all(rule(good[n]) for n, rule in _prose(kind) if n in good):
        return good.copy()
    where = f"{captured.source}: event {number}, {kind},"
    if not isinstance(given, dict):
        raise Unusable(f"{where} has attributes that are no JSON object")
    shape = model.event_shape(kind)
    members = model.members(shape)
    captured.notes += [
        f"event {number}: {kind} has the unknown member {name!r}, left out"
        for name in given
        if name not in members
    ]
    kept = {name: value for name, value in given.items() if name in members}
    for name in model.required(shape):
        if members[name].type_name == "long":
            kept.setdefault(name, 0)
    try:
        clean, found = check.event_attributes(kind, kept)
    except Fault as fault:
        raise Unusable(f"{where} does not fit the service model: {_told(fault.message)}") from fault
    found += [
        f"{name} is {short(value)}"
        for name, value in clean.items()
        if (rule := _PROSE.get(members[name].name)) and not rule(value)
    ]
    if found:
        raise Unusable(f"{where} does not fit the service model: {_told(found[0])}")
    return clean


@functools.cache
def _prose(kind: str) -> list[tuple[str, Callable[[str], Any]]]:
    """The members of an event type that have to keep a rule of prose, each with its rule."""
    members = model.members(model.event_shape(kind))
    return [(n, _PROSE[shape.name]) for n, shape in members.items() if shape.name in _PROSE]


def _instant(stamp: Any, number: int, source: str) -> int:
    """An event's time in milliseconds; numbers of seconds or milliseconds, or ISO 8601."""
    if stamp is None:
        return UNTIMED
    try:
        if isinstance(stamp, str):
            return _told_in_text(stamp)
        if isinstance(stamp, datetime.datetime):
            return milliseconds(stamp)
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            return _told_in_numbers(stamp)
    except (ValueError, OverflowError, HarnessError):
        pass
    raise Unusable(f"{source}: event {number} has a time that is none: {short(stamp)}")


@functools.lru_cache(1024)
def _told_in_text(text: str) -> int:
    """Events often share their time. Raises ``ValueError``."""
    text = text.removeprefix("DT ").strip()
    try:
        return _told_in_numbers(float(text))
    except ValueError:
        return milliseconds(datetime.datetime.fromisoformat(text) + _HALF)


def _told_in_numbers(stamp: float) -> int:
    if not math.isfinite(stamp):
        raise ValueError("no time")
    return milliseconds(stamp / 1000 if stamp >= _MILLISECONDS_FROM else stamp)
