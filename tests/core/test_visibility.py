"""What the listings and counts show, in which order, in which pages, and what they refuse."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from typing import Any

import botocore.exceptions
import pytest

from swfsim import Behaviour, fake_swf
from tests.support.driver import (
    DOMAIN,
    Driver,
    cancel,
    child,
    complete,
    continue_as_new,
    fail,
    marker,
)

EVER = {"oldestDate": 0}
DAY = 86_400


def refused(text: str, code: str = "ValidationException") -> Any:
    """The call is refused with this code, and exactly this message."""
    return pytest.raises(
        botocore.exceptions.ClientError, match=rf"\({code}\).*operation: {re.escape(text)}$"
    )


@pytest.fixture
def lagging() -> Iterator[Driver]:
    behaviour = Behaviour(visibility_lag_ms=5_000)
    with fake_swf(clock="virtual", behaviour=behaviour) as fake:
        yield Driver(fake).register()


@pytest.fixture
def shop(swf: Driver) -> Driver:
    """Four open executions, a second apart; of two types, one of them in two versions."""
    for name, version in (("order", "2.0"), ("refund", "1.0")):
        swf.client.register_workflow_type(
            domain=DOMAIN,
            name=name,
            version=version,
            defaultTaskList={"name": "deciders"},
            defaultTaskStartToCloseTimeout="NONE",
            defaultExecutionStartToCloseTimeout="86400",
            defaultChildPolicy="ABANDON",
        )
    for number, (name, version, tags) in enumerate(
        [
            ("order", "1.0", ["fast"]),
            ("order", "2.0", ["slow"]),
            ("refund", "1.0", ["fast", "gift"]),
            ("order", "1.0", []),
        ]
    ):
        swf.wait(1)
        swf.client.start_workflow_execution(
            domain=DOMAIN,
            workflowId=f"w{number}",
            workflowType={"name": name, "version": version},
            **({"tagList": tags} if tags else {}),
        )
    return swf


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


def ids(answer: Any) -> list[str]:
    return [info["execution"]["workflowId"] for info in answer["executionInfos"]]


def list_open(swf: Driver, **asked: Any) -> Any:
    return swf.client.list_open_workflow_executions(
        domain=DOMAIN, **{"startTimeFilter": EVER, **asked}
    )


def list_closed(swf: Driver, **asked: Any) -> Any:
    if "startTimeFilter" not in asked:
        asked = {"closeTimeFilter": EVER, **asked}
    return swf.client.list_closed_workflow_executions(domain=DOMAIN, **asked)


def count_open(swf: Driver, **asked: Any) -> Any:
    answer = swf.client.count_open_workflow_executions(
        domain=DOMAIN, **{"startTimeFilter": EVER, **asked}
    )
    return answer["count"], answer["truncated"]


def count_closed(swf: Driver, **asked: Any) -> Any:
    if "startTimeFilter" not in asked:
        asked = {"closeTimeFilter": EVER, **asked}
    answer = swf.client.count_closed_workflow_executions(domain=DOMAIN, **asked)
    return answer["count"], answer["truncated"]


def pages(call: Callable[..., Any], member: str, **asked: Any) -> list[list[Any]]:
    """All pages; the last one has no token."""
    found = []
    answer = call(**asked)
    found.append(answer[member])
    while "nextPageToken" in answer:
        answer = call(**asked, nextPageToken=answer["nextPageToken"])
        found.append(answer[member])
    return found


# Filters of open executions


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


def test_a_time_filter_and_another_filter_both_hold(shop: Driver) -> None:
    since = list_open(shop)["executionInfos"][2]["startTimestamp"]
    window = {"startTimeFilter": {"oldestDate": since}, "tagFilter": {"tag": "fast"}}
    assert ids(list_open(shop, **window)) == ["w2"]
    assert count_open(shop, **window) == (1, False)


def test_a_filter_finds_only_its_own_domain(shop: Driver) -> None:
    shop.client.register_domain(name="else", workflowExecutionRetentionPeriodInDays="7")
    answer = shop.client.list_open_workflow_executions(domain="else", startTimeFilter=EVER)
    assert answer["executionInfos"] == []
    with refused("Unknown domain: nowhere", "UnknownResourceFault"):
        shop.client.count_open_workflow_executions(domain="nowhere", startTimeFilter=EVER)


# Filters of closed executions


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


@pytest.mark.parametrize(
    ("time", "found"), [("closeTimeFilter", BY_CLOSE), ("startTimeFilter", BY_START)]
)
def test_closed_executions_stand_in_the_order_of_the_time_asked_for(
    closed: Driver, time: str, found: str
) -> None:
    assert ids(list_closed(closed, **{time: EVER})) == found.split()
    assert ids(list_closed(closed, **{time: EVER}, reverseOrder=True)) == found.split()[::-1]


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


def test_a_close_status_is_one_of_six(swf: Driver) -> None:
    with refused(
        "1 validation error detected: Value 'OPEN' at 'closeStatusFilter.status' failed to satisfy "
        "constraint: Member must satisfy enum value set: "
        "[COMPLETED, FAILED, CANCELED, TERMINATED, CONTINUED_AS_NEW, TIMED_OUT]"
    ):
        list_closed(swf, closeStatusFilter={"status": "OPEN"})


# What an element shows


def test_an_open_execution_shows_its_tags_and_its_parent(swf: Driver) -> None:
    run_id = swf.start(tagList=["a", "b"])
    swf.decide(child("kid"))
    swf.wait()
    kid, parent = list_open(swf)["executionInfos"]
    assert parent == {
        "execution": {"workflowId": "order-1", "runId": run_id},
        "workflowType": {"name": "order", "version": "1.0"},
        "startTimestamp": swf.history()[0]["eventTimestamp"],
        "executionStatus": "OPEN",
        "tagList": ["a", "b"],
        "cancelRequested": False,
    }
    assert kid["parent"] == {"workflowId": "order-1", "runId": run_id}
    assert "tagList" not in kid  # tags are not inherited


def test_a_cancel_request_shows_while_open(swf: Driver) -> None:
    swf.start()
    swf.request_cancel()
    assert list_open(swf)["executionInfos"][0]["cancelRequested"] is True
    swf.decide(cancel())
    info = list_closed(swf)["executionInfos"][0]
    assert info["cancelRequested"] is False
    assert info["closeTimestamp"] == swf.history()[-1]["eventTimestamp"]


# Tags of executions: up to 5, of up to 256 characters


def test_an_execution_has_at_most_five_tags(swf: Driver) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="at 'tagList' failed"):
        swf.start(tagList=list("abcdef"))
    swf.start(tagList=list("abcde"))
    assert list_open(swf)["executionInfos"][0]["tagList"] == list("abcde")
    for tag in "abcde":
        assert count_open(swf, tagFilter={"tag": tag}) == (1, False)


def test_a_tag_has_at_most_256_characters(swf: Driver) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="less than or equal to 256"):
        swf.start(tagList=["x" * 257])
    swf.start(tagList=["x" * 256])
    assert count_open(swf, tagFilter={"tag": "x" * 256}) == (1, False)


def test_a_tag_is_free_text(swf: Driver) -> None:
    tag = "arn:aws/ü|\t "
    swf.start(tagList=[tag])
    assert count_open(swf, tagFilter={"tag": tag}) == (1, False)


def test_a_continuation_has_the_tags_of_its_decision_only(swf: Driver) -> None:
    swf.start(tagList=["old"])
    swf.decide(continue_as_new(tagList=["new"]))
    swf.wait()
    assert count_open(swf, tagFilter={"tag": "old"}) == (0, False)
    assert count_open(swf, tagFilter={"tag": "new"}) == (1, False)
    assert count_closed(swf, tagFilter={"tag": "old"}) == (1, False)


# Pages


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_pages_of_open_executions(shop: Driver, size: int, backwards: bool) -> None:
    """The last page has no token, also when it is exactly full; the order is applied first."""
    whole = ["w0", "w1", "w2", "w3"] if backwards else ["w3", "w2", "w1", "w0"]
    found = pages(
        shop.client.list_open_workflow_executions,
        "executionInfos",
        domain=DOMAIN,
        startTimeFilter=EVER,
        maximumPageSize=size,
        reverseOrder=backwards,
    )
    shown = [[info["execution"]["workflowId"] for info in page] for page in found]
    assert shown == [whole[at : at + size] for at in range(0, 4, size)]


@pytest.mark.parametrize("backwards", [False, True])
def test_pages_of_closed_executions_that_closed_at_one_instant(
    swf: Driver, backwards: bool
) -> None:
    """Children that are terminated along with their parent; none is lost between two pages."""
    swf.start()
    swf.decide(*(child(f"kid-{number}") for number in range(6)))
    swf.wait()
    swf.terminate(childPolicy="TERMINATE")
    swf.wait()
    found = pages(
        swf.client.list_closed_workflow_executions,
        "executionInfos",
        domain=DOMAIN,
        closeTimeFilter=EVER,
        maximumPageSize=2,
        reverseOrder=backwards,
    )
    names = [info["execution"]["workflowId"] for page in found for info in page]
    assert sorted(names) == ["kid-0", "kid-1", "kid-2", "kid-3", "kid-4", "kid-5", "order-1"]
    assert [len(page) for page in found] == [2, 2, 2, 1]


@pytest.mark.parametrize("size", [{}, {"maximumPageSize": 0}, {"maximumPageSize": 1_000}])
def test_a_page_holds_a_thousand_unless_told_otherwise(swf: Driver, size: Any) -> None:
    swf.step_s = 0.001
    swf.start()
    swf.poll()
    swf.answer(*(marker("m") for _ in range(1_000)))
    execution = {"workflowId": "order-1", "runId": swf.run_id}
    found = pages(
        swf.client.get_workflow_execution_history,
        "events",
        domain=DOMAIN,
        execution=execution,
        **size,
    )
    assert [len(page) for page in found] == [1_000, 4]


@pytest.mark.parametrize(
    "operation",
    [
        ("list_domains", {"registrationStatus": "REGISTERED"}),
        ("list_activity_types", {"domain": DOMAIN, "registrationStatus": "REGISTERED"}),
        ("list_workflow_types", {"domain": DOMAIN, "registrationStatus": "REGISTERED"}),
        ("list_open_workflow_executions", {"domain": DOMAIN, "startTimeFilter": EVER}),
        ("list_closed_workflow_executions", {"domain": DOMAIN, "startTimeFilter": EVER}),
    ],
    ids=lambda operation: operation[0],
)
def test_what_no_listing_takes(swf: Driver, operation: tuple[str, Any]) -> None:
    call = getattr(swf.client, operation[0])
    with refused(
        "1 validation error detected: Value '1001' at 'maximumPageSize' failed to satisfy "
        "constraint: Member must have value less than or equal to 1000"
    ):
        call(**operation[1], maximumPageSize=1_001)
    with refused("Invalid token"):
        call(**operation[1], nextPageToken="no such token")


def test_a_history_in_pages_forwards_and_backwards(swf: Driver) -> None:
    swf.start()
    swf.decide(marker("a"), marker("b"))
    for backwards in (False, True):
        found = pages(
            swf.client.get_workflow_execution_history,
            "events",
            domain=DOMAIN,
            execution={"workflowId": "order-1", "runId": swf.run_id},
            maximumPageSize=4,
            reverseOrder=backwards,
        )
        shown = [[event["eventId"] for event in page] for page in found]
        assert shown == ([[6, 5, 4, 3], [2, 1]] if backwards else [[1, 2, 3, 4], [5, 6]])


@pytest.mark.parametrize(
    "changed",
    [
        {"startTimeFilter": {"oldestDate": 1}},
        {"reverseOrder": True},
        {"tagFilter": {"tag": "fast"}},
        {"typeFilter": {"name": "order"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_token_is_for_the_query_it_was_given_for(shop: Driver, changed: Any) -> None:
    """To change other arguments between two pages is documented as not allowed."""
    token = list_open(shop, maximumPageSize=1)["nextPageToken"]
    with refused("Invalid token"):
        list_open(shop, nextPageToken=token, **changed)
    # it may be used twice, and with another page size
    for _ in range(2):
        assert ids(list_open(shop, nextPageToken=token, maximumPageSize=2)) == ["w2", "w1"]


def test_a_token_is_for_the_operation_it_was_given_for(shop: Driver) -> None:
    shop.workflow_id = "w0"
    shop.terminate()
    token = list_open(shop, maximumPageSize=1)["nextPageToken"]
    with refused("Invalid token"):
        list_closed(shop, startTimeFilter=EVER, nextPageToken=token)
    with refused("Invalid token"):
        shop.client.list_domains(registrationStatus="REGISTERED", nextPageToken=token)


def test_a_token_of_one_history_does_not_lead_into_another(swf: Driver) -> None:
    executions = []
    for name in ("one", "two"):
        executions.append({"workflowId": name, "runId": swf.start(name)})
    token = swf.client.get_workflow_execution_history(
        domain=DOMAIN, execution=executions[0], maximumPageSize=1
    )["nextPageToken"]
    with refused("Invalid token"):
        swf.client.get_workflow_execution_history(
            domain=DOMAIN, execution=executions[1], nextPageToken=token
        )


def test_a_token_lives_for_a_day(swf: Driver) -> None:
    for name in ("one", "two"):
        swf.start(name, executionStartToCloseTimeout="864000")
    token = list_open(swf, maximumPageSize=1)["nextPageToken"]
    assert len(token) <= 2_048
    swf.wait(DAY)
    assert ids(list_open(swf, nextPageToken=token)) == ["one"]
    swf.wait()
    with refused("Specified token has exceeded its maximum lifetime"):
        list_open(swf, nextPageToken=token)


# Domains


def domains(swf: Driver, status: str = "REGISTERED", **asked: Any) -> list[str]:
    answer = swf.client.list_domains(registrationStatus=status, **asked)
    return [info["name"] for info in answer["domainInfos"]]


def test_domains_are_listed_by_status_in_the_order_of_their_names(swf: Driver) -> None:
    for name in ("zoo", "Ark", "bar"):
        swf.client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="7")
    assert domains(swf) == ["Ark", "bar", "shop", "zoo"]
    assert domains(swf, reverseOrder=True) == ["zoo", "shop", "bar", "Ark"]
    swf.client.deprecate_domain(name="bar")
    assert domains(swf) == ["Ark", "shop", "zoo"]
    assert domains(swf, "DEPRECATED") == ["bar"]
    swf.client.undeprecate_domain(name="bar")
    assert domains(swf, "DEPRECATED") == []


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_pages_of_domains(swf: Driver, size: int, backwards: bool) -> None:
    whole = ["a", "b", "c", "shop"]
    for name in whole[:3]:
        swf.client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="7")
    found = pages(
        swf.client.list_domains,
        "domainInfos",
        registrationStatus="REGISTERED",
        maximumPageSize=size,
        reverseOrder=backwards,
    )
    if backwards:
        whole.reverse()
    shown = [[info["name"] for info in page] for page in found]
    assert shown == [whole[at : at + size] for at in range(0, 4, size)]


def test_a_token_of_one_status_does_not_lead_into_the_other(swf: Driver) -> None:
    swf.client.register_domain(name="a", workflowExecutionRetentionPeriodInDays="7")
    token = swf.client.list_domains(registrationStatus="REGISTERED", maximumPageSize=1)[
        "nextPageToken"
    ]
    with refused("Invalid token"):
        domains(swf, "DEPRECATED", nextPageToken=token)


def test_a_deprecated_domain_still_shows_its_executions(swf: Driver) -> None:
    swf.start("open")
    swf.start("closed")
    swf.terminate()
    swf.client.deprecate_domain(name=DOMAIN)
    assert ids(list_open(swf)) == ["open"]
    assert ids(list_closed(swf)) == ["closed"]
    assert count_open(swf) == count_closed(swf) == (1, False)
    assert swf.history()[-1]["eventType"] == "WorkflowExecutionTerminated"


# Types


@pytest.fixture(params=["workflow", "activity"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def register(swf: Driver, kind: str, *types: tuple[str, str]) -> None:
    for name, version in types:
        getattr(swf.client, f"register_{kind}_type")(domain=DOMAIN, name=name, version=version)


def types(swf: Driver, kind: str, status: str = "REGISTERED", **asked: Any) -> list[str]:
    """Those that a test has registered itself, as name/version."""
    answer = getattr(swf.client, f"list_{kind}_types")(
        domain=DOMAIN, registrationStatus=status, **asked
    )
    found = [info[f"{kind}Type"] for info in answer["typeInfos"]]
    return [
        f"{one['name']}/{one['version']}" for one in found if one["name"] not in ("order", "pay")
    ]


def test_types_are_listed_by_name_and_version(swf: Driver, kind: str) -> None:
    register(swf, kind, ("b", "2"), ("c", "1"), ("b", "1"), ("a", "9"))
    assert types(swf, kind) == ["a/9", "b/1", "b/2", "c/1"]
    assert types(swf, kind, reverseOrder=True) == ["c/1", "b/2", "b/1", "a/9"]
    assert types(swf, kind, name="b") == ["b/1", "b/2"]
    assert types(swf, kind, name="B") == types(swf, kind, name="nothing") == []


def test_types_are_listed_by_status(swf: Driver, kind: str) -> None:
    register(swf, kind, ("a", "1"), ("a", "2"))
    named = {f"{kind}Type": {"name": "a", "version": "1"}}
    swf.wait(10)
    getattr(swf.client, f"deprecate_{kind}_type")(domain=DOMAIN, **named)
    assert types(swf, kind) == ["a/2"]
    assert types(swf, kind, "DEPRECATED") == ["a/1"]
    (info,) = getattr(swf.client, f"list_{kind}_types")(
        domain=DOMAIN, registrationStatus="DEPRECATED"
    )["typeInfos"]
    assert info["status"] == "DEPRECATED"
    assert (info["deprecationDate"] - info["creationDate"]).total_seconds() >= 10
    getattr(swf.client, f"undeprecate_{kind}_type")(domain=DOMAIN, **named)
    assert types(swf, kind) == ["a/1", "a/2"]
    assert types(swf, kind, "DEPRECATED") == []


def test_a_deleted_type_is_in_no_list(swf: Driver, kind: str) -> None:
    register(swf, kind, ("a", "1"))
    named = {f"{kind}Type": {"name": "a", "version": "1"}}
    getattr(swf.client, f"deprecate_{kind}_type")(domain=DOMAIN, **named)
    getattr(swf.client, f"delete_{kind}_type")(domain=DOMAIN, **named)
    assert types(swf, kind) == types(swf, kind, "DEPRECATED") == []


def test_types_go_with_their_domain_and_do_not_come_back(swf: Driver, kind: str) -> None:
    register(swf, kind, ("a", "1"))
    swf.client.deprecate_domain(name=DOMAIN)
    assert types(swf, kind) == []
    assert types(swf, kind, "DEPRECATED") == ["a/1"]
    swf.client.undeprecate_domain(name=DOMAIN)
    assert types(swf, kind, "DEPRECATED") == ["a/1"]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_of_types(swf: Driver, kind: str, size: int, backwards: bool) -> None:
    register(swf, kind, *(("a", version) for version in ("1", "2", "3")))
    found = pages(
        getattr(swf.client, f"list_{kind}_types"),
        "typeInfos",
        domain=DOMAIN,
        registrationStatus="REGISTERED",
        name="a",
        maximumPageSize=size,
        reverseOrder=backwards,
    )
    whole = ["3", "2", "1"] if backwards else ["1", "2", "3"]
    shown = [[info[f"{kind}Type"]["version"] for info in page] for page in found]
    assert shown == [whole[at : at + size] for at in range(0, 3, size)]


def test_a_token_of_one_kind_of_type_does_not_lead_into_the_other(swf: Driver) -> None:
    for name in ("workflow", "activity"):
        register(swf, name, ("a", "1"))
    token = swf.client.list_workflow_types(
        domain=DOMAIN, registrationStatus="REGISTERED", maximumPageSize=1
    )["nextPageToken"]
    with refused("Invalid token"):
        types(swf, "activity", nextPageToken=token)


def test_types_of_an_unknown_domain(swf: Driver, kind: str) -> None:
    with refused("Unknown domain: nowhere", "UnknownResourceFault"):
        getattr(swf.client, f"list_{kind}_types")(domain="nowhere", registrationStatus="REGISTERED")


# A listing that lags behind: "List/Count only, never polls"


def test_polls_and_histories_do_not_lag(lagging: Driver) -> None:
    lagging.start()
    assert ids(list_open(lagging)) == []
    lagging.decide(marker("m"))
    assert len(lagging.history()) == 5


def test_a_closed_run_is_listed_open_until_the_lag_is_over(lagging: Driver) -> None:
    lagging.start()
    lagging.wait(5)
    lagging.request_cancel()
    lagging.decide(complete())
    (info,) = list_open(lagging)["executionInfos"]
    assert info["executionStatus"] == "OPEN"
    assert "closeStatus" not in info
    assert "closeTimestamp" not in info
    assert ids(list_closed(lagging)) == []
    lagging.wait(5)
    assert ids(list_open(lagging)) == []
    assert ids(list_closed(lagging)) == ["order-1"]


def test_a_run_shorter_than_the_lag_is_seen_in_both_lists_in_turn(lagging: Driver) -> None:
    lagging.start()
    lagging.wait(2)
    lagging.decide(complete())
    lagging.wait(3)
    assert count_open(lagging) == (1, False)
    assert count_closed(lagging) == (0, False)
    lagging.wait(2.1)
    assert count_open(lagging) == (0, False)
    assert count_closed(lagging) == (1, False)


# Tags of domains


@pytest.fixture
def arn(swf: Driver) -> str:
    found: str = swf.client.describe_domain(name=DOMAIN)["domainInfo"]["arn"]
    return found


def tags(swf: Driver, arn: str) -> dict[str, str]:
    listed = swf.client.list_tags_for_resource(resourceArn=arn)["tags"]
    return {tag["key"]: tag["value"] for tag in listed}


def test_an_arn_names_region_account_and_domain(arn: str) -> None:
    assert re.fullmatch(r"arn:aws:swf:us-east-1:\d{12}:/domain/shop", arn)


def test_a_domain_is_tagged_and_untagged(swf: Driver, arn: str) -> None:
    """A key that is there already is written over; to remove an absent one succeeds."""
    assert swf.client.list_tags_for_resource(resourceArn=arn)["tags"] == []
    swf.client.tag_resource(
        resourceArn=arn, tags=[{"key": "team", "value": "red"}, {"key": "cost"}]
    )
    assert tags(swf, arn) == {"team": "red", "cost": ""}
    swf.client.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "blue"}])
    assert tags(swf, arn) == {"team": "blue", "cost": ""}
    swf.client.untag_resource(resourceArn=arn, tagKeys=["cost", "absent"])
    assert tags(swf, arn) == {"team": "blue"}


def test_a_domain_may_be_registered_with_tags(swf: Driver, arn: str) -> None:
    swf.client.register_domain(
        name="new", workflowExecutionRetentionPeriodInDays="7", tags=[{"key": "k", "value": "v"}]
    )
    assert tags(swf, arn.replace("/shop", "/new")) == {"k": "v"}
    assert tags(swf, arn) == {}


def test_a_domain_has_at_most_fifty_tags(swf: Driver, arn: str) -> None:
    """It is the union that counts; a refused call leaves all as it was."""
    fifty = [{"key": f"k{number}", "value": "v"} for number in range(50)]
    swf.client.tag_resource(resourceArn=arn, tags=fifty)
    swf.client.tag_resource(resourceArn=arn, tags=[{"key": "k7", "value": "changed"}])
    with pytest.raises(swf.client.exceptions.TooManyTagsFault):
        swf.client.tag_resource(resourceArn=arn, tags=[{"key": "k8"}, {"key": "one more"}])
    assert len(tags(swf, arn)) == 50
    assert tags(swf, arn)["k8"] == "v"
    with pytest.raises(swf.client.exceptions.TooManyTagsFault):
        swf.client.register_domain(
            name="new", workflowExecutionRetentionPeriodInDays="7", tags=[*fifty, {"key": "more"}]
        )
    assert domains(swf) == ["shop"]


@pytest.mark.parametrize(
    "tag",
    [{"key": "x" * 129}, {"key": "k", "value": "x" * 257}, {"key": "a*b"}],
    ids=["long key", "long value", "star"],
)
def test_tags_that_are_refused(swf: Driver, arn: str, tag: dict[str, str]) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationException"):
        swf.client.tag_resource(resourceArn=arn, tags=[tag])


def test_tags_at_their_longest_and_strangest(swf: Driver, arn: str) -> None:
    put = {"x" * 128: "y" * 256, "_ .:/=+-@": "_ .:/=+-@"}
    swf.client.tag_resource(
        resourceArn=arn, tags=[{"key": key, "value": value} for key, value in put.items()]
    )
    assert tags(swf, arn) == put


def test_only_a_domain_that_exists_has_tags(swf: Driver, arn: str) -> None:
    other_region = arn.replace("us-east-1", "eu-west-1")
    calls: list[tuple[Any, dict[str, Any]]] = [
        (swf.client.list_tags_for_resource, {}),
        (swf.client.tag_resource, {"tags": [{"key": "k"}]}),
        (swf.client.untag_resource, {"tagKeys": ["k"]}),
    ]
    for unknown in (f"{arn}s", other_region, "arn:aws:s3:::bucket"):
        for call, more in calls:
            with pytest.raises(swf.client.exceptions.UnknownResourceFault):
                call(resourceArn=unknown, **more)


def test_tags_leave_no_trace_in_a_history(swf: Driver, arn: str) -> None:
    swf.start()
    swf.client.tag_resource(resourceArn=arn, tags=[{"key": "k", "value": "v"}])
    list_open(swf)
    assert len(swf.history()) == 2
