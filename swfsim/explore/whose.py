"""Which execution of a story something is meant for, where there are several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swfsim.sim.faults import Which

if TYPE_CHECKING:
    from swfsim.core.world import Execution
    from swfsim.stories import Story


class _Nth(Which):
    def __init__(self, story: Story, number: int) -> None:
        self._story = story
        self._number = number

    def wants(self, x: Execution) -> bool:
        return whose(self._story, x) == self._number


def nth(story: Story, number: int) -> Which:
    """``only=`` for the n-th workflow id of a story, from 1, in order of start."""
    return _Nth(story, number)


def whose(story: Story, x: Execution) -> int:
    """Which workflow id of the story this run has, from 1, in order of start."""
    known = dict.fromkeys(one.workflow_id for one in story.executions)
    return list(known).index(x.workflow_id) + 1
