"""The ``story`` of each scenario: the order application, on virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scenarios.app import OrdersApp
from swfsim import Story
from swfsim.pytest_plugin import tell

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    """A story about orders with the settings of production."""
    with Story(OrdersApp, seed=request.config.getoption("--swf-seed")) as told:
        tell(request.node, told)
        yield told
