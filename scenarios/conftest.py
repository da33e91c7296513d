"""The ``story`` of each scenario: the order application, on virtual time. Every story also keeps
the rules of ``scenarios.rules``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from scenarios.app import OrdersApp
from scenarios.rules import (
    ORDER_RULES,
    an_order_that_nothing_befalls_completes,
    no_order_is_lost,
)
from swfsim import Env, Story
from swfsim.pytest_plugin import tell
from swfsim.rules import Run, check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swfsim.live.run import LiveRun


HOW_IT_ENDS = (no_order_is_lost, an_order_that_nothing_befalls_completes)
TOLD = [rule for rule in ORDER_RULES if rule not in HOW_IT_ENDS]
"""What every story keeps, besides what it says itself; how an order ends is what it says."""


@pytest.fixture
def tell_story(
    request: pytest.FixtureRequest, swf_live: LiveRun | None
) -> Iterator[Callable[..., Story]]:
    """Begin a story with settings of its own: ``tell_story(retry_backoff=30)``."""
    begun: list[Story] = []

    def begin(**settings: object) -> Story:
        seed = request.config.getoption("--swf-seed")
        story = Story(lambda: OrdersApp(**settings), seed=seed, live=swf_live)
        begun.append(story)
        tell(request.node, story)
        return story.__enter__()

    yield begin
    kept = [
        (TOLD, Run(story.executions, story.app, story.env.journal))
        for story in begun
        if isinstance(story.env, Env)
    ]
    for story in reversed(begun):
        story.__exit__(None, None, None)
    for rules, run in kept:
        check(rules, run)


@pytest.fixture
def story(tell_story: Callable[..., Story]) -> Story:
    """A story about orders with the settings of production."""
    return tell_story()


@pytest.fixture
def app(story: Story) -> OrdersApp:
    """The application of the ``story``, for a look into its outside world."""
    return cast("OrdersApp", story.app)
