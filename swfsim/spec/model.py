"""The SWF service model, read from botocore; no name in here is typed by hand.

``OPERATIONS``  the 39 operations
``DECISIONS``   the 13 decision types, each with its attribute member and its two events
``EVENTS``      the 54 event types, each with its attribute member
``FAULTS``      the 11 modelled faults
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import botocore.loaders
import botocore.model

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape, StructureShape


@functools.cache
def service() -> botocore.model.ServiceModel:
    """botocore's model of the service, API version 2012-01-25."""
    description = botocore.loaders.Loader().load_service_model("swf", "service-2")
    return botocore.model.ServiceModel(description, service_name="swf")


def shape(name: str) -> Shape:
    return service().shape_for(name)


def operation(name: str) -> OperationModel:
    return service().operation_model(name)


def enum(name: str) -> tuple[str, ...]:
    """The members of an enumeration, in the model's order."""
    members: list[str] = getattr(shape(name), "enum", [])
    return tuple(members)


def members(structure: Shape | None) -> dict[str, Shape]:
    """A structure's members by name; of an absent structure (a void answer), none."""
    found: dict[str, Shape] = getattr(structure, "members", {})
    return found


def required(structure: Shape | None) -> frozenset[str]:
    return frozenset(getattr(structure, "required_members", ()))


def _lower_first(name: str) -> str:
    return name[0].lower() + name[1:]


OPERATIONS: Final[tuple[str, ...]] = tuple(service().operation_names)
DECISIONS: Final[tuple[str, ...]] = enum("DecisionType")
EVENTS: Final[tuple[str, ...]] = enum("EventType")
FAULTS: Final[frozenset[str]] = frozenset(s.name for s in service().error_shapes)

DECISION_MEMBER: Final[dict[str, str]] = {
    name: f"{_lower_first(name)}DecisionAttributes" for name in DECISIONS
}
EVENT_MEMBER: Final[dict[str, str]] = {
    name: f"{_lower_first(name)}EventAttributes" for name in EVENTS
}


@functools.cache
def decision_shape(name: str) -> StructureShape:
    """The attributes of one decision type."""
    found: Any = members(shape("Decision"))[DECISION_MEMBER[name]]
    return found  # type: ignore[no-any-return]


@functools.cache
def event_shape(name: str) -> StructureShape:
    """The attributes of one event type."""
    found: Any = members(shape("HistoryEvent"))[EVENT_MEMBER[name]]
    return found  # type: ignore[no-any-return]


REFUSAL: Final[dict[str, str]] = {name: f"{name}Failed" for name in DECISIONS}
"""The event into which a refused decision fails. True of all 13, see ``tests/spec``."""


def can_be_denied(decision: str) -> bool:
    """Whether the refusal of this decision type knows OPERATION_NOT_PERMITTED as its cause."""
    if decision not in REFUSAL:
        return False
    cause = members(event_shape(REFUSAL[decision]))["cause"]
    return "OPERATION_NOT_PERMITTED" in enum(cause.name)


DECISION_TIME_MEMBER: Final = "decisionTaskCompletedEventId"


@functools.cache
def shared_members(decision: str, event: str) -> tuple[str, ...]:
    """The attributes that an event takes over from the decision behind it."""
    asked = members(decision_shape(decision))
    return tuple(name for name in members(event_shape(event)) if name in asked)
