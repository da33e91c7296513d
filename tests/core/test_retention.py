"""How long closed executions are kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.driver import (
    DOMAIN,
    Driver,
    child,
    complete,
    completes,
    schedule,
)
from tests.support.known import known
from tests.support.looks import DAY, EVER, kinds, refused
from tests.support.quotas import kept_in


def is_kept(swf: Driver, key: Any) -> bool:
    """Whether the run can be seen, which all calls must answer alike."""
    client = swf.client
    text = "Unknown execution: WorkflowExecution=[workflowId=order-1, runId=" + (
        f"{key['execution']['runId']}]"
    )
    listed = [
        call(domain="kept", **times, **filters)
        for times in ({"startTimeFilter": EVER}, {"closeTimeFilter": EVER})
        for filters in (
            {},
            {"executionFilter": {"workflowId": "order-1"}},
            {"typeFilter": {"name": "order"}},
            {"tagFilter": {"tag": "kept"}},
            {"closeStatusFilter": {"status": "TERMINATED"}},
        )
        for call in (
            client.list_closed_workflow_executions,
            client.count_closed_workflow_executions,
        )
    ]
    seen = {bool(answer.get("executionInfos") or answer.get("count")) for answer in listed}
    (found,) = seen
    for call in (client.describe_workflow_execution, client.get_workflow_execution_history):
        if found:
            call(**key)
        else:
            with refused("UnknownResourceFault", text):
                call(**key)
    return found


@known("documentation")
@pytest.mark.parametrize("days", [1, 7, 30, 90])
def test_a_closed_run_is_kept_for_so_many_days(swf: Driver, days: int) -> None:
    key = kept_in(swf, str(days))
    swf.wait(days * DAY - 1)
    assert is_kept(swf, key)
    swf.wait(1)
    assert not is_kept(swf, key)


@known("documentation")
@pytest.mark.parametrize("days", ["0", "NONE"])
def test_without_retention_a_run_is_gone_with_its_close(swf: Driver, days: str) -> None:
    key = kept_in(swf, days)
    assert not is_kept(swf, key)


@known("documentation")
@pytest.mark.parametrize("days", ["0", "00", "7", "90", "NONE"])
def test_a_domain_shows_the_retention_it_was_given(swf: Driver, days: str) -> None:
    swf.client.register_domain(name="kept", workflowExecutionRetentionPeriodInDays=days)
    shown = swf.client.describe_domain(name="kept")["configuration"]
    assert shown == {"workflowExecutionRetentionPeriodInDays": days}


@known("documentation")
@pytest.mark.parametrize("days", ["91", "365", "99999999", "none", "-1", "1.5", "+7", " 7", "week"])
def test_a_retention_is_0_to_90_days_or_none(swf: Driver, days: str) -> None:
    with refused("ValidationException", "'workflowExecutionRetentionPeriodInDays' failed"):
        swf.client.register_domain(name="kept", workflowExecutionRetentionPeriodInDays=days)
    with refused("UnknownResourceFault"):
        swf.client.describe_domain(name="kept")


@known("documentation")
def test_an_open_run_is_kept_however_old(swf: Driver) -> None:
    """Retention counts from the close, not from the start."""
    swf.start(executionStartToCloseTimeout="31536000")
    swf.wait(300 * DAY)
    assert swf.describe()["executionInfo"]["executionStatus"] == "OPEN"
    swf.terminate()
    swf.wait(6 * DAY)
    assert kinds(swf)[-1] == "WorkflowExecutionTerminated"


@known("documentation")
def test_runs_go_one_after_the_other(swf: Driver) -> None:
    for name in ("first", "second", "third"):
        swf.start(name)
        swf.decide(complete())
        swf.wait(DAY)

    def kept() -> list[str]:
        infos = swf.client.list_closed_workflow_executions(domain=DOMAIN, startTimeFilter=EVER)
        return [info["execution"]["workflowId"] for info in infos["executionInfos"]]

    swf.wait(3 * DAY)
    assert kept() == ["third", "second", "first"]
    swf.wait(DAY)
    assert kept() == ["third", "second"]
    swf.wait(DAY)
    assert kept() == ["third"]
    swf.wait(DAY)
    assert kept() == []


@known("documentation")
def test_a_workflow_id_may_be_used_again_when_its_run_is_gone(swf: Driver) -> None:
    old = swf.start()
    swf.decide(complete())
    swf.wait(8 * DAY)
    new = swf.start()
    assert new != old
    assert kinds(swf) == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
    with refused("UnknownResourceFault", f"runId={old}]"):
        swf.history(old)


@known("capture", "guess")
def test_a_token_of_a_run_that_is_gone_is_as_dead_as_after_its_close(swf: Driver) -> None:
    swf.start()
    swf.decide(schedule("a", startToCloseTimeout="NONE"))
    swf.take()
    swf.terminate()
    swf.wait(8 * DAY)
    text = f"Unknown execution: WorkflowExecution=[workflowId=order-1, runId={swf.run_id}]"
    with refused("UnknownResourceFault", text):
        swf.report(completes())
    with refused("UnknownResourceFault", text):
        swf.beat()


@known("guess")
def test_a_parent_hears_of_a_child_that_leaves_nothing_behind(fake: Any) -> None:
    """Without retention the child's history goes at once; the parent's keeps what it was told."""
    swf = Driver(fake)
    swf.client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="NONE")
    swf.client.register_workflow_type(
        domain=DOMAIN,
        name="order",
        version="1.0",
        defaultTaskList={"name": "deciders"},
        defaultTaskStartToCloseTimeout="300",
        defaultExecutionStartToCloseTimeout="3600",
        defaultChildPolicy="TERMINATE",
    )
    swf.start()
    swf.decide(child("kid", taskList={"name": "kids"}))
    swf.wait()
    swf.poll("kids")
    swf.answer(complete(result="7"))
    swf.wait()
    swf.shows("""
        5 = StartChildWorkflowExecutionInitiated(kid, D4)
        6 = ChildWorkflowExecutionStarted(I5)
        7 = DecisionTaskScheduled
        8   ChildWorkflowExecutionCompleted(T6, I5)
    """)
    with refused("UnknownResourceFault"):
        swf.history(swf.task["workflowExecution"]["runId"], "kid")
