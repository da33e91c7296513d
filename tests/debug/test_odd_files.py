"""Files that nobody should trust, and runs that hang together: each told in a sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from swfsim.commands.replay import replay
from swfsim.debug import chains, references
from swfsim.replay import histories
from tests.debug.anyrun import any_run

Data = dict[str, Any]


def run(*files: Path, decider: str = "orders.decider:decide") -> Result:
    names = [str(one) for one in files]
    return CliRunner().invoke(replay, [*names, "--decider", decider], catch_exceptions=False)


def changed(number: int, **members: Any) -> Callable[[Data], Any]:
    def change(data: Data) -> Any:
        data["events"][number - 1] |= members
        return data

    return change


def without(number: int) -> Callable[[Data], Any]:
    def drop(data: Data) -> Any:
        del data["events"][number - 1]
        return data

    return drop


def spoilt(text: str, other: str) -> Callable[[Data], str]:
    """The file's text with something in the place of something."""

    def change(data: Data) -> str:
        whole = json.dumps(data)
        assert text in whole
        return whole.replace(text, other, 1)

    return change


def refers(kind: str, nth: int, **members: int) -> Callable[[Data], Any]:
    """The nth event of a type, from 0, names other events than it did."""

    def change(data: Data) -> Any:
        found = [one for one in data["events"] if one["eventType"] == kind]
        found[nth][f"{kind[0].lower()}{kind[1:]}EventAttributes"].update(members)
        return data

    return change


def comes_again(number: int, behind: int = 35) -> Callable[[Data], Any]:
    """An event comes again behind another one, with an id that fits."""

    def change(data: Data) -> Any:
        again = {**data["events"][number - 1], "eventId": behind + 1}
        return {"events": [*data["events"][:behind], again]}

    return change


def two_runs(data: Data) -> Any:
    """Another run behind it, with ids that fit."""
    count = len(data["events"])
    data["events"] += [{**one, "eventId": one["eventId"] + count} for one in data["events"]]
    return data


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (comes_again(1, behind=1), "event 2, WorkflowExecutionStarted, is a second start"),
        (comes_again(1), "event 36, WorkflowExecutionStarted, is a second start"),
        (comes_again(5), "event 36, ActivityTaskScheduled, comes behind the end of the run"),
        (comes_again(35), "event 36, WorkflowExecutionCompleted, comes behind the end of the run"),
        (two_runs, "event 36, WorkflowExecutionStarted, is a second start"),
        (
            changed(9, eventTimestamp="2020-01-01T00:00:00Z"),
            "s before the events in front of it",
        ),
        (
            refers("DecisionTaskCompleted", 1, startedEventId=3),
            "event 10, DecisionTaskCompleted, is of event 8, and names a start, 3, of 2",
        ),
        (
            refers("DecisionTaskCompleted", 1, scheduledEventId=2, startedEventId=3),
            "event 10, DecisionTaskCompleted, repeats event 4, both are of event 2",
        ),
        (
            refers("ActivityTaskCompleted", 0, scheduledEventId=2),
            "event 7, ActivityTaskCompleted, names event 2, DecisionTaskScheduled,",
        ),
        (
            refers("ActivityTaskCompleted", 1, scheduledEventId=5, startedEventId=6),
            "event 13, ActivityTaskCompleted, repeats event 7, both are of event 5",
        ),
        (
            refers("ActivityTaskStarted", 1, scheduledEventId=5),
            "event 12, ActivityTaskStarted, repeats event 6, both are of event 5",
        ),
        (
            refers("ActivityTaskScheduled", 1, decisionTaskCompletedEventId=4),
            "event 11, ActivityTaskScheduled, was decided by the decision task completed with "
            "event 4, and others lie between",
        ),
        (
            refers("DecisionTaskCompleted", 1, startedEventId=int("9" * 400)),
            "event 10, DecisionTaskCompleted, names event 99999",
        ),
    ],
)
def test_a_history_that_was_edited_is_refused_and_the_decider_not_blamed(
    an_order: Data, tmp_path: Path, damage: Callable[[Data], Any], says: str
) -> None:
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(damage(copy.deepcopy(an_order))), encoding="utf-8")
    result = run(path)
    assert result.exit_code == 2, result.output
    [line] = result.output.splitlines()
    assert says in line
    assert str(path) in line
    assert len(line) < 400


