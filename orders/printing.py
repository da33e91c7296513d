"""How the command line shows events and orders, and reads them from files."""

import json
import sys
import textwrap
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from orders.errors import OrdersError

WIDTH = 100

# What to show below an event: member of its attributes → label.
_SHOWN = {
    "activityId": "Activity",
    "timerId": "Timer",
    "signalName": "Signal",
    "markerName": "Marker",
    "input": "Input",
    "result": "Result",
    "timeoutType": "Timeout",
    "cause": "Cause",
    "reason": "Reason",
    "details": "Details",
}


_BLANK = " \t\r\n"  # to JSON; Python knows more


class FileProblem(OrdersError):  # noqa: N818 - as in orders.errors
    """A file that does not hold what it should. The text names the place."""


def event_lines(event: Mapping[str, Any]) -> list[str]:
    """`[time] Type`, and below it what the event says, each cut to the width of a page."""
    kind = event["eventType"]
    attributes = event.get(f"{kind[0].lower()}{kind[1:]}EventAttributes") or {}
    lines = [f"[{event['eventTimestamp']}] {kind}"]
    lines += [f"  {_SHOWN[name]}: {attributes[name]}" for name in _SHOWN if name in attributes]
    return [shorten(line) for line in lines]


def shorten(line: str) -> str:
    line = " ".join(line.splitlines())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def wrap(text: str, first: str = "", indent: str = "") -> str:
    """The text in lines of a page's width, after `first`; words such as ids are kept whole.

    `indent` goes before what had to go on a further line.
    """
    return "\n".join(
        textwrap.fill(
            line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
        for line in f"{first}{text}".splitlines()
    )


def history_json(events: Iterable[Mapping[str, Any]]) -> str:
    """As `aws swf get-workflow-execution-history` prints it."""
    return json.dumps({"events": list(events)}, indent=4, ensure_ascii=False, default=_timestamp)


def _timestamp(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"cannot be written as JSON: {value!r}")


def text_of(content: bytes, name: str) -> str:
    """The text of a file in UTF-8. FileProblem for any other encoding."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise FileProblem(
            f"{name}, line {line}: not UTF-8 (byte 0x{byte:02x}): save the file as UTF-8"
        ) from None


def read_order(text: str, name: str, first_line: int = 1) -> Any:
    """The JSON value in a file, or in a part of it. Raises FileProblem with line and column."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        raise FileProblem(
            f"{name}, line {line}, column {error.colno}: not JSON: {error.msg}"
        ) from None
    except RecursionError:
        raise FileProblem(f"{name}, line {first_line}: nested too deeply") from None
    except ValueError:  # what is left: Python does not read numbers of any length
        digits = sys.get_int_max_str_digits()
        raise FileProblem(
            f"{name}, line {first_line}: not an order: a number of more than {digits} digits"
        ) from None


def read_orders(text: str, name: str) -> list[Any]:
    """The orders in a file: a JSON array, or JSON Lines, one order a line.

    A line that cannot be read is given as the FileProblem that says why, in the place of its order.
    """
    if text.lstrip(_BLANK).startswith("["):
        orders: list[Any] = read_order(text, name)
        return orders
    lines = [
        (number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip(_BLANK)
    ]
    if len(lines) > 1 and lines[0][1].strip(_BLANK) == "{":
        raise FileProblem(f"{name}: a batch is a JSON array, or one order a line")
    return [_read_line(line, name, number) for number, line in lines]


def _read_line(line: str, name: str, number: int) -> Any:
    try:
        return read_order(line, name, number)
    except FileProblem as problem:
        return problem
