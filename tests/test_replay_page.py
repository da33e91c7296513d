"""The examples of docs/replay.md and README.md print what stands there."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from swfsim.cli import main

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(
    r"^```console\n\$ (?:\.venv/bin/)?swfsim ((?:[^\n]*\\\n)*[^\n]*)\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SMALL = "/tmp/small"
LEFT_OUT = "…"


def examples() -> list[tuple[str, str]]:
    """Each example's arguments, and what it prints."""
    pages = ("docs/replay.md", "README.md")
    return [one for page in pages for one in BLOCK.findall((ROOT / page).read_text())]


def is_as_printed(seen: list[str], printed: list[str]) -> bool:
    """Whether lines are equal, but for those left out."""
    parts = [
        list(lines)
        for left_out, lines in itertools.groupby(printed, lambda line: line.strip() == LEFT_OUT)
        if not left_out
    ]
    if LEFT_OUT not in [line.strip() for line in printed]:
        return seen == printed
    pattern = ".*\n".join("".join(f"{re.escape(line)}\n" for line in lines) for lines in parts)
    return bool(re.fullmatch(pattern, "".join(f"{line}\n" for line in seen), re.DOTALL))


@pytest.mark.parametrize(("arguments", "printed"), examples())
def test_an_example_prints_what_stands_there(
    arguments: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    given = shlex.split(arguments.replace("\\\n", " ").replace(SMALL, str(tmp_path)))
    seen = CliRunner().invoke(main, given).output.replace(str(tmp_path), SMALL)
    assert is_as_printed(seen.splitlines(), printed.splitlines()), seen


def test_there_are_examples_of_every_command() -> None:
    shown = {arguments.split()[0] for arguments, _ in examples()}
    assert shown >= {"replay", "whatif", "gate", "shrink", "corpus"}


def test_another_line_is_noticed() -> None:
    assert is_as_printed(["a", "b", "c"], ["a", "  …", "c"])
    assert not is_as_printed(["a", "b", "d"], ["a", "  …", "c"])
    assert not is_as_printed(["a", "b"], ["a", "c"])
