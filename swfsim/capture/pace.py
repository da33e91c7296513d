"""``Pace``: calls within a budget, so that reading never starves an account's workers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from swfsim.core.buckets import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS_A_SECOND: Final = 10.0
"""A sixth of what GetWorkflowExecutionHistory may take of an account for good."""

_MILLISECONDS: Final = 1000


class Pace:
    """Lets calls through at this rate, in bursts of at most one second's worth.

    ``clock`` gives seconds, ``sleep`` waits for them.
    """

    def __init__(
        self,
        calls_a_second: float = CALLS_A_SECOND,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._rate = calls_a_second
        self._clock = clock
        self._sleep = sleep
        self._bucket = Bucket(max(1, int(calls_a_second)), calls_a_second, self._now())
        self.calls = 0

    def _now(self) -> int:
        return int(self._clock() * _MILLISECONDS)

    def wait(self) -> None:
        """Come back when the next call may be made."""
        while not self._bucket.take(self._now()):
            self._sleep(1 / self._rate)
        self.calls += 1
