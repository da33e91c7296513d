"""Histories that the order application made in simulation, as files of the AWS CLI."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.app import OrdersApp, order_is_placed
from swfsim import Story
from swfsim.clock import moment
from swfsim.replay import histories
from swfsim.replay.histories import Captured
from swfsim.spec import render
from tests.debug import flawed

Tell = Callable[[Story], object]


def told(tell: Tell | None = None, order: dict[str, Any] | None = None) -> dict[str, Any]:
    """The history of one order's story, as the AWS CLI (v2) prints it."""
    with Story(OrdersApp) as story:
        if tell is not None:
            tell(story)
        story.when(order_is_placed(order))
        story.run()
        events = story.executions[0].events
        shown = [render.event(one, lambda at: moment(at).isoformat()) for one in events]
    return {"events": shown}


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    """A decider that remembers begins anew in each test."""
    flawed.seen.clear()


@pytest.fixture(scope="session")
def an_order() -> dict[str, Any]:
    """An order that went well: 35 events, six decision tasks."""
    return told()


@pytest.fixture
def captured(an_order: dict[str, Any]) -> Captured:
    [one] = histories.parse(an_order, "order.json")
    return one


@pytest.fixture
def file(an_order: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "order.json"
    path.write_text(json.dumps(an_order), encoding="utf-8")
    return path
