"""``swfsim shrink``: the smallest history on which a decider still misbehaves."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scenarios.app import cancelled, resumed_from
from swfsim import faults
from swfsim.checkers import service_laws
from swfsim.commands.shrink import shrink
from swfsim.debug import deciders, surgery, tasks
from swfsim.debug.shrink import first_wrong, way
from swfsim.debug.shrink import shrink as smallest
from swfsim.debug.verdict import Judge
from swfsim.replay import histories
from swfsim.replay.histories import Captured
from swfsim.replay.reenact import Reenactment
from tests.debug.anyrun import any_run, decision
from tests.debug.conftest import Tell, told
from tests.debug.written import Written

HERE = "tests.debug.deciders"

TOLD: dict[str, Tell] = {
    "an order that goes well": lambda story: None,
    "three failures and a rollback": lambda story: story.given(
        faults.fails("SaveResults", "disk full", attempts=3)
    ),
    "a decision that times out": lambda story: story.given(faults.decision_times_out(2)),
    "an activity that times out": lambda story: story.given(
        faults.times_out("SaveResults", "HEARTBEAT")
    ),
    "a cancelled order": lambda story: story.when("SaveResults started", cancelled()),
    "an order resumed": lambda story: (
        story.given(faults.fails("SaveResults", "disk full", attempts=2)),
        story.when("SaveResults failed", resumed_from("ProcessData")),
    ),
}


@pytest.fixture(scope="module", params=TOLD)
def history(request: pytest.FixtureRequest) -> Captured:
    [captured] = histories.parse(told(TOLD[request.param]), request.param)
    return captured


# Taking events out


def test_a_history_without_nothing_is_the_same(history: Captured) -> None:
    rebuilt = surgery.without(history, set())
    assert rebuilt is not None
    assert rebuilt.events == history.events


def test_what_is_left_without_any_one_family_is_a_history_that_swf_could_make(
    history: Captured,
) -> None:
    for unit in surgery.units(history.events):
        rebuilt = surgery.without(history, set(unit.ids))
        assert rebuilt is not None, unit
        assert service_laws(rebuilt.events) == [], unit
        assert len(rebuilt.events) <= len(history.events) - len(unit.ids)


# Shrinking


def shrunk(captured: Captured, name: str, right: str | None = None) -> Any:
    with Judge(deciders.load(f"{HERE}:{name}")) as judge:
        wrong = first_wrong(judge, captured)
        assert wrong is not None
        oracle = deciders.load(right) if right else None
        found = smallest(judge, captured, wrong, oracle)
        assert found is not None
        assert way(found.verdict) == way(wrong)
        return found


def test_an_exception_needs_no_more_than_the_events_that_lead_to_it(captured: Captured) -> None:
    found = shrunk(captured, "raises_after_ten_events")
    assert found.verdict.task.started_id == 15
    assert len(found.captured.events) == 16


def test_failures_that_have_nothing_to_do_with_it_are_left_out() -> None:
    faulty = told(lambda s: s.given(faults.fails("ProcessData", "busy", attempts=2)))
    [captured] = histories.parse(faulty, "h")
    found = shrunk(captured, "forgets_the_last_step")
    shown = [event.attrs.get("activityId") for event in found.captured.events]
    assert "ProcessData-1" not in shown or "ProcessData-2" not in shown
    assert len(found.captured.events) < len(captured.events) - 8


def test_with_a_decider_that_is_right_the_small_history_is_one_that_it_decides_as_recorded() -> (
    None
):
    [captured] = histories.parse(told(TOLD["three failures and a rollback"]), "h")
    found = shrunk(captured, "schedules_twice", right="orders.decider:decide")
    with Judge(deciders.load("orders.decider:decide")) as judge:
        judge.show(found.captured)
        last = tasks.of(found.captured)[-1]
        assert judge.judge(tasks.Polls(found.captured), last).same


@pytest.mark.parametrize("seed", range(30))
def test_whatever_happened_the_small_history_is_one_that_swf_makes_again(seed: int) -> None:
    """Also where decision tasks wait in lists of their own, time out, and are refused."""
    captured = any_run(seed)
    assert Reenactment(captured).run() is None
    kinds = sorted({kind for kind in captured.events.kinds if not kind.startswith("DecisionTask")})
    wanted = set(random.Random(seed).sample(kinds, 2))

    def wrong_behind_these(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        seen = {event["eventType"] for event in events}
        return [decision("RecordMarker", markerName="bug")] if wanted <= seen else []

    with Judge(deciders.made(wrong_behind_these, "decider")) as judge:
        verdicts = judge.verdicts(captured)
        wrong = next((one for one in verdicts if any(f.made for f in one.findings)), None)
        if wrong is not None:
            found = smallest(judge, captured, wrong)
            assert found is not None
            assert wanted <= set(found.captured.events.kinds)
            assert Reenactment(found.captured).run() is None


def test_a_run_that_closes_behind_a_refusal_is_shrunk() -> None:
    run = Written()
    refused = {"timerId": "t", "cause": "TIMER_ID_UNKNOWN"}
    run.decide(("CancelTimerFailed", refused), ("WorkflowExecutionCompleted", {"result": "r"}))
    with Judge(deciders.made(lambda task: [], "decider")) as judge:
        captured = run.captured()
        for place in range(len(captured.events)):
            captured.events.instants[place] = captured.events.instants[0]
        assert service_laws(captured.events) == []
        wrong = first_wrong(judge, captured)
        assert wrong is not None
        assert smallest(judge, captured, wrong) is not None


def test_what_is_stopped_keeps_the_smallest_so_far(captured: Captured) -> None:
    sizes = []

    def three_times(tried: int, events: int) -> bool:
        sizes.append(events)
        return tried < 3

    with Judge(deciders.load(f"{HERE}:raises_after_ten_events")) as judge:
        wrong = first_wrong(judge, captured)
        assert wrong is not None
        found = smallest(judge, captured, wrong, None, three_times)
        whole = smallest(judge, captured, wrong)
    assert found is not None
    assert whole is not None
    assert (found.tried, found.done, whole.done) == (3, False, True)
    assert sizes == sorted(sizes, reverse=True)
    assert len(found.captured.events) == sizes[-1]
    assert way(found.verdict) == way(wrong)


def test_ctrl_c_keeps_the_smallest_so_far(captured: Captured) -> None:
    def interrupted(tried: int, events: int) -> bool:
        if tried == 2:
            raise KeyboardInterrupt
        return True

    with Judge(deciders.load(f"{HERE}:raises_after_ten_events")) as judge:
        wrong = first_wrong(judge, captured)
        assert wrong is not None
        found = smallest(judge, captured, wrong, None, interrupted)
    assert found is not None
    assert (found.tried, found.done) == (2, False)


def needs_every_signal(task: Any) -> list[dict[str, Any]]:
    """Wrong as soon as there are two hundred signals."""
    kinds = [event["eventType"] for event in task["events"]]
    many = kinds.count("WorkflowExecutionSignaled") >= 200
    return [decision("RecordMarker", markerName="bug" if many else "m")]


def test_what_cannot_go_costs_about_one_trial_each() -> None:
    """A time limit of its own: trials, of which there were twice as many as families and more."""
    run = Written()
    for _ in range(220):
        run.add("WorkflowExecutionSignaled", signalName="s")
        run.decide(("MarkerRecorded", {"markerName": "m"}))
        run.next()
    with Judge(deciders.made(needs_every_signal, "decider")) as judge:
        captured = run.captured()
        wrong = first_wrong(judge, captured)
        assert wrong is not None
        found = smallest(judge, captured, wrong)
    assert found is not None
    kinds = found.captured.events.kinds
    assert kinds.count("WorkflowExecutionSignaled") == 200
    assert kinds.count("MarkerRecorded") == kinds.count("DecisionTaskStarted") == 1
    assert found.tried < 2 * 200


# The command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(shrink, list(arguments), catch_exceptions=False)


def test_the_command_writes_a_test_that_fails_in_the_same_way(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(str(file), "--decider", f"{HERE}:schedules_twice", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "35 events shrunk to 23" in result.output
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", out, out],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "extra      ScheduleActivityTask(SaveResults-1)" in done.stdout
    assert "1 failed" in done.stdout


def test_the_command_says_when_its_time_was_up(file: Path, tmp_path: Path) -> None:
    arguments = (str(file), "--decider", f"{HERE}:schedules_twice", "--out", str(tmp_path / "o"))
    result = run(*arguments, "--limit", "0.000001")
    assert result.exit_code == 0, result.output
    assert ", 1 history tried" in result.output
    assert "stopped before all was tried: this is the smallest so far (--limit 1e-06)" in (
        result.output
    )
    assert "stopped" not in run(*arguments).output


def test_a_decider_that_does_nothing_wrong_leaves_nothing_to_shrink(file: Path) -> None:
    result = run(str(file), "--decider", "orders.decider:decide")
    assert result.exit_code == 1
    assert "nothing to shrink" in result.output


def test_a_place_where_nothing_can_be_written_is_told(file: Path) -> None:
    arguments = (str(file), "--decider", f"{HERE}:schedules_twice", "--out", str(file))
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.output.startswith("Error: cannot write to")


def test_a_small_history_is_read_again_as_it_was_written(captured: Captured) -> None:
    text = json.dumps(histories.document(captured))
    [again] = histories.parse(json.loads(text), "again")
    assert again.events == captured.events
