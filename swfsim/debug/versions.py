"""A decider in another version of the code: a git revision in a worktree and a process of its own.

The process speaks pickles over its pipes. It imports this swfsim, and everything else from the
worktree.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.debug.tasks import Answer, Task
    from swfsim.replay.histories import Captured


class Said(NamedTuple):
    """What a version makes of a decision task; ``raised`` says the error instead, if there was
    one."""

    made: Answer
    raised: str | None = None


class Version:
    """A decider in a process of its own; ``name`` is said of it. Ends with ``close``.

    Its modules are looked for in ``directory`` first; with ``top`` they have to lie in there.
    """

    def __init__(
        self, name: str, decider: str, directory: str | Path, top: str | Path = ""
    ) -> None:
        self.name = name
        house = Path(__file__).parents[2]
        command = "import sys; sys.path[:0] = [sys.argv[1]]; " + (
            "from swfsim.debug.answering import main; main(sys.argv[1:])"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", command, str(house), str(directory), decider, str(top)],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._shown: Captured | None = None
        problem = self._receive()
        if problem is not None:
            self.close()
            raise HarnessError(f"{name}: {problem}")

    def answer(self, captured: Captured, task: Task) -> Said:
        """What the decider makes of this task of a history."""
        if captured is not self._shown:
            self._send(("show", captured))
            self._shown = captured
        self._send(("answer", task))
        said: Said = self._receive()
        return said

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None, "opened as a pipe"
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except OSError as error:
            raise HarnessError(f"{self.name}: the decider's process has ended") from error

    def _receive(self) -> Any:
        assert self._process.stdout is not None, "opened as a pipe"
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError) as error:
            raise HarnessError(f"{self.name}: the decider's process has ended") from error


@contextlib.contextmanager
def worktree(revision: str) -> Iterator[tuple[Path, Path]]:
    """The repository of the current directory at a revision, in a directory of its own: its top,
    and the place in it that is the current directory here. Raises ``HarnessError``."""
    top = Path(_git("rev-parse", "--show-toplevel"))
    commit = _git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    scratch = Path(tempfile.mkdtemp(prefix="swfsim-gate-"))
    there = scratch / "code"
    try:
        _git("worktree", "add", "--detach", "--quiet", str(there), commit)
        yield there, there / Path.cwd().resolve().relative_to(top.resolve())
    finally:
        with contextlib.suppress(HarnessError):
            _git("worktree", "remove", "--force", str(there))
        shutil.rmtree(scratch, ignore_errors=True)


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError as error:
        raise HarnessError(f"cannot run git: {error.strerror or error}") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise HarnessError(f"git {arguments[0]}: {said}")
    return done.stdout.strip()