def test_a_clock_that_is_a_little_behind_another_is_none_of_that(
    an_order: Data, tmp_path: Path
) -> None:
    """Samples of the service have events some milliseconds before those in front of them."""
    data = copy.deepcopy(an_order)
    for one in data["events"]:
        one["eventTimestamp"] = 1_700_000_000 + one["eventId"] % 2 / 2
    path = tmp_path / "jitter.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert run(path).exit_code == 0


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_in_a_run_it_hangs_together(seed: int) -> None:
    references.check(any_run(seed))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: json.dumps(data)[:2000], "is not JSON"),
        (lambda data: "[" * 200_000, "nested too deeply"),
        (lambda data: '{"events": [' + "9" * 6000 + "]}", "a number of 6,000 digits, in line 1"),
        (lambda data: "\x00\x01\x02", "is not JSON"),
        (spoilt('"eventId": 7,', '"eventId": ' + "9" * 10_000 + ","), "event 6, or the one behind"),
        (spoilt('"eventId": 1,', '"eventId": ' + "9" * 10_000 + ","), "its first event holds a nu"),
        (
            spoilt('"eventId": 7,', '"eventId": 8, "eventId": 7,'),
            "'eventId' comes twice in event",
        ),
        (
            spoilt('"eventId": 7,', '"eventType": "x", "eventId": 7,'),
            "the member 'eventType' comes twice in event 7",
        ),
        (
            spoilt('"scheduledEventId": 5', '"scheduledEventId": 6, "scheduledEventId": 5'),
            "the member 'scheduledEventId' comes twice in {",
        ),
        (
            lambda data: {"events": [{"timestamp": "2020", "type": "ExecutionStarted", "id": 1}]},
            "is a history of AWS Step Functions",
        ),
        (
            lambda data: {
                "events": [
                    {"eventId": "1", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"},
                ]
            },
            "is a history of Temporal, as its events show",
        ),
        (
            lambda data: {
                "events": [{"eventId": 1, "timestamp": 5, "eventType": "WorkflowExecutionStarted"}]
            },
            "is a history of Cadence",
        ),
        (lambda data: '{"events": [{}, ' + " " * 11_000_000 + "oops", "without a number as its ev"),
        (without(9), "event 9 is missing before event 10"),
        (changed(7, eventId=8), "event 7 is missing before event 8"),
        (changed(7, eventId=1e30), "without a number as its eventId: {"),
        (changed(7, eventType="TaskStateEntered"), "event 7 is of the unknown type"),
        (changed(7, eventType="\x1b[2J"), "event 7 is of the unknown type '\\x1b[2J'"),
        (changed(7, eventType=["a"]), "event 7 is of the unknown type"),
        (changed(7, eventTimestamp=1e308), "event 7 has a time that is none: 1e+308"),
        (changed(7, eventTimestamp="yesterday"), "event 7 has a time that is none"),
        (changed(6, activityTaskStartedEventAttributes=[]), "event 6, ActivityTaskStarted"),
        (
            changed(6, activityTaskStartedEventAttributes={"scheduledEventId": "five"}),
            "event 6, ActivityTaskStarted, does not fit the service model",
        ),
        (
            changed(6, activityTaskStartedEventAttributes={"scheduledEventId": 1 << 80}),
            "event 6, ActivityTaskStarted",
        ),
        (
            changed(6, activityTaskStartedEventAttributes={"scheduledEventId": 9_999}),
            "event 6, ActivityTaskStarted",
        ),
        (
            changed(
                6,
                activityTaskStartedEventAttributes={"scheduledEventId": 5, "identity": "x" * 10**6},
            ),
            "Member must have length less than or equal to 256",
        ),
        (
            changed(3, decisionTaskStartedEventAttributes={"scheduledEventId": 1}),
            "event 3, DecisionTaskStarted, names event 1, WorkflowExecutionStarted",
        ),
    ],
)
def test_an_odd_file_is_told_in_one_sentence_that_names_file_and_event(
    an_order: Data, tmp_path: Path, damage: Callable[[Data], Any], says: str
) -> None:
    made = damage(copy.deepcopy(an_order))
    path = tmp_path / "odd.json"
    path.write_text(made if isinstance(made, str) else json.dumps(made), encoding="utf-8")
    result = run(path)
    assert result.exit_code == 2, result.output
    [line] = result.output.splitlines()
    assert line.startswith("Error: ")
    assert len(line) < 600
    assert says in line
    assert str(path) in line


def test_two_runs_in_one_list_are_told_apart_from_one(an_order: Data, tmp_path: Path) -> None:
    path = tmp_path / "merged.json"
    merged = an_order["events"] + an_order["events"][:10]
    path.write_text(json.dumps({"events": merged}), encoding="utf-8")
    result = run(path)
    assert result.exit_code == 2
    assert "event 1 comes twice; is it one run's?" in result.output


def test_a_history_kept_backwards_is_read_as_if_forwards(an_order: Data, tmp_path: Path) -> None:
    path = tmp_path / "reversed.json"
    path.write_text(json.dumps({"events": an_order["events"][::-1]}), encoding="utf-8")
    assert run(path).exit_code == 0


