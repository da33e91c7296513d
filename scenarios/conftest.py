"""The ``story`` of each scenario: the order application, on virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from scenarios.app import OrdersApp
from swfsim import Story
from swfsim.pytest_plugin import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swfsim.live.run import LiveRun


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
    for story in reversed(begun):
        story.__exit__(None, None, None)


@pytest.fixture
def story(tell_story: Callable[..., Story]) -> Story:
    """A story about orders with the settings of production."""
    return tell_story()


@pytest.fixture
def app(story: Story) -> OrdersApp:
    """The application of the ``story``, for a look into its outside world."""
    return cast("OrdersApp", story.app)
