"""``swfsim replay``: a decider against captured histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swfsim.commands.common import Refusal
from swfsim.debug import acceptance, deciders, origins, report, tasks
from swfsim.debug.verdict import Judge
from swfsim.errors import HarnessError
from swfsim.replay import histories

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swfsim.debug.tasks import Decide
    from swfsim.debug.verdict import Verdict
    from swfsim.replay.histories import Captured


@click.command()
@click.argument("files", metavar="HISTORY...", nargs=-1, required=True)
@click.option(
    "--decider",
    required=True,
    metavar="MODULE:NAME",
    help="What decides: a function of a poll's answer or of a list of events, or a worker class.",
)
@click.option("-v", "--verbose", is_flag=True, help="Explain every decision task that differs.")
def replay(files: tuple[str, ...], decider: str, verbose: bool) -> None:
    """Put captured histories to a decider and compare what it decides with what was decided.

    \b
    HISTORY is what aws swf get-workflow-execution-history prints, or another form that reenact
    takes. For every decision task the decider is given what PollForDecisionTask answered then, at
    the time of then; what it decides is compared with what the history shows was decided.
    Exit status: 0 all as recorded, 1 something differs, 2 a file or a decider cannot be used.
    Example: swfsim replay history.json --decider orders.decider:decide
    """
    try:
        decide = deciders.load(decider)
    except HarnessError as error:
        raise Refusal(str(error)) from error
    worst = 0
    for name in files:
        try:
            captured = histories.load(name)
        except histories.Unusable as error:
            click.echo(f"Error: {error}", err=True)
            worst = 2
            continue
        for one in captured:
            worst = max(worst, _one(one, decide, verbose))
    raise SystemExit(worst)


def _one(captured: Captured, decide: Decide, verbose: bool) -> int:
    with Judge(decide) as judge:
        verdicts = list(judge.verdicts(captured))
        differing = [one for one in verdicts if not one.same]
        explained = {
            one.task.number: list(_explained(captured, one, decide))
            for one in (differing if verbose else differing[:1])
        }
    click.echo(report.headline(captured, verdicts))
    for line in _lines(differing, explained):
        click.echo(line)
    return 1 if differing else 0


def _lines(differing: Sequence[Verdict], explained: dict[int, list[str]]) -> Iterator[str]:
    for one in differing:
        yield from explained.get(one.task.number) or [report.brief(one)]


def _explained(captured: Captured, verdict: Verdict, decide: Decide) -> Iterator[str]:
    polls = tasks.Polls(captured)
    task = verdict.task
    places = origins.of(lambda: decide(polls.answer(task)))
    refused = acceptance.refusals(captured, task, verdict.made) if verdict.raised is None else []
    return report.explained(captured, verdict, places, refused)
