"""What stands at one point is taken to have one future: no rule, and no decider, is cheated by it.

Each application is swept as it is, and once more without ``state``, so that nothing is joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from swfsim.explore import report
from swfsim.explore.places import Kind, Placed
from swfsim.explore.trial import Trials
from swfsim.rules import SHIPPED, Rule, Run, at_the_end, nothing_is_stuck, sometimes
from tests.explore import toy
from tests.explore.conftest import swept

CALLS: tuple[Kind, ...] = ("call", "decision")


def answers(run: Run) -> int:
    """How often somebody said that a step is done; in a history each stands once."""
    return [call.operation for call in run.calls].count("RespondActivityTaskCompleted")


@at_the_end
def no_answer_is_sent_twice(run: Run) -> Iterator[str]:
    if answers(run) > 2:
        yield "it was"


@sometimes
def some_answer_is_sent_twice(run: Run) -> bool:
    return answers(run) > 2


@at_the_end
def nobody_throttles(run: Run) -> Iterator[str]:
    if any("throttled" in one for one in run.given):
        yield "somebody does"


@at_the_end
def a_sale_takes_three_seconds_at_most(run: Run) -> Iterator[str]:
    took = run.executions[0].events.instants[-1] - run.executions[0].events.instants[0]
    if run.executions[0].close_status == "COMPLETED" and took > 3000:
        yield f"it took {took} ms"


def ruled(rule: Rule) -> Any:
    return type("Ruled", (toy.Kiosk,), {"rules": (*SHIPPED, rule)})


class Impatient(toy.Careful):
    """Forgets a sale that took long, though nothing seems to have gone wrong."""

    def decide(self, events: Sequence[Mapping[str, Any]]) -> toy.Decisions:
        span = events[-1]["eventTimestamp"] - events[0]["eventTimestamp"]
        done = [one["eventType"] for one in events].count("ActivityTaskCompleted")
        return [] if done == 1 and span.total_seconds() > 5 else super().decide(events)


class Offer(toy.Careful):
    """An offer that holds for three seconds, after which it waits for nobody knows what."""

    rules = (nothing_is_stuck,)

    def decide(self, events: Sequence[Mapping[str, Any]]) -> toy.Decisions:
        kinds = [one["eventType"] for one in events]
        if "TimerFired" in kinds:
            return []
        attributes = {"timerId": "offer", "startToFireTimeout": "3"}
        timer = {"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}
        return [*([] if "TimerStarted" in kinds else [timer]), *super().decide(events)]


@pytest.mark.parametrize(
    "app",
    [
        ruled(no_answer_is_sent_twice),
        ruled(nobody_throttles),
        ruled(a_sale_takes_three_seconds_at_most),
        Impatient,
        Offer,
    ],
    ids=["calls", "given", "spans", "decider", "timer"],
)
def test_what_is_found_is_what_is_found_without_joining(app: Any) -> None:
    silent = type("Silent", (app,), {"state": lambda self: None})
    joined, followed = swept(app, kinds=CALLS), swept(silent, kinds=CALLS)
    assert joined.levels[1].joined > 0 == followed.levels[1].joined
    assert joined.failures
    assert joined.failures == followed.failures


def test_what_is_reached_only_by_a_run_that_joins_is_reached() -> None:
    """The calls of a worker leave no trace in a history."""
    app = ruled(some_answer_is_sent_twice)
    certificate = swept(app, kinds=CALLS, to_reach=["some answer is sent twice"])
    assert certificate.proven


@pytest.mark.parametrize(("app", "joins"), [(toy.Careful, True), (Offer, False)])
def test_points_differ_as_long_as_a_timer_will_fire_sooner(app: Any, joins: bool) -> None:
    """A call that was throttled cost a second: all is as without, but for what is left of it."""
    throttled = Placed("call", "worker", 1, "throttled", "RespondActivityTaskCompleted")
    with Trials(app) as trials:
        known = {one.state for one in trials.run().marks}
        *before_the_end, _ = [one.state in known for one in trials.run((throttled,), known).marks]
    assert before_the_end
    assert set(before_the_end) == {joins}


def test_the_certificate_says_what_was_spared_and_what_may_hide_there() -> None:
    once = swept(toy.Careful, 1, kinds=("decision",))
    twice = swept(toy.Careful, 2, kinds=("step",))
    verdict = "  every rule is kept in all of them; nothing is left unexplored"
    assert list(report.lines("toy", once))[-1] == verdict
    assert list(report.lines("toy", twice))[-1] == (
        f"{verdict} but what was spared, as far as it turns on calls made, faults given, "
        "spans of time, or an execution's own time-out"
    )
