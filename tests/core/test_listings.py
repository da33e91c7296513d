"""What listings show of executions, in pages, and how far they lag behind."""

from __future__ import annotations

from collections.abc import Iterator
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
    marker,
)
from tests.support.known import known
from tests.support.listings import (
    count_closed,
    count_open,
    ids,
    list_closed,
    list_open,
    pages,
    refused,
)
from tests.support.looks import EVER

DAY = 86_400


@pytest.fixture
def lagging() -> Iterator[Driver]:
    behaviour = Behaviour(visibility_lag_ms=5_000)
    with fake_swf(clock="virtual", behaviour=behaviour) as fake:
        yield Driver(fake).register()


# What an element shows


@known("capture", "documentation")
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


@known("capture", "documentation")
def test_a_cancel_request_shows_while_open(swf: Driver) -> None:
    swf.start()
    swf.request_cancel()
    assert list_open(swf)["executionInfos"][0]["cancelRequested"] is True
    swf.decide(cancel())
    info = list_closed(swf)["executionInfos"][0]
    assert info["cancelRequested"] is False
    assert info["closeTimestamp"] == swf.history()[-1]["eventTimestamp"]


# Tags of executions: up to 5, of up to 256 characters


@known("documentation", "model")
def test_an_execution_has_at_most_five_tags(swf: Driver) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="at 'tagList' failed"):
        swf.start(tagList=list("abcdef"))
    swf.start(tagList=list("abcde"))
    assert list_open(swf)["executionInfos"][0]["tagList"] == list("abcde")
    for tag in "abcde":
        assert count_open(swf, tagFilter={"tag": tag}) == (1, False)


@known("documentation", "model")
def test_a_tag_has_at_most_256_characters(swf: Driver) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="less than or equal to 256"):
        swf.start(tagList=["x" * 257])
    swf.start(tagList=["x" * 256])
    assert count_open(swf, tagFilter={"tag": "x" * 256}) == (1, False)


@known("documentation")
def test_a_tag_is_free_text(swf: Driver) -> None:
    tag = "arn:aws/ü|\t "
    swf.start(tagList=[tag])
    assert count_open(swf, tagFilter={"tag": tag}) == (1, False)


@known("documentation", "guess")
def test_a_continuation_has_the_tags_of_its_decision_only(swf: Driver) -> None:
    swf.start(tagList=["old"])
    swf.decide(continue_as_new(tagList=["new"]))
    swf.wait()
    assert count_open(swf, tagFilter={"tag": "old"}) == (0, False)
    assert count_open(swf, tagFilter={"tag": "new"}) == (1, False)
    assert count_closed(swf, tagFilter={"tag": "old"}) == (1, False)


# Pages


@known("documentation")
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


@known("documentation")
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


@known("client code")
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


@known("model")
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


@known("documentation")
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


@known("documentation", "guess")
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


@known("documentation", "guess")
def test_a_token_is_for_the_operation_it_was_given_for(shop: Driver) -> None:
    shop.workflow_id = "w0"
    shop.terminate()
    token = list_open(shop, maximumPageSize=1)["nextPageToken"]
    with refused("Invalid token"):
        list_closed(shop, startTimeFilter=EVER, nextPageToken=token)
    with refused("Invalid token"):
        shop.client.list_domains(registrationStatus="REGISTERED", nextPageToken=token)


@known("guess")
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


@known("documentation", "capture")
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


# A listing that lags behind: "List/Count only, never polls"


@known("documentation", "guess")
def test_polls_and_histories_do_not_lag(lagging: Driver) -> None:
    lagging.start()
    assert ids(list_open(lagging)) == []
    lagging.decide(marker("m"))
    assert len(lagging.history()) == 5


@known("documentation", "guess")
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


@known("documentation", "guess")
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
