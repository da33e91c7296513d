"""``Hand``: a process that makes runs, started as a program of its own and spoken to over pipes.

For those who may start no process by ``multiprocessing``, as workers of Dask, and cannot live on
virtual time themselves. It ends with whoever started it, since its standard input is closed then.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from swfsim.explore.crew import Begin, Packet
    from swfsim.explore.trial import Outcome


class HandDiedError(Exception):
    """The process of a hand is no more; what it had under way was not handed in."""


class Hand:
    """A process that has loaded the application. Raises ``HarnessError`` if it cannot. Whatever
    error comes of it, it is at an end then."""

    def __init__(self, begin: Begin) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._ask(begin)

    def work(self, packet: Packet, known: frozenset[int], last: bool) -> list[Outcome]:
        """The outcomes of its first placements. Raises what the runs raise, ``HandDiedError``."""
        outcomes: list[Outcome] = self._ask((packet, known, last))
        return outcomes

    def end(self) -> None:
        """Its process ends, also in the middle of a run."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, what: Any) -> Any:
        assert self._process.stdin is not None, "a pipe"
        assert self._process.stdout is not None, "a pipe"
        try:
            pickle.dump(what, self._process.stdin)
            self._process.stdin.flush()
            answer = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.end()
            raise HandDiedError(f"exit status {self._process.returncode}") from error
        if isinstance(answer, BaseException):
            self.end()
            raise answer
        return answer


def main() -> None:
    """In the process: the application first, then packets, as long as somebody asks."""
    from swfsim.explore import crew

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked: BinaryIO = os.fdopen(os.dup(0), "rb")
    answers: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the application prints is no answer
    made: Any
    do: Callable[..., Any] = crew.begin
    with contextlib.suppress(EOFError, BrokenPipeError):  # nobody asks any more
        while True:
            what = pickle.load(asked)
            try:
                made = do(*what)
                do = crew.work
            except Exception as error:
                made = _portable(error)
            answers.write(pickle.dumps(made))
            answers.flush()


def _portable(error: Exception) -> Exception:
    """The error, or what it says, where it cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return HarnessError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    main()
