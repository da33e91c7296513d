"""Which executions a listing or a count finds."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel,
    complete,
    continue_as_new,
    fail,
)
from tests.support.known import known
from tests.support.listings import count_closed, count_open, ids, list_closed, list_open, refused
from tests.support.looks import EVER


@pytest.fixture
def closed(swf: Driver) -> Driver:
    """One run of each close status. They close in the opposite order of their starts."""
    for name in ("completed", "failed", "canceled", "terminated", "timed-out"):
        swf.start(name, executionStartToCloseTimeout="100" if name == "timed-out" else "7200")
    swf.start("continued")
    tasks = [swf.poll() for _ in range(6)]
    swf.wait(100)  # the time-out of one
    swf.workflow_id = "terminated"
    swf.terminate()
    endings = {"canceled": cancel(), "failed": fail(), "completed": complete()}
    for name, decision in endings.items():
        (swf.task,) = (t for t in tasks if t["workflowExecution"]["workflowId"] == name)
        swf.answer(decision)
    swf.task = tasks[-1]
    swf.answer(continue_as_new())
    return swf


# Filters of open executions


@known("documentation")
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "w3 w2 w1 w0"),
        ({"executionFilter": {"workflowId": "w1"}}, "w1"),
        ({"executionFilter": {"workflowId": "w"}}, ""),
        ({"typeFilter": {"name": "order"}}, "w3 w1 w0"),
        ({"typeFilter": {"name": "order", "version": "1.0"}}, "w3 w0"),
        ({"typeFilter": {"name": "order", "version": "3.0"}}, ""),
        ({"typeFilter": {"name": "order", "version": ""}}, "w3 w1 w0"),
        ({"typeFilter": {"name": "nothing"}}, ""),
        ({"tagFilter": {"tag": "fast"}}, "w2 w0"),
        ({"tagFilter": {"tag": "gift"}}, "w2"),
        ({"tagFilter": {"tag": "Fast"}}, ""),
    ],
)
def test_open_executions_are_found_by(shop: Driver, filters: Any, found: str) -> None:
    """An absent version, and an empty one, mean any; a tag matches exactly."""
    assert ids(list_open(shop, **filters)) == found.split()
    assert ids(list_open(shop, **filters, reverseOrder=True)) == found.split()[::-1]
    assert count_open(shop, **filters) == (len(found.split()), False)


@known("capture", "guess")
def test_both_ends_of_a_time_filter_belong_to_it(shop: Driver) -> None:
    """oldestDate is required; without a latestDate there is no end."""
    starts = {info["startTimestamp"] for info in list_open(shop)["executionInfos"]}
    first, second, third, _ = sorted(starts)
    moment = datetime.timedelta(milliseconds=1)
    for window, found in [
        ({"oldestDate": second}, "w3 w2 w1"),
        ({"oldestDate": second + moment}, "w3 w2"),
        ({"oldestDate": first, "latestDate": third}, "w2 w1 w0"),
        ({"oldestDate": first, "latestDate": third - moment}, "w1 w0"),
        ({"oldestDate": third, "latestDate": third}, "w2"),
        ({"oldestDate": third, "latestDate": first}, ""),
    ]:
        assert ids(list_open(shop, startTimeFilter=window)) == found.split()
        assert count_open(shop, startTimeFilter=window) == (len(found.split()), False)


@known("documentation")
def test_a_time_filter_and_another_filter_both_hold(shop: Driver) -> None:
    since = list_open(shop)["executionInfos"][2]["startTimestamp"]
    window = {"startTimeFilter": {"oldestDate": since}, "tagFilter": {"tag": "fast"}}
    assert ids(list_open(shop, **window)) == ["w2"]
    assert count_open(shop, **window) == (1, False)


@known("documentation")
def test_a_filter_finds_only_its_own_domain(shop: Driver) -> None:
    shop.client.register_domain(name="else", workflowExecutionRetentionPeriodInDays="7")
    answer = shop.client.list_open_workflow_executions(domain="else", startTimeFilter=EVER)
    assert answer["executionInfos"] == []
    with refused("Unknown domain: nowhere", "UnknownResourceFault"):
        shop.client.count_open_workflow_executions(domain="nowhere", startTimeFilter=EVER)


# Filters of closed executions


@known("documentation")
@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("COMPLETED", "completed"),
        ("FAILED", "failed"),
        ("CANCELED", "canceled"),
        ("TERMINATED", "terminated"),
        ("TIMED_OUT", "timed-out"),
        ("CONTINUED_AS_NEW", "continued"),
    ],
)
def test_closed_executions_are_found_by_their_close_status(
    closed: Driver, status: str, found: str
) -> None:
    answer = list_closed(closed, closeStatusFilter={"status": status})
    assert ids(answer) == [found]
    info = answer["executionInfos"][0]
    assert (info["executionStatus"], info["closeStatus"]) == ("CLOSED", status)
    assert count_closed(closed, closeStatusFilter={"status": status}) == (1, False)


BY_CLOSE = "continued completed failed canceled terminated timed-out"


BY_START = "continued timed-out terminated canceled failed completed"


@known("documentation")
@pytest.mark.parametrize(
    ("time", "found"), [("closeTimeFilter", BY_CLOSE), ("startTimeFilter", BY_START)]
)
def test_closed_executions_stand_in_the_order_of_the_time_asked_for(
    closed: Driver, time: str, found: str
) -> None:
    assert ids(list_closed(closed, **{time: EVER})) == found.split()
    assert ids(list_closed(closed, **{time: EVER}, reverseOrder=True)) == found.split()[::-1]


@known("guess")
def test_close_times_and_start_times_bound_alike(closed: Driver) -> None:
    infos = list_closed(closed)["executionInfos"]
    last, second = infos[0]["closeTimestamp"], infos[-2]["closeTimestamp"]
    for window, found in [
        ({"oldestDate": second}, 5),
        ({"oldestDate": second, "latestDate": last}, 5),
        ({"oldestDate": second, "latestDate": last - datetime.timedelta(milliseconds=1)}, 4),
        ({"oldestDate": last + datetime.timedelta(milliseconds=1)}, 0),
    ]:
        assert count_closed(closed, closeTimeFilter=window) == (found, False)
        assert len(ids(list_closed(closed, closeTimeFilter=window))) == found
    starts = {"oldestDate": 0, "latestDate": second}
    assert count_closed(closed, startTimeFilter=starts) == (6, False)


@known("documentation")
def test_closed_executions_are_found_by_tag_type_and_id(shop: Driver) -> None:
    for number in range(4):
        shop.workflow_id = f"w{number}"
        shop.terminate()
    for filters, found in [
        ({"executionFilter": {"workflowId": "w1"}}, "w1"),
        ({"typeFilter": {"name": "order"}}, "w3 w1 w0"),
        ({"typeFilter": {"name": "order", "version": "2.0"}}, "w1"),
        ({"tagFilter": {"tag": "fast"}}, "w2 w0"),
    ]:
        assert ids(list_closed(shop, **filters)) == found.split()
        assert count_closed(shop, **filters) == (len(found.split()), False)
        assert count_open(shop, **filters) == (0, False)


@known("documentation")
def test_an_execution_filter_finds_every_run_of_the_id(swf: Driver) -> None:
    runs = []
    for _ in range(3):
        runs.append(swf.start())
        swf.decide(complete())
    answer = list_closed(swf, executionFilter={"workflowId": "order-1"})
    found = [info["execution"]["runId"] for info in answer["executionInfos"]]
    assert found == runs[::-1]


# Filters that do not go together


WHICH = {
    "executionFilter": {"workflowId": "w"},
    "typeFilter": {"name": "order"},
    "tagFilter": {"tag": "fast"},
    "closeStatusFilter": {"status": "FAILED"},
}


@known("documentation", "client code")
@pytest.mark.parametrize(
    ("first", "second"),
    [(a, b) for a in WHICH for b in WHICH if list(WHICH).index(a) < list(WHICH).index(b)],
)
def test_two_exclusive_filters_in_one_query(swf: Driver, first: str, second: str) -> None:
    both = {first: WHICH[first], second: WHICH[second]}
    text = f"Cannot specify more than one exclusive filters in the same query: [{first}, {second}]"
    with refused(text):
        list_closed(swf, **both)
    with refused(text):
        count_closed(swf, **both)
    if second != "closeStatusFilter":  # which open executions cannot be asked for
        with refused(text):
            list_open(swf, **both)
        with refused(text):
            count_open(swf, **both)


@known("documentation", "client code")
@pytest.mark.parametrize("call", ["list", "count"])
@pytest.mark.parametrize(
    ("times", "text"),
    [
        ({}, "Must specify time filter"),
        (
            {"startTimeFilter": EVER, "closeTimeFilter": EVER},
            "Cannot specify both a startTimeFilter and a closeTimeFilter",
        ),
    ],
)
def test_closed_executions_need_one_time_filter(
    swf: Driver, call: str, times: Any, text: str
) -> None:
    with refused(text):
        getattr(swf.client, f"{call}_closed_workflow_executions")(domain=DOMAIN, **times)


@known("model")
def test_a_close_status_is_one_of_six(swf: Driver) -> None:
    with refused(
        "1 validation error detected: Value 'OPEN' at 'closeStatusFilter.status' failed to satisfy "
        "constraint: Member must satisfy enum value set: "
        "[COMPLETED, FAILED, CANCELED, TERMINATED, CONTINUED_AS_NEW, TIMED_OUT]"
    ):
        list_closed(swf, closeStatusFilter={"status": "OPEN"})


# Tags of domains
