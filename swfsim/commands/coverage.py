"""``swfsim coverage``: what a decider was shown, what it decided then, and what nobody has seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from swfsim.app import load
from swfsim.commands.common import FiniteRange, Refusal
from swfsim.commands.histories import read
from swfsim.coverage import pairs, table
from swfsim.coverage.pairs import Coverage
from swfsim.debug import corpus
from swfsim.errors import Divergence, HarnessError
from swfsim.explore import made
from swfsim.fake import fake_swf


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--min",
    "least",
    type=FiniteRange(0, 100),
    metavar="PERCENT",
    help="Exit with 1 if less was shown of what can be new.",
)
@click.option("--steps", is_flag=True, help="Each activity type for itself.")
@click.option(
    "--faults",
    default=1,
    show_default=True,
    type=click.IntRange(0),
    help="At most so many go wrong in one run of an APP.",
)
@click.option("-v", "--verbose", is_flag=True, help="Tell also what was never decided, and when.")
def coverage(
    sources: tuple[str, ...], least: float | None, steps: bool, faults: int, verbose: bool
) -> None:
    """Tell which news a decider was shown and what it decided then.

    \b
    SOURCE is a file or directory of captured histories, a file that swfsim swarm
    --coverage or pytest --swf-coverage has written, or an APP, MODULE:ATTRIBUTE,
    which is then explored. Several are put together. What can be new is read from
    the service's model: each event with each cause, as far as it follows from
    decisions that are made.
    Exit status: 0 all well, 1 less was shown than --min, 2 a mistake in the call, a
    file that cannot be used, or nothing decided at all.
    Example: swfsim coverage scenarios.explore:orders --min 60
    """
    found = Coverage()
    unusable = 0
    for source in sources:
        if Path(source).exists() or ":" not in source:
            unusable += _add_files(found, source)
        else:
            _add_app(found, source, faults)
    if not found.tasks:
        raise Refusal("nothing was decided in any of these: no decision task has an answer")
    for line in table.lines(found, steps=steps, verbose=verbose):
        click.echo(line)
    short = least is not None and 100 * table.share(found, steps=steps) < least
    if short:
        click.echo(f"less than the {least:g} % that were asked for")
    raise SystemExit(2 if unusable else int(short))


def _add_app(found: Coverage, name: str, faults: int) -> None:
    try:
        with fake_swf():
            make_app = load(name)
        found.update(Coverage(made.explored(make_app, faults=faults)))
    except (HarnessError, Divergence) as error:
        raise Refusal(str(error)) from error


def _add_files(found: Coverage, source: str) -> int:
    """Count what is in a file or directory; gives how many files could not be used."""
    histories = []
    for name in corpus.files([source]):
        told = _told(name)
        if told is None:
            histories.append(name)
        else:
            found.update(told)
    captured, unusable = read(histories)
    found.update(Coverage(captured))
    return unusable


def _told(name: str) -> Coverage | None:
    """The coverage in a file; None if that is no coverage, for whoever reads it next."""
    try:
        told: Any = json.loads(Path(name).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    try:
        return Coverage.from_told(told) if pairs.is_told(told) else None
    except HarnessError as error:
        raise Refusal(f"{name}: {error}") from error
