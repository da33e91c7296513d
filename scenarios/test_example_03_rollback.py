"""Example 3: an activity fails three times, and what was done is taken back."""

from scenarios.app import order_is_placed
from swfsim import Story
from swfsim.faults import fails


def test_three_failures_then_rollback(story: Story) -> None:
    story.given(fails("SaveResults", "Database unavailable", attempts=3))
    story.when(order_is_placed())
    story.then("""
        ValidateInput         → completed
        ProcessData           → completed
        EnrichData            → completed
        SaveResults           → failed: Database unavailable
        SaveResults           → failed: Database unavailable
        SaveResults           → failed: Database unavailable
        marker ROLLBACK_INITIATED
        RollbackStep          → completed
        CompensateTransaction → completed
        Workflow              → FAILED
    """)