def test_control_characters_of_a_history_do_not_reach_the_terminal(
    an_order: Data, tmp_path: Path
) -> None:
    data = copy.deepcopy(an_order)
    scheduled = data["events"][4]["activityTaskScheduledEventAttributes"]
    scheduled["control"] = "\x1b[31m\x07\ud800"
    path = tmp_path / "loud.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    result = run(path)
    assert result.exit_code == 1
    assert result.output.replace("\n", "").isprintable()


# Runs that continue each other


def continued(number: int, of: int) -> Data:
    """A run of a chain: it starts, decides once, and continues as new unless it is the last."""
    events: list[Data] = []

    def add(kind: str, **attributes: Any) -> None:
        member = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        events.append({"eventId": len(events) + 1, "eventType": kind, member: attributes})

    shared = {
        "childPolicy": "TERMINATE",
        "taskList": {"name": "l"},
        "workflowType": {"name": "w", "version": "1"},
        "input": "7",
    }
    former = {"continuedExecutionRunId": f"run {number - 1}"} if number > 1 else {}
    add("WorkflowExecutionStarted", **shared, **former)
    add("DecisionTaskScheduled", taskList={"name": "l"})
    add("DecisionTaskStarted", scheduledEventId=2)
    add("DecisionTaskCompleted", scheduledEventId=2, startedEventId=3)
    if number < of:
        new = {"newExecutionRunId": f"run {number + 1}", "decisionTaskCompletedEventId": 4}
        add("WorkflowExecutionContinuedAsNew", **shared, **new)
    else:
        add("WorkflowExecutionCompleted", decisionTaskCompletedEventId=4)
    execution = {"workflowId": "chained", "runId": f"run {number}"}
    return {"workflowExecution": execution, "events": events}


def goes_round(task: Any) -> list[dict[str, Any]]:
    """Continues until its third run."""
    started = task["events"][0]["workflowExecutionStartedEventAttributes"]
    if started.get("continuedExecutionRunId") == "run 2":
        return [{"decisionType": "CompleteWorkflowExecution"}]
    attributes = {"input": "7"}
    return [
        {
            "decisionType": "ContinueAsNewWorkflowExecution",
            "continueAsNewWorkflowExecutionDecisionAttributes": attributes,
        }
    ]


@pytest.fixture
def chain(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.json" for name in ("b", "c", "a")]
    for path, number in zip(paths, (2, 3, 1), strict=True):
        path.write_text(json.dumps(continued(number, of=3)), encoding="utf-8")
    return paths


def test_the_runs_of_a_chain_are_judged_each_in_their_order(chain: list[Path]) -> None:
    result = run(*chain, decider=f"{__name__}:goes_round")
    assert result.exit_code == 0
    shown = [Path(line.partition(":")[0]).stem for line in result.output.splitlines()]
    assert shown == ["a", "b", "c"]


def test_a_run_that_is_missing_from_a_chain_is_said_to_be(chain: list[Path]) -> None:
    result = run(chain[1], chain[2], decider=f"{__name__}:goes_round")
    assert f"{chain[2]} continued as run run 2, which is in none of the files" in result.output
    assert f"{chain[1]} continues run run 2, which is in none of the files" in result.output


def test_a_chain_is_known_also_where_the_files_tell_no_run_id() -> None:
    first, second = continued(1, of=2), continued(2, of=2)
    del second["workflowExecution"]
    found = [*histories.parse(second, "second"), *histories.parse(first, "first")]
    [chain] = chains.chains(found)
    assert [one.source for one in chain] == ["first", "second"]


def test_runs_that_do_not_fit_together_are_said_not_to() -> None:
    first, second = continued(1, of=2), continued(2, of=2)
    second["events"][0]["workflowExecutionStartedEventAttributes"]["input"] = "8"
    found = [*histories.parse(first, "first"), *histories.parse(second, "second")]
    [chain] = chains.chains(found)
    [gap] = chains.gaps(chain, found)
    assert gap == "second began with another input than first decided"


def test_payload_that_is_nested_deeply_is_compared_all_the_same(
    an_order: Data, tmp_path: Path
) -> None:
    data = copy.deepcopy(an_order)
    deep = "[" * 900 + "]" * 900
    data["events"][4]["activityTaskScheduledEventAttributes"]["input"] = deep
    path = tmp_path / "deep.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    result = run(path, decider=f"{__name__}:nests_deeply")
    assert result.exit_code == 1
    assert "changed    ScheduleActivityTask(ValidateInput-1)" in result.output


def nests_deeply(task: Any) -> list[dict[str, Any]]:
    from orders.decider import decide

    made: list[dict[str, Any]] = [dict(one) for one in decide(task)]
    for one in made:
        attributes = one.get("scheduleActivityTaskDecisionAttributes", {})
        deep = "[" * 900 + "1" + "]" * 900
        one["scheduleActivityTaskDecisionAttributes"] = {**attributes, "input": deep}
    return made
