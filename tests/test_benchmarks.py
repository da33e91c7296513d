"""The benchmarks say why they stop. What they measure is no test."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.benchmarks import simulated


def test_a_scenario_that_fails_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        if options.get("check"):
            raise subprocess.CalledProcessError(1, command)
        return subprocess.CompletedProcess(command, 1, "FAILED scenarios/test_x.py::test_y\n")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(SystemExit, match=r"FAILED scenarios/test_x\.py::test_y"):
        simulated.all_scenarios()
