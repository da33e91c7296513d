"""``swfsim replay``: a decider against captured histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swfsim.commands.common import Refusal
from swfsim.debug import acceptance, again, chains, deciders, origins, references, report, tasks
from swfsim.debug.verdict import Judge
from swfsim.errors import HarnessError
from swfsim.replay import histories
from swfsim.spec import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swfsim.debug.tasks import Decide
    from swfsim.debug.verdict import Verdict
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


@click.command()
@click.argument("files", metavar="HISTORY...", nargs=-1, required=True)
@DECIDER
@PAGE_SIZE
@click.option("-v", "--verbose", is_flag=True, help="Explain every decision task that differs.")
def replay(files: tuple[str, ...], decider: str, page_size: int | None, verbose: bool) -> None:
    """Put captured histories to a decider and compare what it decides with what was decided.

    \b
    HISTORY is what aws swf get-workflow-execution-history prints, or another form that reenact
    takes. For every decision task the decider is given what PollForDecisionTask answered then, at
    the time of then; what it decides is compared with what the history shows was decided. It is
    asked again, and with pages of another size; what it reads of clock, chance, environment and
    network while it decides is named with its line.
    Exit status: 0 all as recorded, 1 something differs or the decider has faults of its own, 2 a
    file or a decider cannot be used.
    Example: swfsim replay history.json --decider orders.decider:decide
    """
    decide = loaded(decider)
    found, unusable = read(files)
    worst = 2 if unusable else 0
    for chain in chains.chains(found):
        for line in chains.gaps(chain, found):
            click.echo(report.clean(f"note: {line}"))
        for one in chain:
            worst = max(worst, _one(one, decide, page_size, verbose))
    raise SystemExit(worst)


def loaded(decider: str) -> Decide:
    """The decider of this name, or a refusal that says what is wrong with it."""
    try:
        return deciders.load(decider)
    except HarnessError as error:
        raise Refusal(report.clean(str(error))) from error


def read(files: Sequence[str]) -> tuple[list[Captured], int]:
    """The histories in some files, and how many files could not be used, which is told."""
    found: list[Captured] = []
    unusable = 0
    for name in files:
        try:
            runs = histories.load(name)
            for one in runs:
                references.check(one)
            found += runs
        except histories.Unusable as error:
            click.echo(f"Error: {report.clean(str(error))}", err=True)
            unusable += 1
    return found, unusable


def _one(captured: Captured, decide: Decide, page_size: int | None, verbose: bool) -> int:
    with Judge(decide, page_size) as judge:
        verdicts = again.ask_again(judge, captured, judge.verdicts(captured))
        differing = [one for one in verdicts if not one.same]
        explained = {
            one.task.number: list(_explained(captured, one, judge))
            for one in (differing if verbose else differing[:1])
        }
    click.echo(report.headline(captured, verdicts))
    for one in differing:
        for line in explained.get(one.task.number) or [report.brief(one)]:
            click.echo(line)
    for line in report.flaws(verdicts):
        click.echo(line)
    return 1 if differing or any(one.flaws for one in verdicts) else 0


def _explained(captured: Captured, verdict: Verdict, judge: Judge) -> Iterator[str]:
    polls = tasks.Polls(captured)
    task = verdict.task
    places = origins.of(lambda: judge.call(polls.answer(task), task)[0])
    refused = acceptance.refusals(captured, task, verdict.made) if verdict.raised is None else []
    return report.explained(captured, verdict, places, refused)
