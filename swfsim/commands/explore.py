"""``swfsim explore``: every placement of up to so many faults, and a certificate."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from swfsim.app import load
from swfsim.commands.common import FiniteRange, Refusal, directory, read_json
from swfsim.errors import Divergence, HarnessError
from swfsim.explore import report, scenario, source
from swfsim.explore.book import Book
from swfsim.explore.cluster import Cluster
from swfsim.explore.crew import Processes
from swfsim.explore.lines import CODE
from swfsim.explore.places import KINDS
from swfsim.explore.sweep import INTERRUPTED, Budget, Sweep
from swfsim.explore.told import told_of
from swfsim.fake import fake_swf
from swfsim.stories import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from swfsim.explore.places import Kind
    from swfsim.explore.sweep import Certificate

STOPPED: Final = 3
"""Exit status of a sweep that its budget ended, or Ctrl-C."""


@click.command()
@click.argument("app", metavar="APP")
@click.option(
    "--faults",
    default=1,
    show_default=True,
    type=click.IntRange(0),
    help="At most so many go wrong in one run.",
)
@click.option(
    "--only",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="Only at places of this kind; may be repeated.",
)
@click.option("--input", "input_file", metavar="FILE", help="JSON input, - for standard input.")
@click.option("--seed", default=0, show_default=True, help="Equal seeds give equal runs.")
@click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default="cores",
    type=click.IntRange(1),
    help="So many processes.",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Instead of --jobs, the workers of a Dask cluster: tcp://HOST:PORT of its scheduler.",
)
@click.option("--file", metavar="FILE", help="Keep the outcomes in FILE, and go on from them.")
@click.option(
    "--time-limit", type=FiniteRange(0, min_open=True), help="Stop after so many seconds."
)
@click.option("--run-limit", type=click.IntRange(1), help="Stop after so many runs.")
@click.option(
    "--scenarios", metavar="DIR", help="Write each failure as a pytest file into this directory."
)
@click.pass_context
def explore(
    context: click.Context,
    app: str,
    faults: int,
    kinds: tuple[Kind, ...],
    input_file: str | None,
    seed: int,
    jobs: int,
    cluster: str | None,
    file: str | None,
    time_limit: float | None,
    run_limit: int | None,
    scenarios: str | None,
) -> None:
    """Run APP through every placement of up to --faults faults.

    \b
    APP is MODULE:ATTRIBUTE: an App class, best one of swfsim.explore.app.Explorable,
    which tells its rules, an example input and its state.
    Places are found while running: each attempt of a step, decision task, call,
    moment and choice of the scheduler. Each failure is printed as a scenario.
    Exit status: 0 every rule was kept everywhere; 1 one was broken, or what must
    be reached was not; 2 a mistake in the call; 3 stopped by a limit or by Ctrl-C
    before the end, and nothing was broken so far.
    Example: swfsim explore scenarios.explore:orders --faults 1
    """
    if cluster is not None and context.get_parameter_source("jobs") is not ParameterSource.DEFAULT:
        raise Refusal("with --cluster its workers make the runs: leave out --jobs, or --cluster")
    given = read_json(input_file) if input_file is not None else None
    try:
        to_reach = _to_reach(app)
        about = {"app": app, "input": given, "seed": seed, "only": sorted(kinds)}
        about[CODE] = source.digest()
        with (
            directory(scenarios) as written_to,
            Book(Path(file) if file is not None else None, about) as book,
            _crew(cluster, jobs, app, given, seed, kinds or KINDS) as crew,
            _progress() as tell,
        ):
            sweep = Sweep(
                faults,
                crew,
                book,
                to_reach=to_reach,
                budget=Budget(time_limit, run_limit),
                tell=tell,
            )
            begun = time.monotonic()
            certificate = sweep.run()
            took = time.monotonic() - begun
    except KeyboardInterrupt:  # not while runs are made: then there is a certificate
        click.echo(f"stopped by {INTERRUPTED}, and there is nothing to tell yet", err=True)
        raise SystemExit(STOPPED) from None
    except (HarnessError, Divergence) as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(f"cannot write {file}: {error.strerror or error}") from error
    _show(app, given, seed, certificate, written_to)
    click.echo(report.speed(sweep.made, took, jobs if cluster is None else None), err=True)
    if certificate.stopped is not None and file is not None:
        click.echo(f"{file} holds what was run: the same call again goes on from it", err=True)
    raise SystemExit(_status(certificate))


def _crew(
    cluster: str | None, jobs: int, app: str, given: Any, seed: int, kinds: Sequence[Kind]
) -> Cluster | Processes:
    if cluster is not None:
        return Cluster(cluster, app, given, seed, kinds)
    return Processes(app, given, seed, jobs, kinds)


def _status(certificate: Certificate) -> int:
    if certificate.proven:
        return 0
    if certificate.failures or certificate.complete:
        return 1
    return STOPPED


def _to_reach(app: str) -> list[str]:
    """The names of the rules of which some run must be an example."""
    with fake_swf():  # so that no call leaves the machine while its module is imported
        make_app = load(app)
    with Story(make_app) as story:
        return [rule.name for rule in told_of(story.app).rules if rule.when == "sometimes"]


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[Certificate], None]]:
    """A bar for the level at hand, on a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[found]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars: dict[int, Any] = {}

        def tell(certificate: Certificate) -> None:
            level = certificate.levels[-1]
            if level.faults not in bars:
                name = report.counted(level.faults, "fault")
                bars[level.faults] = progress.add_task(name, total=level.placements, found="")
            found = len(certificate.failures)
            progress.update(
                bars[level.faults],
                completed=level.run,
                found=report.counted(found, "failure") if found else "",
            )

        yield tell


def _show(
    app: str, given: Any, seed: int, certificate: Certificate, directory: Path | None
) -> None:
    for number, failure in enumerate(certificate.failures, 1):
        text = scenario.source(app, failure.placement, failure.broken, given, seed=seed)
        if directory is not None:
            path = directory / f"test_found_{number:03}.py"
            path.write_text(text, encoding="utf-8")
    for line in report.failures(app, given, certificate, seed):
        click.echo(line)
    for line in report.lines(app, certificate):
        click.echo(line)
