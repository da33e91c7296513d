"""How a run begins: by the API, by a parent, or by continuing another run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from swfsim.core.world import DEPRECATED, Execution, duration_ms
from swfsim.spec import limits

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event
    from swfsim.core.world import Domain, Recorder, Type

MANDATORY: Final = (
    "executionStartToCloseTimeout",
    "taskList",
    "taskStartToCloseTimeout",
    "childPolicy",
)
"""Settings that every run needs, in the order in which the service misses them."""

OPTIONAL: Final = ("taskPriority", "lambdaRole")


_DEFAULT_OF: Final = {
    setting: f"default{setting[0].upper()}{setting[1:]}" for setting in (*MANDATORY, *OPTIONAL)
}
"""The type's default for each setting: ``taskList`` → ``defaultTaskList``."""


def undefined_cause(setting: str) -> str:
    """``taskList`` → ``DEFAULT_TASK_LIST_UNDEFINED``."""
    return f"DEFAULT_{re.sub('(?=[A-Z])', '_', setting).upper()}_UNDEFINED"


def resolve(kind: Type, asked: Attrs) -> tuple[Attrs, str | None]:
    """A run's settings, from what was asked and else the type; and the first that is missing."""
    settings: Attrs = {}
    for name, default in _DEFAULT_OF.items():
        if name in asked:
            settings[name] = asked[name]
        elif default in kind.defaults:
            settings[name] = kind.defaults[default]
        elif name in MANDATORY:
            return settings, name
    return settings, None


def type_cause(domain: Domain, kind: Type | None) -> str | None:
    """Why a decision may not start a run of this type."""
    if kind is None:
        return "WORKFLOW_TYPE_DOES_NOT_EXIST"
    return "WORKFLOW_TYPE_DEPRECATED" if DEPRECATED in (kind.status, domain.status) else None


def begin(
    m: Recorder, domain: Domain, workflow_id: str, kind: Attrs, settings: Attrs, run_id: str = ""
) -> Execution:
    """Record the start of a run; its first decision task follows as a reaction.

    ``kind`` is the WorkflowType structure, ``settings`` whatever else event 1 shows.
    """
    x = Execution(domain, workflow_id, run_id or domain.world.new_run_id())
    told = {"parentInitiatedEventId": 0, **settings, "workflowType": kind}
    m.record(x, "WorkflowExecutionStarted", told)
    return x


# Effects


def started(x: Execution, e: Event) -> None:
    x.started = e.attrs
    x.started_at = e.at
    longest = limits.EXECUTION_S_MAX * 1000
    asked = duration_ms(e.attrs.get("executionStartToCloseTimeout"))
    x.due = e.at + (longest if asked is None else min(asked, longest))
    x.domain.runs[x.run_id] = x
    x.domain.open[x.workflow_id] = x
    x.domain.visibility.note(x)
    world = x.domain.world
    world.runs[x.run_id] = x
    world.deadlines.push(x.due, "execution", x)
