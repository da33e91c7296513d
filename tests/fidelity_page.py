"""``docs/fidelity.md``, written from the tests that hold a behaviour, each with how it is known,
and from the table of unknowns.

python -m tests.fidelity_page > docs/fidelity.md
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from swfsim.spec.unknowns import UNKNOWNS
from tests.spec import test_unknowns
from tests.support.known import how

INTRODUCTION = """\
Names, shapes, enumerations and limits come from botocore's model of the service, which is read and
never retyped. `tests/conformance` proves that every operation, decision, event, cause, time-out and
fault of the model is produced and looked at. What the model does not say is listed here: each line
is a test, with how it is known that the service behaves so.

- **model**: botocore's model of the service
- **documentation**: AWS's API reference, developer guide, quotas page
- **capture**: recorded from the real service, 2012 to 2023
- **client code**: libraries that run against it, people who did, emulators that measured it
- **guess**: inferred from the others, or the safest choice

Where there are two, the first is the better one. This page is written by
`python -m tests.fidelity_page`, and a test holds it.\
"""

HELD = {
    "golden_tasks": "Histories captured: tasks, timers, closes",
    "golden_families": "Histories captured: children, signals, functions",
    "surprises": "What surprises most",
    "traps_of_deciders": "What lenient fakes let through: decisions, values, polls",
    "traps_of_readers": "What lenient fakes let through: pages, listings, workers, limits",
    "traps_of_the_rest": "What lenient fakes let through: children, tasks, names",
    "fine_print": "Where several rules meet",
    "odd_corners": "Odd corners",
    "lambda_outcomes": "Lambda functions and how they end",
    "lambda_tasks": "Lambda tasks beside the rest",
    "retention": "Retention",
    "limits": "Limits",
    "throttling": "Throttling",
    "listing_filters": "Filters of listings",
    "listings": "Listings",
    "registry": "Domains, types, tags",
}
"""The files of ``tests/core`` whose every test is a behaviour of the service."""

NO_BEHAVIOURS = {"laws", "planted_bugs", "traps"}
"""Other files there: laws over random runs, and tests of the tests."""

Test = Callable[..., object]


def page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Fidelity"
    yield ""
    yield INTRODUCTION
    for name, title in HELD.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield "| behaviour | known by |"
        yield "|---|---|"
        for test in tests_of(module(name)):
            if "our own" not in how(test):
                yield f"| {_sentence(test)} | {', '.join(how(test))} |"
    yield ""
    yield "## What nobody knows"
    yield ""
    yield "The default that was chosen, why, what that rests on, and the member of `Behaviour` that"
    yield "chooses otherwise."
    yield ""
    yield "| | open question | default | reason | rests on | switch |"
    yield "|---|---|---|---|---|---|"
    rests = {number(test): how(test) for test in tests_of(test_unknowns) if number(test)}
    for place, it in UNKNOWNS.items():
        switch = f"`{it.switch}`" if it.switch else ""
        on = ", ".join(rests[place])
        yield f"| U{place} | {it.question} | {it.default} | {it.reason} | {on} | {switch} |"


def module(name: str) -> ModuleType:
    return importlib.import_module(f"tests.core.test_{name}")


def files() -> set[str]:
    """The test files of ``tests/core``, as they are named here."""
    here = Path(__file__).parent / "core"
    return {path.stem.removeprefix("test_") for path in here.glob("test_*.py")}


def tests_of(where: ModuleType) -> list[Test]:
    """The tests of a module in the order in which they stand there."""
    found = [f for _, f in inspect.getmembers(where, inspect.isfunction)]
    own = [f for f in found if f.__module__ == where.__name__ and f.__name__.startswith("test_")]
    return sorted(own, key=lambda f: f.__code__.co_firstlineno)


def number(test: Test) -> int:
    """The number of the unknown that a test is about, or 0."""
    found = re.match(r"test_u(\d+)_", test.__name__)
    return int(found[1]) if found else 0


def _sentence(test: Test) -> str:
    return test.__name__.removeprefix("test_").replace("_", " ")


if __name__ == "__main__":
    print(page(), end="")
