"""``swfsim replay``: a decider against captured histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swfsim.commands.common import Refusal
from swfsim.commands.histories import DECIDER, PAGE_SIZE, loaded, read
from swfsim.debug import again, chains, replayed, report, selectors, stuck
from swfsim.debug.stepping import Stepping
from swfsim.debug.verdict import Judge
from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swfsim.debug.tasks import Decide
    from swfsim.replay.histories import Captured

_PATIENT_S = 7 * 86_400
"""Whoever sits in a debugger is not hanging."""

_NOTES_MAX = 20


@click.command()
@click.argument("files", metavar="HISTORY...", nargs=-1, required=True)
@DECIDER
@PAGE_SIZE
@click.option(
    "--break",
    "stop_at",
    metavar="EVENT",
    help="Stop in pdb where the decider sees this event: 57, ActivityTaskTimedOut:SaveResults#2.",
)
@click.option("-v", "--verbose", is_flag=True, help="Explain every decision task that differs.")
def replay(
    files: tuple[str, ...],
    decider: str,
    page_size: int | None,
    stop_at: str | None,
    verbose: bool,
) -> None:
    """Put captured histories to a decider and compare what it decides with what was decided.

    \b
    HISTORY is what aws swf get-workflow-execution-history prints, or another form that reenact
    takes. For every decision task the decider is given what PollForDecisionTask answered then, at
    the time of then; what it decides is compared with what the history shows was decided. It is
    asked again, and with pages of another size; what it reads of clock, chance, environment and
    network while it decides is named with its line.
    Exit status: 0 all as recorded, 1 something differs or the decider has faults of its own, 2 a
    file or a decider cannot be used, or no history shows a decision.
    Example: swfsim replay history.json --decider orders.decider:decide
    """
    decide = loaded(decider)
    found, unusable = read(files)
    worst = 2 if unusable else 0
    if stop_at is not None:
        _stop(found, decide, page_size, stop_at)
        raise SystemExit(worst)
    judged: list[int] = []
    silent: list[Captured] = []
    for chain in chains.chains(found):
        for line in chains.gaps(chain, found):
            click.echo(report.clean(f"note: {line}"))
        for one in chain:
            status = _one(one, decide, page_size, verbose)
            if status is None:
                silent.append(one)
            else:
                judged.append(status)
    for one in silent:
        said = report.clean(replayed.nothing_to_judge(one))
        click.echo(f"note: {said}" if judged else f"Error: {said}", err=not judged)
    raise SystemExit(max([worst, *(judged or [2])]))


def _stop(found: Sequence[Captured], decide: Decide, page_size: int | None, stop_at: str) -> None:
    """A session in pdb; of several histories, in the first that has such an event."""
    refused: list[HarnessError] = []
    for captured in found:
        try:
            event = selectors.find(captured, stop_at)
        except HarnessError as error:
            refused.append(error)
            continue
        with Judge(decide, page_size, limit_s=_PATIENT_S) as judge:
            Stepping(judge, captured, lambda line: click.echo(line)).run(event.id)
        return
    raise Refusal(report.clean(str(refused[0])) if refused else "there is no history to stop in")


def _one(captured: Captured, decide: Decide, page_size: int | None, verbose: bool) -> int | None:
    """A history judged and told; its exit status, None when there was nothing to judge."""
    with Judge(decide, page_size) as judge:
        verdicts = again.ask_again(judge, captured, judge.verdicts(captured))
        differing = [one for one in verdicts if not one.same]
        explained = {
            one.task.number: list(replayed.explained(judge, captured, one))
            for one in (differing if verbose else differing[:1])
        }
    if replayed.nothing_judged(verdicts):
        return None
    click.echo(report.headline(captured, verdicts))
    for one in differing:
        for line in explained.get(one.task.number) or [report.brief(one)]:
            click.echo(line)
    for line in report.flaws(verdicts):
        click.echo(line)
    troubles = list(stuck.troubles(captured))
    for trouble in troubles[:_NOTES_MAX]:
        click.echo(report.clean(f"  note: event {trouble.event_id}: {trouble.said}"))
    if len(troubles) > _NOTES_MAX:
        click.echo(f"  note: and {len(troubles) - _NOTES_MAX:,} more of that kind")
    return 1 if differing or any(one.flaws for one in verdicts) else 0
