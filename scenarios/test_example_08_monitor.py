"""Example 8: somebody watches an order until it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scenarios.app import OrdersApp, cancelled, order_is_placed, terminated
from swfsim import Story
from swfsim.faults import fails, times_out

if TYPE_CHECKING:
    from swfsim.stories import Happening


def _watch(app: OrdersApp) -> Happening:
    def watch(story: Story) -> None:
        x = story.latest
        app.starter.monitor_workflow(x.workflow_id, x.run_id, interval=3)

    return watch


def test_the_monitor_shows_each_event_once_and_ends(
    story: Story, app: OrdersApp, capsys: pytest.CaptureFixture[str]
) -> None:
    story.given(times_out("ProcessData", "START_TO_CLOSE"))
    story.when(order_is_placed())
    story.when(1, _watch(app))
    story.then()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Monitorando workflow {story.latest.workflow_id}..."
    assert lines[1] == lines[-2] == "=" * 60
    assert lines[-1] == "Workflow finalizado: WorkflowExecutionCompleted"
    shown = [line.split("] ")[1] for line in lines[2:-2]]
    assert shown == [event.kind for event in story.latest.events]


@pytest.mark.parametrize(
    ("ended_by", "event"),
    [
        (cancelled(), "WorkflowExecutionCanceled"),
        (terminated("enough"), "WorkflowExecutionTerminated"),
    ],
)
def test_the_monitor_ends_however_the_order_ends(
    story: Story,
    app: OrdersApp,
    capsys: pytest.CaptureFixture[str],
    ended_by: Happening,
    event: str,
) -> None:
    story.given(times_out("EnrichData", "SCHEDULE_TO_START"))
    story.when(order_is_placed())
    story.when(1, _watch(app))
    story.when(30, ended_by)
    story.then(strict=False)  # ended before the time-out that holds the step up
    assert capsys.readouterr().out.splitlines()[-1] == f"Workflow finalizado: {event}"


def test_the_monitor_of_a_failing_order(
    story: Story, app: OrdersApp, capsys: pytest.CaptureFixture[str]
) -> None:
    story.given(fails("SaveResults", attempts=3))
    story.when(order_is_placed())
    story.when(1, _watch(app))
    story.then()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "Workflow finalizado: WorkflowExecutionFailed"
