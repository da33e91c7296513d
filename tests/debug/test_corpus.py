"""``swfsim corpus``: what histories show of a decider, and what they never show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scenarios.app import an_order
from swfsim import faults
from swfsim.commands.corpus import corpus as command
from swfsim.debug import corpus
from swfsim.replay import histories
from swfsim.replay.histories import Captured
from tests.debug.conftest import told


@pytest.fixture(scope="module")
def found() -> list[Captured]:
    """Two orders that differ by names and values alone, and one with a failure."""
    made = {
        "one": told(),
        "other": told(order=an_order(order_id="ORD-2024-777", customer_id="CUST-9")),
        "failing": told(lambda story: story.given(faults.fails("SaveResults", "disk full"))),
    }
    return [histories.parse(data, name)[0] for name, data in made.items()]


def test_histories_that_differ_by_names_and_values_are_alike(found: list[Captured]) -> None:
    groups = corpus.alike(found)
    assert [[one.source for one in group] for group in groups] == [["one", "other"], ["failing"]]


def test_a_flag_in_the_payload_is_no_mere_value() -> None:
    def order(flag: bool) -> Captured:
        return histories.parse(told(order=an_order(gift=flag)), "h")[0]

    assert corpus.fingerprint(order(True)) != corpus.fingerprint(order(False))


def test_a_few_histories_show_all_that_all_show(found: list[Captured]) -> None:
    chosen = corpus.covering(found)
    shown = set().union(*map(corpus.sights, chosen))
    assert shown == set().union(*map(corpus.sights, found))
    assert len(chosen) < len(found)
    for one in chosen:
        others = [corpus.sights(other) for other in chosen if other is not one]
        assert not corpus.sights(one) <= set().union(*others)


def test_gaps_name_event_types_and_causes(found: list[Captured]) -> None:
    gaps = corpus.gaps(found)
    assert "ActivityTaskTimedOut" in gaps
    assert "ActivityTaskFailed" not in gaps
    assert not any(gap.startswith("ActivityTaskCompleted") for gap in gaps)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


@pytest.fixture
def directory(found: list[Captured], tmp_path: Path) -> Path:
    for one in found:
        path = tmp_path / f"{one.source}.json"
        path.write_text(json.dumps(histories.document(one)), encoding="utf-8")
    return tmp_path


def test_the_command_tells_of_a_directory(directory: Path) -> None:
    result = run(str(directory))
    assert result.exit_code == 0
    assert "3 histories, " in result.output
    assert "different to a decider: 2" in result.output


def test_the_files_that_cover_are_printed_for_other_programs(directory: Path) -> None:
    lines = run(str(directory), "--cover").output.splitlines()
    assert lines
    assert all(Path(line).exists() for line in lines)


def test_a_corpus_without_histories_is_a_mistake(tmp_path: Path) -> None:
    result = run(str(tmp_path))
    assert result.exit_code == 2
    assert "holds no history" in result.output
