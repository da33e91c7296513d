"""The swarm: seed after seed, each a run of its own in its own weather, and what they add up to.

What comes of a seed depends on the seed alone, and seeds are counted in their order. So the outcome
is the same for any number of processes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from swfsim.app import load
from swfsim.coverage.pairs import Coverage
from swfsim.errors import Divergence
from swfsim.explore.flight import UNSTEADY, Flight, Flights, Shrunk, Terms
from swfsim.explore.hands import Hands
from swfsim.explore.hours import Hours
from swfsim.explore.lines import Lines
from swfsim.fake import fake_swf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from swfsim.explore.hands import Map
    from swfsim.explore.sweep import Budget

KEPT: Final = 20
"""So many failing seeds of one rule are kept by what they break; the others are counted."""


@dataclass
class Tally:
    """What the seeds so far add up to. ``failures`` are by the first rule that they break, the
    first ``KEPT`` of each; ``found`` counts them all, ``shrunk`` tells the first of each.
    ``to_reach`` is what some run must reach."""

    first: int
    to_reach: list[str] = field(default_factory=list)
    runs: int = 0
    faults: int = 0
    executions: int = 0
    events: int = 0
    hours: Hours = field(default_factory=Hours)
    reached: set[str] = field(default_factory=set)
    coverage: Coverage = field(default_factory=Coverage)
    failures: dict[str, list[Flight]] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    shrunk: dict[str, Shrunk] = field(default_factory=dict)
    stopped: str | None = None

    @property
    def last(self) -> int:
        return self.first + self.runs - 1

    @property
    def failed(self) -> int:
        return sum(self.found.values())

    @property
    def unreached(self) -> list[str]:
        """What no run has reached and some must. One seed alone proves nothing, nor need it."""
        missing = [name for name in self.to_reach if name not in self.reached]
        return missing if self.runs > 1 else []

    @property
    def kinds(self) -> set[str]:
        """The classes of failure that came up."""
        return {found[0].kind for found in self.failures.values()}

    def count(self, flight: Flight) -> None:
        self.runs += 1
        self.faults += flight.faults
        self.executions += flight.executions
        self.events += flight.events
        self.hours = self.hours.plus(flight.hours)
        self.reached.update(flight.reached)
        if flight.shown:
            self.coverage.update(Coverage.from_told(flight.shown))
        if flight.broken:
            self.fail(flight)

    def fail(self, flight: Flight) -> None:
        """This one is no good."""
        rule = flight.rules[0]
        self.found[rule] = self.found.get(rule, 0) + 1
        alike = self.failures.setdefault(rule, [])
        if len(alike) < KEPT:
            alike.append(flight)


def swarm(
    seeds: Iterable[int],
    tally: Tally,
    fly: Callable[[Iterable[int]], Iterator[Flight]],
    *,
    hours: float | None = None,
    budget: Budget | None = None,
    keep: Callable[[Flight], object] = lambda flight: None,
    tell: Callable[[Tally], object] = lambda tally: None,
) -> Flight | None:
    """Run these seeds, and count them; with ``hours``, only until there are so many virtual hours
    in which something was under way. ``keep`` hears of every flight, ``tell`` of the sum.
    Gives the first flight."""
    first: Flight | None = None
    for flight in fly(seeds):
        first = first or flight
        keep(flight)
        tally.count(flight)
        tell(tally)
        if hours is not None and tally.hours.busy >= hours:
            break
        tally.stopped = budget.spent(tally.runs, tally.failed) if budget is not None else None
        if tally.stopped is not None:
            break
    return first


def check_repeats(tally: Tally, first: Flight, crew: Map) -> None:
    """Fly the first seed once more, perhaps in another process."""
    for again in crew.map(fly, [first.seed]):
        if again.digest != first.digest and not first.broken:
            why = "; ".join(again.broken) or (
                "usual causes are a set that is iterated or shown, an object shown by its address, "
                "a wall clock, or code that changed since the file was begun"
            )
            tally.fail(first._replace(broken=[f"{UNSTEADY}: seed {first.seed}: {why}"]))


def shrink(tally: Tally, crew: Map, work: Callable[[int], Shrunk | str]) -> None:
    """Find the fewest faults of the first failure of each rule."""
    first = {
        rule: found[0].seed for rule, found in tally.failures.items() if found[0].kind != "swfsim"
    }
    for rule, made in zip(first, crew.map(work, first.values()), strict=True):
        if isinstance(made, str):
            flight = tally.failures.pop(rule)[0]
            tally.failures[UNSTEADY] = [flight._replace(broken=[f"{UNSTEADY}: {made}"])]
            tally.found[UNSTEADY] = tally.found.pop(rule)
        else:
            tally.shrunk[rule] = made


# In processes

_flights: Flights | None = None


def processes(jobs: int, app: str, terms: Terms) -> Hands:
    """So many processes that can ``fly`` and ``fewest``."""
    return Hands(jobs, _begin, app, terms)


def _begin(app: str, terms: Terms) -> None:
    """In a process: load the application, and stay on virtual time for good."""
    global _flights
    with fake_swf():
        make_app = load(app)
    _flights = Flights(make_app, terms)
    _flights.__enter__()


def fly(seed: int) -> Flight:
    """In a process: the run of a seed."""
    assert _flights is not None, "begun before"
    return _flights.fly(seed)


def fewest(seed: int) -> Shrunk | str:
    """In a process: the fewest faults of a seed; a text if its run does not repeat itself."""
    assert _flights is not None, "begun before"
    try:
        return _flights.shrink(seed)
    except Divergence as error:
        return str(error)


# In a file


class Log:
    """The flights of a swarm in a file, a line of JSON each, from which it goes on. A context
    manager. The first line says what is flown; a file of another swarm is refused, and a line that
    a kill cut short is dropped."""

    def __init__(self, path: Path | None, about: dict[str, Any]) -> None:
        """Raises ``HarnessError`` for a file of something else, ``OSError`` if it is unreadable."""
        self._lines = Lines(path, "swarm", about)
        self.flights: dict[int, Flight] = {}
        self._lines.read(self._take)

    def _take(self, told: Any) -> None:
        flight = Flight(*told)
        self.flights[flight.seed] = flight._replace(hours=Hours(*flight.hours))

    def __enter__(self) -> Log:
        self._lines.open()
        return self

    def __exit__(self, *error: object) -> None:
        self._lines.close()

    def keep(self, flight: Flight) -> None:
        """A run is over."""
        if flight.seed not in self.flights:
            self._lines.add(flight)

    def fly(self, seeds: Iterable[int], crew: Map) -> Iterator[Flight]:
        """The flights of these seeds in their order: those kept, and the others flown."""
        for is_kept, some in itertools.groupby(seeds, self.flights.__contains__):
            if is_kept:
                yield from map(self.flights.__getitem__, some)
            else:
                yield from crew.map(fly, some)
