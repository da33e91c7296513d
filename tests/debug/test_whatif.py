"""``swfsim whatif``: a captured history goes on with another outcome."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scenarios.app import OrdersApp, cancelled
from swfsim import Story, faults
from swfsim.commands.whatif import whatif
from swfsim.core.world import Execution
from swfsim.debug.whatif import Change, what_if
from swfsim.errors import HarnessError
from swfsim.replay import histories
from swfsim.replay.histories import Captured
from swfsim.report.flow import flow, normal
from tests.debug.conftest import told
from tests.debug.household import Household

RESUME = ("RESUME_FROM_STEP", '{"step_name": "ProcessData"}')


@pytest.fixture(scope="module")
def failed() -> Captured:
    """Three failures of SaveResults, at events 25, 31 and 37, then a rollback."""
    faulty = told(lambda story: story.given(faults.fails("SaveResults", "disk full", attempts=3)))
    [captured] = histories.parse(faulty, "failed.json")
    return captured


def outcome(captured: Captured, *changes: str, at: int | None = None) -> str:
    """The end of the flow with these outcomes, from the fifth line on."""
    found = what_if(captured, OrdersApp, at=at, changes=[Change.read(one) for one in changes])
    assert found.endless is None
    return "\n".join(flow(found.runs[0].events).splitlines()[4:])


SAVED = normal("""
    SaveResults      → failed: disk full
    SaveResults      → completed
    NotifyCompletion → completed
    Workflow         → COMPLETED
