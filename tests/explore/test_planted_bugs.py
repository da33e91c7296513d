"""Every planted bug is found by the sweep within its budget; without one, nothing is found
(``test_command.py``)."""

from __future__ import annotations

import pytest

from swfsim.explore import scenario
from swfsim.service import Service
from tests.explore.bugs import BUGS
from tests.explore.conftest import swept
from tests.explore.test_sweep import run_as_a_test

RUNS = {1: 400, 2: 8_000}
"""The budget, by how many faults are placed: every single one, and a quarter of all pairs."""


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    bug.plant(monkeypatch)
    runs = RUNS[bug.faults]
    certificate = swept(bug.app, bug.faults, kinds=bug.kinds, runs=runs, failures=1)
    Service.made = None  # a broken machine makes histories that pytest's plugin would mind
    assert certificate.failures, f"nothing was found in {certificate.run} runs"
    [failure] = certificate.failures
    assert len(failure.placement) <= bug.faults
    app = getattr(bug.app, "__name__", "orders")
    source = scenario.source(f"scenarios.explore:{app}", failure.placement, failure.broken)
    assert failure.broken[0] in source
    fails_as_printed(source, failure.broken[0])
    monkeypatch.undo()
    run_as_a_test(source)  # and passes when the bug is mended


def fails_as_printed(source: str, broken: str) -> None:
    """The scenario breaks the rule that is printed in it, or breaks off as is printed there."""
    with pytest.raises(Exception) as told:  # noqa: PT011 - whatever the bug makes of it
        run_as_a_test(source)
    rule, _, what = broken.partition(": ")
    seen = f"{type(told.value).__name__}: {told.value}"
    if rule == "the application broke":
        assert what.partition(", at ")[0] in " ".join(seen.split())
    else:
        assert rule in seen


def test_there_are_thirty_of_them() -> None:
    assert len(BUGS) >= 30
