"""``swfsim reenact``: captured histories put to the machine again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swfsim.replay import histories
from swfsim.replay.reenact import Reenactment
from swfsim.report.table import row
from swfsim.spec import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.core.events import Event
    from swfsim.replay.histories import Captured
    from swfsim.replay.reenact import Difference

BEFORE = 3
"""How many equal events are shown before the first difference."""


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-v", "--verbose", is_flag=True, help="Also tell what was left out of a history.")
def reenact(files: tuple[str, ...], verbose: bool) -> None:
    """Put captured histories to the machine again and compare event for event.

    \b
    FILE is what aws swf get-workflow-execution-history prints, boto3's answer as
    JSON, a list of events, or a recorded conversation. What came from outside is
    taken from it: polls, answers, signals, the passing of time. What SWF makes of
    that is compared: types, ids, references, every attribute.
    Exit status: 0 all equal, 1 a difference, 2 a file that cannot be used.
    Example: swfsim reenact history.json
    """
    worst = 0
    for name in files:
        try:
            captured = histories.load(name)
        except histories.Unusable as error:
            click.echo(f"Error: {error}", err=True)
            worst = 2
            continue
        for one in captured:
            worst = max(worst, _one(one, verbose))
    raise SystemExit(worst)


def _one(captured: Captured, verbose: bool) -> int:
    if verbose:
        for note in captured.notes:
            click.echo(f"{captured.source}: {note}")
    stage = Reenactment(captured)
    difference = stage.run()
    count = len(captured.events)
    if difference is None:
        click.echo(f"{captured.source}: {count} events, equal")
        return 0
    for line in _shown(stage, difference):
        click.echo(line)
    return 1


def _shown(stage: Reenactment, difference: Difference) -> Iterator[str]:
    """The last equal events and the first difference, side by side, within 100 columns."""
    captured, events = stage.captured, stage.captured.events
    here = difference.captured.id
    yield f"{captured.source}: differs at event {here} of {len(events)}: {difference.why}"
    yield f"  {'captured':<46} | machine"
    seen = stage.x.events if stage.x is not None else []
    for number in range(max(0, here - 1 - BEFORE), here):
        left = _row(events, number)
        right = _row(seen, number) if number < len(seen) else "(nothing)"
        mark = ">" if number == here - 1 else " "
        yield f"{mark} {left[:46]:<46} | {right[:46]}"
    yield f"  captured: {_attributes(difference.captured)}"
    if difference.seen is not None:
        yield f"  machine:  {_attributes(difference.seen)}"


def _row(events: object, number: int) -> str:
    """A line of the table, without the mark of the instant."""
    event: Event = events[number]  # type: ignore[index]
    return row(render.event(event, lambda at: at), False).replace("  ", " ").strip()


def _attributes(event: Event) -> str:
    text = ", ".join(f"{name}={value!r}" for name, value in sorted(event.attrs.items()))
    return text if len(text) <= 86 else text[:85] + "…"
