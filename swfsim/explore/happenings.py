"""What somebody may do to any execution: happenings for stories and explorers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

from swfsim.env import Env
from swfsim.errors import NotLive
from swfsim.stories import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.stories import Happening, Story

UNKNOWN_SIGNAL: Final = "SWFSIM_UNKNOWN_SIGNAL"
"""A signal that no application knows."""


@functools.cache
def _client(region: str) -> Any:
    return boto3.client("swf", region_name=region)


def _to_latest(story: Story, operation: str, **asked: Any) -> None:
    """A call about the execution started last."""
    _to(story.latest, operation, **asked)


def _to(x: Execution, operation: str, **asked: Any) -> None:
    """A call about an execution; one that has closed meanwhile is left alone."""
    call = getattr(_client(x.domain.region.name), operation)
    try:
        call(domain=x.domain.name, workflowId=x.workflow_id, runId=x.run_id, **asked)
    except ClientError as error:
        if error.response["Error"]["Code"] != "UnknownResourceFault":
            raise


def cancel_requested(story: Story) -> None:
    """Somebody asks for the latest execution to be cancelled."""
    _to_latest(story, "request_cancel_workflow_execution")


def ends_chains(story: Story, runs: int | None) -> None:
    """From now on, somebody terminates an execution of the story that has continued as new so
    often; nobody does for None. It has to end some day, or what holds at the end is never seen."""
    if runs is None:
        return
    if not isinstance(story.env, Env):
        raise NotLive("who ends a chain of executions has to see all of them begin")
    continued: dict[str, int] = {}

    def observe(x: Execution, event: Event, who: str) -> None:
        if event.attrs.get("continuedExecutionRunId"):
            continued[x.workflow_id] = continued.get(x.workflow_id, 0) + 1
            if continued[x.workflow_id] >= runs:
                story.when(functools.partial(_terminate, x))

    story.env.observe(observe)


def _terminate(x: Execution, story: Story) -> None:
    _to(x, "terminate_workflow_execution", reason="it continues as new for ever")


def terminated(story: Story) -> None:
    """An operator terminates the latest execution."""
    _to_latest(story, "terminate_workflow_execution", reason="terminated by the scenario")


def signaled(story: Story) -> None:
    """The latest execution gets a signal that it does not know."""
    _to_latest(story, "signal_workflow_execution", signalName=UNKNOWN_SIGNAL)


def cut_off(story: Story) -> None:
    """No worker reaches SWF any more until the latest execution has timed out."""
    if not isinstance(story.env, Env):
        raise NotLive("nobody reaches SWF: only a simulation can be cut off")
    x = story.latest
    if x.due is not None and x.open:
        simulation = story.env.simulation
        names = {one.process.name for one in simulation.workers.values()} - {OPERATOR}
        story.plan.calls.cut_off(names, x.due + 1000)


ANY: Final[Mapping[str, Happening]] = {
    "cancel requested": cancel_requested,
    "terminated": terminated,
    "signaled": signaled,
    "nobody is at work until the execution times out": cut_off,
}
"""By name, what may happen to any application."""
