"""Bugs planted in the machine are found by the laws over random runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from swfsim.checkers import NEWS
from swfsim.core import decision_tasks, machine, tables
from swfsim.errors import HarnessError
from tests.core.test_laws import Runs


def without(table: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}


BUGS = {
    "a cancelled timer is forgotten": ("EFFECTS", without(tables.EFFECTS, "TimerCanceled")),
    "a timed-out activity stays open": (
        "EFFECTS",
        without(tables.EFFECTS, "ActivityTaskTimedOut"),
    ),
    "a fired timer calls for no decision": ("TRIGGERS", tables.TRIGGERS - {"TimerFired"}),
    "a marker calls for a decision": ("TRIGGERS", tables.TRIGGERS | {"MarkerRecorded"}),
    "a started activity stays in its list": (
        "EFFECTS",
        without(tables.EFFECTS, "ActivityTaskStarted"),
    ),
    "a close leaves the run open": (
        "EFFECTS",
        without(tables.EFFECTS, "WorkflowExecutionTerminated"),
    ),
    "a child's start is not noted": (
        "EFFECTS",
        without(tables.EFFECTS, "ChildWorkflowExecutionStarted"),
    ),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, planted = BUGS[bug]
    monkeypatch.setattr(machine, name, planted)
    with pytest.raises((AssertionError, HarnessError, KeyError)):
        hunt()


def test_state_written_outside_of_an_effect_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polling marks the execution, without an event that says so."""

    def poll(m: Any, region: Any, asked: Any) -> Any:
        answer = decision_tasks.poll(m, region, asked)
        for x in m.world.runs.values():
            x.cancel_requested = True
        return answer

    monkeypatch.setitem(tables.OPERATIONS, "PollForDecisionTask", poll)
    with pytest.raises(AssertionError):
        hunt()


def hunt() -> None:
    few = settings(
        max_examples=2_000,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # found is enough
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Runs, settings=few)


def test_the_machine_and_its_referee_agree_on_what_is_news() -> None:
    assert tables.TRIGGERS == NEWS
