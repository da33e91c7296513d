"""The decider's own faults: what it reads, what it writes into, and what it answers when asked
again."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path

import greenlet
import pytest

from swfsim.debug import again, deciders
from swfsim.debug.verdict import Flaw, Judge, Verdict
from swfsim.replay.histories import Captured
from tests.debug import flawed

HERE = "tests.debug.flawed"
SOURCE = Path(__file__).with_name("flawed.py")


def judged(captured: Captured, name: str, **options: float) -> list[Verdict]:
    with Judge(deciders.load(f"{HERE}:{name}"), **options) as judge:  # type: ignore[arg-type]
        return again.ask_again(judge, captured, judge.verdicts(captured))


def flaws(found: list[Verdict]) -> list[Flaw]:
    return [flaw for one in found for flaw in one.flaws]


def line_here(name: str) -> str:
    """The line marked ``here`` in the function of this name."""
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    first = next(n for n, text in enumerate(lines) if text.startswith(f"def {name}("))
    number = next(n for n in range(first, len(lines)) if lines[n].endswith("# here"))
    return f"{SOURCE}:{number + 1}"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("reads_the_clock", "wall clock"),
        ("reads_the_date", "wall clock"),
        ("draws", "randomness"),
        ("makes_an_id", "randomness"),
        ("makes_a_generator", "randomness"),
        ("reads_a_setting", "environment"),
        ("asks_its_host", "environment"),
        ("asks_a_server", "network"),
        ("writes_into_events", "writes into events"),
    ],
)
def test_what_a_decider_may_not_do_is_named_with_its_line(
    captured: Captured, name: str, kind: str
) -> None:
    found = judged(captured, name)
    assert {(one.kind, one.where) for one in flaws(found)} == {(kind, line_here(name))}
    assert all(one.same for one in found)


@pytest.mark.parametrize("name", ["right", "fetches_pages"])
def test_a_decider_without_fault_has_none(captured: Captured, name: str) -> None:
    found = judged(captured, name)
    assert flaws(found) == []
    assert all(one.same for one in found)


def test_the_order_worker_has_no_fault_of_its_own(captured: Captured) -> None:
    with Judge(deciders.load("orders:DecisionWorker")) as judge:
        found = again.ask_again(judge, captured, judge.verdicts(captured))
    assert flaws(found) == []


def test_what_is_told_of_collected_garbage_may_read_the_clock(captured: Captured) -> None:
    """Hypothesis, for one, measures how long a collection takes."""

    def measure(*told: object) -> None:
        time.perf_counter()

    gc.callbacks.append(measure)
    try:
        assert flaws(judged(captured, "collects_garbage")) == []
    finally:
        gc.callbacks.remove(measure)


def test_what_a_forgotten_worker_reads_at_its_end_is_not_the_deciders(captured: Captured) -> None:
    def work() -> None:
        try:
            greenlet.getcurrent().parent.switch()
        finally:
            time.time()

    flawed.forgotten.append(greenlet.greenlet(work))
    flawed.forgotten[0].switch()
    assert flaws(judged(captured, "lets_go_of_what_was_forgotten")) == []
    assert not flawed.forgotten


def test_what_another_thread_reads_meanwhile_is_not_the_deciders(captured: Captured) -> None:
    """pytest-xdist has one that looks at the time."""

    def look() -> None:
        while True:
            flawed.somebody_elses_turn.acquire()
            time.time()
            flawed.its_own_turn.release()

    threading.Thread(target=look, daemon=True).start()
    assert flaws(judged(captured, "waits_for_another_thread")) == []


def test_a_decider_that_answers_otherwise_when_asked_again_is_found_out(
    captured: Captured,
) -> None:
    found = judged(captured, "changes_its_mind")
    assert [one.kind for one in flaws(found)] == ["two answers"] * 6
    assert flaws(found)[0].said.endswith("ScheduleActivityTask(ValidateInput-1), then nothing")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("WorkerWithAContext", "answers with executionContext"),
        ("WorkerWithTooLongAContext", "32768"),
        ("WorkerWithAnotherToken", "another taskToken"),
    ],
)
def test_what_a_worker_answers_besides_its_decisions_counts(
    captured: Captured, name: str, says: str
) -> None:
    found = judged(captured, name)
    assert all(one.same for one in found)
    assert all(any(says in flaw.said for flaw in one.flaws) for one in found)


def test_an_execution_context_as_recorded_is_no_fault(captured: Captured) -> None:
    for one in captured.events:
        if one.kind == "DecisionTaskCompleted":
            one.attrs["executionContext"] = '{ "step": 2 }'
    kinds = {one.kind for one in flaws(judged(captured, "WorkerWithAContext"))}
    assert kinds == {"page size"}  # which it has, too


@pytest.mark.parametrize("name", ["forgets_pages", "WorkerOfOnePage"])
def test_a_decider_that_loses_pages_is_found_out_with_pages_of_one_event(
    captured: Captured, name: str
) -> None:
    kinds = {one.kind for one in flaws(judged(captured, name))}
    assert kinds == {"page size"}


def test_pages_have_the_size_at_which_they_were_recorded(captured: Captured) -> None:
    captured.page_size = 3
    lost = [one.task.number for one in judged(captured, "forgets_pages") if not one.same]
    assert lost == [2, 3, 4, 5, 6]


def test_the_pages_of_one_history_are_not_those_of_the_next(captured: Captured) -> None:
    decide = deciders.load(f"{HERE}:forgets_pages")
    for size, wrong in ((3, 5), (0, 0)):
        captured.page_size = size
        with Judge(decide) as judge:
            assert sum(not one.same for one in judge.verdicts(captured)) == wrong


def test_a_decider_that_does_not_come_back_is_interrupted_at_its_line(captured: Captured) -> None:
    with Judge(deciders.load(f"{HERE}:never_comes_back"), limit_s=0.2) as judge:
        first = judge.verdicts(captured)[0]
    assert first.raised is not None
    assert "has not come back for 0.2 s" in str(first.raised.error)
    assert "flawed.py:" in first.raised.where


def test_a_decider_that_leaves_the_process_has_raised(captured: Captured) -> None:
    first = judged(captured, "leaves")[0]
    assert first.raised is not None
    assert isinstance(first.raised.error, SystemExit)


def test_an_exception_tells_the_event_it_was_looking_at(captured: Captured) -> None:
    def decide(task: dict[str, object]) -> list[dict[str, object]]:
        for event in task["events"]:  # type: ignore[attr-defined]
            if event["eventType"] == "ActivityTaskCompleted":
                raise ValueError("no result")
        return []

    with Judge(decide) as judge:  # type: ignore[arg-type]
        second = judge.verdicts(captured)[1]
    assert second.raised is not None
    assert captured.events[second.raised.event_id - 1].kind == "ActivityTaskCompleted"
