"""The four tips: idempotence, time-outs that fit, large data by reference, structured logs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from scenarios.app import OrdersApp, an_order, order_is_placed
from swfsim import Story
from swfsim.faults import answer_late, answer_lost, fails, worker_dies

# 1. Idempotence


def test_an_order_saved_by_a_lost_attempt_is_found_again(
    story: Story, app: OrdersApp, caplog: pytest.LogCaptureFixture
) -> None:
    story.given(answer_lost("SaveResults"))
    story.when(order_is_placed())
    with caplog.at_level(logging.INFO, logger="orders"):
        story.then()
    assert story.status == "COMPLETED"
    assert "Order ORD-2024-001 already saved, skipping" in caplog.messages
    assert app.payments() == ["captured"]


def test_the_same_order_placed_twice_is_saved_and_paid_once(story: Story, app: OrdersApp) -> None:
    story.when(order_is_placed())
    story.then()
    story.when(order_is_placed())
    story.then()
    first, second = story.executions
    assert [first.close_status, second.close_status] == ["COMPLETED", "FAILED"]
    assert f"Already saved by workflow {first.workflow_id}" in second.events[-1].attrs["reason"]
    record = app.saved("ORD-2024-001")
    assert record is not None
    assert record.workflow_id == first.workflow_id
    assert app.payments() == ["captured"]
    assert app.notified() == 1


@pytest.mark.parametrize("step", ["ProcessData", "SaveResults", "NotifyCompletion"])
def test_an_attempt_that_overlaps_the_next_does_no_harm(
    story: Story, app: OrdersApp, step: str
) -> None:
    story.given(answer_late(step), worker_dies(step, "after the effect", attempts=(2,)))
    story.when(order_is_placed())
    story.then()
    assert story.status == "COMPLETED"
    assert app.payments() == ["captured"]
    assert app.notified() == 1


# 2. Time-outs that fit


def _limits(story: Story, step: str) -> dict[str, str]:
    for event in story.latest.events:
        if event.kind == "ActivityTaskScheduled" and event.attrs["activityType"]["name"] == step:
            return {name: value for name, value in event.attrs.items() if "Timeout" in name}
    raise AssertionError(f"{step} was never scheduled")


@pytest.mark.virtual("looks at the time-outs of production")
def test_short_and_long_steps_have_the_time_outs_of_the_tip(story: Story) -> None:
    story.when(order_is_placed())
    story.then()
    assert _limits(story, "ProcessData")["startToCloseTimeout"] == "60"
    assert _limits(story, "SaveResults")["startToCloseTimeout"] == "600"


@pytest.mark.virtual("looks at time-outs that are shortened live")
def test_the_time_out_is_a_setting(
    tell_story: Callable[..., Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTIVITY_TASK_TIMEOUT", "25")
    story = tell_story()
    story.when(order_is_placed())
    story.then()
    assert _limits(story, "ProcessData")["startToCloseTimeout"] == "25"


# 3. Large data


def _a_large_order() -> dict[str, Any]:
    """About half a megabyte of JSON: sixteen times what SWF takes."""
    items = [
        {"sku": f"PROD-{number:05}", "quantity": 1, "price": 1.5, "note": "ç" * 60}
        for number in range(4_000)
    ]
    return an_order(order_id="ORD-BIG", items=items, total=6_000.0)


def test_an_order_larger_than_swf_takes_goes_by_reference(story: Story, app: OrdersApp) -> None:
    story.when(order_is_placed(_a_large_order()))
    story.then()
    assert story.status == "COMPLETED"
    texts = [
        value
        for event in story.latest.events
        for value in event.attrs.values()
        if isinstance(value, str)
    ]
    assert max(map(len, texts)) <= 32_768
    assert json.loads(story.latest.started["input"])["order_id"] == "ORD-BIG"
    record = app.saved("ORD-BIG")
    assert record is not None
    assert len(record.content["order"]["items"]) == 4_000


def test_a_lost_payload_fails_the_order_instead_of_hanging_it(story: Story, app: OrdersApp) -> None:
    def lose(story: Story) -> None:
        app.ports.payloads.texts.clear()

    story.when(order_is_placed(_a_large_order()))
    story.when("ValidateInput scheduled", lose)
    story.then()
    assert story.status == "FAILED"


def test_a_reason_longer_than_256_characters_is_cut(story: Story, app: OrdersApp) -> None:
    story.given(fails("ProcessData", "Connection refused by " + "host " * 100))
    story.when(order_is_placed())
    story.then()
    assert story.status == "COMPLETED"
    [reason] = [e.attrs["reason"] for e in story.latest.events if e.kind == "ActivityTaskFailed"]
    assert len(reason) == 256
    assert reason.endswith("…")


# 4. Structured logs


def test_every_line_carries_the_order_and_the_step(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    story.when(order_is_placed())
    with caplog.at_level(logging.INFO, logger="orders"):
        story.then()
    executing = [r for r in caplog.records if r.getMessage().startswith("Executing: ")]
    assert [record.__dict__["step"] for record in executing] == [
        "ValidateInput",
        "ProcessData",
        "EnrichData",
        "SaveResults",
        "NotifyCompletion",
    ]
    assert {record.__dict__["order_id"] for record in executing} == {"ORD-2024-001"}
