"""Lists and counts of executions."""

from __future__ import annotations

import datetime
from typing import Any

from swfsim import Behaviour
from swfsim.spec import model
from tests.conformance.talk import Talk, conversation
from tests.support.driver import DOMAIN, cancel, complete, continue_as_new, fail

SINCE = {"oldestDate": datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)}


def found(swf: Talk, status: str, **filters: Any) -> list[str]:
    """The workflow ids that are listed; counted, there are as many."""
    if "closeTimeFilter" not in filters:
        filters["startTimeFilter"] = SINCE
    listed = getattr(swf.client, f"list_{status}_workflow_executions")(domain=DOMAIN, **filters)
    counted = getattr(swf.client, f"count_{status}_workflow_executions")(domain=DOMAIN, **filters)
    ids = [info["execution"]["workflowId"] for info in listed["executionInfos"]]
    assert counted["count"] == len(ids)
    return ids


@conversation("open executions, by each filter")
def open_ones(swf: Talk) -> None:
    swf.start("one", tagList=["red", "big"])
    swf.start("two", tagList=["red"])
    assert found(swf, "open") == ["two", "one"]
    assert found(swf, "open", tagFilter={"tag": "big"}) == ["one"]
    assert found(swf, "open", typeFilter={"name": "order"}) == ["two", "one"]
    assert found(swf, "open", typeFilter={"name": "order", "version": "2"}) == []
    assert found(swf, "open", executionFilter={"workflowId": "two"}) == ["two"]
    assert found(swf, "closed") == []


@conversation("closed executions, by each way of closing")
def closed_ones(swf: Talk) -> None:
    for workflow_id, close in (
        ("COMPLETED", complete()),
        ("FAILED", fail()),
        ("CANCELED", cancel()),
        ("CONTINUED_AS_NEW", continue_as_new(taskList={"name": "elsewhere"})),
    ):
        swf.start(workflow_id)
        swf.decide(close)
    swf.start("TERMINATED")
    swf.terminate()
    swf.start("TIMED_OUT", executionStartToCloseTimeout="60")
    swf.wait(60)
    for status in model.enum("CloseStatus"):
        assert found(swf, "closed", closeStatusFilter={"status": status}) == [status]
    newest_first = [
        "TIMED_OUT",
        "TERMINATED",
        "CONTINUED_AS_NEW",
        "CANCELED",
        "FAILED",
        "COMPLETED",
    ]
    assert found(swf, "closed", closeTimeFilter=SINCE) == newest_first
    assert found(swf, "closed", executionFilter={"workflowId": "FAILED"}) == ["FAILED"]
    assert found(swf, "closed", typeFilter={"name": "order"})[0] == "TIMED_OUT"
    assert found(swf, "closed", tagFilter={"tag": "none"}) == []
    assert found(swf, "open") == ["CONTINUED_AS_NEW"]


@conversation("questions about executions that are not understood")
def bad_filters(swf: Talk) -> None:
    closed = swf.client.count_closed_workflow_executions
    with swf.refused("ValidationException", "Must specify time filter"):
        closed(domain=DOMAIN)
    with swf.refused("ValidationException", "both a startTimeFilter and a closeTimeFilter"):
        closed(domain=DOMAIN, startTimeFilter=SINCE, closeTimeFilter=SINCE)
    with swf.refused("ValidationException", "more than one exclusive filters"):
        closed(
            domain=DOMAIN,
            startTimeFilter=SINCE,
            tagFilter={"tag": "a"},
            executionFilter={"workflowId": "w"},
        )


@conversation("lists that lag behind", Behaviour(visibility_lag_ms=2_000))
def lagging(swf: Talk) -> None:
    swf.start()
    assert found(swf, "open") == []
    swf.wait(2)
    assert found(swf, "open") == ["order-1"]
