"""Workers that take over the greenlets of earlier ones find nothing of theirs."""

from __future__ import annotations

import contextvars
import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import greenlet
import pytest

from swfsim import Env, HarnessError
from swfsim.sim.workers import GREENLETS

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


@pytest.fixture
def kept() -> Iterator[None]:
    with GREENLETS:
        yield


def on(loop: Callable[[], object]) -> int:
    """Run this loop in a simulation of its own; gives which greenlet it ran on."""
    found: list[int] = []

    def note() -> None:
        found.append(id(greenlet.getcurrent()))
        loop()

    with Env.sim() as env:
        env.add("worker", note)
        env.run()
    return found[0]


def nothing() -> None:
    pass


@pytest.mark.usefixtures("kept")
def test_a_greenlet_is_used_again_whether_its_worker_ended_or_was_killed() -> None:
    first = on(nothing)
    assert on(lambda: time.sleep(10**7)) == first  # still asleep when the simulation is closed
    assert on(nothing) == first


@pytest.mark.usefixtures("kept")
def test_context_variables_begin_empty() -> None:
    on(lambda: WHO.set("somebody"))
    seen: list[str] = []
    on(lambda: seen.append(WHO.get()))
    assert seen == ["nobody"]


@pytest.mark.usefixtures("kept")
def test_an_error_under_treatment_is_not_seen_by_the_next_worker() -> None:
    def fall_asleep() -> None:
        try:
            raise ValueError("under treatment")
        except ValueError:
            time.sleep(10**7)

    on(fall_asleep)
    seen: list[Any] = []
    on(lambda: seen.append(sys.exc_info()[1]))
    assert seen == [None]


@pytest.mark.usefixtures("kept")
def test_nothing_of_a_worker_stays_alive() -> None:
    class Held:
        pass

    held = Held()
    gone = weakref.ref(held)

    def loop(held: Held = held) -> None:
        time.sleep(10**7)
        assert held

    on(loop)
    del held, loop
    gc.collect()
    assert gone() is None


@pytest.mark.usefixtures("kept")
def test_a_worker_that_breaks_takes_its_greenlet_along() -> None:
    def break_down() -> None:
        raise OSError("disk")

    on(nothing)
    with pytest.raises(OSError, match="disk"):
        on(break_down)
    seen: list[str] = []
    on(lambda: seen.append("runs"))
    assert seen == ["runs"]


@pytest.mark.usefixtures("kept")
def test_a_worker_that_is_killed_and_goes_on_asking_is_still_found_out() -> None:
    def cling_to_life() -> None:
        while True:
            try:
                time.sleep(1)
            except BaseException:
                continue

    with Env.sim() as env:
        env.add("undead", cling_to_life)
        env.run(for_s=10)
        with pytest.raises(HarnessError, match="goes on asking"):
            env.simulation.close()
    on(nothing)


@pytest.mark.usefixtures("kept")
def test_a_simulation_on_another_thread_has_greenlets_of_its_own() -> None:
    ours = {on(nothing)}
    theirs: list[int] = []
    thread = threading.Thread(target=lambda: theirs.append(on(nothing)))
    thread.start()
    thread.join()
    assert len(theirs) == 1
    assert on(nothing) in ours


def test_outside_nothing_is_kept() -> None:
    alive: list[weakref.ref[Any]] = []

    def note() -> None:
        alive.append(weakref.ref(greenlet.getcurrent()))

    on(note)
    assert alive[0]() is None
    with GREENLETS:
        on(note)
        assert alive[1]() is not None
    assert alive[1]() is None
