"""Who runs first, and who gets a task, are choices of the scheduler, and explored like faults."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pytest

from swfsim import Violation
from swfsim.app import Wrap
from swfsim.choices import Choice, Steered
from swfsim.env import Env
from swfsim.explore import scenario
from swfsim.explore.trial import Trials
from tests.explore import toy
from tests.explore.conftest import run_as_a_test, swept


class Two(toy.Careful):
    """With a second cashier."""

    def workers(self, wrap: Wrap) -> Mapping[str, Any]:
        cashiers = ("first", "second")
        return {
            "decider": self.decide_for_ever,
            **{name: functools.partial(self.work_as, name, wrap) for name in cashiers},
        }

    def work_as(self, name: str, wrap: Wrap) -> None:
        self.work(wrap)


class Greedy(Two):
    """The second cashier takes the money twice."""

    def work_as(self, name: str, wrap: Wrap) -> None:
        self.work(lambda function: wrap(functools.partial(self.serve, name, function)))

    def serve(self, name: str, function: Any, given: Any) -> None:
        before = self.paid
        function(given)
        if name == "second" and self.paid != before:
            self.paid += 1


def test_what_only_another_order_of_workers_shows_is_found() -> None:
    assert not swept(Two).failures
    failures = swept(Greedy, kinds=("choice",)).failures
    assert failures
    assert {one.kind for failure in failures for one in failure.placement} == {"choice"}
    assert {text for failure in failures for text in failure.broken} == {
        "what is sold is paid once: it was paid 2 times"
    }


def test_it_is_printed_as_a_test_that_fails_in_the_same_way() -> None:
    [first, *_] = swept(Greedy, kinds=("choice",)).failures
    where = "tests.explore.test_order_of_workers:Greedy"
    source = scenario.source(where, first.placement, first.broken)
    with pytest.raises(Violation, match="it was paid 2 times"):
        run_as_a_test(source)
    run_as_a_test(source.replace("Greedy", "Two"))


def test_every_choice_of_a_run_is_a_place() -> None:
    with Trials(Two, kinds=("choice",)) as trials:
        with trials.story(()) as story:
            story.when(lambda story: story.app.start(None)).run()
            trail = story.plan.choices.trail  # type: ignore[attr-defined]
        assert {one.label for one in trail} == {"who runs", "who takes it"}
        found = [there[0] for there in trials.run().places]
    assert [(one.name, one.nth) for one in found[: len(trail)]] == [
        (one.label, number) for number, one in enumerate(trail)
    ]


def test_a_simulation_takes_the_choices_that_it_is_given_even_while_there_are_none() -> None:
    choices = Steered({0: 1})
    with Env.sim(choices=choices) as env:
        seen: list[str] = []
        for name in ("one", "two"):
            env.add(name, functools.partial(seen.append, name))
        env.run()
    assert seen == ["two", "one"]
    assert choices.trail == [Choice("who runs", 2, 1)]
