"""``App``: what the harness must know of an application, and nothing else.

An application is described once, next to its scenarios; then stories, the command line and the
explorers can all run it.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import sys
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from swfsim.errors import HarnessError

if typing.TYPE_CHECKING:
    from types import ModuleType

Activity = Callable[[Any], Any]
Wrap = Callable[[Activity], Activity]
"""Puts the scenario's faults around an activity's function."""

Loop = Callable[[], object]


class Live(Protocol):
    """What an application takes over when it runs against a real service."""

    domain: str
    """The domain to register in."""

    def unique(self, name: str) -> str:
        """A name for this run alone: for task lists, so that no other worker polls them."""


class App(ABC):
    """An application under simulation. One instance lives through one run, with its own outside
    world: databases, payments, whatever the activities touch."""

    steps: Sequence[str] = ()
    """The activity types of the application, by which faults are addressed."""

    def go_live(self, live: Live) -> None:
        """Called before anything else when a story runs against a real service: take the domain,
        task lists and workflow ids from ``live``, and shorten the time-outs. An application that
        does not say how is refused."""
        raise HarnessError(
            f"{type(self).__name__} does not say how it runs live: give it go_live(live), which "
            "takes live.domain, makes its task lists with live.unique(name), and shortens the "
            "time-outs"
        )

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


def check_factory(make_app: Any, name: str) -> None:
    """That this makes an ``App`` when it is called without arguments, as far as its shape tells.
    Raises ``HarnessError`` for what cannot."""
    if isinstance(make_app, App):
        shop = type(make_app).__name__
        raise HarnessError(
            f"{name} is an App that is made already, outside of the simulation: give its class, "
            f"or a function that makes one: {shop}, or lambda: {shop}(…)"
        )
    if not callable(make_app):
        kind = type(make_app).__name__
        raise HarnessError(f"{name} is of type {kind}: neither an App class nor a function")
    if inspect.isclass(make_app):
        if not issubclass(make_app, App):
            raise HarnessError(f"{name} is a class, but no subclass of swfsim.App")
        if inspect.isabstract(make_app):
            missing = ", ".join(f"{method}()" for method in sorted(make_app.__abstractmethods__))
            raise HarnessError(f"{name} lacks what every App has: {missing}")
    look_up = _arguments if isinstance(make_app, Hashable) else _arguments.__wrapped__
    needed = look_up(make_app)
    if needed:
        raise HarnessError(
            f"{name} cannot be made without arguments ({', '.join(needed)}): give a function that "
            "needs none, as in: def shop() -> App: return Shop(…)"
        )


@functools.lru_cache(256)
def _arguments(make_app: Callable[..., object]) -> list[str]:
    """What it has to be called with. Looked up once: explorers make an application by the
    thousand."""
    try:
        parameters = inspect.signature(make_app).parameters.values()
    except (TypeError, ValueError):  # written in C: it will be seen
        return []
    loose = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind not in loose]


def make(make_app: AppFactory) -> App:
    """The application, with what can be said of it before it runs. Raises ``HarnessError``."""
    app: object = make_app()
    if not isinstance(app, App):
        raise HarnessError(f"{make_app!r} makes no App but {app!r}")
    steps: object = app.steps
    if isinstance(steps, str) or not isinstance(steps, Collection):
        raise HarnessError(
            f"steps of {type(app).__name__} is {steps!r}, not a list of names: steps = ({steps!r},)"
        )
    return app


@functools.lru_cache(256)
def _takes(function: Callable[..., object], arguments: int) -> bool:
    """Whether this can be called with so many."""
    try:
        inspect.signature(function).bind(*[None] * arguments)
    except TypeError:
        return False
    return True


def loops(app: App, wrap: Wrap) -> Mapping[str, Loop]:
    """The workers of an application. Raises ``HarnessError`` for what is no mapping of loops."""
    shown = f"workers() of {type(app).__name__}"
    method = getattr(app.workers, "__func__", None)
    if not (_takes(method, 2) if method is not None else _takes(app.workers, 1)):
        raise HarnessError(f"{shown} has to take wrap: def workers(self, wrap)")
    found: object = app.workers(wrap)
    if not isinstance(found, Mapping):
        raise HarnessError(
            f'{shown} returned {found!r}, not a dict of loops by name: {{"decider": decide}}'
        )
    for name, loop in found.items():
        if not isinstance(name, str):
            raise HarnessError(f"{shown} names a worker {name!r}: a name is a str")
        if not callable(loop):
            raise HarnessError(
                f"{shown} gives {loop!r} for {name!r}, not a function: the loop itself, "
                "without calling it"
            )
    return found


def load(name: str) -> AppFactory:
    """The application at ``module:attribute``: an ``App`` class, a function or ``partial`` that
    makes one and says so (``def shop() -> App``), or an ``App``.

    The current directory may hold the module. Nothing found there is called. Raises
    ``HarnessError`` that says what is missing.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        example = f"{module_name or 'shop'}:App"
        raise HarnessError(f"an application is named module:attribute, as in {example}, not {name}")
    module = import_module(module_name)
    found = getattr(module, attribute, None)
    if found is None:
        raise HarnessError(
            f"{module_name} has no application {attribute!r}{_others(module, attribute)}"
        )
    if isinstance(found, App):
        return lambda: found
    check_factory(found, name)
    if not _says_that_it_makes_an_app(found):
        raise HarnessError(
            f"{name} does not say that it makes an App, and is not called on the off chance: "
            f"name an App class, or write def {attribute}() -> App"
        )
    return found  # type: ignore[no-any-return]


def _others(module: ModuleType, attribute: str) -> str:
    """Which applications a module has instead."""
    names = sorted(name for name, one in vars(module).items() if _is_application(one))
    near = difflib.get_close_matches(attribute, names, n=1)
    hint = f": did you mean {near[0]!r}?" if near else ";"
    return f"{hint} it has {', '.join(names) or 'none'}"


def _is_application(found: object) -> bool:
    if found is App:
        return False
    return isinstance(found, App) or (callable(found) and _says_that_it_makes_an_app(found))


def _says_that_it_makes_an_app(found: Any) -> bool:
    """By its class, or by the annotation of what it returns."""
    while isinstance(found, functools.partial):
        found = found.func
    if inspect.isclass(found):
        return issubclass(found, App)
    try:
        returned = typing.get_type_hints(found).get("return")
    except Exception:  # an annotation that only a type checker can read
        returned = None
    if inspect.isclass(returned):
        return issubclass(returned, App)
    written = getattr(found, "__annotations__", {}).get("return")
    return isinstance(written, str) and written.rpartition(".")[2] == App.__name__


def import_module(name: str) -> ModuleType:
    """A module that is installed or in the current directory. Raises ``HarnessError``."""
    if name.endswith(".py") or not all(part.isidentifier() for part in name.split(".")):
        raise HarnessError(
            f"{name!r} is no name of a module: it is written with dots, as in an import, and "
            "looked for in the current directory, too"
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        itself = error.name is not None and f"{name}.".startswith(f"{error.name}.")
        where = f"; looked for in the current directory, {here}, and what is installed"
        raise HarnessError(f"cannot import {name!r}: {error}{where if itself else ''}") from error
    except (Exception, SystemExit) as error:  # whatever a module may do
        raise HarnessError(f"cannot import {name!r}: {type(error).__name__}: {error}") from error
