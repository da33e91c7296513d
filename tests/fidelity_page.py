"""``docs/fidelity.md``, written from the table of unknowns and the tests that hold a behaviour.

python -m tests.fidelity_page > docs/fidelity.md
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType

from swfsim.spec.unknowns import UNKNOWNS
from tests.core import test_golden_sequences, test_surprises, test_traps

INTRODUCTION = """\
Names, shapes, enumerations and limits come from botocore's model of the service, which is read and
never retyped. `tests/conformance` proves that every operation, decision, event, cause, time-out and
fault of the model is produced and looked at. What the model does not say is listed here, each line
with its test. This page is written by `python -m tests.fidelity_page`, and a test holds it.\
"""

HELD: list[tuple[str, str, ModuleType]] = [
    (
        "Histories captured from the service",
        "Recorded from the real service between 2012 and 2023; written out event by event.",
        test_golden_sequences,
    ),
    (
        "What surprises most",
        "Captured, where a capture shows it; else documented or measured by client libraries.",
        test_surprises,
    ),
    (
        "What lenient fakes let through",
        "Documented, or learnt by people who ran client libraries against the service.",
        test_traps,
    ),
]


def page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Fidelity"
    yield ""
    yield INTRODUCTION
    for title, known, module in HELD:
        yield ""
        yield f"## {title}"
        yield ""
        yield known
        yield ""
        for name in _tests(module):
            yield f"- {name.removeprefix('test_').replace('_', ' ')}"
    yield ""
    yield "## What nobody knows"
    yield ""
    yield "The default that was chosen, why, and the member of `Behaviour` that chooses otherwise."
    yield ""
    yield "| | open question | default | reason | switch |"
    yield "|---|---|---|---|---|"
    for number, it in UNKNOWNS.items():
        switch = f"`{it.switch}`" if it.switch else ""
        yield f"| U{number} | {it.question} | {it.default} | {it.reason} | {switch} |"


def _tests(module: ModuleType) -> list[str]:
    """The tests of a module in the order in which they stand there."""
    found = [f for _, f in inspect.getmembers(module, inspect.isfunction)]
    own = [f for f in found if f.__module__ == module.__name__ and f.__name__.startswith("test_")]
    own.sort(key=lambda f: f.__code__.co_firstlineno)
    return [f.__name__ for f in own if f.__name__ != "test_every_trap_has_its_test"]


if __name__ == "__main__":
    print(page(), end="")
