"""``swfsim corpus``: what a directory of captured histories shows, and what it never shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swfsim.commands.histories import read
from swfsim.debug import corpus as histories
from swfsim.debug import report, stuck

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swfsim.replay.histories import Captured


@click.command()
@click.argument("places", metavar="CORPUS...", nargs=-1, required=True)
@click.option("--cover", is_flag=True, help="Print only the files that show all that all show.")
@click.option("-v", "--verbose", is_flag=True, help="Name the files that are alike, and every gap.")
def corpus(places: tuple[str, ...], cover: bool, verbose: bool) -> None:
    """Tell what a corpus of captured histories shows of a decider.

    \b
    CORPUS is a directory with .json files, or such a file. Histories are alike when a decider can
    tell them apart by nothing but names and values; a few are chosen that show every event with
    every decision that any shows; event types, causes and time-outs that none shows are listed, and
    runs that are stuck, or go on without getting anywhere.
    Exit status: 0 all well, 1 runs are in trouble, 2 a file that cannot be used, or none.
    Example: swfsim corpus corpus/
    """
    found, unusable = read(histories.files(places))
    if not found:
        click.echo("Error: the corpus holds no history that could be used", err=True)
        raise SystemExit(2)
    if cover:
        for one in histories.covering(found):
            click.echo(one.source)
        raise SystemExit(2 if unusable else 0)
    _tell_alike(found, verbose)
    _tell_gaps(found, verbose)
    raise SystemExit(max(2 if unusable else 0, _tell_troubles(found)))


def _tell_alike(found: Sequence[Captured], verbose: bool) -> None:
    groups = histories.alike(found)
    chosen = histories.covering(found)
    events = sum(len(one.events) for one in found)
    click.echo(f"{report.counted(len(found), 'history')}, {report.counted(events, 'event')}")
    click.echo(f"different to a decider: {len(groups):,}")
    for group in groups if verbose else ():
        if len(group) > 1:
            click.echo(report.clean(f"  alike: {', '.join(one.source for one in group)}"))
    click.echo(f"enough to show all that is shown: {len(chosen):,}")
    for one in chosen:
        click.echo(report.clean(f"  {one.source}"))


def _tell_gaps(found: Sequence[Captured], verbose: bool) -> None:
    missing = histories.gaps(found)
    few = missing if verbose else missing[:8]
    click.echo(f"{report.counted(len(missing), 'gap')}: what none of them shows")
    for line in few:
        click.echo(report.cut(f"  {line}"))
    if len(missing) > len(few):
        click.echo(f"  and {len(missing) - len(few):,} more, with --verbose")


def _tell_troubles(found: Sequence[Captured]) -> int:
    worst = 0
    for captured in found:
        for one in stuck.troubles(captured):
            worst = 1
            click.echo(report.clean(f"{captured.source}: event {one.event_id}: {one.said}"))
    return worst
