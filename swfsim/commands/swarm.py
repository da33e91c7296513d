"""``swfsim swarm``: seed after seed of random faults, then a while without, and what came of it."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from swfsim.app import load
from swfsim.commands.common import FiniteRange, Refusal, directory, read_json
from swfsim.errors import HarnessError
from swfsim.explore import gale, source, storms
from swfsim.explore import swarm as swarms
from swfsim.explore.course import SETTLE_S
from swfsim.explore.flight import Flights, Terms
from swfsim.explore.lines import CODE
from swfsim.explore.swarm import Log, Tally
from swfsim.explore.sweep import Budget
from swfsim.explore.told import told_of
from swfsim.fake import fake_swf
from swfsim.stories import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swfsim.explore.told import Told

STATUS: Final = {"swfsim": 5, "safety": 1, "liveness": 4}
"""Exit status by class of failure; the first of these that came up counts."""

STOPPED: Final = 3
"""Exit status of a swarm that its budget ended."""

_HOUR_S: Final = 3600

_YEAR_H: Final = 365 * 24
"""An execution lasts no longer; nor do faults strike, or may it take to close."""

_STARTS_H: Final = 100 * _YEAR_H
"""Within so long the last execution of a run is started."""


class _Seeds(click.ParamType[tuple[int, int]]):
    """``17``, or ``1-500``."""

    name = "seeds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,15})(?:-(\d{1,15}))?", value, re.ASCII)
        first, last = (match[1], match[2] or match[1]) if match else (1, 0)
        if int(first) > int(last):
            self.fail(f"{value!r} is not a seed, as in 17, or a range of them, as in 1-500")
        return int(first), int(last)


@click.command()
@click.argument("app", metavar="APP")
@click.option(
    "--seeds",
    type=_Seeds(),
    default="1-100",
    show_default=True,
    metavar="N[-M]",
    help="Which seeds; each is one run.",
)
@click.option(
    "--hours",
    type=FiniteRange(0, min_open=True),
    help="Seeds from the first on, until so many virtual hours have passed with an activity or a "
    "timer under way.",
)
@click.option(
    "--storm",
    type=FiniteRange(0, _YEAR_H),
    metavar="HOURS",
    help="Faults strike for so many virtual hours.  [default: drawn from the seed]",
)
@click.option(
    "--executions",
    type=click.IntRange(1),
    help="So many in one run.  [default: drawn from the seed]",
)
@click.option(
    "--gap",
    type=FiniteRange(0, _YEAR_H),
    metavar="HOURS",
    help="One is started so long after the other.  [default: drawn from the seed]",
)
@click.option(
    "--settle",
    type=FiniteRange(0, _YEAR_H, min_open=True),
    default=SETTLE_S / _HOUR_S,
    show_default=True,
    metavar="HOURS",
    help="Everything has to close so many virtual hours after the last fault.",
)
@click.option("--input", "input_file", metavar="FILE", help="JSON input, - for standard input.")
@click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default="cores",
    type=click.IntRange(1),
    help="So many processes.",
)
@click.option("--file", metavar="FILE", help="Keep the outcomes in FILE, and go on from them.")
@click.option(
    "--time-limit", type=FiniteRange(0, min_open=True), help="Stop after so many seconds."
)
@click.option(
    "--coverage",
    "coverage_file",
    metavar="FILE",
    help="Write what deciders were shown and decided to FILE; swfsim coverage FILE reads it.",
)
@click.option(
    "--scenarios", metavar="DIR", help="Write each failure as a pytest file into this directory."
)
def swarm(
    app: str,
    seeds: tuple[int, int],
    hours: float | None,
    storm: float | None,
    executions: int | None,
    gap: float | None,
    settle: float,
    input_file: str | None,
    jobs: int,
    file: str | None,
    time_limit: float | None,
    coverage_file: str | None,
    scenarios: str | None,
) -> None:
    """Run APP through random faults, seed after seed.

    \b
    APP is MODULE:ATTRIBUTE: an App class, best one of swfsim.explore.app.Explorable,
    which tells its rules, its inputs and what somebody may do.
    A seed says which faults exist at all and how often each strikes, how many
    executions there are and when each is started, how they are scheduled, and when
    faults stop: from then on everything has to close. One seed prints all that. A
    failure is told by its seed, and the first of each rule with the fewest faults
    that bring it about, as a scenario.
    Exit status: 0 all is well; 1 a rule was broken, or what some run must reach was
    not, by more seeds than one; 2 a mistake in the call;
    3 stopped by the time limit, and nothing was broken so far; 4 no rule was broken,
    but something did not close after faults had stopped; 5 a run is not the same
    when it is made again, or swfsim itself broke.
    Example: swfsim swarm scenarios.explore:orders --seeds 1-500
    """
    given = read_json(input_file) if input_file is not None else None
    _check_starts(executions, gap)
    terms = Terms(
        settle * _HOUR_S,
        given,
        executions,
        _seconds(gap),
        _seconds(storm),
        coverage_file is not None,
    )
    first, last = seeds
    tally = Tally(first)
    try:
        weather = _weather(app, terms, tally)
        about = {"app": app, **terms._asdict(), CODE: source.digest()}
        with (
            directory(scenarios) as written_to,
            Log(Path(file) if file is not None else None, about) as log,
            swarms.processes(jobs, app, terms) as crew,
        ):
            with _progress(hours, last - first + 1) as tell:
                flown = swarms.swarm(
                    itertools.count(first) if hours is not None else range(first, last + 1),
                    tally,
                    lambda numbers: log.fly(numbers, crew),
                    hours=hours,
                    budget=Budget(time_limit),
                    keep=log.keep,
                    tell=tell,
                )
            if flown is not None:
                swarms.check_repeats(tally, flown, crew)
            swarms.shrink(tally, crew, swarms.fewest)
            if coverage_file is not None:
                tally.coverage.write(Path(coverage_file))
    except HarnessError as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(
            f"cannot write {error.filename or file}: {error.strerror or error}"
        ) from error
    if tally.runs == 1:
        click.echo(weather)
    _show(app, terms, tally, written_to, input_file)
    raise SystemExit(_status(tally))


def _check_starts(executions: int | None, gap: float | None) -> None:
    hours = ((executions or 1) - 1) * (gap or 0)
    if hours > _STARTS_H:
        raise Refusal(
            f"{executions:,} executions {gap:g} h apart take {hours / _YEAR_H:,.0f} years to "
            f"start, and a run has {_STARTS_H // _YEAR_H}: take fewer --executions, or a shorter "
            "--gap"
        )


def _seconds(hours: float | None) -> float | None:
    return None if hours is None else hours * _HOUR_S


def _status(tally: Tally) -> int:
    found = [status for kind, status in STATUS.items() if kind in tally.kinds]
    if found:
        return found[0]
    if tally.stopped is not None:
        return STOPPED
    return STATUS["safety"] if tally.unreached else 0


def _weather(app: str, terms: Terms, tally: Tally) -> str:
    """What the first seed expands to; also says what is wrong with the application, and notes what
    some run must reach."""
    with fake_swf():  # so that no call leaves the machine while its module is imported
        make_app = load(app)
    with Story(make_app) as story:
        told = told_of(story.app)
    _check_several(app, terms, told)
    tally.to_reach = [rule.name for rule in told.rules if rule.when == "sometimes"]
    weather = Flights(make_app, terms).weather(tally.first)
    return f"seed {tally.first}: {weather}\n  {gale.rates(weather, tuple(told.happenings))}"


def _check_several(app: str, terms: Terms, told: Told) -> None:
    """Whether there can be as many executions as are asked for."""
    if terms.executions is None or terms.executions == 1:
        return
    if terms.given is not None:
        raise Refusal(
            "executions that run at once have inputs of their own: leave out --input, or "
            "--executions"
        )
    if not told.several:
        raise Refusal(
            f"{app} has one execution at a time, as it does not override another(number) of "
            "Explorable: leave out --executions"
        )


@contextlib.contextmanager
def _progress(hours: float | None, seeds: int) -> Iterator[Callable[[Tally], None]]:
    """A bar over the seeds, or over the hours, on a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[found]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        what, total = ("virtual hours", hours) if hours is not None else ("seeds", seeds)
        bar = progress.add_task(what, total=total, found="")

        def tell(tally: Tally) -> None:
            done = round(tally.hours.busy) if hours is not None else tally.runs
            found = f"{tally.failed:,} failed" if tally.failed else ""
            progress.update(bar, completed=done, found=found)

        yield tell


def _show(
    app: str, terms: Terms, tally: Tally, written_to: Path | None, input_file: str | None
) -> None:
    for number, text in enumerate(storms.scenarios(app, tally), 1):
        if written_to is not None:
            path = written_to / f"test_found_{number:03}.py"
            path.write_text(text, encoding="utf-8")
    for line in storms.failures(app, terms, tally, input_file):
        click.echo(line)
    for line in storms.lines(app, tally):
        click.echo(line)
