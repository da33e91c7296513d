"""Where a run has several executions, a fault strikes the step or the decision of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from swfsim import Violation
from swfsim.explore import scenario
from swfsim.explore.places import Kind
from swfsim.explore.trial import Trials
from tests.explore import toy
from tests.explore.conftest import run_as_a_test, swept

WORK: tuple[Kind, ...] = ("step", "decision")
TROUBLE = {"ActivityTaskFailed", "ActivityTaskTimedOut"}


class Chain(toy.Careful):
    """A sale that has a second one made by a child of it, under the same type."""

    def forgets(self, kinds: list[str], given: str) -> bool:
        return False

    def decide(self, events: Sequence[Mapping[str, Any]]) -> toy.Decisions:
        kinds = [one["eventType"] for one in events]
        started = events[0]["workflowExecutionStartedEventAttributes"]
        if "StartChildWorkflowExecutionFailed" in kinds:
            return (
                []
                if "FailWorkflowExecutionFailed" in kinds
                else [{"decisionType": "FailWorkflowExecution"}]
            )
        decided = toy.decide(events)
        if "parentWorkflowExecution" in started:
            return [] if self.forgets(kinds, started["input"]) else decided
        if [one["decisionType"] for one in decided] != ["CompleteWorkflowExecution"]:
            return decided
        if "StartChildWorkflowExecutionInitiated" in kinds:
            return decided if any(map(has_ended, kinds)) else []
        attributes = {
            "workflowId": "second",
            "workflowType": {"name": "sale", "version": "1"},
            "input": "careful" if TROUBLE & set(kinds) else "",
        }
        return [
            {
                "decisionType": "StartChildWorkflowExecution",
                "startChildWorkflowExecutionDecisionAttributes": attributes,
            }
        ]


def has_ended(kind: str) -> bool:
    return kind.startswith("ChildWorkflowExecution") and kind != "ChildWorkflowExecutionStarted"


class Warned(Chain):
    """Its child forgets a sale that had trouble, unless the first had some, too."""

    def forgets(self, kinds: list[str], given: str) -> bool:
        return bool(TROUBLE & set(kinds)) and given != "careful"


def test_a_mistake_of_the_child_alone_is_found() -> None:
    assert not swept(Chain, kinds=WORK).failures
    found = [str(one.placement[0]) for one in swept(Warned, kinds=WORK).failures]
    assert "Pay fails (failed by the scenario) at attempt 1, of workflow 2" in found
    assert "Hand answer lost at attempt 1, of workflow 2" in found
    assert all(one.endswith(", of workflow 2") for one in found)


def test_it_is_printed_as_a_test_that_fails_in_the_same_way() -> None:
    first, *_ = swept(Warned, kinds=("step",), failures=1).failures
    source = scenario.source("tests.explore.test_families:Warned", first.placement, first.broken)
    assert "only=nth(story, 2)" in source
    with pytest.raises(Violation, match="nothing is stuck"):
        run_as_a_test(source)
    run_as_a_test(source.replace("Warned", "Chain"))


def test_behind_a_fault_of_the_one_come_places_of_both() -> None:
    with Trials(Chain, kinds=("step",)) as trials:
        fails = trials.run().places[0][0]
        behind = {(one.name, one.nth, one.whose) for [one, *_] in trials.run((fails,)).places}
    assert (fails.name, fails.nth, fails.whose) == ("Pay", 1, 1)
    assert behind == {("Pay", 2, 1), ("Hand", 1, 1), ("Pay", 1, 2), ("Hand", 1, 2)}


def test_each_has_its_own_first_decision() -> None:
    with Trials(Chain, kinds=("decision",)) as trials:
        placed = {(one.what, one.nth, one.whose) for there in trials.run().places for one in there}
    assert {("dies", 1, 1), ("times out", 1, 1), ("dies", 1, 2), ("times out", 1, 2)} <= placed


def test_where_there_is_one_execution_nothing_is_said_of_it() -> None:
    failures = swept(toy.Forgetful, kinds=("step",)).failures
    assert failures
    assert not any("workflow" in str(one) for failure in failures for one in failure.placement)


class Hasty(Chain):
    """It completes at a signal, even while its child is at work."""

    def decide(self, events: Sequence[Mapping[str, Any]]) -> toy.Decisions:
        kinds = [one["eventType"] for one in events]
        if "ChildWorkflowExecutionStarted" in kinds and not any(map(has_ended, kinds)):
            since = kinds[kinds.index("ChildWorkflowExecutionStarted") :]
            if "WorkflowExecutionSignaled" in since:
                return [{"decisionType": "CompleteWorkflowExecution"}]
        return super().decide(events)


def test_what_somebody_does_to_the_parent_while_its_child_is_open_is_tried_too() -> None:
    [first, *_] = found = swept(Hasty, kinds=("moment",)).failures
    assert {str(one.placement[0]).partition(" at ")[0] for one in found} == {"signaled"}
    assert str(first.placement[0]) == "signaled at WorkflowExecutionStarted #2, of workflow 1"
    source = scenario.source("tests.explore.test_families:Hasty", first.placement, first.broken)
    assert 'upon(told.happenings["signaled"], 1)' in source
    with pytest.raises(Violation, match="nothing is left open at completion"):
        run_as_a_test(source)
    run_as_a_test(source.replace("Hasty", "Chain"))
