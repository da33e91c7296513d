"""What the commands share that put captured histories to a decider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swfsim.commands.common import Refusal
from swfsim.debug import deciders, replayed, report
from swfsim.errors import HarnessError
from swfsim.replay import histories
from swfsim.spec import limits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swfsim.debug.tasks import Decide
    from swfsim.replay.histories import Captured

DECIDER = click.option(
    "--decider",
    required=True,
    metavar="MODULE:NAME",
    help="What decides: a function of a poll's answer or of a list of events, or a worker class.",
)
PAGE_SIZE = click.option(
    "--page-size",
    type=click.IntRange(1, limits.PAGE_SIZE_MAX),
    help="Events a page for deciders that fetch pages; else as the file tells, or 1,000.",
)

RUN = click.option(
    "--run",
    metavar="RUN",
    help="Which run, where the file holds several: its run id, or its number, counted from 1.",
)


def loaded(decider: str) -> Decide:
    """The decider of this name, or a refusal that says what is wrong with it."""
    try:
        return deciders.load(decider)
    except HarnessError as error:
        raise refused(error) from error


def refused(error: Exception) -> Refusal:
    """A mistake in the call; what it quotes may hold anything."""
    return Refusal(report.clean(str(error)))


def read(files: Iterable[str]) -> tuple[list[Captured], int]:
    """The histories in some files, and how many files could not be used, which is told."""
    found: list[Captured] = []
    unusable = 0
    for name in files:
        try:
            found += replayed.read(name)
        except histories.Unusable as error:
            click.echo(f"Error: {report.clean(str(error))}", err=True)
            unusable += 1
    return found, unusable


def runs(name: str) -> list[Captured]:
    """Every history of a file, or a refusal."""
    try:
        return replayed.read(name)
    except histories.Unusable as error:
        raise refused(error) from error


def chosen(name: str, run: str | None) -> Captured:
    """The history of a file that is meant, or a refusal that says which there are."""
    found = runs(name)
    if run is None and len(found) == 1:
        return found[0]
    named = [
        one
        for number, one in enumerate(found, 1)
        if run is not None and run in (one.run_id, str(number))
    ]
    if len(named) == 1:
        return named[0]
    known = ", ".join(
        f"{number}{f' ({one.run_id})' if one.run_id else ''}"
        for number, one in enumerate(found[:8], 1)
    )
    more = f" and {len(found) - 8:,} more" if len(found) > 8 else ""
    which = "say which with --run" if run is None else f"none is the one run {run!r}"
    raise Refusal(
        report.clean(f"{name} holds {report.counted(len(found), 'run')}, {which}: {known}{more}")
    )
