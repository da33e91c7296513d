"""``OneOfMany``: a story about an application that may have registered in an earlier one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swfsim.core.domains import Registered
from swfsim.env import Env
from swfsim.explore.app import Explorable
from swfsim.stories import Story

if TYPE_CHECKING:
    from swfsim.app import AppFactory


class Registry:
    """What an application has registered, kept for stories that begin at the same instant."""

    def __init__(self) -> None:
        self.kept: Registered | None = None


class OneOfMany(Story):
    """A story that begins with what the registry keeps, if its application lets it."""

    def __init__(self, make_app: AppFactory, registry: Registry, **options: Any) -> None:
        super().__init__(make_app, **options)
        self._registry = registry

    def register(self) -> None:
        assert isinstance(self.env, Env), "a story without live is simulated"
        world = self.env.service.machine.world
        if not (isinstance(self.app, Explorable) and self.app.registers_once):
            super().register()
        elif self._registry.kept is None:
            super().register()
            self._registry.kept = Registered(world)
        else:
            self._registry.kept.put_into(world)
