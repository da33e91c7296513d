"""The house: who may import whom, no loops, no file too long, a face that is a list.

``docs/architecture.md`` draws the ladder that this holds.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES_MAX = 400

LADDER = [
    {"swfsim.errors"},
    {"swfsim.spec", "swfsim.clock", "swfsim.choices", "swfsim.app"},
    {"swfsim.core"},
    {
        "swfsim.wire",
        "swfsim.journal",
        "swfsim.checkers",
        "swfsim.report",
        "swfsim.functions",
        "swfsim.replay",
    },
    {"swfsim.service", "swfsim.transports", "swfsim.rules"},
    {"swfsim.sim", "swfsim.fake", "swfsim.server", "swfsim.coverage"},
    {"swfsim.env", "swfsim.faults", "swfsim.live"},
    {"swfsim.debug"},
    {"swfsim.stories", "swfsim.capture", "swfsim.laws"},
    {"swfsim.explore"},
    {"swfsim.strategies"},
    {"swfsim", "swfsim.pytest_plugin", "swfsim.commands", "swfsim.cli"},
    {"swfsim.__main__"},
]
"""Rungs from the ground up: a part imports from rungs below, and from within itself."""

NOUNS = {
    "activities",
    "children",
    "closing",
    "decision_tasks",
    "domains",
    "executions",
    "external",
    "lambdas",
    "markers",
    "timers",
    "types",
    "visibility",
}
"""Files of the core that do not know each other; what follows from what stands in ``tables``."""

KNOWN_EXCEPTION = {
    ("swfsim.core.domains", "swfsim.core.visibility"),
    (
        "swfsim.core.executions",
        "swfsim.core.visibility",
    ),
}
"""A domain is made with its indexes; describing an execution shows what listing it shows."""


def modules(package: str) -> dict[str, Path]:
    """Every module of a package by its dotted name."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> Iterator[str]:
    """What a file imports by name, for types only or not."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def edges(package: str) -> dict[str, set[str]]:
    """Module → the modules of the same package that it imports."""
    known = modules(package)
    return {
        name: {one for one in imports(path) if one in known and one != name}
        for name, path in known.items()
    }


def part_of(module: str) -> str:
    """The part of the ladder that a module belongs to."""
    parts = module.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 else module


def rung_of(module: str) -> int:
    for number, rung in enumerate(LADDER):
        if part_of(module) in rung:
            return number
    raise AssertionError(f"{module} stands on no rung of the ladder")


def test_a_module_imports_only_from_below() -> None:
    upward = [
        f"{name} imports {other}"
        for name, others in edges("swfsim").items()
        for other in others - {"swfsim"}
        if part_of(name) != part_of(other) and rung_of(name) <= rung_of(other)
    ]
    assert upward == []


@pytest.mark.parametrize("package", ["swfsim", "orders"])
def test_there_are_no_loops(package: str) -> None:
    left = {
        name: {one for one in others if not name.startswith(f"{one}.")}
        for name, others in edges(package).items()
    }
    while True:
        free = {name for name, others in left.items() if not others & left.keys()}
        if not free:
            break
        left = {name: others for name, others in left.items() if name not in free}
    assert left == {}


def test_nouns_do_not_know_each_other() -> None:
    core = edges("swfsim")
    nouns = {f"swfsim.core.{noun}" for noun in NOUNS}
    pairs = {(name, other) for name in nouns for other in core[name] & nouns}
    assert pairs == KNOWN_EXCEPTION


def test_the_core_has_no_clock_thread_socket_or_chance() -> None:
    banned = {"time", "datetime", "threading", "socket", "random", "os", "uuid", "secrets"}
    guilty = {
        name: banned & set(imports(path))
        for name, path in modules("swfsim").items()
        if name.startswith("swfsim.core") and banned & set(imports(path))
    }
    assert guilty == {}


def test_orders_does_not_know_swfsim() -> None:
    guilty = [
        name
        for name, path in modules("orders").items()
        if any(part_of(one).split(".")[0] in ("swfsim", "scenarios") for one in imports(path))
    ]
    assert guilty == []


@pytest.mark.parametrize("package", ["swfsim", "orders", "scenarios"])
def test_no_file_is_too_long(package: str) -> None:
    long = {
        name: count
        for name, path in modules(package).items()
        if (count := len(path.read_text().splitlines())) > LINES_MAX
    }
    assert long == {}


@pytest.mark.parametrize("package", ["swfsim", "orders", "swfsim.faults"])
def test_the_face_is_a_sorted_list_of_what_is_there(package: str) -> None:
    face = importlib.import_module(package)
    assert face.__all__ == sorted(face.__all__, key=lambda name: (name.islower(), name))
    for name in face.__all__:
        assert getattr(face, name) is not None


def test_the_top_level_holds_what_was_agreed() -> None:
    agreed = {"pyproject.toml", "README.md", "CHANGELOG.md", "docs"}
    agreed |= {"swfsim", "orders", "tests", "scenarios"}
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout  # nothing where this is no checkout: files of one's own may lie about
    tracked = {line.partition("/")[0] for line in listed.splitlines()}
    assert {name for name in tracked if not name.startswith(".")} <= agreed
