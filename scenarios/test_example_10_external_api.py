"""Example 10: an activity that calls an external API, for the orders that ask for it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import requests

from orders.gateways.http import HttpExternalApi, JsonService
from scenarios.app import OrdersApp, order_is_placed
from swfsim import Story

WITH_THE_API = ("CallExternalAPI",)


class Answering(requests.Session):
    """A session whose calls end here: it answers what it is told, or raises it."""

    def __init__(self, *answers: Any) -> None:
        super().__init__()
        self.answers = list(answers)
        self.sent: list[Any] = []

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self.sent.append((request.url, json.loads(request.body or "null")))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body = answer
        response._content = json.dumps(body).encode()
        response.url = request.url or ""
        response.request = request
        return response


def _with_session(app: OrdersApp, session: requests.Session) -> None:
    service = JsonService("API call", "https://api.example.com/enrich", 10.0, session)
    app.ports = dataclasses.replace(app.ports, external_api=HttpExternalApi(service))


def test_the_api_is_called_between_enriching_and_saving(story: Story, app: OrdersApp) -> None:
    session = Answering((200, {"score": 7}))
    _with_session(app, session)
    story.when(order_is_placed(optional_steps=WITH_THE_API))
    story.then("""
        ValidateInput    → completed
        ProcessData      → completed
        EnrichData       → completed
        CallExternalAPI  → completed
        SaveResults      → completed
        NotifyCompletion → completed
        Workflow         → COMPLETED
    """)
    assert session.sent == [("https://api.example.com/enrich", {"order_id": "ORD-2024-001"})]
    record = app.saved("ORD-2024-001")
    assert record is not None
    called = record.content["results"]["CallExternalAPI"]
    assert called["status"] == "api_called"
    assert called["external_data"] == {"score": 7}
    assert called["called_at"] * 1000 >= story.executions[0].started_at


def test_a_failing_api_is_tried_again(story: Story, app: OrdersApp) -> None:
    _with_session(
        app,
        Answering(requests.ConnectionError("unreachable"), (503, {}), (200, {"score": 7})),
    )
    story.when(order_is_placed(optional_steps=WITH_THE_API))
    story.then()
    assert story.status == "COMPLETED"
    reasons = [e.attrs["reason"] for e in story.latest.events if e.kind == "ActivityTaskFailed"]
    assert len(reasons) == 2
    assert all(reason.startswith("API call failed: ") for reason in reasons)


def test_without_being_asked_for_it_is_not_called(story: Story, app: OrdersApp) -> None:
    session = Answering()
    _with_session(app, session)
    story.when(order_is_placed())
    story.then()
    assert story.status == "COMPLETED"
    assert session.sent == []
