"""Breakpoints on events: pdb inside the decider call that sees one, and steps either way."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from swfsim.commands.replay import replay
from swfsim.debug import deciders, selectors
from swfsim.debug.stepping import Stepping
from swfsim.debug.verdict import Judge
from swfsim.errors import HarnessError
from swfsim.replay.histories import Captured


def session(captured: Captured, decider: str, event_id: int, *typed: str) -> str:
    """What a session shows in which this is typed."""
    seen = io.StringIO()
    with Judge(deciders.load(decider)) as judge:
        stepping = Stepping(
            judge,
            captured,
            lambda line: print(line, file=seen),
            io.StringIO("".join(f"{line}\n" for line in typed)),
            seen,
        )
        stepping.run(event_id)
    return seen.getvalue()


@pytest.mark.parametrize("decider", ["orders.decider:decide", "orders:DecisionWorker"])
def test_it_stops_where_the_decider_holds_the_event(captured: Captured, decider: str) -> None:
    seen = session(captured, decider, 13, "p event['eventId'], event['eventType']", "q")
    assert "decision task 3, event 15" in seen
    assert "orders/progress.py" in seen
    assert "(13, 'ActivityTaskCompleted')" in seen


def test_steps_lead_to_the_next_decision_and_to_the_one_before(captured: Captured) -> None:
    seen = session(captured, "orders.decider:decide", 13, "forward", "back", "back", "q")
    assert re.findall(r"decision task (\d), event", seen) == ["3", "4", "3", "2"]


def test_news_shows_what_changed_since_the_last_decision(captured: Captured) -> None:
    seen = session(captured, "orders.decider:decide", 13, "news", "q")
    assert seen.count("13 ActivityTaskCompleted(S11, T12)") == 2


def test_a_decider_that_never_holds_the_event_is_stopped_at_its_first_line(
    captured: Captured,
) -> None:
    seen = session(captured, "tests.debug.deciders:silent", 13, "w", "q")
    assert "tests/debug/deciders.py" in seen
    assert "-> return None" in seen


def test_behind_the_last_decision_the_session_ends(captured: Captured) -> None:
    seen = session(captured, "orders.decider:decide", 33, "forward")
    assert seen.endswith("there is no further decision task in this direction\n")


@pytest.mark.parametrize(
    ("selector", "number"),
    [
        ("13", 13),
        ("ActivityTaskCompleted:ProcessData", 13),
        ("ActivityTaskCompleted:ProcessData-1#1", 13),
        ("ActivityTaskCompleted#2", 13),
        ("WorkflowExecutionCompleted", 35),
    ],
)
def test_events_are_named_as_people_speak_of_them(
    captured: Captured, selector: str, number: int
) -> None:
    assert selectors.find(captured, selector).id == number


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        ("99", "has no event 99: it has events 1 to 35"),
        ("0", "has no event 0"),
        ("TaskExploded", "names no event"),
        ("ActivityTaskCompleted:Pack", "of the type it has 5, about EnrichData, EnrichData-1"),
        ("ActivityTaskCompleted#9", "has 5 events ActivityTaskCompleted, not 9"),
    ],
)
def test_a_name_of_no_event_is_told_with_what_there_is(
    captured: Captured, selector: str, says: str
) -> None:
    with pytest.raises(HarnessError, match=says):
        selectors.find(captured, selector)


def test_the_command_refuses_an_event_that_is_not_there(file: Path) -> None:
    arguments = [str(file), "--decider", "orders.decider:decide", "--break", "99"]
    result = CliRunner().invoke(replay, arguments)
    assert result.exit_code == 2
    assert "has no event 99" in result.output
