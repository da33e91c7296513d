"""What the package derives from botocore's model by rule, held against the model."""

from __future__ import annotations

import pytest

from swfsim.core import tables
from swfsim.core.closing import STATUS
from swfsim.spec import limits, model


def test_the_model_is_the_one_we_know() -> None:
    """A new botocore may bring more; then the tables have to grow, and this says so first."""
    assert len(model.OPERATIONS) == 39
    assert len(model.DECISIONS) == 13
    assert len(model.EVENTS) == 54
    assert len(model.FAULTS) == 11


@pytest.mark.parametrize("event", model.EVENTS)
def test_every_event_has_its_attributes(event: str) -> None:
    assert model.event_shape(event).name == f"{event}EventAttributes"


@pytest.mark.parametrize("decision", model.DECISIONS)
def test_every_decision_fails_into_an_event_with_a_cause(decision: str) -> None:
    shown = model.members(model.event_shape(model.REFUSAL[decision]))
    assert shown["cause"].enum
    own = {"cause", model.DECISION_TIME_MEMBER, "initiatedEventId"}
    assert shown.keys() - own <= model.members(model.decision_shape(decision)).keys()


def test_every_operation_has_its_function() -> None:
    assert tables.OPERATIONS.keys() | {"RespondDecisionTaskCompleted"} == set(model.OPERATIONS)


def test_every_decision_has_its_function() -> None:
    assert tables.DECISIONS.keys() == set(model.DECISIONS)


def test_the_close_decisions_are_those_with_unhandled_decision() -> None:
    unhandled = {
        decision
        for decision in model.DECISIONS
        if "UNHANDLED_DECISION"
        in model.members(model.event_shape(model.REFUSAL[decision]))["cause"].enum
    }
    assert unhandled == tables.CLOSE_DECISIONS


def test_effects_triggers_reactions_and_closes_name_events_of_the_model() -> None:
    for table in (tables.EFFECTS, tables.TRIGGERS, tables.REACTIONS, STATUS):
        assert set(table) <= set(model.EVENTS)


def test_every_event_that_changes_nothing_is_known_to_change_nothing() -> None:
    """A forgotten effect shows here."""
    without_effect = set(model.EVENTS) - tables.EFFECTS.keys()
    assert without_effect == {
        "MarkerRecorded",
        "WorkflowExecutionSignaled",
        *(
            refusal
            for refusal in model.REFUSAL.values()
            if "initiatedEventId" not in model.members(model.event_shape(refusal))
        ),
    }


def test_close_statuses_are_those_of_the_model() -> None:
    assert set(STATUS.values()) == set(model.enum("CloseStatus"))


def test_every_operation_has_a_token_bucket() -> None:
    assert limits.API_BUCKETS.keys() == set(model.OPERATIONS)


def test_every_decision_with_a_rate_has_a_bucket() -> None:
    limited = {
        decision
        for decision in model.DECISIONS
        for cause in model.members(model.event_shape(model.REFUSAL[decision]))["cause"].enum
        if cause.endswith("_RATE_EXCEEDED")
    }
    assert limits.DECISION_BUCKETS.keys() == limited
