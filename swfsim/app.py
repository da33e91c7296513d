"""``App``: what the harness must know of an application, and nothing else.

An application is described once, next to its scenarios; then stories, the command line and the
explorers can all run it.
"""

from __future__ import annotations

import importlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from swfsim.errors import HarnessError

Activity = Callable[[Any], Any]
Wrap = Callable[[Activity], Activity]
"""Puts the scenario's faults around an activity's function."""

Loop = Callable[[], object]


class App(ABC):
    """An application under simulation. One instance lives through one run, with its own outside
    world: databases, payments, whatever the activities touch."""

    steps: Sequence[str] = ()
    """The activity types of the application, by which faults are addressed."""

    @abstractmethod
    def register(self) -> None:
        """Register domain and types, through an ordinary boto3 client."""

    @abstractmethod
    def workers(self, wrap: Wrap) -> Mapping[str, Loop]:
        """The loops to run, by name. Each is run from scratch when its worker is restarted, so it
        makes its worker object itself. ``wrap`` goes around every activity function."""

    @abstractmethod
    def start(self, given: Any) -> tuple[str, str]:
        """Start one execution with this input; gives workflow id and run id."""


AppFactory = Callable[[], App]


def load(name: str) -> AppFactory:
    """The application at ``module:attribute``, an ``App`` class or a function that makes one.

    The current directory may hold the module. Raises ``HarnessError`` that says what is missing.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise HarnessError(f"an application is named module:attribute, not {name!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise HarnessError(f"cannot import {module_name!r}: {error}") from error
    found = getattr(module, attribute, None)
    if not callable(found):
        public = ", ".join(sorted(n for n in vars(module) if not n.startswith("_")))
        raise HarnessError(f"{module_name} has no application {attribute!r}; it has {public}")
    return found  # type: ignore[no-any-return]
