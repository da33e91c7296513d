"""The process behind a ``Version``: one decider, answering decision tasks over its pipes."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swfsim.debug import deciders, tasks
from swfsim.debug.verdict import Judge
from swfsim.debug.versions import Said
from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> None:
    """``house directory decider top``: answer until the input ends. ``top`` is the worktree that
    the decider has to come from, empty for wherever it is."""
    house, directory, name, top = arguments
    out = os.fdopen(os.dup(1), "wb")  # what the decider prints goes elsewhere
    os.dup2(2, 1)
    sys.path[:] = [directory, *(one for one in sys.path if one not in ("", house)), house]
    try:
        found = deciders.find(name)
        _check_home(found, top)
        decide = deciders.made(found, name)
    except HarnessError as error:
        _send(out, str(error))
        return
    _send(out, None)
    _answer(Judge(decide), out)


def _check_home(found: Any, top: str) -> None:
    """That the decider comes from the worktree, not from where it is installed."""
    path = getattr(sys.modules.get(getattr(found, "__module__", "")), "__file__", None)
    if top and path and not Path(path).resolve().is_relative_to(Path(top).resolve()):
        raise HarnessError(
            f"the decider was found in {path}, not in the worktree of the revision: it is "
            "installed in a way that stands before the path"
        )


def _answer(judge: Judge, out: Any) -> None:
    polls: tasks.Polls | None = None
    with judge:
        while True:
            try:
                what, told = pickle.load(sys.stdin.buffer)
            except EOFError:
                return
            if what == "show":
                judge.show(told)
                polls = tasks.Polls(told)
                continue
            assert polls is not None, "a history is shown first"
            made, raised = judge.call(polls.answer(told), told)
            judge.reads.take()
            text = None
            if raised is not None:
                text = f"{type(raised.error).__name__}: {raised.error}, at {raised.where}"
            _send(out, Said([dict(one) for one in made], text))


def _send(out: Any, message: object) -> None:
    pickle.dump(message, out)
    out.flush()
