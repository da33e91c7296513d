"""``swfsim replay``: a decider against captured histories."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from swfsim import faults
from swfsim.cli import main
from swfsim.commands.replay import replay
from swfsim.debug import compare, deciders, replayed, tasks
from swfsim.debug.verdict import Judge, Verdict
from swfsim.errors import HarnessError
from swfsim.replay import histories
from swfsim.replay.histories import Captured
from tests.debug.conftest import told
from tests.debug.written import Written

HERE = "tests.debug.deciders"


def verdicts(captured: Captured, name: str) -> list[Verdict]:
    with Judge(deciders.load(name)) as judge:
        return list(judge.verdicts(captured))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(replay, list(arguments), catch_exceptions=False)


# What a poll had answered


def test_the_tasks_of_a_history_show_what_their_polls_had_answered(captured: Captured) -> None:
    shown = [(one.started_id, one.previous_started_id) for one in tasks.of(captured)]
    assert shown == [(3, 0), (9, 3), (15, 9), (21, 15), (27, 21), (33, 27)]
    answer = tasks.Polls(captured).answer(tasks.of(captured)[1])
    assert [one["eventId"] for one in answer["events"]] == list(range(1, 10))
    assert (answer["startedEventId"], answer["previousStartedEventId"]) == (9, 3)


def test_a_task_that_timed_out_has_no_decisions_and_is_no_previous_start() -> None:
    [captured] = histories.parse(told(lambda s: s.given(faults.decision_times_out(2))), "h")
    second, third = tasks.of(captured)[1:3]
    assert second.completed_id is None
    assert second.decided == []
    assert third.previous_started_id == second.previous_started_id == 3


# Verdicts


@pytest.mark.parametrize(
    "name",
    [
        "orders.decider:decide",
        f"{HERE}:as_a_list_of_events",
        "orders:DecisionWorker",
    ],
)
def test_the_decider_that_made_a_history_decides_the_same_again(
    captured: Captured, name: str
) -> None:
    found = verdicts(captured, name)
    assert len(found) == 6
    assert all(one.same for one in found)


def test_a_worker_reads_pages_of_a_small_size_to_the_same_decisions(captured: Captured) -> None:
    from orders import DecisionWorker
    from swfsim.debug.polled import Polled

    with Judge(Polled(DecisionWorker, "orders:DecisionWorker", page_size=3)) as judge:
        assert all(one.same for one in judge.verdicts(captured))


def _differing(found: list[Verdict]) -> list[tuple[int, str, str]]:
    return [
        (one.task.number, finding.verdict, finding.name)
        for one in found
        for finding in one.findings
        if finding.verdict != compare.SAME
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("forgets_the_last_step", [(5, "missing", "ScheduleActivityTask(NotifyCompletion-1)")]),
        ("schedules_twice", [(4, "extra", "ScheduleActivityTask(SaveResults-1)")]),
        ("another_total", [(4, "changed", "ScheduleActivityTask(SaveResults-1)")]),
    ],
)
def test_a_changed_decider_is_found_out_at_the_right_task(
    captured: Captured, name: str, expected: list[tuple[int, str, str]]
) -> None:
    assert _differing(verdicts(captured, f"{HERE}:{name}")) == expected


def test_a_changed_field_is_named_by_its_path_within_the_json(captured: Captured) -> None:
    found = verdicts(captured, f"{HERE}:another_total")[3].findings[-1]
    assert [(one.name, one.recorded, one.made) for one in found.fields] == [
        ("input.total", 349.7, 1)
    ]


def test_null_in_json_is_something_else_than_no_such_member() -> None:
    run = Written()
    run.decide(("MarkerRecorded", {"markerName": "m", "details": '{"a": 1, "b": null}'}))
    [task] = tasks.of(run.captured())
    made = _record("m")
    made["recordMarkerDecisionAttributes"]["details"] = '{"a": 1}'
    [found] = compare.compare(task.decided, [made])
    assert [(one.name, one.recorded, one.made) for one in found.fields] == [
        ("details.b", None, compare.ABSENT)
    ]


def test_an_answer_that_holds_itself_is_changed_like_any_other() -> None:
    endless: list[object] = []
    endless.append(endless)
    run = Written()
    run.decide(("MarkerRecorded", {"markerName": "m"}))
    [task] = tasks.of(run.captured())
    made = _record("m")
    made["recordMarkerDecisionAttributes"]["details"] = endless
    [found] = compare.compare(task.decided, [made])
    assert found.verdict == compare.CHANGED
    assert compare.alike(made, made)


def test_an_empty_decision_is_extra_and_has_a_name() -> None:
    [found] = compare.compare([], [{}])
    assert (found.verdict, found.name) == (compare.EXTRA, "None")


def test_an_exception_is_a_verdict_with_its_line(captured: Captured) -> None:
    third = verdicts(captured, f"{HERE}:raises_after_ten_events")[2]
    assert third.raised is not None
    assert str(third.raised.error) == "eleven is too many"
    assert "deciders.py:" in third.raised.where


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("orders.decider", "module:attribute"),
        ("no_such_module:decide", "cannot import 'no_such_module'"),
        ("orders.decider:decid", "has no decider 'decid': did you mean 'decide'?"),
        (f"{HERE}:nobody", "has no decider 'nobody'"),
        (f"{HERE}:two_arguments", "takes 2 arguments"),
    ],
)
def test_what_is_no_decider_is_refused_in_one_sentence(name: str, says: str) -> None:
    with pytest.raises(HarnessError, match=says):
        deciders.load(name)


def test_an_event_that_no_decision_task_saw_is_nothing_to_stop_in(file: Path) -> None:
    events = len(json.loads(file.read_text())["events"])
    arguments = ["replay", str(file), "--decider", "orders.decider:decide", "--break", str(events)]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 2
    assert f"no decision task ever saw event {events}" in result.output


@pytest.mark.parametrize("command", ["replay", "gate", "shrink"])
def test_what_never_answers_decisions_is_no_decider(file: Path, command: str) -> None:
    """Whatever the command: a mistake in the call, said in a sentence."""
    arguments = [command, str(file), "--decider", f"{HERE}:no_list"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 2
    assert "instead of a list of decisions" in result.output


def test_a_decider_that_is_async_is_told_so(file: Path) -> None:
    with pytest.raises(HarnessError, match="is async"):
        verdicts(replayed.read(str(file))[0], f"{HERE}:waits")


def test_a_wrong_answer_is_placed_where_its_decider_begins(captured: Captured) -> None:
    raised = verdicts(captured, f"{HERE}:no_list_once")[1].raised
    assert raised is not None
    line = int(raised.where.rpartition(":")[2])
    source = Path(raised.where.rpartition(":")[0]).read_text(encoding="utf-8").splitlines()
    assert source[line - 1].startswith("def no_list_once")


def test_one_wrong_answer_is_a_verdict_on_its_task(captured: Captured) -> None:
    found = verdicts(captured, f"{HERE}:no_list_once")
    assert [one.raised is not None for one in found] == [False, True, False, False, False, False]
    assert "instead of a list of decisions" in str(found[1].raised)


def test_no_answer_counts_as_no_decisions(captured: Captured) -> None:
    assert all(one.made == [] for one in verdicts(captured, f"{HERE}:silent"))


def test_decisions_in_another_order_are_reordered_not_changed() -> None:
    shown = {
        "eventId": 4,
        "eventType": "DecisionTaskCompleted",
        "decisionTaskCompletedEventAttributes": {"scheduledEventId": 2, "startedEventId": 3},
    }
    recorded = [_marker(5, "a"), _marker(6, "b")]
    [captured] = histories.parse([_started(), _scheduled(), _taken(), shown, *recorded], "h")
    [task] = tasks.of(captured)
    found = compare.compare(task.decided, [_record("b"), _record("a")])
    assert [one.verdict for one in found] == ["reordered", "same"] or [
        one.verdict for one in found
    ] == ["same", "reordered"]


def _started() -> dict[str, object]:
    return {
        "eventId": 1,
        "eventType": "WorkflowExecutionStarted",
        "workflowExecutionStartedEventAttributes": {
            "childPolicy": "TERMINATE",
            "taskList": {"name": "l"},
            "workflowType": {"name": "w", "version": "1"},
        },
    }


def _scheduled() -> dict[str, object]:
    attributes = {"taskList": {"name": "l"}}
    return {
        "eventId": 2,
        "eventType": "DecisionTaskScheduled",
        "decisionTaskScheduledEventAttributes": attributes,
    }


def _taken() -> dict[str, object]:
    return {
        "eventId": 3,
        "eventType": "DecisionTaskStarted",
        "decisionTaskStartedEventAttributes": {"scheduledEventId": 2},
    }


def _marker(number: int, name: str) -> dict[str, object]:
    attributes = {"markerName": name, "decisionTaskCompletedEventId": 4}
    return {
        "eventId": number,
        "eventType": "MarkerRecorded",
        "markerRecordedEventAttributes": attributes,
    }


def _record(name: str) -> dict[str, Any]:
    return {
        "decisionType": "RecordMarker",
        "recordMarkerDecisionAttributes": {"markerName": name},
    }


# The command


def test_the_command_says_equal_and_ends_with_0(file: Path) -> None:
    result = run(str(file), "--decider", "orders.decider:decide")
    assert result.exit_code == 0
    assert result.output == f"{file}: 35 events, 6 decision tasks, all decided as recorded\n"


def test_the_command_explains_what_differs_where_it_was_built_and_whether_swf_takes_it(
    file: Path,
) -> None:
    result = run(str(file), "--decider", f"{HERE}:schedules_twice")
    assert result.exit_code == 1
    assert "Decision task 4" in result.output
    assert "extra      ScheduleActivityTask(SaveResults-1): decided now, not then" in result.output
    assert "tests/debug/deciders.py:" in result.output
    assert "ScheduleActivityTaskFailed: ACTIVITY_ID_ALREADY_IN_USE" in result.output


def test_the_line_that_built_a_decision_is_named(file: Path) -> None:
    result = run(str(file), "--decider", f"{HERE}:writes_its_own")
    source = Path(__file__).with_name("deciders.py").read_text(encoding="utf-8").splitlines()
    line = next(n for n, text in enumerate(source, 1) if text.endswith("# built here"))
    assert f"built at tests/debug/deciders.py:{line}: decision = " in result.output


def _cut(data: dict[str, list[object]]) -> object:
    return {"events": data["events"][3:]}


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: "nonsense", "holds no history"),
        (_cut, "begins with event 4"),
        (lambda data: {"events": [*data["events"], *data["events"]]}, "comes twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_and_2(
    file: Path, damage: Callable[[object], object], says: str
) -> None:
    file.write_text(json.dumps(damage(json.loads(file.read_text()))), encoding="utf-8")
    result = run(str(file), "--decider", "orders.decider:decide")
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output
