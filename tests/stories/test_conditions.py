"""Clocks that are wrong and listings that lag behind, as faults of a story."""

from __future__ import annotations

import gc
import time
from typing import Any

import pytest

from swfsim import Story, Violation
from swfsim.errors import HarnessError, NotLive
from swfsim.faults import clock_skewed, crash, listings_lag
from swfsim.live.env import LiveEnv
from swfsim.sim.plan import Plan
from tests.explore import toy


def sold(story: Story) -> None:
    story.app.start("a paper")


def told(story: Story, *faults: Any) -> Any:
    """The kiosk after a sale with these faults."""
    story.given(*faults)
    story.when(sold)
    story.then()
    return story.app


@pytest.mark.parametrize("seconds", [120, -120.5])
def test_a_worker_reads_its_own_clock(seconds: float) -> None:
    with Story(toy.Punctual) as story:
        right = told(story).paid_at
    with Story(toy.Punctual) as story:
        kiosk = told(story, clock_skewed("worker", seconds))
        assert kiosk.paid_at == pytest.approx(right + seconds)
        assert story.status == "COMPLETED"


def test_another_workers_clock_is_right() -> None:
    with Story(toy.Punctual) as story, pytest.raises(Violation, match="decider never looked at it"):
        told(story, clock_skewed("decider", 120))


class Tidy(toy.Punctual):
    """Its decider collects garbage, as may happen to anybody at any moment."""

    def decide(self, events: Any) -> Any:
        gc.collect(0)
        return super().decide(events)


def test_who_measures_a_collection_looks_at_no_workers_clock() -> None:
    """Hypothesis does. What a worker looks at must not hang on when garbage is collected."""

    def measure(*told: object) -> None:
        time.perf_counter()

    gc.callbacks.append(measure)
    try:
        with Story(Tidy) as story, pytest.raises(Violation, match="decider never looked at it"):
            told(story, clock_skewed("decider", 120))
    finally:
        gc.callbacks.remove(measure)


def test_a_worker_that_died_comes_back_with_the_same_clock() -> None:
    with Story(toy.Punctual) as story:
        right = told(story, crash("worker", "PollForActivityTask", "before")).paid_at
    with Story(toy.Punctual) as story:
        dies = crash("worker", "PollForActivityTask", "before")
        assert told(story, dies, clock_skewed("worker", 60)).paid_at == pytest.approx(right + 60)


def test_listings_do_not_know_yet_of_what_just_began() -> None:
    with Story(toy.Counting) as story:
        assert told(story).paid == 1
    with Story(toy.Counting) as story:
        assert told(story, listings_lag(30)).paid == 0


def test_listings_that_nobody_asks_for_test_nothing() -> None:
    with Story(toy.Careful) as story, pytest.raises(Violation, match="nobody asked for one"):
        told(story, listings_lag(30))


@pytest.mark.parametrize("seconds", [0, 300, -300, float("nan"), True])
def test_a_clock_with_which_swf_would_not_bear_is_refused(seconds: float) -> None:
    with pytest.raises(HarnessError, match="SWF refuses the signature"):
        clock_skewed("worker", seconds)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_lag_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(HarnessError, match="a number of seconds above 0"):
        listings_lag(seconds)


def test_the_clock_of_nobody_and_two_at_one_place_are_refused() -> None:
    with Story(toy.Careful) as story:
        story.given(clock_skewed("wroker", 60))
        story.when(sold)
        with pytest.raises(HarnessError, match="did you mean 'worker'"):
            story.run()
    for twice in ((clock_skewed("a", 1), clock_skewed("a", 2)), (listings_lag(1), listings_lag(2))):
        with pytest.raises(HarnessError, match="two faults at one place"):
            Plan(twice)


@pytest.mark.parametrize("fault", [clock_skewed("worker", 60), listings_lag(5)])
def test_neither_can_be_had_of_a_live_service(fault: Any) -> None:
    with pytest.raises(NotLive, match="only a simulated service"):
        LiveEnv.check_possible(None, fault)  # type: ignore[arg-type]
