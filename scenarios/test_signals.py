"""News that nobody asked for: unknown signals, and news that comes while the decider decides."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from orders import workflow
from scenarios.app import OrdersApp, order_is_placed
from swfsim import Story

if TYPE_CHECKING:
    from swfsim.stories import Happening


def signalled(name: str, text: str = "", *, after_s: float = 0) -> Happening:
    """Somebody sends the latest run a signal, so many seconds after the moment."""

    def send(story: Story) -> None:
        time.sleep(after_s)
        assert isinstance(story.app, OrdersApp)
        story.app.starter.client.signal_workflow_execution(
            domain=story.app.settings.domain,
            workflowId=story.latest.workflow_id,
            signalName=name,
            input=text,
        )

    return send


@pytest.mark.parametrize("step", workflow.STEPS)
def test_an_unknown_signal_changes_nothing(story: Story, step: str) -> None:
    story.when(order_is_placed())
    story.when(f"{step} started", signalled("GOOD_MORNING"))
    story.then()
    assert story.status == "COMPLETED"


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"step_name": "Nowhere"}', '{"step_name": 7}']
)
def test_a_resume_signal_that_makes_no_sense_changes_nothing(story: Story, text: str) -> None:
    story.when(order_is_placed())
    story.when("EnrichData started", signalled("RESUME_FROM_STEP", text))
    story.then()
    assert story.status == "COMPLETED"


@pytest.mark.virtual("needs news within the instant of a decision")
def test_news_while_closing_is_looked_at_before_the_order_closes(story: Story) -> None:
    """A signal arrives between the last decision's start and its answer: SWF refuses the close, the
    decider decides again, and the order completes.

    In a story every call takes 10 ms. The last step is answered 10 ms after its start, the decision
    on that 10 ms later; the signal, sent 5 ms after the start, arrives half way between.
    """
    story.when(order_is_placed())
    story.when("NotifyCompletion started", signalled("ONE_MORE_THING", after_s=0.005))
    story.then()
    kinds = [event.kind for event in story.latest.events]
    assert "CompleteWorkflowExecutionFailed" in kinds
    assert story.status == "COMPLETED"
