"""Fixtures for all tests, and the laws of the service held over every history they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
import pytest

import swfsim.fake
from swfsim import Fake, fake_swf
from swfsim.checkers import service_laws
from tests.support.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator


hypothesis.settings.register_profile("long", max_examples=3_000, deadline=None)


@pytest.fixture(autouse=True)
def every_history_keeps_the_laws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does to a fake, the histories in it are such as the service makes."""
    fakes: list[Fake] = []

    class Watched(Fake):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)  # type: ignore[arg-type]
            fakes.append(self)

    monkeypatch.setattr(swfsim.fake, "Fake", Watched)
    yield
    for fake in fakes:
        for x in fake.service.machine.world.runs.values():
            assert service_laws(x.events) == [], x


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A fresh fake on the virtual clock."""
    with fake_swf(clock="virtual") as made:
        yield made


@pytest.fixture
def swf(fake: Fake) -> Driver:
    """A driver with everything registered."""
    return Driver(fake).register()
