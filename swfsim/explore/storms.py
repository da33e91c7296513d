"""What a swarm has shown, as text."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from swfsim.coverage import table
from swfsim.explore import course
from swfsim.explore.flight import Terms
from swfsim.explore.report import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.explore.flight import Flight
    from swfsim.explore.swarm import Tally

_HOUR_S = 3600
_SEEDS_SHOWN = 10


def lines(app: str, tally: Tally) -> Iterator[str]:
    """What the seeds add up to."""
    several = f"seeds {tally.first}-{tally.last}" if tally.runs > 1 else f"seed {tally.first}"
    yield f"{app}: {several if tally.runs else 'no seed was run'}"
    yield (
        f"  {counted(tally.faults, 'fault')} in {counted(tally.executions, 'execution')} with "
        f"{counted(tally.events, 'event')}"
    )
    open_, at_work, waiting = tally.hours
    yield (
        f"  {open_:,.1f} virtual hours with an execution open: {at_work:,.1f} with an activity "
        f"scheduled or at work,"
    )
    neither = open_ - at_work - waiting
    yield f"    {waiting:,.1f} with none, but a timer; {neither:,.1f} with neither"
    if tally.reached:
        yield f"  reached in some run: {', '.join(sorted(tally.reached))}"
    for name in tally.unreached:
        yield f"  never reached: {name}"
    if tally.coverage.tasks:
        yield f"  {table.short(tally.coverage)}"
    yield f"  {_verdict(tally)}"


def _verdict(tally: Tally) -> str:
    stopped = f"stopped by {tally.stopped}; " if tally.stopped is not None else ""
    if not tally.failed and tally.unreached:
        return f"{stopped}every rule was kept, but not all was reached that some run must reach"
    if not tally.failed:
        return f"{stopped}every rule was kept, and everything closed once faults had stopped"
    return f"{stopped}{counted(tally.failed, 'seed')} failed"


def failures(app: str, terms: Terms, tally: Tally, input_file: str | None = None) -> Iterator[str]:
    """Each rule that was broken: the seeds, how to repeat the first, and its fewest faults.
    ``input_file`` is where the input of the terms was read from."""
    for rule, found in tally.failures.items():
        number = tally.found[rule]
        first = found[0]
        yield f"BROKEN {rule} ({first.kind}, {counted(number, 'seed')})"
        yield f"  seed {first.seed}: {first.weather}" if first.weather else f"  seed {first.seed}"
        yield f"  repeat it: {repeat(app, terms, first, input_file)}"
        yield from _fewest(app, tally, rule, first)
        if number > 1:
            others = ", ".join(str(one.seed) for one in found[1 : _SEEDS_SHOWN + 1])
            more = f" and {number - 1 - _SEEDS_SHOWN:,} more" if number - 1 > _SEEDS_SHOWN else ""
            yield f"  also: seeds {others}{more}"
        yield ""


def _fewest(app: str, tally: Tally, rule: str, first: Flight) -> Iterator[str]:
    shrunk = tally.shrunk.get(rule)
    if shrunk is None:
        yield from (f"  {text}" for text in first.broken)
        return
    left = len(shrunk.course.strikes)
    yield (
        f"  of its {counted(first.faults, 'fault')} {left} "
        f"{'is' if left == 1 else 'are'} enough, found in {counted(shrunk.tried, 'run')}:"
    )
    yield ""
    text = course.source(app, shrunk.course, shrunk.broken, plain=shrunk.plain)
    yield from text.splitlines()
    yield ""


def scenarios(app: str, tally: Tally) -> Iterator[str]:
    """The first failure of each rule as a pytest file."""
    for shrunk in tally.shrunk.values():
        yield course.source(app, shrunk.course, shrunk.broken, plain=shrunk.plain)


def repeat(app: str, terms: Terms, flight: Flight, input_file: str | None = None) -> str:
    """The command that runs this seed again."""
    words = ["swfsim", "swarm", app, "--seeds", str(flight.seed)]
    usual = Terms()
    if terms.storm_s is not None:
        words += ["--storm", f"{terms.storm_s / _HOUR_S:g}"]
    if terms.executions is not None:
        words += ["--executions", str(terms.executions)]
    if terms.gap_s is not None:
        words += ["--gap", f"{terms.gap_s / _HOUR_S:g}"]
    if terms.settle_s != usual.settle_s:
        words += ["--settle", f"{terms.settle_s / _HOUR_S:g}"]
    if input_file is not None:
        words += ["--input", input_file]
    return shlex.join(words)
