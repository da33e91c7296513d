"""What a set of histories shows of a decider: pairs of what was new and what was decided, and what
the model of the service knows and nobody was shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from swfsim import Story, faults
from swfsim.checkers import CLOSES
from swfsim.commands.coverage import coverage as command
from swfsim.commands.swarm import swarm
from swfsim.coverage import table
from swfsim.coverage.pairs import NOTHING, Coverage, News, Pair, every
from swfsim.replay import histories
from swfsim.replay.decisions import SUCCESS
from swfsim.replay.histories import Captured
from swfsim.spec import model
from tests.explore import toy

pytest_plugins = ["pytester"]

SALE = """
import pytest
from swfsim import Story, faults
from tests.explore import toy

@pytest.mark.parametrize("given", [(), (faults.fails("Pay"),), (faults.fails("Hand"),)])
def test_sale(given):
    with Story(toy.Kiosk) as story:
        story.given(*given)
        story.when(lambda story: story.app.start(None))
        story.then()
"""


def sold(*given: Any) -> list[Captured]:
    """The history of a sale."""
    with Story(toy.Kiosk) as story:
        story.given(*given)
        story.when(lambda story: story.app.start(None))
        story.then()
        return [Captured("sale", x.events, x.workflow_id, x.run_id) for x in story.executions]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def written(path: Path, captured: Captured) -> str:
    path.write_text(json.dumps(histories.document(captured)))
    return str(path)


# What is counted


def test_a_sale_shows_what_was_new_and_what_was_decided_then() -> None:
    done = Coverage(sold())
    assert done.pairs == {
        Pair(News("WorkflowExecutionStarted"), "ScheduleActivityTask"): 1,
        Pair(News("ActivityTaskCompleted", "", "Pay"), "ScheduleActivityTask"): 1,
        Pair(News("ActivityTaskCompleted", "", "Hand"), "CompleteWorkflowExecution"): 1,
    }
    assert done.tasks == 3


def test_a_cause_is_told_apart() -> None:
    late = faults.times_out("Pay", "START_TO_CLOSE")
    refused = faults.decision_refused(1, "ScheduleActivityTask", "OPEN_ACTIVITIES_LIMIT_EXCEEDED")
    pairs = Coverage([*sold(late), *sold(refused)]).pairs
    timed_out = News("ActivityTaskTimedOut", "START_TO_CLOSE", "Pay")
    limited = News("ScheduleActivityTaskFailed", "OPEN_ACTIVITIES_LIMIT_EXCEEDED", "Pay")
    assert pairs[Pair(timed_out, "ScheduleActivityTask")] == 1
    assert pairs[Pair(limited, "ScheduleActivityTask")] == 1


def test_a_task_that_was_lost_is_told_with_the_one_that_is_answered() -> None:
    pairs = Coverage(sold(faults.decider_dies(2, "before deciding"))).pairs
    assert pairs[Pair(News("DecisionTaskTimedOut", "START_TO_CLOSE"), "ScheduleActivityTask")] == 1
    assert pairs[Pair(News("ActivityTaskCompleted", "", "Pay"), "ScheduleActivityTask")] == 1


def test_an_empty_list_of_decisions_is_a_decision_as_well() -> None:
    with Story(toy.Kiosk) as story:
        story.given(faults.times_out("Pay", "START_TO_CLOSE"))
        story.when(lambda story: story.app.start(None))
        story.when(
            "Pay started",
            lambda story: toy.client().signal_workflow_execution(
                domain=toy.DOMAIN, workflowId="sale", signalName="hurry"
            ),
        )
        story.then()
        assert Pair(News("WorkflowExecutionSignaled"), NOTHING) in Coverage(story.executions).pairs


# What the model knows


def test_all_that_can_be_new_is_in_the_model_and_every_cause_with_it() -> None:
    kinds = {news.kind for news in every()}
    assert kinds < set(model.EVENTS)
    assert not kinds & (CLOSES | set(SUCCESS))
    refused = {news.cause for news in every() if news.kind == "ScheduleActivityTaskFailed"}
    assert refused == set(model.enum("ScheduleActivityTaskFailedCause"))
    late = {news.cause for news in every() if news.kind == "ActivityTaskTimedOut"}
    assert late == set(model.enum("ActivityTaskTimeoutType"))
    assert {n.cause for n in every() if n.kind == "ChildWorkflowExecutionTerminated"} == {""}


def test_only_what_can_follow_from_its_decisions_is_missed() -> None:
    possible = {news.kind for news in Coverage(sold()).possible(steps=False)}
    assert {"ActivityTaskTimedOut", "WorkflowExecutionSignaled"} < possible
    assert not possible & {"TimerFired", "StartTimerFailed", "ChildWorkflowExecutionCompleted"}


def test_steps_are_missed_each_for_itself() -> None:
    done = Coverage(sold(faults.fails("Pay")))
    assert News("ActivityTaskFailed", "", "Hand") in done.possible(steps=True)
    assert News("ActivityTaskFailed", "", "Hand") not in done.by(steps=True)
    assert News("ActivityTaskFailed") in done.by(steps=False)
    assert table.share(done, steps=True) < table.share(done)


def test_nothing_at_all_is_no_coverage() -> None:
    assert table.share(Coverage()) == 0


def test_a_coverage_is_the_same_after_it_was_written_and_read() -> None:
    done = Coverage(sold(faults.fails("Pay")))
    again = Coverage.from_told(json.loads(json.dumps(done.told())))
    assert (again.pairs, again.tasks) == (done.pairs, done.tasks)


def test_a_report_fits_a_hundred_columns() -> None:
    done = Coverage([*sold(), *sold(faults.times_out("Pay", "SCHEDULE_TO_START"))])
    for steps in (False, True):
        lines = list(table.lines(done, steps=steps, verbose=True))
        assert max(map(len, lines)) <= table.WIDTH
    assert any("ActivityTaskTimedOut of Hand: " in line for line in lines)
    assert any("never CompleteWorkflowExecution" in line for line in lines)


# As it is typed


def test_captured_histories_are_told_and_are_a_gate(tmp_path: Path) -> None:
    [one], [other] = sold(), sold(faults.fails("Pay"))
    written(tmp_path / "one.json", one)
    few = run(str(tmp_path), "--min", "20")
    assert few.exit_code == 1
    assert "less than the 20 % that were asked for" in few.output
    assert "ActivityTaskFailed" in few.output.partition("never shown:")[2]
    written(tmp_path / "other.json", other)
    more = run(str(tmp_path))
    assert more.exit_code == 0
    assert "  ActivityTaskFailed  " in more.output.partition("never shown:")[0]


def test_a_least_share_that_is_no_number_is_refused(tmp_path: Path) -> None:
    done = run(str(tmp_path), "--min", "nan")
    assert done.exit_code == 2
    assert "nan is not a finite number" in done.output


def test_an_application_is_explored() -> None:
    done = run("tests.explore.toy:Kiosk", "--faults", "0")
    assert done.exit_code == 0
    assert done.output.startswith("3 decision tasks, 3 pairs of")


def test_a_swarm_tells_what_it_has_shown(tmp_path: Path) -> None:
    file = str(tmp_path / "shown.json")
    words = ["tests.explore.toy:Newsstand", "--seeds", "1-20", "--jobs", "1", "--coverage", file]
    told = CliRunner().invoke(swarm, words, catch_exceptions=False).output
    shown = next(line.strip() for line in told.splitlines() if "shown of what" in line)
    done = run(file, "--verbose")
    assert done.exit_code == 0
    assert shown == table.short(Coverage.from_told(json.loads(Path(file).read_text())))
    assert "ActivityTaskTimedOut (START_TO_CLOSE)" in done.output


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_pytest_run_tells_what_it_has_shown(pytester: pytest.Pytester, processes: str) -> None:
    pytester.makepyfile(SALE)
    done = pytester.runpytest_subprocess("--swf-coverage", "shown.json", "-n", processes)
    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(["*pairs of something new*: swfsim coverage shown.json"])
    told = Coverage.from_told(json.loads((pytester.path / "shown.json").read_text()))
    whole = Coverage([*sold(), *sold(faults.fails("Pay")), *sold(faults.fails("Hand"))])
    assert (told.pairs, told.tasks) == (whole.pairs, whole.tasks)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("/nowhere", "cannot read /nowhere"),
        ("tests.explore.toy:Nothing", "has no application 'Nothing'"),
        ("empty", "nothing was decided in any of these"),
        ("odd.json", "odd.json: no coverage"),
    ],
)
def test_a_mistake_in_the_call_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd.json").write_text('{"swfsim coverage": 7}')
    if ":" not in source:
        monkeypatch.chdir(tmp_path)
    done = run(source)
    assert done.exit_code == 2
    assert told in done.output
    assert "Traceback" not in done.output
