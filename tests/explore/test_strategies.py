"""Strategies: what is drawn is what SWF takes, shows and makes; and what fails shrinks to the
fewest faults, and is printed as a scenario that fails in the same way."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis.stateful import run_state_machine_as_test

from orders.order import check_order
from scenarios.explore import orders
from scenarios.strategies import orders as valid_orders
from swfsim import HarnessError, Story, Violation, fake_swf, laws
from swfsim.checkers import service_laws
from swfsim.core.events import Event
from swfsim.core.tables import CLOSE_DECISIONS
from swfsim.explore.places import Kind
from swfsim.replay.histories import Captured
from swfsim.spec import check, model
from swfsim.strategies import (
    FaultyRun,
    choices,
    decision_lists,
    decisions,
    events,
    faulty_runs,
    histories,
    machine,
)
from tests.explore import toy
from tests.explore.bakery import Bakery
from tests.explore.conftest import run_as_a_test
from tests.support.driver import Driver

CALLS: tuple[Kind, ...] = ("call", "moment")
few = settings(max_examples=25)
hunting = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
)


# Decisions


@pytest.mark.parametrize("kind", model.DECISIONS)
def test_a_decision_of_each_type_is_one_that_swf_takes(kind: str) -> None:
    @few
    @given(decisions(kind))
    def is_taken(decision: dict[str, Any]) -> None:
        assert decision["decisionType"] == kind
        check.request("RespondDecisionTaskCompleted", {"taskToken": "t", "decisions": [decision]})

    is_taken()


@few
@given(decision_lists())
def test_a_decision_list_is_one_that_swf_takes(drawn: list[dict[str, Any]]) -> None:
    with fake_swf(clock="virtual") as fake:
        swf = Driver(fake).register()
        swf.start()
        swf.decide(*drawn)


def test_a_decision_list_may_close_the_execution() -> None:
    closing = find(decision_lists(), lambda drawn: len(drawn) > 1 and _closes(drawn[-1]))
    assert not any(map(_closes, closing[:-1]))


def _closes(decision: dict[str, Any]) -> bool:
    return decision["decisionType"] in CLOSE_DECISIONS


@few
@given(decisions("StartTimer", timerId=st.just("retry")))
def test_a_member_can_be_drawn_from_something_else(decision: dict[str, Any]) -> None:
    assert decision["startTimerDecisionAttributes"]["timerId"] == "retry"


# Events and histories


@settings(max_examples=3)
@given(st.data())
def test_an_event_of_each_type_is_as_the_model_has_it(data: st.DataObject) -> None:
    for kind in model.EVENTS:
        event = data.draw(events(kind))
        assert (event.kind, check.event(kind, event.attrs)) == (kind, event.attrs)


@few
@given(events())
def test_an_event_is_of_any_type(event: Event) -> None:
    assert event.attrs == check.event(event.kind, event.attrs)


@given(histories())
def test_a_history_keeps_every_law_of_the_service(drawn: Captured) -> None:
    assert service_laws(drawn.events) == []
    assert drawn.events.kinds[0] == "WorkflowExecutionStarted"


@pytest.mark.parametrize(
    "kind", ["ActivityTaskCompleted", "ActivityTaskTimedOut", "TimerFired", "StartTimerFailed"]
)
def test_histories_get_somewhere(kind: str) -> None:
    tries = settings(hunting, max_examples=5_000, phases=[Phase.generate])
    assert find(histories(), lambda drawn: kind in drawn.events.kinds, settings=tries)


# Orders


@given(valid_orders())
def test_an_order_that_is_drawn_is_valid(order: dict[str, Any]) -> None:
    check_order(order)


@settings(max_examples=5)
@given(st.data())
def test_an_order_that_is_drawn_is_completed(data: st.DataObject) -> None:
    placed = data.draw(valid_orders())
    with Story(orders, choices=data.draw(choices())) as story:
        story.when(lambda story: story.app.start(placed))
        assert story.run().status == "COMPLETED"


# Faulty runs


def test_a_planted_bug_shrinks_to_one_fault_and_a_scenario_that_fails_likewise() -> None:
    @hunting
    @given(faulty_runs(toy.Forgetful, faults=3, kinds=("call",)))
    def keeps_its_rules(run: FaultyRun) -> None:
        run.check()

    with pytest.raises(Violation) as caught:
        keeps_its_rules()
    fails_likewise(str(caught.value))


def test_the_state_machine_shrinks_to_one_fault_too() -> None:
    with pytest.raises(Violation) as caught:
        run_state_machine_as_test(machine(toy.Forgetful, kinds=("call",)), settings=hunting)
    fails_likewise(str(caught.value))


def fails_likewise(told: str) -> None:
    """The file that was printed has one fault, and breaks the rule; not so the kiosk as it is."""
    broken, _, source = told.partition("\n\n")
    assert broken == "what is sold is paid once: it was paid 2 times"
    assert source.count("story.given(") == 1
    with pytest.raises(Violation, match="it was paid 2 times"):
        run_as_a_test(source)
    run_as_a_test(source.replace("Forgetful", "Careful"))


def test_what_takes_two_faults_is_found_with_two() -> None:
    found = find(
        faulty_runs(toy.Fussy, faults=3, kinds=("decision",)),
        lambda run: bool(run.broken),
        settings=hunting,
    )
    assert len(found.placement) == 2


TestCareful = machine(toy.Careful, kinds=CALLS).TestCase
TestCareful.settings = settings(TestCareful.settings, max_examples=8)


@settings(max_examples=15)
@given(faulty_runs("scenarios.explore:orders", faults=3))
def test_an_order_keeps_its_rules_and_its_decider_the_laws(run: FaultyRun) -> None:
    run.check()
    breaches = [breach for _, breach in laws.examine("orders.decider:decide", run.histories)]
    assert not any(breaches)


def test_a_run_says_what_went_wrong() -> None:
    named = f"{toy.__name__}:Careful"
    runs = faulty_runs(named, kinds=("step",))
    run = find(runs, lambda run: bool(run.placement), settings=hunting)
    assert repr(run) == f"<{named}: Pay fails (failed by the scenario) at attempt 1>"
    assert run.histories[0].source == "Pay fails (failed by the scenario) at attempt 1"
    run.check()


def test_an_application_that_is_not_there_is_said() -> None:
    with pytest.raises(HarnessError, match="nowhere"):
        faulty_runs("nowhere:App")


# Choices


def test_who_runs_first_is_drawn_too() -> None:
    @settings(hunting, max_examples=50)
    @given(st.data())
    def dough_comes_first(data: st.DataObject) -> None:
        with Story(Bakery, choices=data.draw(choices())) as story:
            story.when(lambda story: story.app.start(None))
            story.run()
            done = [e for e in story.latest.events if e.kind == "ActivityTaskCompleted"]
        assert done[0].attrs["scheduledEventId"] < done[1].attrs["scheduledEventId"]

    with pytest.raises(AssertionError, match="assert"):
        dough_comes_first()
