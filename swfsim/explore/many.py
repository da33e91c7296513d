"""``ManyRuns``: around runs by the thousand, what each of them would put in place for itself."""

from __future__ import annotations

import _thread
import gc
import logging
import random

from swfsim.fake import Surroundings
from swfsim.sim.patches import PATCHES
from swfsim.sim.watchdog import LEASH
from swfsim.sim.workers import GREENLETS

YOUNG = 100
"""After so many collections of what is young, what was kept by them is looked at too."""

MUCH = 20_000
"""So many objects are made by no ordinary run; before, the collector does not look for cycles."""


class ManyRuns:
    """A context manager: inside it the process is on virtual time, and between its runs nobody
    draws from global chance or waits for a signal."""

    def __enter__(self) -> None:
        self._logging = logging.root.manager.disable
        logging.disable(logging.CRITICAL)  # a fault that was given is no news, ten thousand times
        self._surroundings = Surroundings(lasting=True)
        PATCHES.__enter__()
        self._random_before = random.getstate()
        self._gives_back_chance = PATCHES.gives_back_chance
        PATCHES.gives_back_chance = False
        GREENLETS.__enter__()
        self._thresholds = gc.get_threshold()
        if self._thresholds[0]:  # else somebody wants none
            gc.set_threshold(max(MUCH, self._thresholds[0]), *self._thresholds[1:])
        self._holds = LEASH.hold(_thread.get_ident(), lambda number, frame: None)

    def __exit__(self, *error: object) -> None:
        if self._holds:
            LEASH.let_go()
        gc.set_threshold(*self._thresholds)
        GREENLETS.__exit__()
        PATCHES.gives_back_chance = self._gives_back_chance
        random.setstate(self._random_before)
        PATCHES.__exit__()
        self._surroundings.restore()
        logging.disable(self._logging)

    def clear_away(self) -> None:
        """Collect what the run that is over left in cycles.

        At once, and not while a run goes on, when most is still in use: so the next run is made in
        the same memory, which is quicker than in new, and no finalizer of an earlier run is called
        in it. Now and then those are collected too that were still held when their run was over.
        """
        _, collections_of_the_young, _ = gc.get_count()
        gc.collect(1 if collections_of_the_young > YOUNG else 0)
