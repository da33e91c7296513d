"""Task tokens and page tokens: sealed, stateless, opaque.

Form as recorded from the service: base64 that begins ``AAAAKgAAAAEAAAAAAAAA``, some 300 characters
or more for tasks, at most 1,024. What a token means stands inside it, so that a token of a task
closed long ago can still be answered with the service's own text, and none has to be kept.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib

from swfsim.spec import faults

_HEAD = bytes.fromhex("0000002a00000001") + bytes(8)
_FILLER = bytes(range(64, 224))


def seal(secret: int, *parts: str) -> str:
    """A token that holds these texts; only the same secret opens it."""
    body = "\0".join(parts).encode()
    check = zlib.crc32(body, secret)
    size = len(body)
    filler = _FILLER[: max(0, 210 - size)]
    return base64.b64encode(_HEAD + struct.pack(">IH", check, size) + body + filler).decode()


def unseal(secret: int, token: str) -> list[str]:
    """The texts in a token; raises the service's fault when it was never issued here."""
    try:
        raw = base64.b64decode(token, validate=True)
        check, size = struct.unpack_from(">IH", raw, len(_HEAD))
        body = raw[len(_HEAD) + 6 :][:size]
        if raw.startswith(_HEAD) and len(body) == size and zlib.crc32(body, secret) == check:
            return body.decode().split("\0")
    except (binascii.Error, struct.error, UnicodeError, ValueError):
        pass
    raise faults.invalid_token()
