"""A rule that is itself mistaken is told with its name and its line, and is no failure found."""

from __future__ import annotations

import re
from typing import Any

import pytest
from click.testing import CliRunner

from swfsim.commands.explore import explore
from swfsim.commands.swarm import swarm


@pytest.mark.parametrize(
    ("command", "options"),
    [(explore, ("--only", "step")), (swarm, ("--seeds", "1"))],
    ids=["explore", "swarm"],
)
@pytest.mark.parametrize(
    ("app", "told"),
    [
        ("Looks", "'Looks' object has no attribute 'nothing' (FILE, in it_looks_for_"),
        ("Tells", "it yields 'no', not an event id and what is wrong there (FILE)"),
        ("Forgets", "it gives None: it is to yield what is wrong, and nothing if nothing is (FILE"),
        ("Asserts", "AssertionError: (FILE, in it_asserts: assert run.app.paid == 2)"),
        ("AnswersNone", "it gives None: it is to yield what is wrong"),
        ("Divides", "ZeroDivisionError: division by zero (FILE, in it_divides_by_nought: return 1"),
        ("Bare", "it_is_bare is no rule (FILE): put @always, @at_the_end or @sometimes"),
    ],
)
def test_whose_mistake_it_is_and_where(
    command: Any, options: tuple[str, ...], app: str, told: str
) -> None:
    named = f"tests.explore.bad_rules:{app}"
    done = CliRunner().invoke(command, [named, *options, "--jobs", "1"])
    assert done.exit_code == 2, done.output
    said = re.sub(r"[\w./-]*bad_rules\.py:\d+", "FILE", done.output)
    assert told in said
    assert app in ("Bare",) or re.search(r"the rule 'it \w+", said)
    assert "Traceback" not in done.output
