"""Laws that any decider keeps: a right one keeps them all, and each wrong one breaks its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.explore import orders
from swfsim import HarnessError, Violation, laws
from swfsim.core.events import Event, History
from swfsim.explore.made import explored
from swfsim.laws import naming
from swfsim.replay import histories
from swfsim.replay.histories import Captured
from tests.explore import bakery
from tests.explore.bakery import Bakery
from tests.explore.toy import Careful


@pytest.fixture(scope="module")
def baked() -> list[Captured]:
    """What the bakery makes when a decider dies or is late, so that news comes in twos."""
    return explored(Bakery, kinds=("decision",))


@pytest.fixture(scope="module")
def ordered() -> list[Captured]:
    return explored(orders)


def asked(decider: Any, histories: list[Captured]) -> dict[str, int]:
    """How often each law was asked."""
    return {
        law: sum(count for count, _ in laws.examine(decider, histories, [law])) for law in laws.LAWS
    }


def broken(decider: Any, histories: list[Captured]) -> set[str]:
    return {breach.law for _, breach in laws.examine(decider, histories) if breach is not None}


@pytest.mark.parametrize("decider", [bakery.right, bakery.AllPages])
def test_a_right_decider_keeps_every_law(decider: Any, baked: list[Captured]) -> None:
    assert laws.check(decider, baked) > 100


def test_what_reads_like_a_name_and_is_none_keeps_its_value() -> None:
    """The number of an order that runs under it, and a type of the run's own name."""
    numbered = explored(bakery.Numbered, kinds=("decision",))
    assert laws.check(bakery.reads_its_order, numbered, only=["renamed"]) > 10
    named_alike = explored(Bakery, kinds=("decision",))
    assert laws.check(bakery.minds_its_type, named_alike, only=["renamed"]) > 10


def test_ids_that_hold_the_name_of_the_run_are_renamed_with_it() -> None:
    named = explored(bakery.NamedAfterTheRun, kinds=("decision",))
    assert laws.check(bakery.names_steps_after_the_run, named, only=["renamed"]) > 10


@pytest.mark.parametrize("name", ["", "1", "sale", "ORD-1001", "(*)", "renamed", "ÄÖ"])
def test_a_new_name_looks_like_the_old_one_and_stands_nowhere(name: str) -> None:
    events = History()
    events.append(Event(1, 0, "WorkflowExecutionSignaled", {"signalName": "?", "input": name}))
    names = naming.new_names(Captured("", events, name, "run-17"))
    assert set(names) == {name, "run-17"} - {""}
    assert all(new not in f"{name} run-17" for new in names.values())
    assert re.fullmatch(r"[g-z]{3}-\d{4}", names["run-17"])
    if name == "ORD-1001":
        assert re.fullmatch(r"[G-Z]{2}[A-F]-[1-9]{4}", names[name])


@pytest.mark.parametrize(
    "decider", [bakery.never_uses_an_id_twice, bakery.names_ids_after_the_task]
)
def test_ids_that_are_new_each_time_are_no_mistake(decider: Any, baked: list[Captured]) -> None:
    assert laws.check(decider, baked) > 100


def test_what_hangs_on_a_new_id_is_one(baked: list[Captured]) -> None:
    assert "redelivered" in broken(bakery.bakes_first_on_odd_ids, baked)


def test_every_law_is_asked_where_it_applies(baked: list[Captured]) -> None:
    counts = asked(bakery.AllPages, baked)
    assert all(counts.values()), counts


@pytest.mark.parametrize(
    ("decider", "law"),
    [
        (bakery.remembers, "redelivered"),
        (bakery.counts_tasks, "redelivered"),
        (bakery.FirstPage, "paged"),
        (bakery.sleeps_at_night, "shifted"),
        (bakery.reads_years, "shifted"),
        (bakery.knows_its_customers, "renamed"),
        (bakery.takes_signals_for_orders, "strangers"),
        (bakery.fears_markers, "strangers"),
        (bakery.looks_at_news_only, "cut"),
        (bakery.looks_at_the_latest, "swapped"),
    ],
)
def test_a_wrong_decider_breaks_its_law(
    decider: Callable[..., Any], law: str, baked: list[Captured]
) -> None:
    bakery.remembered.clear()
    assert law in broken(decider, baked)


def test_a_breach_says_where_and_how(baked: list[Captured]) -> None:
    with pytest.raises(Violation) as caught:
        laws.check(bakery.looks_at_the_latest, baked, only=["swapped"])
    told = str(caught.value)
    assert told.startswith("swapped: at decision task ")
    assert " of nothing goes wrong: ScheduleActivityTask(Bake-1) otherwise, now nothing" in told


def test_a_decider_that_raises_is_told_with_its_line(baked: list[Captured]) -> None:
    with pytest.raises(Violation, match=r"now ValueError: what is this\? \(.*bakery.py:\d+\)"):
        laws.check(bakery.fears_markers, baked)


@pytest.mark.parametrize("decider", ["orders.decider:decide", "orders:DecisionWorker"])
def test_the_decider_of_orders_keeps_every_law(decider: str, ordered: list[Captured]) -> None:
    """Over all that one fault can make of an order."""
    assert laws.check(decider, ordered) > 1500


def test_laws_are_asked_over_captured_histories_too(
    ordered: list[Captured], tmp_path: Path
) -> None:
    file = tmp_path / "captured.json"
    file.write_text(json.dumps(histories.document(ordered[-1])))
    assert laws.check("orders:DecisionWorker", histories.load(file)) > 10


def test_a_history_of_another_application_says_nothing_of_a_decider() -> None:
    with pytest.raises(HarnessError, match="no law could be asked"):
        laws.check(bakery.right, [])


def test_an_unknown_law_is_refused(baked: list[Captured]) -> None:
    with pytest.raises(HarnessError, match="there is no law 'gravity'; laws are redelivered"):
        laws.check(bakery.right, baked, only=["gravity"])


def test_explored_histories_are_distinct_and_bounded() -> None:
    few = explored(Careful, most=20)
    many = explored(Careful, faults=2, kinds=("decision",))
    assert 1 < len(few) < 20
    assert len({(repr(one.events.kinds), repr(one.events.attrs)) for one in many}) == len(many)
