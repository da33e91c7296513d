"""Every planted bug is found within its budget, and shown by a test that fails in the same way;
without a bug, nothing is found.

    pytest tests/explore/test_planted_bugs.py --hypothesis-profile=long

looks for what takes two faults in the whole alphabet; ``python -m tests.explore.planted`` prints
which way found each, within how many runs, and the scenario.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from scenarios import explore
from swfsim import HarnessError, Violation
from swfsim.service import Service
from tests.explore.conftest import run_as_a_test, swept
from tests.explore.planted import BUGS, RUNS, hunted

APPS = sorted({bug.app for bug in BUGS.values()})


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--hypothesis-profile") == "long")


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str, is_long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    bug.plant(monkeypatch)
    found = hunted(bug, long=is_long)
    assert found is not None, f"nothing was found by the {bug.way}"
    assert is_long or found.runs <= RUNS
    assert found.faults <= bug.faults
    if not bug.law:
        fails_likewise(found.source, found.broken)
        monkeypatch.undo()
        run_as_a_test(found.source)


def fails_likewise(source: str, broken: str) -> None:
    """The scenario that is printed breaks the same rule, or breaks the application alike."""
    with pytest.raises((Violation, HarnessError, ClientError), match=re.escape(words(broken))):
        run_as_a_test(source)
    Service.made = None  # a broken machine makes histories that pytest's plugin would mind


def words(broken: str) -> str:
    """The name of the rule; or what the application broke with."""
    rule, _, what = broken.partition(": ")
    return what.partition(", at ")[0].partition(": ")[2] if "broke" in rule else rule


@pytest.mark.parametrize("app", APPS)
def test_without_a_bug_nothing_is_found(app: str) -> None:
    assert swept(getattr(explore, app)).failures == []


def test_there_are_more_than_thirty_and_most_are_found_by_the_sweep() -> None:
    ways = Counter(bool(bug.law) for bug in BUGS.values())
    assert ways[False] > 30
    assert ways[True] >= 5
