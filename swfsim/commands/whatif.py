"""``swfsim whatif``: a captured history with another outcome, going on in simulation."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from swfsim.app import load
from swfsim.commands.common import Refusal
from swfsim.commands.histories import RUN, chosen, refused
from swfsim.core.closing import STATUS
from swfsim.debug import report, selectors
from swfsim.debug.whatif import Change, what_if
from swfsim.errors import HarnessError
from swfsim.fake import fake_swf
from swfsim.report import flow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swfsim.core.events import Event
    from swfsim.debug.whatif import WhatIf
    from swfsim.replay.histories import Captured


@click.command()
@click.argument("history", metavar="HISTORY")
@click.option("--app", "app_name", required=True, metavar="APP", help="MODULE:NAME, as in run.")
@click.option(
    "--at",
    "at",
    metavar="EVENT",
    help="Go on from behind this event: 57, or ActivityTaskFailed:SaveResults#3.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="OUTCOME",
    help="'SaveResults#3: completed RESULT', '… failed REASON', '… timed out', '… done again'.",
)
@click.option(
    "--signal",
    "signals",
    multiple=True,
    metavar="NAME[=INPUT]",
    help="Somebody signals the run as soon as it goes on.",
)
@RUN
def whatif(
    history: str,
    app_name: str,
    at: str | None,
    changes: tuple[str, ...],
    signals: tuple[str, ...],
    run: str | None,
) -> None:
    """Change an outcome in a captured history and go on from there in simulation.

    \b
    The history is loaded up to EVENT, without it up to the first outcome that changes. From there
    APP's own decider and activities go on, on virtual time. Where the same activity recurs with
    the same input its recorded outcome comes again; what finished before is done once more on
    APP's ports. Signals, cancel requests and terminations of later come again at their time.
    Exit status: 0 completed, 1 closed otherwise or never, 2 a mistake in the call.
    Example: swfsim whatif history.json --set 'SaveResults#3: done again' --app scenarios.app:orders
    """
    captured = chosen(history, run)
    try:
        last = selectors.find(captured, at).id if at is not None else None
        with fake_swf():  # so that no call leaves the machine while its module is imported
            make_app = load(app_name)
        logging.disable(logging.CRITICAL)  # what the application logs is not what is asked
        try:
            found = what_if(
                captured,
                make_app,
                at=last,
                changes=[Change.read(one) for one in changes],
                signals=[_signal(one) for one in signals],
            )
        finally:
            logging.disable(logging.NOTSET)
    except HarnessError as error:
        raise refused(error) from error
    for line in _told(captured, found):
        click.echo(line)
    if found.endless is not None or status(found.runs[-1].events) != "COMPLETED":
        raise SystemExit(1)


def _signal(text: str) -> tuple[str, str | None]:
    name, equals, given = text.partition("=")
    if not name:
        raise Refusal(f"--signal {text!r} names no signal: NAME, or NAME=INPUT")
    return name, given if equals else None


def _told(captured: Captured, found: WhatIf) -> Iterator[str]:
    then, now = flow.flow(captured.events), "\n".join(flow.flow(x.events) for x in found.runs)
    for line in flow.side_by_side(then, now, ("recorded", "what if")).splitlines():
        yield report.cut(line)
    yield ""
    first = found.runs[0].events
    if found.shared == len(captured.events) == len(first):
        yield f"the same: all {report.counted(len(captured.events), 'event')} came again"
    else:
        yield report.cut(f"they part at event {found.shared + 1}")
        for head, events in (("recorded", captured.events), ("what if", first)):
            there = events[found.shared] if found.shared < len(events) else None
            shown = report.event_line(there) if there is not None else "nothing more"
            yield report.cut(f"  {head:<8} {shown}")
    yield f"recorded: {status(captured.events)}, what if: {status(found.runs[-1].events)}"
    if found.endless is not None:
        yield report.cut(found.endless)


def status(events: Iterable[Event]) -> str:
    """The close status that a history ends with, or OPEN."""
    *_, last = events
    return STATUS.get(last.kind, "OPEN")
