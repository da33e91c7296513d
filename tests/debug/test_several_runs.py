"""Files with several runs, and files in which nothing was decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from swfsim.commands.gate import gate
from swfsim.commands.replay import replay
from swfsim.commands.shrink import shrink
from swfsim.commands.whatif import whatif
from swfsim.debug.replayed import Replayed
from swfsim.errors import HarnessError, Violation
from tests.debug.written import Written

HERE = __name__
ORDERS = "orders.decider:decide"


def marks_the_first(task: Any) -> list[dict[str, Any]]:
    """A bug: it marks only what was not signalled."""
    if any(one["eventType"] == "WorkflowExecutionSignaled" for one in task["events"]):
        return []
    return [marker()]


def marks(task: Any) -> list[dict[str, Any]]:
    return [marker()]


def raises(task: Any) -> list[dict[str, Any]]:
    raise ValueError("no")


def marker() -> dict[str, Any]:
    attributes = {"markerName": "m"}
    return {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": attributes}


def run(signals: int) -> Written:
    written = Written()
    for _ in range(signals):
        written.add("WorkflowExecutionSignaled", signalName="s")
    written.decide(("MarkerRecorded", {"markerName": "m"}))
    return written


def said(command: click.Command, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments], catch_exceptions=False)


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """Two runs in one file; the second was signalled."""
    path = tmp_path / "both.json"
    made = [
        {"workflowExecution": {"workflowId": "w", "runId": f"r{n + 1}"}, "events": run(n).events}
        for n in (0, 1)
    ]
    path.write_text(json.dumps(made), encoding="utf-8")
    return path


# Several runs in a file


def test_the_smallest_history_comes_of_the_run_with_the_bug(both: Path, tmp_path: Path) -> None:
    result = said(shrink, both, "--decider", f"{HERE}:marks_the_first", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{both} run 2: 6 events shrunk to 6")


def test_all_runs_without_a_bug_leave_nothing_to_shrink(both: Path) -> None:
    result = said(shrink, both, "--decider", f"{HERE}:marks")
    assert result.exit_code == 1
    assert "all 2 runs: all decided as recorded, nothing to shrink" in result.output


def test_a_test_replays_every_run(both: Path) -> None:
    Replayed(both, marks).check()
    replayed = Replayed(both, marks_the_first)
    assert [one.same for one in replayed.verdicts] == [True, False]
    with pytest.raises(Violation, match=r"both\.json run 2: .* 1 decided otherwise"):
        replayed.check()


def test_one_decision_task_of_several_runs_is_not_guessed(both: Path) -> None:
    with pytest.raises(HarnessError, match="holds 2 runs, each with a decision task 1"):
        Replayed(both, marks).check(decision_task=1)


def test_what_if_asks_which_run_is_meant(both: Path) -> None:
    arguments = (both, "--app", "scenarios.app:orders", "--at", "2")
    result = said(whatif, *arguments)
    assert result.exit_code == 2
    assert result.output == (f"Error: {both} holds 2 runs, say which with --run: 1 (r1), 2 (r2)\n")
    result = said(whatif, *arguments, "--run", "3")
    assert "holds 2 runs, none is the one run '3': 1 (r1), 2 (r2)" in result.output


@pytest.mark.parametrize("named", ["2", "r2"])
def test_a_run_is_named_by_its_id_or_its_number(both: Path, named: str) -> None:
    arguments = (both, "--app", "scenarios.app:orders", "--at", "99", "--run", named)
    assert "has events 1 to 6" in said(whatif, *arguments).output


# Nothing to judge


def cut(path: Path, last: int) -> Path:
    """A history that ends before its first decision: with the run's start, its first task's
    schedule or start."""
    path.write_text(json.dumps({"events": run(0).events[:last]}), encoding="utf-8")
    return path


@pytest.mark.parametrize("last", [1, 2, 3])
def test_a_history_without_a_decision_is_no_evidence(tmp_path: Path, last: int) -> None:
    file = cut(tmp_path / "cut.json", last)
    result = said(gate, file, "--decider", f"{HERE}:marks")
    assert result.exit_code == 6
    noted, verdict = result.output.splitlines()
    assert noted.startswith(f"note: {file}: nothing to judge in {last} event")
    assert verdict == "verdict: no evidence"


def test_beside_others_it_is_a_note(both: Path) -> None:
    cut(both.with_name("cut.json"), 2)
    result = said(gate, both.parent, "--decider", f"{HERE}:marks")
    assert result.exit_code == 0
    assert "cut.json: nothing to judge" in result.output
    assert "new code on old histories: 2 judged, 2 safe" in result.output
    result = said(replay, both, both.with_name("cut.json"), "--decider", f"{HERE}:marks")
    assert result.exit_code == 0
    assert "note: " in result.output


@pytest.mark.parametrize("last", [1, 2, 3])
def test_a_replay_of_no_decision_is_refused(tmp_path: Path, last: int) -> None:
    file = cut(tmp_path / "cut.json", last)
    result = said(replay, file, "--decider", f"{HERE}:marks")
    assert result.exit_code == 2
    [line] = result.output.splitlines()
    assert line.startswith(f"Error: {file}: nothing to judge in {last} event")
    with pytest.raises(HarnessError, match="nothing to judge"):
        Replayed(file, marks).check()


def test_a_decider_that_raises_is_told_though_nobody_had_answered(tmp_path: Path) -> None:
    file = cut(tmp_path / "cut.json", 3)
    assert said(replay, file, "--decider", f"{HERE}:raises").exit_code == 1
    assert said(gate, file, "--decider", f"{HERE}:raises").exit_code == 5
