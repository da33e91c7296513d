"""Fixtures for all tests. That every history keeps the laws of the service is the plugin's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
import pytest

from swfsim import Fake, fake_swf
from tests.support.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator


hypothesis.settings.register_profile("long", max_examples=3_000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--lane",
        action="append",
        default=[],
        choices=["cli", "node", "live"],
        help="also hold the conversations of tests/conformance by the AWS CLI, Node's SDK, or live",
    )


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A fresh fake on the virtual clock."""
    with fake_swf(clock="virtual") as made:
        yield made


@pytest.fixture
def swf(fake: Fake) -> Driver:
    """A driver with everything registered."""
    return Driver(fake).register()
