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


def only(name: str) -> Captured:
    """The one history of a file, or a refusal."""
    try:
        return replayed.read(name)[0]
    except histories.Unusable as error:
        raise refused(error) from error
