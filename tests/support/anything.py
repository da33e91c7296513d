"""``Anything``: parameters for any operation of SWF, good, bad and in between, from a few numbers.

Hypothesis draws the seed, and this expands it into many calls: drawing each value would take more
time than the calls themselves.
"""

from __future__ import annotations

import random
from typing import Any, Final

from swfsim.spec import model

GOOD: Final[dict[str, list[Any]]] = {
    "name": ["main", "other", "order", "pay"],
    "version": ["1.0", "old", "new"],
    "activityId": ["a", "b"],
    "timerId": ["a", "b"],
    "id": ["a", "b"],
    "markerName": ["m"],
    "signalName": ["s"],
    "taskPriority": ["0", "-1", "7"],
    "defaultTaskPriority": ["0", "7"],
    "startToFireTimeout": ["0", "1", "30"],
    "workflowExecutionRetentionPeriodInDays": ["7", "0", "NONE"],
    "lambdaRole": ["arn:aws:iam::123456789012:role/swf"],
    "tagList": [[], ["t"], ["t", "u"]],
    "oldestDate": [0, 1_700_000_000, 1_700_000_100.5],
    "latestDate": [1_700_000_000, 2_000_000_000],
    "maximumPageSize": [0, 1, 3, 1000],
}
"""Values that the service takes, by member."""

BAD: Final[dict[str, list[Any]]] = {
    "string": ["", "x" * 257, "x" * 32_769, "a:b", "arn", " x ", "\0", "\ud800", "😀" * 200, "-1"],
    "integer": [-1, 1001, 2**63],
    "long": [-1],
    "boolean": [],
    "timestamp": [-1e300, "never", float("nan")],
    "list": [["x"] * 6, [None], [[]]],
    "structure": [{}],
}
WRONG: Final[list[Any]] = [None, 7, -0.5, True, "x", b"x", [], {}, [None], {"x": None}, object]
"""Values of no particular kind."""


class Anything:
    """``known`` gives further good values by member: the names and tokens that there are."""

    def __init__(self, seed: int, known: dict[str, list[Any]]) -> None:
        self._chance = random.Random(seed)
        self._good = GOOD | known
        self._badness = 0.0

    def pick(self, values: Any) -> Any:
        return self._chance.choice(values)

    def params(self, operation: str) -> Any:
        """One call in two is right in all its forms; one in ten is right in hardly any."""
        self._badness = self.pick([0, 0, 0, 0, 0, 0.02, 0.02, 0.05, 0.05, 0.5])
        found = self._structure(model.operation(operation).input_shape)
        if self._happens(0.02):
            found["unheardOf"] = 1
        return found

    def _happens(self, chance: float) -> bool:
        return self._badness > 0 and self._chance.random() < chance * (self._badness * 20)

    def _value(self, shape: Any, member: str) -> Any:
        if self._badness and self._chance.random() < self._badness:
            return self.pick([*BAD[shape.type_name], *WRONG])
        good = self._good.get(member)
        if good:
            return self.pick(good)
        if shape.type_name == "structure":
            return self._structure(shape)
        if shape.type_name == "list":
            return [self._value(shape.member, "") for _ in range(self._chance.randrange(4))]
        if shape.type_name == "string":
            if shape.enum:
                return self.pick(shape.enum)
            return self.pick(["1", "60", "NONE"]) if shape.name.startswith("Duration") else "x"
        return {"boolean": self._chance.random() < 0.5}.get(shape.type_name, 0)

    def _structure(self, shape: Any) -> dict[str, Any]:
        if shape.name in ("WorkflowType", "ActivityType"):
            name = {"WorkflowType": "order", "ActivityType": "pay"}[shape.name]
            return {"name": name, "version": self._value(shape.members["version"], "version")}
        if shape.name == "Decision" and not self._happens(0.01):
            return self._decision(shape)
        return {
            name: self._value(one, name)
            for name, one in shape.members.items()
            if (
                not self._happens(0.02)
                if name in shape.required_members
                else self._chance.random() < 0.3
            )
        }

    def _decision(self, shape: Any) -> dict[str, Any]:
        kind = self.pick(model.DECISIONS)
        member = model.DECISION_MEMBER[kind]
        made = {"decisionType": kind}
        if not self._happens(0.02):
            made[member] = self._value(shape.members[member], member)
        return made
