"""Task tokens and page tokens: sealed, stateless, opaque.

Form as recorded from the service: base64 that begins ``AAAAKgAAAAEAAAAAAAAA``, some 300 characters
or more for tasks, at most 1,024. What a token means stands inside it, so that a token of a task
closed long ago can still be answered with the service's own text, and none has to be kept.
"""

from __future__ import annotations

import binascii
import struct
import zlib

from swfsim.spec import faults

_HEAD = bytes.fromhex("0000002a00000001") + bytes(8)
_FRONT = struct.Struct(f">{len(_HEAD)}sIH")  # the head; checksum and length of the body
_FILLER = bytes(range(64, 224))
_FILLED = 210
"""A shorter body is followed by as much filler as is missing."""


def seal(key: int, *parts: str) -> str:
    """A token that holds these texts; only the same key opens it."""
    body = _encode("\0".join(parts))
    size = len(body)
    raw = _FRONT.pack(_HEAD, zlib.crc32(body, key), size) + body
    if size < _FILLED:
        raw += _FILLER[: _FILLED - size]
    return binascii.b2a_base64(raw, newline=False).decode()


def _encode(text: str) -> bytes:
    """Any text of 256 UTF-16 units must fit into a token: UTF-8 could take half as much again."""
    if text.isascii():
        return b"8" + text.encode()
    body = text.encode("utf-8", "surrogatepass")
    wide = text.encode("utf-16-le", "surrogatepass")
    return b"8" + body if len(body) <= len(wide) else b"6" + wide


def _decode(body: bytes) -> str:
    encoding = "utf-8" if body.startswith(b"8") else "utf-16-le"
    return body[1:].decode(encoding, "surrogatepass")


def unseal(key: int, token: str) -> list[str]:
    """The texts in a token; raises the service's fault when it was never issued here."""
    try:
        raw = binascii.a2b_base64(token, strict_mode=True)
        head, check, size = _FRONT.unpack_from(raw)
        body = raw[_FRONT.size : _FRONT.size + size]
        if head == _HEAD and len(body) == size and zlib.crc32(body, key) == check:
            return _decode(body).split("\0")
    except (binascii.Error, struct.error, UnicodeError, ValueError):
        pass
    raise faults.invalid_token()
