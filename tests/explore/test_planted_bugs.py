"""Every planted bug is found by the sweep within its budget; without one, nothing is found
(``test_command.py``)."""

from __future__ import annotations

import pytest

from swfsim.explore import scenario
from swfsim.service import Service
from tests.explore.bugs import BUGS
from tests.explore.conftest import swept

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
    source = scenario.source("scenarios.explore:orders", failure.placement, failure.broken)
    assert failure.broken[0] in source


def test_there_are_thirty_of_them() -> None:
    assert len(BUGS) >= 30
