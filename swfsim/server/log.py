"""``Log``: the file that keeps a service over restarts.

What is kept is what was asked: every call that changed something, in order, one JSON line each,
written before it is answered. The machine has no clock and no chance, so the same calls at the same
instants make the same world again, run ids and tokens included.

    {"swfsim":1,"clock":"system","at":1767225600000,"secret":3735928559}
    ["call",1767225600123,"us-east-1","RegisterDomain",{"name":"shop",…},false]
    ["lambda",…]  ["clock",…]  ["reset",…]      see ``swfsim.server.host``

A line that was being written when the process was killed has never been answered, and is dropped.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT: Final = 1
_BEGINNING: Final = b'{"swfsim":'
_HEADER_MOST: Final = 1000

Entry = list[Any]


class Lost(HarnessError):  # noqa: N818 - what became of the state
    """The state cannot be kept any more: what is asked now must not be answered as if it were."""


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


class Log:
    """An open log. Raises ``HarnessError``, which names the file, when it cannot be used.

    With ``fsync`` an answer also waits until the disk has its line: what is answered then survives
    the end of the machine, and not only that of the process.
    """

    def __init__(self, path: Path, *, fsync: bool = False) -> None:
        self.path = path
        self._fsync = fsync
        self._lost: Lost | None = None
        try:
            if path.exists() and not path.is_file():  # opening a pipe would wait for its other end
                raise OSError("it is no ordinary file")
            self._file: BinaryIO = path.open("a+b", buffering=0)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        try:
            self._lock()
            self.header: dict[str, Any] | None = self._read_header()
        except BaseException:
            self._file.close()
            raise

    def _unusable(self, why: str) -> HarnessError:
        return HarnessError(f"{self.path} cannot keep the service's state: {why}")

    def _lock(self) -> None:
        """Two servers must not write into one file."""
        try:
            import fcntl
        except ImportError:  # where there are no such locks it is up to the user
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise self._unusable("another server uses it") from error

    def _read_header(self) -> dict[str, Any] | None:
        """None for a file that has no whole line yet."""
        self._file.seek(0)
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            first = lines.readline(_HEADER_MOST)
        if not first.endswith(b"\n"):
            if not _BEGINNING.startswith(first[: len(_BEGINNING)]):
                raise self._unusable("it was not written by swfsim serve")
            self._file.truncate(0)
            return None
        try:
            header = json.loads(first)
            numbers = type(header["at"]) is int and type(header["secret"]) is int
            if header["swfsim"] == FORMAT and numbers:
                return {name: header[name] for name in ("clock", "at", "secret")}
        except (ValueError, TypeError, KeyError, IndexError):
            pass
        raise self._unusable("it was not written by this version of swfsim serve")

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """What was written before, with line numbers; what was only half written is cut off."""
        self._file.seek(0)
        whole = 0
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                if number > 1:
                    yield number, self._entry(number, line)
        self._file.truncate(whole)

    def _entry(self, number: int, line: bytes) -> Entry:
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise self.spoilt(number, str(error)) from error
        if not isinstance(entry, list):
            raise self.spoilt(number, "it is no list")
        return entry

    def spoilt(self, number: int, why: str) -> HarnessError:
        """The error for a line that cannot be."""
        return self._unusable(f"line {number}: {why}")

    def begin(self, clock: str, at: int, secret: int) -> None:
        """Write the first line."""
        self._write({"swfsim": FORMAT, "clock": clock, "at": at, "secret": secret})

    def append(self, *entry: Any) -> None:
        """Write one line; once this returns, the end of the process does not lose it."""
        self._write(entry)

    def _write(self, value: Any) -> None:
        if self._lost is not None:  # there may be half a line, behind which nothing must come
            raise self._lost
        line = _line(value)
        try:
            if self._file.write(line) != len(line):
                raise OSError("the disk took only a part of a line")
            if self._fsync:
                os.fsync(self._file.fileno())
        except OSError as error:
            self._lost = Lost(str(self._unusable(error.strerror or str(error))))
            raise self._lost from error

    def close(self) -> None:
        self._file.close()
