"""Bugs planted in the order decider are found by replay over two hundred captured histories, each
at the right decision and line; the decider without a bug passes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from swfsim.debug import again, replayed
from swfsim.debug.compare import SAME
from swfsim.debug.verdict import Judge, Verdict
from swfsim.replay.histories import Captured
from tests.quality import production
from tests.quality.mutants import MUTANTS, planted


@pytest.fixture(scope="module")
def corpus() -> list[Captured]:
    return production.corpus()


def wrong(verdict: Verdict) -> tuple[str, ...]:
    """Everything that is wrong with a verdict."""
    if verdict.raised is not None:
        return (f"raised {verdict.raised.error!r}",)
    told = [
        " ".join([one.verdict, one.name, *(field.name for field in one.fields)])
        for one in verdict.findings
        if one.verdict != SAME
    ]
    return (*told, *(one.kind for one in verdict.flaws))


def named(judge: Judge, captured: Captured, verdict: Verdict) -> set[str | None]:
    """Every line that replay names for a verdict."""
    found = replayed.traced(judge, captured, verdict)
    built = [found.built[one.place] for one in verdict.findings if one.place is not None]
    return {place for stack in built for place in stack} | {
        *found.ran,
        *(one.where for one in verdict.flaws),
    }


def test_the_decider_without_a_bug_passes_with_no_finding(
    corpus: list[Captured], tmp_path: Path
) -> None:
    decide, _ = planted("orders_without_a_bug", None, tmp_path)
    assert len(corpus) == 200
    with Judge(decide) as judge:
        found = [
            (captured.source, wrong(one))
            for captured in corpus
            for one in again.ask_again(judge, captured, judge.verdicts(captured))
            if not one.same or one.flaws
        ]
    assert found == []


def test_there_are_enough_bugs() -> None:
    assert len(MUTANTS) >= 20


@pytest.mark.parametrize("bug", MUTANTS)
def test_a_bug_is_found_at_the_right_decision_and_line(
    bug: str, corpus: list[Captured], tmp_path: Path
) -> None:
    mutant = MUTANTS[bug]
    decide, line = planted(f"orders_{list(MUTANTS).index(bug)}", mutant, tmp_path)
    with Judge(decide) as judge:
        captured, first = next(
            (captured, one)
            for captured in corpus
            for one in judge.verdicts(captured)
            if not one.same or one.flaws
        )
        befell = captured.source.rpartition(", ")[0]
        assert (befell, first.task.number, wrong(first)) == mutant.found
        assert line in named(judge, captured, first)