""")


@pytest.mark.parametrize(
    "change",
    ["SaveResults#3: completed", 'SaveResults#3: completed {"a": 1}', "SaveResults#3: done again"],
)
def test_a_third_attempt_that_completes_saves_the_order(failed: Captured, change: str) -> None:
    assert outcome(failed, change) == SAVED


def test_the_given_result_is_the_one_recorded(failed: Captured) -> None:
    change = Change.read('SaveResults#3: completed {"a": 1}')
    x = what_if(failed, OrdersApp, changes=[change]).runs[0]
    assert [one.attrs["result"] for one in x.events if one.kind == "ActivityTaskCompleted"][
        3
    ] == '{"a": 1}'


def test_an_outcome_that_is_no_better_changes_nothing_behind_it(failed: Captured) -> None:
    found = what_if(failed, OrdersApp, changes=[Change.read("SaveResults#3: failed disk full")])
    assert flow(found.runs[0].events) == flow(failed.events)
    assert found.shared == 36  # the details of the recorded failure are not told again


def test_a_time_out_elapses_on_virtual_time(failed: Captured) -> None:
    x = what_if(failed, OrdersApp, changes=[Change.read("SaveResults#1: timed out HEARTBEAT")])
    events = x.runs[0].events
    [timed_out] = [one for one in events if one.kind == "ActivityTaskTimedOut"]
    assert timed_out.attrs["timeoutType"] == "HEARTBEAT"
    started = events[timed_out.attrs["startedEventId"] - 1]
    assert timed_out.at - started.at == 60_000


@pytest.mark.parametrize("at", range(3, 54))
def test_without_a_change_every_event_leads_to_the_same_end(failed: Captured, at: int) -> None:
    found = what_if(failed, OrdersApp, at=at)
    assert found.endless is None
    assert flow(found.runs[0].events) == flow(failed.events)


def test_a_resume_before_the_rollback_would_have_saved_the_order(failed: Captured) -> None:
    found = what_if(failed, OrdersApp, at=37, signals=[RESUME])
    assert flow(found.runs[0].events).splitlines()[-1] == "Workflow → COMPLETED"


def test_what_came_from_outside_later_comes_again() -> None:
    cancel = told(lambda story: story.when("SaveResults started", cancelled()))
    [captured] = histories.parse(cancel, "h")
    found = what_if(captured, OrdersApp, at=13)
    assert flow(found.runs[0].events).splitlines()[-1] == "Workflow → CANCELED"


def test_a_closed_run_cannot_go_on(failed: Captured) -> None:
    with pytest.raises(HarnessError, match="event 54 has closed the run"):
        what_if(failed, OrdersApp, at=54)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("SaveResults#3 completed", "says no outcome"),
        ("SaveResults#3: exploded", "says no outcome"),
        ("SaveResults#3: timed out LATE", "a time-out is one of"),
    ],
)
def test_what_says_no_outcome_is_refused(change: str, says: str) -> None:
    with pytest.raises(HarnessError, match=says):
        Change.read(change)


# Children
#
#   5  StartChildWorkflowExecutionInitiated(K)
#   6  ChildWorkflowExecutionStarted
#   …
#  10  ChildWorkflowExecutionCompleted, a minute later


@pytest.fixture
def family() -> Captured:
    """A run with a child, of which nothing but the run itself was captured."""
    with Story(Household) as story:
        story.when(lambda story: story.app.start(None))
        story.then()
        [x] = [one for one in story.executions if one.workflow_id == "P"]
        return Captured("family.json", x.events, x.workflow_id, x.run_id)


def kinds(captured: Captured | Execution) -> list[str]:
    return list(captured.events.kinds)


def test_a_run_that_goes_on_before_its_child_starts_has_the_application_run_it(
    family: Captured,
) -> None:
    found = what_if(family, Household, at=1)
    assert [x.workflow_id for x in found.runs] == ["P"]  # nobody asked how the child ended
    assert kinds(found.runs[0]) == kinds(family)
    assert found.runs[0].run_id == family.run_id


def test_the_recorded_end_of_a_child_that_is_under_way_comes_at_its_time(
    family: Captured,
) -> None:
    started = kinds(family).index("ChildWorkflowExecutionStarted") + 1
    x = what_if(family, Household, at=started).runs[0]
    assert kinds(x) == kinds(family)
    [ends] = [one for one in x.events if one.kind == "ChildWorkflowExecutionCompleted"]
    assert ends.attrs["result"] == "grown up"
    assert ends.attrs["startedEventId"] == started
    assert ends.at - x.events[started - 1].at >= 60_000


# The command


def run(failed: Captured, tmp_path: Path, *arguments: str) -> Result:
    path = tmp_path / "failed.json"
    path.write_text(json.dumps(histories.document(failed)), encoding="utf-8")
    given = [str(path), "--app", "scenarios.app:orders", *arguments]
    return CliRunner().invoke(whatif, given, catch_exceptions=False)


def test_the_command_shows_both_timelines_and_where_they_part(
    failed: Captured, tmp_path: Path
) -> None:
    result = run(failed, tmp_path, "--set", "SaveResults#3: done again")
    assert result.exit_code == 0
    assert "> SaveResults → failed: disk full   | SaveResults → completed" in result.output
    assert "they part at event" in result.output
    assert result.output.endswith("recorded: FAILED, what if: COMPLETED\n")


def test_the_command_ends_with_1_when_the_order_is_not_saved(
    failed: Captured, tmp_path: Path
) -> None:
    assert run(failed, tmp_path, "--at", "ActivityTaskFailed:SaveResults#2").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "say from where"),
        (["--at", "99"], "has no event 99"),
        (["--at", "54"], "has closed the run"),
        (["--set", "Pack#1: completed"], "has no attempt 1 of 'Pack': none; it has ValidateInput"),
        (["--set", "SaveResults#4: failed"], "has no attempt 4 of 'SaveResults': 3 attempts"),
        (["--at", "40", "--set", "SaveResults#3: failed"], "is event 37, before event 40"),
        (["--at", "5", "--signal", "=x"], "names no signal"),
        (
            ["--set", "SaveResults#3: failed", "--set", "SaveResults#3: completed"],
            "attempt 3 of SaveResults is given two outcomes",
        ),
    ],
)
def test_a_mistake_in_the_call_is_one_sentence(
    failed: Captured, tmp_path: Path, arguments: list[str], says: str
) -> None:
    result = run(failed, tmp_path, *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert len(result.output.splitlines()) == 1
