"""A decider by name: a function from a task to decisions, or a worker that polls for tasks.

``orders.decider:decide`` is called with what PollForDecisionTask answers, or with the list of
events when its first parameter says so by its name; ``orders:DecisionWorker`` is made once and
polls, through its own boto3 client, tasks that are handed to it one after another.
"""

from __future__ import annotations

import difflib
import inspect
from typing import TYPE_CHECKING, Any, Final

from swfsim.app import import_module
from swfsim.debug.polled import Fetching, Pages, Polled
from swfsim.errors import HarnessError
from swfsim.spec import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from swfsim.debug.tasks import Answer, Decide

_LISTS: Final = frozenset({"events", "history"})
"""Names of a first parameter that asks for the list of events instead of the poll's answer."""

_MORE: Final = "nextPageToken"


class NoDecisionsError(HarnessError):
    """Called like a decider, it answers something else than decisions. ``where`` is the line on
    which it begins, as ``file:line``; empty when unknown."""

    where = ""


def find(name: str) -> Any:
    """The object at ``module:attribute``; the current directory may hold the module.

    Raises ``HarnessError`` that says what is missing.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise HarnessError(f"a decider is named module:attribute, not {name!r}")
    module = import_module(module_name)
    found: Any = module
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise HarnessError(
            f"{module_name} has no decider {attribute!r}{_others(module, attribute)}"
        )
    return found


def _others(module: ModuleType, attribute: str) -> str:
    """Which of its own functions and classes may be meant."""
    names = [name for name, one in vars(module).items() if callable(one) and name[0] != "_"]
    near = difflib.get_close_matches(attribute, names, n=1)
    return f": did you mean {near[0]!r}?" if near else ""


def is_worker(found: Any) -> bool:
    """Whether this polls by itself: a class with a loop, ``run`` or ``poll_once``."""
    return inspect.isclass(found) and (hasattr(found, "poll_once") or hasattr(found, "run"))


def load(name: str) -> Decide:
    """The decider at ``module:attribute`` as a function of a poll's answer."""
    return made(find(name), name)


def made(found: Any, name: str) -> Decide:
    """A function or a worker class as a function of a poll's answer; ``name`` is for messages."""
    return Polled(found, name) if is_worker(found) else Function(found, name)


class _Answer(dict[str, Any]):
    """A poll's answer that knows whether somebody looked for a further page."""

    looked = False

    def __getitem__(self, key: str) -> Any:
        self.looked = self.looked or key == _MORE
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.looked = self.looked or key == _MORE
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.looked = self.looked or key == _MORE
        return super().__contains__(key)


class Function:
    """A function as a decider. One that looks for ``nextPageToken`` is given pages, and fetches
    those behind the first through its own boto3 client; others are given whole answers."""

    def __init__(
        self, found: Callable[..., Any], name: str, page_size: int = limits.PAGE_SIZE_MAX
    ) -> None:
        self._found = found
        self._name = name
        self.pages = Pages(page_size)
        self.takes_list = _first_parameter(found, name) in _LISTS
        self.fetches = False

    def show(self, events: Any) -> None:
        """From now on, tasks are of the run with this history."""
        self.pages.show(events)

    def __call__(self, task: Mapping[str, Any]) -> Answer:
        if self.takes_list:
            return self._checked(self._found(task["events"]))
        if not self.fetches:
            whole = _Answer(task)
            made = self._checked(self._found(whole))
            self.fetches = whole.looked
            if not whole.looked or len(task["events"]) <= self.pages.page_size:
                return made
        return self._paged(task)

    def _paged(self, task: Mapping[str, Any]) -> Answer:
        self.pages.task = task
        with Fetching(self.pages, self._name) as first:
            return self._checked(self._found(first))

    def _checked(self, answer: Any) -> Answer:
        try:
            return checked(answer, self._name)
        except NoDecisionsError as error:
            made_of = getattr(inspect.unwrap(self._found), "__code__", None)
            if made_of is not None:
                error.where = f"{made_of.co_filename}:{made_of.co_firstlineno}"
            raise


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
    if inspect.iscoroutine(answer):
        answer.close()
        raise NoDecisionsError(
            f"{name} is async, and answers nothing before it is awaited: name one that is not"
        )
    raise NoDecisionsError(
        f"{name} answered {type(answer).__name__} {str(answer)[:60]!r} instead of a list of "
        "decisions as RespondDecisionTaskCompleted takes them"
    )
