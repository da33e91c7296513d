"""Digests: what is the same to a decider has one digest, and whatever differs has another."""

from __future__ import annotations

from typing import Any

import pytest

from swfsim.core.events import Event, History
from swfsim.explore.digests import Seen, digest

RUN = "the run's id"
BEGUN = ("WorkflowExecutionStarted", {"input": "café \udc80"})
TASK = ("DecisionTaskStarted", {"scheduledEventId": 2, "identity": "one"})


class Colour(str):
    """A text of its own kind, as a member of an enumeration is."""


SIGNAL = ("WorkflowExecutionSignaled", {"signalName": Colour("red")})


def history(*events: tuple[str, dict[str, Any]], at: int = 0) -> History:
    made = History()
    for number, (kind, attrs) in enumerate(events, 1):
        made.append(Event(number, at, kind, attrs))
    return made


@pytest.mark.parametrize("last", [TASK, SIGNAL], ids=["plain data", "anything else"])
def test_a_history_has_one_digest_however_often_it_was_asked_for(
    last: tuple[str, dict[str, Any]],
) -> None:
    growing = history(BEGUN)
    seen = Seen(RUN, growing)
    before = seen.digest()
    growing.append(Event(2, 0, *TASK))
    growing.append(Event(3, 0, *last))

    assert seen.digest() == Seen(RUN, history(BEGUN, TASK, last)).digest() != before


def test_neither_when_it_was_nor_who_was_at_work_counts() -> None:
    by_another = (TASK[0], {**TASK[1], "identity": "another"})

    assert Seen(RUN, history(TASK)).digest() == Seen(RUN, history(by_another, at=5)).digest()


def test_equal_histories_of_two_runs_are_not_the_same() -> None:
    assert Seen(RUN, history(TASK)).digest() != Seen("another", history(TASK)).digest()


@pytest.mark.parametrize(
    "other",
    [
        ("WorkflowExecutionSignaled", BEGUN[1]),
        (BEGUN[0], {"input": "cafe"}),
        (BEGUN[0], {**BEGUN[1], "tagList": []}),
    ],
)
def test_what_a_decider_can_tell_apart_counts(other: tuple[str, dict[str, Any]]) -> None:
    assert Seen(RUN, history(other)).digest() != Seen(RUN, history(BEGUN)).digest()


def test_equal_values_have_one_digest_and_others_another() -> None:
    text = "a text"
    assert digest([text, text]) == digest(["a text", " ".join(["a", "text"])])
    assert len({digest(one) for one in ([1], [True], ["1"], (1,), [1.0], [None])}) == 6


def test_what_is_no_plain_data_counts_as_it_is_shown() -> None:
    assert digest([Colour("red")]) == digest([Colour("red")]) != digest([Colour("blue")])
