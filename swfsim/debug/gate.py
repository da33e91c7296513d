"""The gate: a corpus of histories against the code that is to be deployed, with a verdict for each
workflow type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from swfsim.debug import acceptance, again, compare, replayed, report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swfsim.debug.verdict import Judge, Verdict
    from swfsim.replay.histories import Captured

SAFE: Final = "safe to promote"
REVIEW: Final = "review"
BLOCK: Final = "block until compatible"
INVESTIGATE: Final = "block and investigate"
NO_EVIDENCE: Final = "no evidence"

EXIT: Final = {SAFE: 0, REVIEW: 3, BLOCK: 4, INVESTIGATE: 5, NO_EVIDENCE: 6}
"""Exit statuses by verdict; 2 is a mistake in the call, as everywhere."""

_ORDER: Final = (SAFE, REVIEW, BLOCK, INVESTIGATE, NO_EVIDENCE)
_GRAVE: Final = frozenset({"two answers", "page size", "writes into events"})


class Finding(NamedTuple):
    """One thing to be seen to: how grave, said in a line, and where in the decider, as
    ``file:line``, None when unknown."""

    verdict: str
    said: str
    where: str | None = None


class Case(NamedTuple):
    """One history at the gate, in one row of the matrix. ``lines`` explain its findings."""

    row: str
    source: str
    workflow_type: str
    findings: list[Finding]
    lines: list[str]

    @property
    def verdict(self) -> str:
        return worst(one.verdict for one in self.findings)


def worst(verdicts: Iterable[str]) -> str:
    """The gravest of some verdicts; safe when there are none."""
    return max(verdicts, key=_ORDER.index, default=SAFE)


def type_of(captured: Captured) -> str:
    """``order 1.0``: a run's workflow type with its version."""
    kind = captured.events.attrs[0]["workflowType"]
    return report.clean(f"{kind['name']} {kind['version']}")


def judged(row: str, judge: Judge, captured: Captured) -> Case | None:
    """One history judged: every decision compared, every fault of the decider's own. None when the
    history shows no decision, which proves nothing."""
    verdicts = again.ask_again(judge, captured, judge.verdicts(captured))
    if replayed.nothing_judged(verdicts):
        return None
    findings: list[Finding] = []
    lines: list[str] = []
    differing = [one for one in verdicts if not one.same]
    if differing:
        findings += _differences(judge, captured, differing[0])
        lines += [*replayed.explained(judge, captured, differing[0])]
        lines += [report.brief(one) for one in differing[1:]]
    lines += report.flaws(verdicts)
    findings += _flaws(verdicts)
    return Case(row, captured.source, type_of(captured), findings, lines)


def _differences(judge: Judge, captured: Captured, verdict: Verdict) -> Iterator[Finding]:
    """The first task that is decided otherwise: whether SWF would take it tells how grave."""
    at = f"decision task {verdict.task.number}"
    if verdict.raised is not None:
        error = verdict.raised.error
        said = f"{at}: raised {type(error).__name__}: {error}"
        yield Finding(INVESTIGATE, report.clean(said), verdict.raised.where)
        return
    refused = acceptance.refusals(captured, verdict.task, verdict.made)
    found = replayed.traced(judge, captured, verdict)
    for one in verdict.findings:
        if one.verdict == compare.SAME:
            continue
        where = found.place(one.place) or (found.ran[0] if found.ran else None)
        yield Finding(BLOCK, report.clean(f"{at}: {one.verdict} {one.name}"), where)
    for cause in refused or ():
        yield Finding(INVESTIGATE, report.clean(f"{at}: SWF would refuse it, {cause}"))


def _flaws(verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    seen = set()
    for verdict in verdicts:
        for flaw in verdict.flaws:
            if (flaw.kind, flaw.where) not in seen:
                seen.add((flaw.kind, flaw.where))
                grave = INVESTIGATE if flaw.kind in _GRAVE else REVIEW
                said = f"decision task {verdict.task.number}: the decider {flaw.said}"
                yield Finding(grave, report.clean(said), flaw.where)


def by_type(cases: Iterable[Case]) -> dict[str, str]:
    """The verdict for each workflow type, in order of name."""
    found: dict[str, str] = {}
    for case in cases:
        found[case.workflow_type] = worst([found.get(case.workflow_type, SAFE), case.verdict])
    return dict(sorted(found.items()))
