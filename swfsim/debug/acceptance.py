"""Whether the service would have taken what a decider decides now.

The history up to the decision task is played into the machine, and the decisions are really put to
it. Account-side reasons (rates, permissions, quotas) cannot be known here and are not guessed.
"""

from __future__ import annotations

import contextlib
import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from swfsim.debug import surgery
from swfsim.replay.reenact import Reenactment
from swfsim.replay.stage import DOMAIN
from swfsim.spec import check, model
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from swfsim.core.events import History
    from swfsim.core.world import Domain
    from swfsim.debug.tasks import Answer, Task
    from swfsim.replay.histories import Captured
    from swfsim.replay.stage import Scene

_TYPE_MEMBERS: Final = {"workflowType": "Workflow", "activityType": "Activity"}
_Type = tuple[str, str, str]
"""Member, name, version."""

_TIMEOUT: Final = "NONE"
_DEFAULTS: Final = {
    "WorkflowType": {
        "defaultTaskList": {"name": "default"},
        "defaultTaskStartToCloseTimeout": _TIMEOUT,
        "defaultExecutionStartToCloseTimeout": "31536000",
        "defaultChildPolicy": "TERMINATE",
        "defaultLambdaRole": "arn:aws:iam::111122223333:role/swf",
    },
    "ActivityType": {
        "defaultTaskList": {"name": "default"},
        "defaultTaskHeartbeatTimeout": _TIMEOUT,
        "defaultTaskScheduleToStartTimeout": _TIMEOUT,
        "defaultTaskScheduleToCloseTimeout": _TIMEOUT,
        "defaultTaskStartToCloseTimeout": _TIMEOUT,
    },
}
"""A history does not show a type's defaults: what a decision leaves out counts as given."""


def refusals(captured: Captured, task: Task, made: Answer) -> list[str] | None:
    """Why the service refuses: the fault of the whole answer, or the cause of single decisions.

    Empty when it takes everything; None when the history before cannot be played. What happened
    while the decider was deciding counts, since the service knew of it.
    """
    asked = {"taskToken": "token", "decisions": made}
    try:
        decisions = check.request("RespondDecisionTaskCompleted", asked)["decisions"]
    except Fault as fault:
        return [f"{fault.code}: {fault.message}"]
    stage = Reenactment(surgery.until(captured, task.under_way_id))
    if stage.run() is not None or stage.x is None:
        return None
    scene = stage.scene
    kind = captured.events.attrs[0]["workflowType"]["name"]
    register(scene.domain, partial(_know, scene), decisions, kind)
    refused = _refused_types(captured.events, task)
    before = len(stage.x.events)
    try:
        scene.answer(decisions, [refused.get(_type_of(one, kind)) for one in decisions])
    except Fault as fault:
        return [f"{fault.code}: {fault.message}"]
    return list(_causes(stage.x.events[before:]))


def _refused_types(events: History, task: Task) -> dict[_Type | None, str]:
    """Types that could not be used when this task was answered, as far as its run had shown by
    then, and why."""
    found: dict[_Type | None, str] = {}
    last = task.decided[-1].id if task.decided else task.under_way_id
    for event in events[:last]:
        for member in _TYPE_MEMBERS:
            named = event.attrs.get(member)
            if named is not None:
                key = (member, named["name"], named["version"])
                cause = event.attrs.get("cause", "")
                if cause.endswith(("_TYPE_DOES_NOT_EXIST", "_TYPE_DEPRECATED")):
                    found[key] = cause
                else:
                    found.pop(key, None)
    return found


def _type_of(decision: dict[str, Any], workflow: str) -> _Type | None:
    """The type that a decision uses; ``workflow`` is the name of its run's own type."""
    attributes = decision.get(model.DECISION_MEMBER.get(str(decision.get("decisionType")), ""))
    if not isinstance(attributes, dict):
        return None
    if "workflowTypeVersion" in attributes:  # continues as another version of itself
        return "workflowType", workflow, str(attributes["workflowTypeVersion"])
    for member in _TYPE_MEMBERS:
        named = attributes.get(member)
        if isinstance(named, dict):
            return member, str(named.get("name")), str(named.get("version"))
    return None


def _know(scene: Scene, kind: str, named: dict[str, Any]) -> None:
    with contextlib.suppress(Fault):  # known already, or no type: the check will say so
        scene.call(f"Register{kind}Type", domain=DOMAIN, **named)


def _causes(events: Sequence[Any]) -> Iterator[str]:
    refused = set(model.REFUSAL.values())
    for event in events:
        if event.kind in refused:
            yield f"{event.kind}: {event.attrs['cause']}"


def register(
    domain: Domain, know: Callable[[str, dict[str, Any]], object], made: Answer, workflow: str
) -> None:
    """Types that only these decisions name are taken to be registered, with every default.
    ``workflow`` is the name of the run's own type."""
    for decision in made:
        found = _type_of(decision, workflow)
        if found is not None:
            member, name, version = found
            know(_TYPE_MEMBERS[member], {"name": name, "version": version})
    complete_types(domain)


def complete_types(domain: Domain) -> None:
    """Give every type of a domain the defaults that no history shows."""
    for kind, types in (
        ("WorkflowType", domain.workflow_types),
        ("ActivityType", domain.activity_types),
    ):
        for key, found in types.items():
            types[key] = dataclasses.replace(found, defaults=_DEFAULTS[kind] | found.defaults)
