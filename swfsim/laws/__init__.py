"""Laws that any decider keeps, whatever its workflow is about.

    from swfsim import laws

    def test_the_decider_keeps_the_laws():
        laws.check("orders:DecisionWorker", explored(orders))

Nobody has to say what it should decide. A history is changed in a way that must not matter, and
the decider has to decide as before:

redelivered   the task timed out and is given again; and it is asked twice
paged         the history comes in pages of one event, or of a thousand
shifted       everything happened at another time
renamed       the execution, its run and its workers have other names
strangers     there is a signal and a marker that it does not know
cut           news of two completions comes in two decision tasks: together they lead to the same
swapped       completions that have nothing to do with each other came the other way round

A law that does not apply to a task (one completion cannot be swapped) is not asked there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from swfsim.core.events import History
from swfsim.debug import deciders, tasks
from swfsim.errors import HarnessError, Violation
from swfsim.laws.deciding import Deciding
from swfsim.laws.variants import LAWS
from swfsim.replay.histories import Captured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from swfsim.debug.tasks import Task
    from swfsim.laws.deciding import Decided
    from swfsim.laws.variants import Law, Variant


class Breach(NamedTuple):
    """A law that a decider breaks: at which decision task (from 1) of which history, and how."""

    law: str
    source: str
    task: int
    said: str

    def __str__(self) -> str:
        return f"{self.law}: at decision task {self.task} of {self.source}: {self.said}"


def check(decider: Any, histories: Iterable[Captured], only: Iterable[str] | None = None) -> int:
    """Put every decision task of these histories to a decider, under every law; gives how many
    comparisons were made. ``decider`` is a function of a poll's answer or of a list of events, a
    worker class that polls, or the name of either as ``module:attribute``. Raises ``Violation``
    with the first breach of each law, ``HarnessError`` if there was nothing to compare."""
    broken: dict[str, Breach] = {}
    count = 0
    for made, breach in examine(decider, histories, only):
        count += made
        if breach is not None:
            broken.setdefault(breach.law, breach)
    if broken:
        raise Violation("\n".join(map(str, broken.values())))
    if not count:
        raise HarnessError("no law could be asked: the histories hold no decision task")
    return count


def examine(
    decider: Any, histories: Iterable[Captured], only: Iterable[str] | None = None
) -> Iterator[tuple[int, Breach | None]]:
    """Each comparison made, and the breach that it showed. A task that several histories begin with
    is asked about once."""
    laws = _chosen(only)
    seen: set[tuple[object, ...]] = set()
    name = decider if isinstance(decider, str) else getattr(decider, "__qualname__", repr(decider))
    found = deciders.find(decider) if isinstance(decider, str) else decider
    with Deciding(deciders.made(found, name)) as deciding:
        for captured in histories:
            for task in tasks.of(captured):
                beginning = _until(captured, task.started_id)
                if _is_new(seen, beginning):
                    yield from _examine(deciding, laws, beginning, task)


def _chosen(only: Iterable[str] | None) -> dict[str, Law]:
    if only is None:
        return LAWS
    unknown = sorted(set(only) - LAWS.keys())
    if unknown:
        raise HarnessError(f"there is no law {unknown[0]!r}; laws are {', '.join(LAWS)}")
    return {name: LAWS[name] for name in only}


def _is_new(seen: set[tuple[object, ...]], captured: Captured) -> bool:
    events = captured.events
    key = (captured.workflow_id, captured.run_id, *events.kinds, repr(events.attrs))
    found = key not in seen
    seen.add(key)
    return found


def _examine(
    deciding: Deciding, laws: Mapping[str, Law], captured: Captured, task: Task
) -> Iterator[tuple[int, Breach | None]]:
    usual = deciding.at(captured.events, captured)
    for name, law in laws.items():
        for variant in law(deciding, captured):
            said = _differs(deciding, usual, variant, captured)
            yield 1, Breach(name, captured.source, task.number, said) if said else None


def _differs(
    deciding: Deciding, usual: Decided, variant: Variant, captured: Captured
) -> str | None:
    """How what is decided under every telling of a variant differs, as of the first."""
    first: str | None = None
    for one in (variant, *variant.others):
        made = deciding.at(one.events, captured, one.page_size, one.names)
        said = usual.differs(made.after(one.decided), one.in_any_order, captured.events)
        if said is None:
            return None
        first = first or said
    return first


def _until(captured: Captured, last: int) -> Captured:
    """A history up to an event."""
    events = History()
    for event in captured.events[:last]:
        events.append(event)
    return Captured(captured.source, events, captured.workflow_id, captured.run_id)
