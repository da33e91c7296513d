"""``--file``: what was run is kept whatever happens, and proves nothing of other code."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from swfsim.commands.explore import explore
from swfsim.commands.swarm import swarm
from swfsim.errors import HarnessError
from swfsim.explore.book import Book
from swfsim.explore.lines import Lines
from swfsim.explore.swarm import Log

SWEEP = (explore, ("tests.explore.toy:Careful", "--only", "step", "--jobs", "1"))
SWARM = (swarm, ("tests.explore.toy:Careful", "--seeds", "1-3", "--jobs", "1"))
BOTH = pytest.mark.parametrize("command", [SWEEP, SWARM], ids=["explore", "swarm"])

SHOP = """
from tests.explore import toy

class Shop(toy.Careful):
    def decide(self, events):
        {bug}
        return toy.decide(events)
"""
BUG = 'if "ActivityTaskFailed" in [one["eventType"] for one in events]: return []'


def run(command: Any, *more: str) -> Result:
    named, arguments = command
    return CliRunner().invoke(named, [*arguments, *more], catch_exceptions=False)


def write(module: Path, bug: str) -> None:
    """The application as it is now, as the next process would see it."""
    module.write_text(SHOP.format(bug=bug))
    sys.modules.pop(module.stem, None)
    importlib.invalidate_caches()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path / "a_shop_that_changes.py"


@BOTH
def test_runs_of_other_code_are_no_proof(shop: Path, tmp_path: Path, command: Any) -> None:
    """A mistake that was made since the file was begun is not hidden by it."""
    named, (_, *options) = command
    call = (named, (f"{shop.stem}:Shop", *options))
    file = tmp_path / "shop.jsonl"
    write(shop, "pass")
    assert run(call, "--file", str(file)).exit_code == 0
    assert run(call, "--file", str(file)).exit_code == 0
    before = file.read_bytes()
    write(shop, BUG)
    done = run(call, "--file", str(file))
    assert done.exit_code == 2, done.output
    assert f"{file} holds what other code did" in done.output
    assert "take another file, or remove it" in done.output
    assert file.read_bytes() == before
    sys.modules.pop(shop.stem)


@BOTH
def test_a_file_is_only_added_to(tmp_path: Path, command: Any) -> None:
    """So Ctrl-C, or a kill, while it is read or opened takes nothing away."""
    file = tmp_path / "toy.jsonl"
    run(command, "--file", str(file))
    whole = file.read_bytes()
    about = next(iter(json.loads(whole.splitlines()[0]).values()))
    kept: Any = Book if command is SWEEP else Log
    with kept(file, about):
        assert file.read_bytes() == whole


@BOTH
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe\x00", "line 1: this is no"),
        (b"\xff\xfe\n{}\n", "(not UTF-8)"),
        (b'{"other', "line 1: this is no"),
        (b"a shopping list", "line 1: this is no"),
        (b"{}", "holds another"),
        (b"[1]\n", "holds another"),
        (b"[" * 100_000 + b"\n", "line 1: this is no"),
    ],
)
def test_a_file_of_something_else_is_left_alone(
    tmp_path: Path, command: Any, content: bytes, told: str
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    done = run(command, "--file", str(file))
    assert done.exit_code == 2
    assert str(file) in done.output
    assert told in done.output
    assert file.read_bytes() == content


@BOTH
def test_a_line_cut_in_the_middle_is_named(tmp_path: Path, command: Any) -> None:
    file = tmp_path / "toy.jsonl"
    run(command, "--file", str(file))
    lines = file.read_text().splitlines()
    lines[2] = lines[2][:20]
    file.write_text("\n".join(lines) + "\n")
    done = run(command, "--file", str(file))
    assert done.exit_code == 2
    assert f"{file}, line 3: " in done.output
    assert "cut short" in done.output


def test_a_first_line_that_a_kill_cut_short_is_begun_again(tmp_path: Path) -> None:
    file = tmp_path / "toy.jsonl"
    with Book(file, {"app": "one"}):
        whole = file.read_bytes()
    for cut in (0, 1, 10, len(whole) - 1):
        file.write_bytes(whole[:cut])
        with Book(file, {"app": "one"}):
            assert file.read_bytes() == whole


def test_text_that_utf_8_cannot_tell_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    lines = Lines(file, "exploration", {})
    lines.open()
    lines.add(["half a pair: \udc80"])
    lines.close()
    found: list[Any] = []
    Lines(file, "exploration", {}).read(found.append)
    assert found == [["half a pair: \udc80"]]


def test_a_line_that_is_no_outcome_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "toy.jsonl"
    with Book(file, {}):
        pass
    file.write_bytes(file.read_bytes() + b"[1,2]\n")
    with pytest.raises(HarnessError, match="line 2: this is no exploration"):
        Book(file, {})
