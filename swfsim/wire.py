"""The JSON 1.0 protocol: what the service's answers look like as bytes.

Keys sorted at every level, no white space, instants as Java doubles in seconds, a void answer of no
bytes at all: as recorded from the service.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from swfsim.spec import model, render

if TYPE_CHECKING:
    from swfsim.core.events import Attrs


class _Double(float):
    """A number that JSON writes as Java's ``Double.toString`` does."""

    def __repr__(self) -> str:
        return java_double(float(self))


def java_double(value: float) -> str:
    """``1.497371587073E9``, ``0.0``: scientific from 10^7 on, shortest digits, one decimal."""
    plain = repr(value)
    if abs(value) < 10_000_000:
        return plain
    digits = plain.lower().partition("e")[0].replace(".", "").lstrip("-").rstrip("0") or "0"
    exponent = len(str(int(abs(value)))) - 1
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def stamp(at: int) -> float:
    """An instant in milliseconds as the wire's double."""
    return _Double(at / 1000)


def answer_bytes(operation: str, answer: Attrs) -> bytes:
    """The body of a successful answer."""
    if model.operation(operation).output_shape is None:
        return b""
    return _dumps(render.answer(operation, answer, stamp)).encode()


def _dumps(value: Any) -> str:
    if isinstance(value, dict):
        inside = ",".join(f"{json.dumps(name)}:{_dumps(value[name])}" for name in sorted(value))
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_dumps, value))}]"
    if isinstance(value, _Double):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
