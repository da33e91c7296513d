"""``swfsim run`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from swfsim.cli import main

APP = "tests.support.shop:Shop"


def call(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=given)


@pytest.fixture
def order(tmp_path: Path) -> str:
    path = tmp_path / "order.json"
    path.write_text('{"order": 7}')
    return str(path)


def test_it_prints_the_timeline_and_how_it_ended(order: str) -> None:
    result = call("run", APP, "--input", order)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["0:00:00.010", "operator", "WorkflowExecutionStarted"]
    assert "COMPLETED after 9." in lines[-1]
    assert all(len(line) <= 100 for line in lines)


def test_the_same_seed_prints_the_same(order: str) -> None:
    once, again = (call("run", APP, "--input", order, "--seed", "3").output for _ in range(2))
    assert once == again


def test_standard_input_will_do() -> None:
    assert call("run", APP, "--input", "-", given="[]").exit_code == 0


def test_all_events_shows_the_decision_tasks(order: str) -> None:
    assert "DecisionTaskStarted" in call("run", APP, "--input", order, "--all-events").output


def test_the_journal_is_one_json_line_a_call(order: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert call("run", APP, "--input", order, "--journal", str(path)).exit_code == 0
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert entries[0]["operation"] == "StartWorkflowExecution"
    assert {entry["who"] for entry in entries} >= {"operator", "decider", "worker"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("run", "tests.support.shop", "--input", "-"), "module:attribute"),
        (("run", "nowhere:Shop", "--input", "-"), "cannot import 'nowhere'"),
        (("run", "tests.support.shop:Shpo", "--input", "-"), "no application 'Shpo'"),
        (("run", APP, "--input", "missing.json"), "cannot read missing.json"),
        (("run", APP), "--input"),
        (("rum", APP), "rum"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_status_2(arguments: tuple[str, ...], text: str) -> None:
    result = call(*arguments, given="{}")
    assert result.exit_code == 2
    assert text in result.output
    assert "Traceback" not in result.output


def test_input_that_is_not_json_is_said() -> None:
    result = call("run", APP, "--input", "-", given="{order: 7}")
    assert result.exit_code == 2
    assert "is not JSON: " in result.output


def test_help_teaches() -> None:
    text = call("run", "--help").output
    assert "swfsim run scenarios.app:orders --input order.json" in text
    assert all(len(line) <= 100 for line in text.splitlines())
