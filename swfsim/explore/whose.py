"""Which execution of a story something is meant for, where there are several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from swfsim.sim.faults import Which

if TYPE_CHECKING:
    from swfsim.core.world import Execution
    from swfsim.stories import Happening, Story


class _Nth(Which):
    def __init__(self, story: Story, number: int) -> None:
        self._story = story
        self._number = number

    def wants(self, x: Execution) -> bool:
        return whose(self._story, x) == self._number


def nth(story: Story, number: int) -> Which:
    """``only=`` for the n-th workflow id of a story, from 1, in order of start."""
    return _Nth(story, number)


def upon(happening: Happening, number: int) -> Happening:
    """The same, done to the n-th workflow id of a story, from 1, in order of start: to its latest
    run, and not to the execution started last."""

    def happen(story: Story) -> object:
        return happening(cast("Story", _About(story, number)))

    return happen


class _About:
    """A story as it looks to whoever only knows of one workflow id."""

    def __init__(self, story: Story, number: int) -> None:
        self._story = story
        self._number = number

    @property
    def latest(self) -> Execution:
        runs = [x for x in self._story.executions if whose(self._story, x) == self._number]
        return runs[-1] if runs else self._story.latest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._story, name)


def whose(story: Story, x: Execution) -> int:
    """Which workflow id of the story this run has, from 1, in order of start."""
    known = dict.fromkeys(one.workflow_id for one in story.executions)
    return list(known).index(x.workflow_id) + 1
