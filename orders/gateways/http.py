"""Payment, notification and external API over HTTP.

Every request has a timeout, and every one that changes something an `Idempotency-Key` header.
What an answer means for the activity:

    2xx                              done
    408, 409, 423, 425, 429, 5xx     a passing trouble: raised as ServiceFailed, tried again
    any other 4xx                    a refusal that trying again cannot change: Refused
    no answer, or no JSON in it      ServiceFailed
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote

import requests

from orders.errors import NonRetryable, PaymentRefused
from orders.ports import PaymentState

_PASSING = frozenset((408, 409, 423, 425, 429))


class ServiceFailed(Exception):  # noqa: N818 - as in orders.errors
    """The service did not answer, or not as agreed; it may next time."""


class Refused(NonRetryable):
    """The service understood and said no."""


class JsonService:
    """JSON requests to one service. `name` begins the text of every failure."""

    def __init__(
        self, name: str, url: str, timeout_s: float, session: requests.Session | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._name = name
        self._timeout_s = timeout_s
        self._session = session or requests.Session()

    def post(self, path: str, body: Mapping[str, Any], key: str | None = None) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._json("POST", path, json=body, headers=headers)

    def get(self, path: str) -> Any:
        return self._json("GET", path)

    def _json(self, method: str, path: str, **how: Any) -> Any:
        """The JSON of the answer, None if it has no body."""
        try:
            response = self._session.request(
                method, self.url + path, timeout=self._timeout_s, **how
            )
            response.raise_for_status()
            return response.json() if response.content else None
        except requests.RequestException as error:
            kind = Refused if _is_refusal(error) else ServiceFailed
            raise kind(f"{self._name} failed: {error}") from error


def _is_refusal(error: requests.RequestException) -> bool:
    if error.response is None or not isinstance(error, requests.HTTPError):
        return False
    status = error.response.status_code
    return 400 <= status < 500 and status not in _PASSING


class HttpPayments:
    """A payment service with this interface, a thin layer over the provider in use:

        POST {url}/payments/{key}/authorize   {"amount": "349.70", "currency": "BRL", "order_id"}
        POST {url}/payments/{key}/capture     {}
        POST {url}/payments/{key}/release     {}
        GET  {url}/payments/{key}

    Each answers {"state": "none" | "authorized" | "captured" | "released" | "refunded"}, the state
    after the request, and 402, 404, 410 or 422 for what it refuses. `orders.ports.Payments` says
    what it must refuse, and that releasing a key it does not know must block that key.
    """

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def authorize(self, key: str, amount: Decimal, currency: str, order_id: str) -> PaymentState:
        body = {"amount": str(amount), "currency": currency, "order_id": order_id}
        return self._change(key, "authorize", body)

    def state(self, key: str) -> PaymentState:
        return _state_in(self._service.get(_path(key)))

    def capture(self, key: str) -> None:
        self._change(key, "capture", {})

    def release(self, key: str) -> PaymentState:
        return self._change(key, "release", {})

    def _change(self, key: str, verb: str, body: Mapping[str, Any]) -> PaymentState:
        try:
            answer = self._service.post(f"{_path(key)}/{verb}", body, key=f"{key}/{verb}")
        except Refused as refusal:
            raise PaymentRefused(str(refusal)) from refusal
        return _state_in(answer)


def _path(key: str) -> str:
    return f"/payments/{quote(key, safe='')}"


def _state_in(answer: Any) -> PaymentState:
    state = answer.get("state") if isinstance(answer, dict) else None
    if state not in ("none", "authorized", "captured", "released", "refunded"):
        raise ServiceFailed(f"Payment failed: answer not understood: {answer!r}")
    return cast("PaymentState", state)


class HttpNotifier:
    """POST {url} with the message; the service sends one per Idempotency-Key."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def notify(self, key: str, message: dict[str, Any]) -> None:
        self._service.post("", message, key=key)


class HttpExternalApi:
    """POST {url} {"order_id": …}; answers what it knows, as JSON."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def enrich(self, order_id: str) -> Any:
        return self._service.post("", {"order_id": order_id})
