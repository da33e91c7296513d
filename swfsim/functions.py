"""Lambda functions of a fake: ordinary Python callables, run when a Lambda task begins.

A function takes the task's input, read as JSON (``{}`` when there is none), and returns something
that JSON can say. What it raises fails the task. What it sleeps, through ``time.sleep``, is the
time it takes: virtual on a virtual clock, so that a function can be made to time out.
"""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from swfsim.core import lambdas

if TYPE_CHECKING:
    from swfsim.clock import Clock
    from swfsim.core.world import Execution

Ends = Callable[["Execution", int, str | None, str, str], None]
"""Tells the service that a task's function has ended: result, or reason and details."""

Function = Callable[[Any], Any]


class Outcome(NamedTuple):
    """How an invocation ended: a result as JSON text, or why it failed; and how long it took."""

    result: str | None
    reason: str = ""
    details: str = ""
    took_ms: int = 0


def run(functions: dict[str, Function], name: str, text: str | None, raised: str) -> Outcome:
    """Invoke one function. ``raised`` is the reason given when it raises."""
    function = functions.get(name)
    if function is None:
        return Outcome(None, "ResourceNotFoundException", f"Function not found: {name}")
    try:
        result = json.dumps(function(json.loads(text) if text else {}), ensure_ascii=False)
    except (Exception, SystemExit) as error:  # whatever a function raises is its answer
        return Outcome(None, raised, json.dumps(_error(error), ensure_ascii=False))
    return Outcome(result)


def _error(error: BaseException) -> dict[str, Any]:
    """The error as Lambda's Python runtime tells it."""
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__)[1:],
    }


class _Stopwatch:
    """Stands for ``time.sleep`` while a function runs on a clock that stands still.

    Other threads sleep as ever.
    """

    def __init__(self) -> None:
        self.ms = 0
        self._thread = threading.get_ident()

    def sleep(self, seconds: float) -> None:
        if threading.get_ident() != self._thread:
            self._real(seconds)
            return
        self.ms += round(seconds * 1000)

    def __enter__(self) -> _Stopwatch:
        self._real = time.sleep
        time.sleep = self.sleep  # type: ignore[assignment]
        return self

    def __exit__(self, *error: object) -> None:
        time.sleep = self._real


class Invokes(Protocol):
    """Sees to it that a Lambda task which has begun comes to an end; called under the lock."""

    def invoke(self, x: Execution, scheduled_id: int) -> None: ...


class Invoker:
    """Runs the functions whose tasks have begun, and brings their outcomes back to the machine."""

    def __init__(self, functions: dict[str, Function], clock: Clock, ends: Ends) -> None:
        self._functions = functions
        self._clock = clock
        self._ends = ends

    def invoke(self, x: Execution, scheduled_id: int) -> None:
        """Called under the service's lock, right after LambdaFunctionStarted."""
        asked = x.events.attrs[scheduled_id - 1]
        raised = x.domain.world.behaviour.lambda_failure_reason
        call = (self._functions, asked["name"], asked.get("input"), raised)
        if not self._clock.stands_still:
            threading.Thread(
                target=self._run_for_real, args=(x, scheduled_id, call), daemon=True
            ).start()
            return
        with _Stopwatch() as watch:
            outcome = run(*call)
        lambdas.ends_later(
            x, scheduled_id, watch.ms, outcome.result, outcome.reason, outcome.details
        )

    def _run_for_real(self, x: Execution, scheduled_id: int, call: Any) -> None:
        outcome = run(*call)
        self._ends(x, scheduled_id, outcome.result, outcome.reason, outcome.details)
