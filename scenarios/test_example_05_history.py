"""Example 5: everything that happened to an order, for an audit."""

from __future__ import annotations

import json

import pytest

from scenarios.app import OrdersApp, order_is_placed
from swfsim import Story
from swfsim.faults import fails, times_out


def _print_events(app: OrdersApp, story: Story) -> None:
    """The example's own lines."""
    events = app.starter.get_workflow_history(
        workflow_id=story.latest.workflow_id, run_id=story.latest.run_id
    )
    for event in events:
        event_type = event["eventType"]
        timestamp = event["eventTimestamp"]
        print(f"\n[{timestamp}] {event_type}")
        if event_type == "WorkflowExecutionStarted":
            attrs = event["workflowExecutionStartedEventAttributes"]
            input_data = json.loads(attrs.get("input", "{}"))
            print(f"  Input: {input_data}")
        elif event_type == "ActivityTaskCompleted":
            done = event["activityTaskCompletedEventAttributes"]
            result = json.loads(done.get("result", "{}"))
            print(f"  Result: {result}")
        elif event_type == "ActivityTaskFailed":
            failed = event["activityTaskFailedEventAttributes"]
            reason = failed.get("reason", "Unknown")
            print(f"  Reason: {reason}")


def test_the_history_can_be_printed(
    story: Story, app: OrdersApp, capsys: pytest.CaptureFixture[str]
) -> None:
    story.given(fails("ProcessData", "Connection timeout"))
    story.when(order_is_placed())
    story.then()
    story.when(lambda story: _print_events(app, story))
    story.then()
    printed = capsys.readouterr().out
    kinds = [line.split("] ")[1] for line in printed.splitlines() if line.startswith("[")]
    assert kinds[:7] == [
        "WorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "ActivityTaskScheduled",
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
    ]
    assert kinds[-1] == "WorkflowExecutionCompleted"
    assert "  Input: {'order_id': 'ORD-2024-001'" in printed
    assert "  Result: {'status': 'validated', 'order_id': 'ORD-2024-001'}" in printed
    assert "  Reason: Connection timeout" in printed


@pytest.mark.virtual("sends more than a thousand signals")
def test_a_history_of_more_than_one_page_comes_whole(story: Story, app: OrdersApp) -> None:
    """A thousand signals that mean nothing, while a worker is stuck, fill more than one page."""

    def shout(story: Story) -> None:
        x = story.latest
        for number in range(1_000):
            app.starter.client.signal_workflow_execution(
                domain=app.settings.domain, workflowId=x.workflow_id, signalName=f"hello {number}"
            )

    lengths: list[int] = []
    story.given(times_out("EnrichData", "START_TO_CLOSE"))
    story.when(order_is_placed())
    story.when("EnrichData started", shout)
    story.then()
    assert story.status == "COMPLETED"

    def read(story: Story) -> None:
        x = story.latest
        lengths.append(len(app.starter.get_workflow_history(x.workflow_id, x.run_id)))

    story.when(read)
    story.then()
    assert lengths == [len(story.latest.events)]
    assert lengths[0] > 1_000
