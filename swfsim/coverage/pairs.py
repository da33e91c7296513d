"""``Coverage``: pairs of what was new to a decider and what it decided then.

What can be new is read from the service model: every event that a decider has to hear of, with each
cause and time-out that its shape knows. Of these an application can meet those that follow from
decisions which it makes; a signal, a cancel request and a lost decision can befall any.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from swfsim.checkers import FAMILY_ENDS, FAMILY_OPENS, NEWS, STARTS
from swfsim.errors import HarnessError
from swfsim.replay import decisions
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from swfsim.core.events import Attrs, History

NOTHING: Final = "nothing"
"""What is decided on a task whose decision list is empty."""

_KEY: Final = "swfsim coverage"


class Seen(Protocol):
    """A captured history, or an execution of a simulation."""

    @property
    def events(self) -> History: ...


class News(NamedTuple):
    """An event type that was new to a decider, with its cause or time-out, ``""`` for none, and the
    activity type that it is about, ``""`` for none or any."""

    kind: str
    cause: str = ""
    about: str = ""

    def __str__(self) -> str:
        cause = f" ({self.cause})" if self.cause else ""
        return f"{self.kind}{cause}" + (f" of {self.about}" if self.about else "")


class Pair(NamedTuple):
    """What was new, and a decision type that was decided then, or ``nothing``."""

    news: News
    decided: str


class Coverage:
    """How often each pair came up: ``pairs``. ``tasks`` counts the decision tasks."""

    def __init__(self, seen: Iterable[Seen] = ()) -> None:
        self.pairs: Counter[Pair] = Counter()
        self.tasks = 0
        for one in seen:
            self.add(one.events)

    def __len__(self) -> int:
        """How many different pairs came up: a figure that Hypothesis can aim at."""
        return len(self.pairs)

    def add(self, events: History) -> None:
        """Count one history."""
        for news, decided in _tasks(events):
            self.tasks += 1
            self.pairs.update(Pair(one, other) for one in news for other in decided)

    def update(self, other: Coverage) -> None:
        """Count what somebody else has counted."""
        self.pairs.update(other.pairs)
        self.tasks += other.tasks

    def by(self, *, steps: bool) -> dict[News, Counter[str]]:
        """What was decided on which news, in the model's order; each activity type for itself with
        ``steps``."""
        found: dict[News, Counter[str]] = {}
        for (news, decided), count in self.pairs.items():
            key = news if steps else news._replace(about="")
            found.setdefault(key, Counter())[decided] += count
        return {news: found[news] for news in sorted(found, key=_place)}

    @property
    def decided(self) -> set[str]:
        """The decision types that came up."""
        return {pair.decided for pair in self.pairs} - {NOTHING}

    def possible(self, *, steps: bool) -> list[News]:
        """All that could be new to this application, in the model's order."""
        about = sorted({pair.news.about for pair in self.pairs if pair.news.about})
        return [
            news._replace(about=one)
            for news in every()
            if _can_meet(news.kind, self.decided)
            for one in (about if steps and about and _is_about_a_step(news.kind) else ("",))
        ]

    # As JSON

    def told(self) -> dict[str, Any]:
        """As JSON data; ``from_told`` reads it."""
        rows = sorted([*pair.news, pair.decided, count] for pair, count in self.pairs.items())
        return {_KEY: rows, "tasks": self.tasks}

    def write(self, path: Path) -> None:
        """Into a file. Raises ``OSError``."""
        path.write_text(json.dumps(self.told(), indent=0) + "\n", encoding="utf-8")

    @classmethod
    def from_told(cls, told: Any) -> Coverage:
        """Raises ``HarnessError`` for what is none."""
        coverage = cls()
        try:
            for kind, cause, about, decided, count in told[_KEY]:
                coverage.pairs[Pair(News(kind, cause, about), decided)] += int(count)
            coverage.tasks = int(told["tasks"])
        except (KeyError, TypeError, ValueError) as error:
            raise HarnessError(f"no coverage: {str(told)[:80]!r}") from error
        return coverage


def is_told(found: Any) -> bool:
    """Whether this JSON data is a coverage."""
    return isinstance(found, dict) and _KEY in found


# What a history shows


def _tasks(events: History) -> Iterator[tuple[set[News], set[str]]]:
    """For each decision task that was answered: what was new, and the types decided."""
    shown = 0
    for number, kind in enumerate(events.kinds, 1):
        if kind == "DecisionTaskCompleted":
            started = events.attrs[number - 1]["startedEventId"]
            news = {
                _news(events, place)
                for place in range(shown, started)
                if events.kinds[place] in NEWS
            }
            behind = decisions.behind(events, number)
            yield news, {decisions.DECIDED[one.kind] for one in behind} or {NOTHING}
            shown = started


def _news(events: History, place: int) -> News:
    kind, attrs = events.kinds[place], events.attrs[place]
    member = _cause_member(kind)
    return News(kind, attrs.get(member, "") if member else "", _about(events, kind, attrs))


def _about(events: History, kind: str, attrs: Attrs) -> str:
    if "activityType" in attrs:
        return str(attrs["activityType"]["name"])
    if FAMILY_ENDS.get(kind) == "activity":
        scheduled = events.attrs[attrs["scheduledEventId"] - 1]
        return str(scheduled["activityType"]["name"])
    return ""


# What the model knows


@functools.cache
def every() -> tuple[News, ...]:
    """All that can be new to any decider, in the model's order."""
    found: list[News] = []
    for kind in model.EVENTS:
        if kind in NEWS:
            found += (News(kind, cause) for cause in _causes(kind))
    return tuple(found)


@functools.cache
def _cause_member(kind: str) -> str:
    """The member that tells the cause of an event, or by what it timed out: the enumeration in its
    shape that is no setting of an execution."""
    settings = model.members(model.shape("StartWorkflowExecutionInput"))
    for name, shape in model.members(model.event_shape(kind)).items():
        if name not in settings and model.enum(shape.name):
            return name
    return ""


def _causes(kind: str) -> tuple[str, ...]:
    member = _cause_member(kind)
    if not member:
        return ("",)
    shape = model.event_shape(kind)
    known = model.enum(model.members(shape)[member].name)
    return known if member in model.required(shape) else ("", *known)


_OPENED: Final = {family: decisions.SUCCESS[kind] for kind, family in FAMILY_OPENS.items()}
"""Which decision begins an activity, a timer, a child and so on."""


def _can_meet(kind: str, made: set[str]) -> bool:
    """Whether an application that makes these decisions can be shown this."""
    if kind in decisions.DECIDED:
        return decisions.DECIDED[kind] in made
    family = FAMILY_ENDS.get(kind) or STARTS.get(kind)
    return family is None or _OPENED[family] in made


def _is_about_a_step(kind: str) -> bool:
    return FAMILY_ENDS.get(kind) == "activity" or "activityType" in model.members(
        model.event_shape(kind)
    )


def _place(news: News) -> tuple[int, str, str]:
    return model.EVENTS.index(news.kind), news.cause, news.about
