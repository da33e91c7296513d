"""Whether the service would have taken what a decider decides now.

The history up to the decision task is played into the machine, and the decisions are really put to
it. Account-side reasons (rates, permissions, quotas) cannot be known here and are not guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swfsim.core.events import History
from swfsim.replay import histories
from swfsim.replay.reenact import Reenactment
from swfsim.replay.stage import DOMAIN
from swfsim.spec import model
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    stage = Reenactment(_until(captured, task.started_id))
    if stage.run() is not None or stage.x is None:
        return None
    scene = stage.scene
    _register(scene, made)
    before = len(stage.x.events)
    try:
        scene.call("RespondDecisionTaskCompleted", taskToken=scene.decision_token, decisions=made)
    except Fault as fault:
        return [f"{fault.code}: {fault.message}"]
    return list(_causes(stage.x.events[before:]))


def _until(captured: Captured, last: int) -> Captured:
    events = History()
    for event in captured.events[:last]:
        events.append(event)
    return histories.Captured(captured.source, events, captured.workflow_id, captured.run_id)


def _causes(events: Sequence[Any]) -> Iterator[str]:
    refused = set(model.REFUSAL.values())
    for event in events:
        if event.kind in refused:
            yield f"{event.kind}: {event.attrs['cause']}"


def _register(scene: Scene, made: Answer) -> None:
    """Types that only the new decisions name are taken to be registered."""
    for kind, member in (("WorkflowType", "workflowType"), ("ActivityType", "activityType")):
        for decision in made:
            attributes = decision.get(
                model.DECISION_MEMBER.get(str(decision.get("decisionType")), "")
            )
            named = attributes.get(member) if isinstance(attributes, dict) else None
            if isinstance(named, dict):
                try:
                    scene.call(f"Register{kind}", domain=DOMAIN, **named)
                except (Fault, TypeError):
                    continue  # known already, or no type at all: the answer's own check will say so
        types = (
            scene.domain.workflow_types if kind == "WorkflowType" else scene.domain.activity_types
        )
        for found in types.values():
            found.defaults = _DEFAULTS[kind] | found.defaults
