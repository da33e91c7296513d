"""Whether the service would have taken what a decider decides now.

The history up to the decision task is played into the machine, and the decisions are really put to
it. Account-side reasons (rates, permissions, quotas) cannot be known here and are not guessed.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from swfsim.debug import surgery
from swfsim.replay.reenact import Reenactment
from swfsim.replay.stage import DOMAIN
from swfsim.spec import model
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from swfsim.core.world import Domain
    from swfsim.debug.tasks import Answer, Task
    from swfsim.replay.histories import Captured
    from swfsim.replay.stage import Scene

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

    Empty when it takes everything; None when the history before cannot be played.
    """
    stage = Reenactment(surgery.until(captured, task.started_id))
    if stage.run() is not None or stage.x is None:
        return None
    scene = stage.scene
    register(scene.domain, partial(_know, scene), made)
    before = len(stage.x.events)
    try:
        scene.call("RespondDecisionTaskCompleted", taskToken=scene.decision_token, decisions=made)
    except Fault as fault:
        return [f"{fault.code}: {fault.message}"]
    return list(_causes(stage.x.events[before:]))


def _know(scene: Scene, kind: str, named: dict[str, Any]) -> None:
    with contextlib.suppress(Fault, TypeError):  # known already, or no type: the check will say so
        scene.call(f"Register{kind}Type", domain=DOMAIN, **named)


def _causes(events: Sequence[Any]) -> Iterator[str]:
    refused = set(model.REFUSAL.values())
    for event in events:
        if event.kind in refused:
            yield f"{event.kind}: {event.attrs['cause']}"


def register(domain: Domain, know: Callable[[str, dict[str, Any]], object], made: Answer) -> None:
    """Types that only these decisions name are taken to be registered, with every default."""
    for kind, member in (("Workflow", "workflowType"), ("Activity", "activityType")):
        for decision in made:
            attributes = decision.get(
                model.DECISION_MEMBER.get(str(decision.get("decisionType")), "")
            )
            named = attributes.get(member) if isinstance(attributes, dict) else None
            if isinstance(named, dict):
                know(kind, named)
    complete_types(domain)


def complete_types(domain: Domain) -> None:
    """Give every type of a domain the defaults that no history shows."""
    for kind, types in (
        ("WorkflowType", domain.workflow_types),
        ("ActivityType", domain.activity_types),
    ):
        for found in types.values():
            found.defaults = _DEFAULTS[kind] | found.defaults
