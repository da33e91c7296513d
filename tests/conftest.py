"""Fixtures for all tests. That every history keeps the laws of the service is the plugin's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
import pytest

from swfsim import Fake, fake_swf
from tests.support.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator


# How long an example takes is the machine's matter; the first ones compile the service model.
_AT_LEISURE = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}

hypothesis.settings.register_profile("usual", **_AT_LEISURE)
hypothesis.settings.register_profile("long", max_examples=3_000, **_AT_LEISURE)
hypothesis.settings.load_profile("usual")


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
