"""``swfsim shrink``: the smallest history on which a decider still misbehaves."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import freezegun.api
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from swfsim.commands.common import FiniteRange, Refusal
from swfsim.commands.histories import DECIDER, PAGE_SIZE, loaded, runs
from swfsim.debug import replayed, report
from swfsim.debug.shrink import first_wrong
from swfsim.debug.shrink import shrink as smallest
from swfsim.debug.verdict import Judge
from swfsim.replay import histories

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swfsim.debug.shrink import GoesOn, Shrunk
    from swfsim.debug.verdict import Verdict
    from swfsim.replay.histories import Captured

_TOLD_EVERY = 10

_TEST = '''"""{headline}

Shrunk by ``swfsim shrink`` from {source}.
"""


def test_decision_task_{number}_is_decided_as_recorded(swf_replay):
    swf_replay("{history}", "{decider}").check(decision_task={number})
'''


@click.command()
@click.argument("history", metavar="HISTORY")
@DECIDER
@click.option(
    "--right",
    metavar="MODULE:NAME",
    help="A decider without the fault: keep only what it decides as recorded.",
)
@click.option(
    "--out",
    default=".",
    show_default=True,
    metavar="DIRECTORY",
    help="Where the small history and its test go.",
)
@click.option(
    "--limit",
    "limit_s",
    type=FiniteRange(0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop then, and keep the smallest found so far; so does Ctrl-C.",
)
@PAGE_SIZE
def shrink(
    history: str,
    decider: str,
    right: str | None,
    out: str,
    limit_s: float,
    page_size: int | None,
) -> None:
    """Reduce a captured history to the smallest on which the decider still misbehaves.

    \b
    The first decision task that is decided otherwise than recorded is kept, in the first run of the
    file that has one; whatever else can go
    without that the decider's answer there changes is left out: events with their families, ids
    numbered anew. Writes the small history, and a pytest file that fails in the same way.
    Exit status: 0 shrunk, 1 the decider does nothing wrong, 2 a mistake in the call.
    Example: swfsim shrink history.json --decider orders.decider:decide
    """
    found_runs = runs(history)
    decide, oracle = loaded(decider), loaded(right) if right is not None else None
    with Judge(decide, page_size) as judge:
        captured, wrong = _first(judge, found_runs)
        with _progress(len(captured.events), limit_s) as goes_on:
            found = smallest(judge, captured, wrong, oracle, goes_on)
        if found is None:
            raise Refusal(
                f"decision task {wrong.task.number} of {report.clean(captured.source)} is decided "
                "wrong only behind the tasks before it, not by itself: the decider remembers"
                + (f", or {right} decides it wrong, too" if right else "")
            )
        lines = list(replayed.explained(judge, found.captured, found.verdict))
    paths = _write(Path(out), captured, found, decider)
    before, after = len(captured.events), len(found.captured.events)
    click.echo(
        f"{report.clean(captured.source)}: {report.counted(before, 'event')} shrunk to "
        f"{after:,}, {report.counted(found.tried, 'history')} tried"
    )
    for line in [*lines, *report.flaws([found.verdict])]:
        click.echo(line)
    if not found.done:
        click.echo(
            f"stopped before all was tried: this is the smallest so far (--limit {limit_s:g})"
        )
    for path in paths:
        click.echo(f"wrote {path}")


@contextlib.contextmanager
def _progress(events: int, limit_s: float) -> Iterator[GoesOn]:
    """Whether there is time left, told by a bar on a terminal: how much of the history has gone.
    The time of the process is virtual while histories are judged, so the real one is asked for."""
    now = freezegun.api.real_monotonic  # type: ignore[attr-defined]  # an import would be frozen
    console = Console(stderr=True)
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    ends = now() + limit_s
    with Progress(
        *columns,
        console=console,
        disable=not console.is_terminal,
        transient=True,
        auto_refresh=False,
        get_time=now,
    ) as progress:
        bar = progress.add_task("", total=events)

        def goes_on(tried: int, left: int) -> bool:
            trials = report.counted(tried, "history")
            told = f"{left:,} of {report.counted(events, 'event')}, {trials} tried"
            progress.update(bar, description=told, completed=events - left)
            if not tried % _TOLD_EVERY:
                progress.refresh()
            return tried == 0 or now() < ends

        yield goes_on


def _first(judge: Judge, found: Sequence[Captured]) -> tuple[Captured, Verdict]:
    """The first run on which the decider misbehaves, with its verdict there."""
    for captured in found:
        wrong = first_wrong(judge, captured)
        if wrong is not None:
            return captured, wrong
    several = f", all {len(found):,} runs" if len(found) > 1 else ""
    click.echo(
        f"{report.clean(found[0].source)}{several}: all decided as recorded, nothing to shrink"
    )
    raise SystemExit(1)


def _write(out: Path, captured: Captured, found: Shrunk, decider: str) -> list[Path]:
    stem = re.sub(r"\W+", "_", Path(captured.source).stem).strip("_").lower() or "history"
    history, test = out / f"{stem}.shrunk.json", out / f"test_{stem}_shrunk.py"
    number = found.verdict.task.number
    headline = (
        f"{report.counted(len(found.captured.events), 'event')} of {len(captured.events):,} on "
        f"which {decider} is wrong."
    )
    text = _TEST.format(
        headline=headline,
        source=report.clean(captured.source).replace("\\", "/").replace('"', "'"),
        number=number,
        history=history.name,
        decider=decider,
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
        shown = histories.document(found.captured)
        history.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")
        test.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"cannot write to {out}: {error.strerror or error}") from error
    return [history, test]
