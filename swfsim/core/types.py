"""Workflow types and activity types: one behaviour, two kinds.

Register…Type, Describe…Type, List…Types, Deprecate…Type, Undeprecate…Type, Delete…Type
"""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from swfsim.core import pages
from swfsim.core.world import DEPRECATED, REGISTERED, Type
from swfsim.spec import faults, model
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from swfsim.core.events import Attrs
    from swfsim.core.world import Domain, Recorder, Region, TypeKey


class Kind:
    """The operations of one kind of type; ``name`` is WorkflowType or ActivityType."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.member = name[0].lower() + name[1:]
        asked = model.members(model.operation(f"Register{name}").input_shape)
        self._defaults = frozenset(one for one in asked if one.startswith("default"))
        self._types: Callable[[Domain], dict[TypeKey, Type]] = attrgetter(
            "workflow_types" if name == "WorkflowType" else "activity_types"
        )

    def _find(self, region: Region, asked: Attrs) -> tuple[dict[TypeKey, Type], Type]:
        types = self._types(region.domain(asked["domain"]))
        wanted = asked[self.member]
        found = region.domain(asked["domain"]).type_of(types, wanted)
        if found is None:
            raise faults.unknown_type(self.name, wanted["name"], wanted["version"])
        return types, found

    def register(self, m: Recorder, region: Region, asked: Attrs) -> Attrs:
        """A version is immutable once registered, and stays taken when deprecated."""
        domain = region.domain(asked["domain"])
        if domain.status == DEPRECATED:
            raise Fault("DomainDeprecatedFault", domain.name)
        types = self._types(domain)
        key = (asked["name"], asked["version"])
        if key in types:
            raise Fault("TypeAlreadyExistsFault", types[key].text)
        if len(types) >= region.world.behaviour.quotas.types:
            raise Fault("LimitExceededFault", "Too many types in the domain")
        defaults = {name: value for name, value in asked.items() if name in self._defaults}
        types[key] = Type(self.name, *key, region.world.now, asked.get("description"), defaults)
        return {}

    def _info(self, kind: Type) -> Attrs:
        shown: Attrs = {
            self.member: {"name": kind.name, "version": kind.version},
            "status": kind.status,
            "creationDate": kind.created_at,
        }
        if kind.description is not None:
            shown["description"] = kind.description
        if kind.deprecated_at is not None:
            shown["deprecationDate"] = kind.deprecated_at
        return shown

    def describe(self, m: Recorder, region: Region, asked: Attrs) -> Attrs:
        _, found = self._find(region, asked)
        return {"typeInfo": self._info(found), "configuration": found.defaults}

    def list_all(self, m: Recorder, region: Region, asked: Attrs) -> Attrs:
        """By name, then version; ``reverseOrder`` turns the order round."""
        types = self._types(region.domain(asked["domain"]))
        keys = sorted(
            (
                key
                for key, kind in types.items()
                if kind.status == asked["registrationStatus"]
                and not region.world.too_new(kind.created_at)
                and asked.get("name", kind.name) == kind.name
            ),
            reverse=asked.get("reverseOrder", False),
        )
        operation = f"List{self.name}s"
        shown, token = pages.after(region, operation, asked, keys)
        answer: Attrs = {"typeInfos": [self._info(types[key]) for key in shown]}
        return answer | token

    def deprecate(self, m: Recorder, region: Region, asked: Attrs) -> Attrs:
        types, found = self._find(region, asked)
        if found.status == DEPRECATED:
            raise Fault("TypeDeprecatedFault", found.text)
        at = region.world.now
        types[found.name, found.version] = replace(found, status=DEPRECATED, deprecated_at=at)
        return {}

    def undeprecate(self, m: Recorder, region: Region, asked: Attrs) -> Attrs:
        types, found = self._find(region, asked)
        if found.status == REGISTERED:
            raise Fault("TypeAlreadyExistsFault", found.text)
        types[found.name, found.version] = replace(found, status=REGISTERED, deprecated_at=None)
        return {}

    def delete(self, m: Recorder, region: Region, asked: Attrs) -> Attrs:
        types, found = self._find(region, asked)
        if found.status == REGISTERED:
            raise Fault(
                "TypeNotDeprecatedFault",
                "The type is currently registered and cannot be deleted in its current state",
            )
        del types[found.name, found.version]
        return {}


WORKFLOW = Kind("WorkflowType")
ACTIVITY = Kind("ActivityType")
