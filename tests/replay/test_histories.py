"""Captured histories: every form they are kept in is read, every damage is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from swfsim.cli import main
from swfsim.replay import histories

Kept = dict[str, Any]


def stamps(history: Kept, form: Callable[[Any], Any]) -> Kept:
    """The history with its instants in another form."""
    events = [
        {**event, "eventTimestamp": form(event["eventTimestamp"])} for event in history["events"]
    ]
    return {"events": events}


def numbers(history: Kept) -> Kept:
    """As the service sends it, and AWS CLI v1 prints it: seconds as a number."""
    return stamps(history, lambda at: at.timestamp())


def conversation(history: Kept) -> Kept:
    """As a recorder of HTTP calls keeps it: pages, in the answers of two polls and a reading."""
    execution = {"workflowId": "order-1", "runId": "r"}
    events = numbers(history)["events"]
    return {
        "calls": [
            {"op": "ListDomains", "body": {"domainInfos": []}},
            {
                "op": "PollForDecisionTask",
                "body": {"events": events[:9], "workflowExecution": execution},
            },
            {
                "op": "GetWorkflowExecutionHistory",
                "request": {"execution": execution, "domain": "shop"},
                "body": {"events": events[5:]},
            },
        ]
    }


FORMS: dict[str, Callable[[Kept], Any]] = {
    "AWS CLI v1": numbers,
    "AWS CLI v2": lambda kept: stamps(kept, lambda at: at.isoformat()),
    "AWS CLI v2 in another time zone": lambda kept: stamps(
        kept, lambda at: at.astimezone().isoformat()
    ),
    "boto3, dates as text": lambda kept: stamps(kept, str),
    "milliseconds": lambda kept: stamps(kept, lambda at: round(at.timestamp() * 1000)),
    "a list": lambda kept: numbers(kept)["events"],
    "newest first": lambda kept: {"events": numbers(kept)["events"][::-1]},
    "a last page's token": lambda kept: {**numbers(kept), "nextPageToken": None},
    "description and history": lambda kept: {"history": numbers(kept), "executionInfo": {}},
    "recorded calls": conversation,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_as_the_same_history(history: Kept, form: str, tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text(json.dumps(FORMS[form](history), ensure_ascii=False), encoding="utf-8")
    [captured] = histories.load(path)
    [plain] = histories.parse(numbers(history), "memory")
    assert list(captured.events) == list(plain.events)
    assert captured.timed


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reenacts(history: Kept, form: str, tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text(json.dumps(FORMS[form](history)))
    result = CliRunner().invoke(main, ["reenact", str(path)])
    assert result.output == f"{path}: {len(history['events'])} events, equal\n"
    assert result.exit_code == 0


def test_a_history_without_times_reenacts_by_its_order_alone(history: Kept, tmp_path: Path) -> None:
    for event in history["events"]:
        del event["eventTimestamp"]
    assert reenacted(history, tmp_path).exit_code == 0


def reenacted(kept: Any, folder: Path, *options: str) -> Result:
    path = folder / "history.json"
    path.write_text(kept if isinstance(kept, str) else json.dumps(kept, default=str))
    return CliRunner().invoke(main, ["reenact", *options, str(path)])


# Differences


def changed(history: Kept, kind: str, name: str, value: Any) -> Kept:
    """The history with one attribute of the first such event set to this value."""
    made = copy.deepcopy(history)
    event = next(event for event in made["events"] if event["eventType"] == kind)
    [attributes] = [value for key, value in event.items() if key.endswith("Attributes")]
    attributes[name] = value
    return made


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("ActivityTaskStarted", "scheduledEventId", 3),
        ("ActivityTaskCompleted", "startedEventId", 1),
        ("TimerFired", "startedEventId", 7),
        ("DecisionTaskCompleted", "scheduledEventId", 1),
        ("ChildWorkflowExecutionStarted", "initiatedEventId", 2),
        ("WorkflowExecutionCompleted", "decisionTaskCompletedEventId", 4),
    ],
)
def test_a_reference_that_the_service_would_not_make_is_a_difference(
    history: Kept, tmp_path: Path, kind: str, name: str, value: Any
) -> None:
    result = reenacted(changed(history, kind, name, value), tmp_path)
    assert result.exit_code == 1, result.output
    assert "differs at event" in result.output
    assert all(len(line) <= 100 for line in result.output.splitlines()[1:])


def test_the_first_difference_is_shown_side_by_side(history: Kept, tmp_path: Path) -> None:
    result = reenacted(changed(history, "TimerFired", "timerId", "other"), tmp_path)
    lines = result.output.splitlines()
    assert lines[1].split() == ["captured", "|", "machine"]
    assert lines[2].startswith("  ")
    assert any(line.startswith(">") and "TimerFired" in line for line in lines), result.output


def test_an_event_too_many_is_a_difference(history: Kept, tmp_path: Path) -> None:
    events = history["events"]
    twice = copy.deepcopy(events[-1])
    events.append({**twice, "eventId": len(events) + 1})
    assert reenacted(history, tmp_path).exit_code == 1


# Damage


def without(kept: Kept, *ids: int) -> Kept:
    return {"events": [event for event in kept["events"] if event["eventId"] not in ids]}


def first(kept: Kept, **members: Any) -> Kept:
    return {"events": [{**kept["events"][0], **members}, *kept["events"][1:]]}


DAMAGE: dict[str, tuple[Callable[[Kept], Any], str]] = {
    "no first page": (lambda kept: without(kept, 1, 2, 3), "begins with event 4: its first page"),
    "a gap": (lambda kept: without(kept, 5), "event 5 is missing before event 6"),
    "two runs": (lambda kept: {"events": kept["events"] * 2}, "event 1 comes twice"),
    "no events": (lambda kept: {"events": []}, "without any event"),
    "not JSON": (lambda kept: "{", "is not JSON"),
    "another answer": (lambda kept: {"executionInfos": []}, "holds no history"),
    "another service": (
        lambda kept: first(kept, eventType="ExecutionStarted"),
        "unknown type 'ExecutionStarted'; is it a history of Amazon SWF?",
    ),
    "no id": (lambda kept: first(kept, eventId="one"), "without a number as its eventId"),
    "no time": (lambda kept: first(kept, eventTimestamp="then"), "a time that is none: 'then'"),
    "attributes of a wrong type": (
        lambda kept: first(kept, workflowExecutionStartedEventAttributes={"childPolicy": 3}),
        "does not fit the service model",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_named_with_what_is_wrong(
    history: Kept, tmp_path: Path, damage: str
) -> None:
    spoil, text = DAMAGE[damage]
    result = reenacted(spoil(history), tmp_path)
    assert result.exit_code == 2
    assert text in result.output
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1


def test_a_history_cut_off_at_its_end_is_reenacted_as_far_as_it_goes(
    history: Kept, tmp_path: Path
) -> None:
    for length in range(1, len(history["events"])):
        result = reenacted({"events": history["events"][:length]}, tmp_path)
        assert result.exit_code == 0, result.output


def test_members_that_the_model_does_not_know_are_left_out_and_told(
    history: Kept, tmp_path: Path
) -> None:
    future = changed(history, "WorkflowExecutionStarted", "reopenable", True)
    result = reenacted(future, tmp_path, "--verbose")
    assert result.exit_code == 0
    assert "unknown member 'reopenable', left out" in result.output


def test_a_missing_file_and_a_good_one_give_the_worst_exit_status(
    history: Kept, tmp_path: Path
) -> None:
    path = tmp_path / "history.json"
    path.write_text(json.dumps(numbers(history)))
    result = CliRunner().invoke(main, ["reenact", str(path), str(tmp_path / "none.json")])
    assert result.exit_code == 2
    assert "events, equal" in result.output
    assert "cannot read" in result.output


def test_without_a_file_it_says_how_it_is_called() -> None:
    result = CliRunner().invoke(main, ["reenact"])
    assert result.exit_code == 2
    assert "Usage:" in result.output
