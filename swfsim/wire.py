"""The JSON 1.0 protocol: requests read from bytes, answers and faults written as bytes.

Written as recorded from the service: keys sorted at every level, no white space, instants as Java
doubles in seconds, a void answer of no bytes at all, a fault with its full ``__type``. Each output
shape is compiled once into a function that writes it; a recorded event never changes, so its text
is made once and kept with its execution for as long as that is polled for.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from json.encoder import encode_basestring as _text
from typing import TYPE_CHECKING, Any, Final, NoReturn

from swfsim.spec import faults, limits, model
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swfsim.core.events import Attrs
    from swfsim.core.pages import Page

CONTENT_TYPE: Final = f"application/x-amz-json-{model.service().metadata['jsonVersion']}"
_OLD_CONTENT_TYPE: Final = "application/json"

_TARGET: Final = model.service().metadata["targetPrefix"]
_TARGETS: Final = (f"{_TARGET}.", f"com.amazonaws.swf.service.model.{_TARGET}.")
"""What stands before the operation; the second, as boto 2 sends it, was accepted in 2023 still."""

_OPERATIONS: Final = frozenset(model.OPERATIONS)

Writer = Callable[[Any], str]


# Requests


def operation(target: str) -> str:
    """The operation that an ``X-Amz-Target`` header names; UnknownOperationException for none."""
    for prefix in _TARGETS:
        if target.startswith(prefix) and target[len(prefix) :] in _OPERATIONS:
            return target[len(prefix) :]
    raise Fault("UnknownOperationException")


def params(body: bytes | bytearray) -> dict[str, Any]:
    """The parameters in a request's body; SerializationException if it is no JSON object."""
    try:
        found = _READER.decode(body.decode())
    except (ValueError, RecursionError):
        raise Fault("SerializationException") from None
    if not isinstance(found, dict):
        raise Fault("SerializationException")
    return found


def _no_number(name: str) -> NoReturn:
    """Python's reader knows NaN and infinities, JSON does not."""
    raise ValueError(name)


_READER: Final = json.JSONDecoder(parse_constant=_no_number)


def too_large() -> Fault:
    """What a request above the service's limit is answered."""
    return faults.invalid(f"Request is larger than {limits.REQUEST_BYTES_MAX} bytes")


# Answers


def content_type(asked: str) -> str:
    """The ``Content-Type`` of an answer follows that of the request."""
    return _OLD_CONTENT_TYPE if asked.startswith(_OLD_CONTENT_TYPE) else CONTENT_TYPE


def fault_bytes(fault: Fault) -> bytes:
    """The body of a refusal. Faults of the model always have a message, the others when they do."""
    said = {"__type": fault.type}
    if fault.message or fault.code in model.FAULTS:
        said["message"] = fault.message
    text = ",".join(f'"{name}":{_text(value)}' for name, value in said.items())
    return _encode(f"{{{text}}}")


def answer_bytes(operation: str, answer: Attrs) -> bytes:
    """The body of a successful answer."""
    output = model.operation(operation).output_shape
    return b"" if output is None else _encode(_writer(operation)(answer))


def _encode(text: str) -> bytes:
    """As UTF-8; half of a surrogate pair, which JSON can say and UTF-8 cannot, as Java does."""
    return text.encode("utf-8", "replace")


def java_double(value: float) -> str:
    """``1.497371587073E9``, ``0.0``: scientific from 10^7 on, shortest digits, one decimal."""
    plain = repr(value)
    if abs(value) < 10_000_000:
        return plain
    digits = plain.lower().partition("e")[0].replace(".", "").lstrip("-").rstrip("0") or "0"
    exponent = len(str(int(abs(value)))) - 1
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def stamp(at: int) -> str:
    """An instant in milliseconds as the wire's double, in seconds."""
    return java_double(at / 1000)


def _nullable_text(value: str | None) -> str:
    """Recorded: a null in a tag list comes back as null."""
    return "null" if value is None else _text(value)


def _truth(value: bool) -> str:
    return "true" if value else "false"


_PLAIN: Final[dict[str, Writer]] = {
    "string": _text,
    "integer": str,
    "long": str,
    "boolean": _truth,
    "timestamp": stamp,
}


def _structure(shape: Any) -> Writer:
    parts = [(name, f'"{name}":', _compile(shape.members[name])) for name in sorted(shape.members)]

    def write(value: Attrs) -> str:
        told = [key + writer(value[name]) for name, key, writer in parts if name in value]
        return f"{{{','.join(told)}}}"

    return write


def _compile(shape: Any) -> Writer:
    if shape.name == "HistoryEventList":
        return _history
    if shape.type_name == "structure":
        return _structure(shape)
    if shape.type_name == "list":
        nullable = shape.member.type_name == "string"
        item = _nullable_text if nullable else _compile(shape.member)
        return lambda value: f"[{','.join(map(item, value))}]"
    return _PLAIN[shape.type_name]


@functools.cache
def _writer(operation: str) -> Writer:
    return _compile(model.operation(operation).output_shape)


@functools.cache
def _event_writer(kind: str) -> Callable[[int, int, Attrs], str]:
    """Writes one event of this type from its number, its instant and its attributes."""
    attributes = _structure(model.event_shape(kind))
    member = model.EVENT_MEMBER[kind]

    def write(number: int, at: int, attrs: Attrs) -> str:
        told = {
            "eventId": str(number),
            "eventTimestamp": stamp(at),
            "eventType": f'"{kind}"',
            member: attributes(attrs),
        }
        return f"{{{','.join(f'{_text(name)}:{told[name]}' for name in sorted(told))}}}"

    return write


class _Written:
    """The events of one execution as text. ``stamp`` tells other lanes that it is not theirs."""

    __slots__ = ("stamp", "texts")

    def __init__(self) -> None:
        self.stamp = stamp
        self.texts: list[str] = []


def _history(page: Page) -> str:
    x = page.x
    written = x.shown
    if type(written) is not _Written:
        written = x.shown = _Written()
    texts = written.texts
    events = x.events
    for number in range(len(texts), page.last):
        write = _event_writer(events.kinds[number])
        texts.append(write(number + 1, events.instants[number], events.attrs[number]))
    shown: Iterable[str] = texts[page.first : page.last]
    return f"[{','.join(reversed(list(shown)) if page.reverse else shown)}]"
