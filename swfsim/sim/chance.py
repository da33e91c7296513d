"""``Chance``: what workers draw at random in a run, from its seed."""

from __future__ import annotations

import functools
import random
from typing import Any


class Chance:
    """One run's source. It is made only when somebody draws from it: few runs ever do."""

    def __init__(self, seed: int) -> None:
        self._source: random.Random | None = None
        self._state: Any = _beginning(seed)

    def state(self) -> Any:
        """Where it stands, for ``random.setstate``."""
        if self._state is None and self._source is not None:
            self._state = self._source.getstate()
        return self._state

    def randbytes(self, size: int) -> bytes:
        if self._source is None:
            self._source = random.Random(0)
            self._source.setstate(self._state)
        self._state = None
        return self._source.randbytes(size)


@functools.lru_cache(8)
def _beginning(seed: int) -> Any:
    """Whoever makes many runs makes most of them of one seed."""
    return random.Random(f"entropy {seed}").getstate()
