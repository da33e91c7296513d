"""``swfsim gate``: may this code be deployed, as far as a corpus of histories tells?"""

from __future__ import annotations

import contextlib
import json
import random
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from swfsim.commands.common import FiniteRange, Refusal
from swfsim.commands.histories import DECIDER, PAGE_SIZE, loaded, read, refused
from swfsim.debug import corpus, formats, matrix, replayed, report, sample
from swfsim.debug import gate as judging
from swfsim.debug.verdict import Judge
from swfsim.debug.versions import Version, worktree
from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swfsim.debug.gate import Case
    from swfsim.replay.histories import Captured

NEW_ON_OLD = "new code on old histories"


@click.command()
@click.argument("places", metavar="CORPUS...", nargs=-1, required=True)
@DECIDER
@click.option(
    "--against",
    metavar="GIT_REV",
    help="The code that is deployed: try both directions, every change of version, both at once.",
)
@click.option(
    "--sample",
    "share",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Draw histories until the share of wrong ones is bound below SHARE, or one is wrong.",
)
@click.option("--seed", default=0, show_default=True, help="Which histories --sample draws first.")
@click.option("--junit", metavar="FILE", help="Write JUnit XML, a case for each history.")
@click.option("--sarif", metavar="FILE", help="Write SARIF 2.1.0, a result for each finding.")
@click.option("--github", is_flag=True, help="Print annotations for GitHub Actions, too.")
@PAGE_SIZE
def gate(
    places: tuple[str, ...],
    decider: str,
    against: str | None,
    share: float | None,
    seed: int,
    junit: str | None,
    sarif: str | None,
    github: bool,
    page_size: int | None,
) -> None:
    """Judge a decider by a corpus of captured histories, for continuous integration.

    \b
    CORPUS is a directory with .json files, or such a file. For each workflow type the verdict is
    one of: safe to promote; review; block until compatible; block and investigate. With --against
    the code of that revision is put to histories that this code makes in simulation, versions
    change at every decision on which they differ, and decide in turn.
    Exit status: 0 safe to promote, 2 a mistake in the call or a file that cannot be used, 3 review,
    also when there are too few histories for --sample, 4 block until compatible, 5 block and
    investigate, 6 no evidence: no history was judged.
    Example: swfsim gate corpus/ --decider orders.decider:decide --against main
    """
    found, unusable = read(corpus.files(places))
    if share is not None:
        found = _drawn(found, seed)
    cases, judged = _judged(found, decider, page_size, share)
    if against is not None and cases:
        cases += _both_ways(judged, decider, against)
    for line in _told(cases):
        click.echo(line)
    if share is not None and cases:
        click.echo(_bound(cases, share))
    _write(cases, junit, sarif)
    for line in formats.github(cases) if github else ():
        click.echo(line)
    verdicts = [one.verdict for one in cases] or [judging.NO_EVIDENCE]
    if share is not None and _lacking(cases, share):
        verdicts.append(judging.REVIEW)
    verdict = judging.worst(verdicts)
    click.echo(f"verdict: {verdict}")
    raise SystemExit(2 if unusable else judging.EXIT[verdict])


def _drawn(found: Sequence[Captured], seed: int) -> list[Captured]:
    """The histories in the order in which they are drawn, each run once."""
    drawn = sample.distinct(found)
    if len(drawn) < len(found):
        again = report.counted(len(found) - len(drawn), "history")
        click.echo(f"note: {again} left out, of runs that are there already: no further evidence")
    random.Random(seed).shuffle(drawn)
    return drawn


def _judged(
    found: Sequence[Captured], decider: str, page_size: int | None, share: float | None
) -> tuple[list[Case], list[Captured]]:
    """The verdicts, and the histories that they are on: those that show a decision."""
    cases: list[Case] = []
    judged: list[Captured] = []
    enough = len(found) if share is None else sample.needed(share)
    with Judge(loaded(decider), page_size) as judge:
        for captured in found:
            case = judging.judged(NEW_ON_OLD, judge, captured)
            if case is None:
                click.echo(report.clean(f"note: {replayed.nothing_to_judge(captured)}"))
                continue
            cases.append(case)
            judged.append(captured)
            if share is not None and (_is_wrong(case) or len(cases) == enough):
                break  # drawing further would prove nothing better
    return cases, judged


def _is_wrong(case: Case) -> bool:
    return case.verdict not in (judging.SAFE, judging.REVIEW)


def _both_ways(found: Sequence[Captured], decider: str, against: str) -> list[Case]:
    cases: list[Case] = []
    with contextlib.ExitStack() as stack:
        try:
            top, there = stack.enter_context(worktree(against))
            new = Version("new code", decider, Path.cwd())
            stack.callback(new.close)
            old = Version("old code", decider, there, top)
            stack.callback(old.close)
            for captured in found:
                why = matrix.one_way_only(captured)
                if why is None:
                    cases += matrix.cases(captured, new, old)
                else:
                    said = f"note: {captured.source} is judged one way only: {why}"
                    click.echo(report.clean(said))
        except HarnessError as error:
            raise refused(error) from error
    return cases


def _told(cases: Sequence[Case]) -> Iterator[str]:
    rows: dict[str, list[Case]] = {}
    for case in cases:
        rows.setdefault(case.row, []).append(case)
    for row, members in rows.items():
        bad = [one for one in members if one.verdict != judging.SAFE]
        yield f"{row}: {len(members):,} judged, {len(members) - len(bad):,} safe"
        told: dict[str, str] = {}
        for case in bad:
            lines = "\n".join(case.lines)
            first = told.setdefault(lines, case.source)
            like = "" if first is case.source else f", as {first}"
            yield report.cut(f"  {case.source}: {case.verdict}{like}")
            for line in case.lines if not like else ():
                yield f"  {line}"
    for kind, verdict in judging.by_type(cases).items():
        yield f"{kind}: {verdict}"


def _bound(cases: Sequence[Case], share: float) -> str:
    first = [one for one in cases if one.row == NEW_ON_OLD]
    said = f"sample: {sample.said(sum(map(_is_wrong, first)), len(first))}"
    if _lacking(cases, share):
        said += f"; {sample.needed(share):,} histories are needed for {share * 100:g} %"
    return said


def _lacking(cases: Sequence[Case], share: float) -> bool:
    """Whether the bound that was asked for is not reached, though nothing was wrong."""
    first = [one for one in cases if one.row == NEW_ON_OLD]
    return not any(map(_is_wrong, first)) and len(first) < sample.needed(share)


def _write(cases: Sequence[Case], junit: str | None, sarif: str | None) -> None:
    texts = {}
    if junit is not None:
        texts[junit] = formats.junit(cases)
    if sarif is not None:
        texts[sarif] = json.dumps(formats.sarif(cases, metadata.version("swfsim")), indent=1) + "\n"
    for path, text in texts.items():
        try:
            Path(path).write_text(text, encoding="utf-8", errors="replace")
        except OSError as error:
            raise Refusal(f"cannot write {path}: {error.strerror or error}") from error
