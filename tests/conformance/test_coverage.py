"""Nothing in the service model is left out of the conversations. No list in here is typed by hand,
but for the exceptions, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from swfsim.spec import faults, model
from tests.conformance.conversations import ALL
from tests.conformance.lanes import direct
from tests.conformance.talk import Heard

EXCEPTIONS = {
    **dict.fromkeys(
        (
            f"{operation}.LimitExceededFault"
            for operation in ("TagResource", "UntagResource", "ListTagsForResource")
        ),
        "modelled, but nobody knows what triggers it",
    ),
    **dict.fromkeys(
        (
            "MissingAuthenticationTokenException",
            "IncompleteSignatureException",
            "UnrecognizedClientException",
            "InvalidSignatureException",
        ),
        "only an endpoint that verifies signatures: tests/server/test_signatures.py",
    ),
}


def inner(shape: object) -> Iterator[object]:
    """A shape and all that is in it. The service has no recursive shapes."""
    yield shape
    for member in (*model.members(shape).values(), getattr(shape, "member", None)):  # type: ignore[arg-type]
        if member is not None:
            yield from inner(member)


def members_of_enumerations(*shapes: object) -> set[tuple[str, str]]:
    return {
        (shape.name, value)  # type: ignore[attr-defined]
        for outer in shapes
        for shape in inner(outer)
        for value in getattr(shape, "enum", ())
    }


@pytest.fixture(scope="module")
def heard() -> Heard:
    """All conversations, one after the other."""
    found = Heard()
    for conversation in ALL:
        found.merge(direct(conversation).heard)
    return found


def covered(all_of_them: set[str], found: set[str]) -> None:
    missing = all_of_them - found - set(EXCEPTIONS)
    assert not missing, f"in no conversation: {', '.join(sorted(missing))}"


def named(values: set[tuple[str, str]]) -> set[str]:
    return {f"{shape}.{value}" for shape, value in values}


def test_every_operation_is_answered(heard: Heard) -> None:
    covered(set(model.OPERATIONS), heard.answered)


def test_every_member_of_every_enumeration_is_said(heard: Heard) -> None:
    """Decision types in accepted requests; event types, causes, time-outs, statuses in answers."""
    every = {(name, value) for name in model.service().shape_names for value in model.enum(name)}
    covered(named(every), named(heard.values))


def test_every_event_type_cause_and_time_out_is_looked_at(heard: Heard) -> None:
    every = members_of_enumerations(model.shape("HistoryEvent"))
    assert {shape for shape, _ in every} >= {"EventType", "ActivityTaskTimeoutType"}
    covered(named(every), named(heard.checked))


def test_every_error_is_met(heard: Heard) -> None:
    covered(set(model.FAULTS) | set(faults.COMMON), {code for _, code in heard.errors})


def faults_of_operations() -> set[tuple[str, str]]:
    return {
        (name, shape.name)
        for name in model.OPERATIONS
        for shape in model.operation(name).error_shapes
    }


def test_every_fault_of_every_operation_is_met(heard: Heard) -> None:
    covered(named(faults_of_operations()), named(heard.errors))


def members_of_events() -> set[tuple[str, str]]:
    return {
        (kind, member) for kind in model.EVENTS for member in model.members(model.event_shape(kind))
    }


def test_every_attribute_of_every_event_is_shown(heard: Heard) -> None:
    covered(named(members_of_events()), named(heard.members))


def test_exceptions_are_exceptions(heard: Heard) -> None:
    pairs = heard.values | heard.checked | heard.errors | heard.members
    found = heard.answered | named(pairs) | {code for _, code in heard.errors}
    needless = found & set(EXCEPTIONS)
    assert not needless, f"said after all: {', '.join(sorted(needless))}"


def test_exceptions_are_of_the_model() -> None:
    every = {(name, value) for name in model.service().shape_names for value in model.enum(name)}
    every |= faults_of_operations() | members_of_events()
    known = named(every) | set(model.OPERATIONS) | set(model.FAULTS) | set(faults.COMMON)
    unknown = set(EXCEPTIONS) - known
    assert not unknown, f"not in the model: {', '.join(sorted(unknown))}"
