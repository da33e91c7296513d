"""A decider by name: a function from a task to decisions, or a worker that polls for tasks.

``orders.decider:decide`` is called with what PollForDecisionTask answers, or with the list of
events when its first parameter says so by its name; ``orders:DecisionWorker`` is made once and
polls, through its own boto3 client, tasks that are handed to it one after another.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from swfsim.debug.polled import Polled
from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swfsim.debug.tasks import Answer, Decide

_LISTS: Final = frozenset({"events", "history"})
"""Names of a first parameter that asks for the list of events instead of the poll's answer."""


def find(name: str) -> Any:
    """The object at ``module:attribute``; the current directory may hold the module.

    Raises ``HarnessError`` that says what is missing.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise HarnessError(f"a decider is named module:attribute, not {name!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:  # whatever the user's module raises while it is imported
        raise HarnessError(
            f"cannot import {module_name!r}: {type(error).__name__}: {error}"
        ) from error
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise HarnessError(f"{module_name} has no decider {attribute!r}")
    return found


def is_worker(found: Any) -> bool:
    """Whether this polls by itself: a class with a loop, ``run`` or ``poll_once``."""
    return inspect.isclass(found) and (hasattr(found, "poll_once") or hasattr(found, "run"))


def load(name: str) -> Decide:
    """The decider at ``module:attribute`` as a function of a poll's answer."""
    found = find(name)
    if is_worker(found):
        return Polled(found, name)
    return _function(found, name)


def _function(found: Callable[..., Any], name: str) -> Decide:
    takes_list = _first_parameter(found, name) in _LISTS

    def decide(task: Mapping[str, Any]) -> Answer:
        return checked(found(task["events"] if takes_list else task), name)

    return decide


def _first_parameter(found: Callable[..., Any], name: str) -> str:
    try:
        parameters = list(inspect.signature(found).parameters.values())
    except (TypeError, ValueError):
        return ""
    needed = [
        p
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if len(needed) > 1 or not parameters:
        raise HarnessError(
            f"{name} takes {len(needed)} arguments; a decider takes one: the answer of "
            "PollForDecisionTask, or the list of events in a parameter named events or history"
        )
    return parameters[0].name


def checked(answer: Any, name: str) -> Answer:
    """A decider's answer, found to be a list of decisions; None counts as no decisions."""
    if answer is None:
        return []
    if isinstance(answer, list | tuple) and all(isinstance(one, dict) for one in answer):
        return list(answer)
    raise HarnessError(
        f"{name} answered {type(answer).__name__} {str(answer)[:60]!r} instead of a list of "
        "decisions as RespondDecisionTaskCompleted takes them"
    )
