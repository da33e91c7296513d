"""The control surface under ``/_swfsim/``: for tests and people, never for web pages.

    POST reset    forget everything; a virtual clock goes back to its start
    POST clock    {"now": epoch seconds} or {"advance_s": seconds}; answers {"now": …}
    GET  health   {"clock": …, "now": …, "parked_polls": …, "status": "ok", "version": …}
    GET  journal  the last calls, one JSON object a line

A page of another origin must not get here through the browser of somebody who runs the server.
Browsers say where a request comes from (``Origin``, ``Sec-Fetch-Site``), and such are refused; a
name that somebody points at this machine (DNS rebinding) stands in ``Host``, and is refused unless
it is loopback's, an address, or the server's own; and no form can send JSON.
"""

from __future__ import annotations

import importlib.metadata
import ipaddress
import json
import math
import urllib.parse
from typing import TYPE_CHECKING, Any, Final

from swfsim.clock import milliseconds
from swfsim.errors import HarnessError
from swfsim.server.log import Lost
from swfsim.server.replies import Reply, Unread, read_body

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from swfsim.journal import Journal
    from swfsim.server.host import Host
    from swfsim.server.polls import Receive

PREFIX: Final = "/_swfsim/"
_JSON: Final = "application/json"
_METHODS: Final = {"reset": "POST", "clock": "POST", "health": "GET", "journal": "GET"}


class Refused(Exception):  # noqa: N818 - what became of the request
    """This request is not served, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Control:
    """``names`` are host names at which it also answers."""

    def __init__(self, host: Host, journal: Journal, names: Collection[str]) -> None:
        self._host = host
        self._journal = journal
        self._names = {"localhost", *(name.lower() for name in names)}

    async def answer(
        self, scope: dict[str, Any], headers: Mapping[bytes, bytes], receive: Receive
    ) -> Reply | None:
        shown = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        try:
            self._admit(shown)
            name = scope["path"][len(PREFIX) :]
            method = _METHODS.get(name)
            if method is None:
                raise Refused(404, f"there is {', '.join(_METHODS)} under {PREFIX}, no {name!r}")
            if scope["method"] != method:
                raise Refused(405, f"{name} is asked for with {method}")
            body = await read_body(scope, receive)
            if body is None:
                return None
            if method == "POST":
                _check_type(shown, body)
            return self._serve(name, body)
        except Unread as error:
            return _json({"error": error.fault.message or "the body did not end"}, 400, last=True)
        except Refused as error:
            return _json({"error": str(error)}, error.status)
        except Lost:
            raise
        except HarnessError as error:
            return _json({"error": str(error)}, 400)

    # Who may ask

    def _admit(self, headers: Mapping[str, str]) -> None:
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Refused(403, "a page of another origin may not ask here")
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Refused(403, f"this server does not answer to the name {host!r} here")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise Refused(403, "a page of another origin may not ask here")

    def _is_ours(self, host: str) -> bool:
        try:
            name = urllib.parse.urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True

    # What is served

    def _serve(self, name: str, body: bytes) -> Reply:
        if name == "health":
            return _json(self._health())
        if name == "journal":
            text = "".join(f"{line}\n" for line in self._journal.lines())
            return Reply(200, "application/x-ndjson", text.encode("utf-8", "replace"))
        if name == "reset":
            self._host.reset()
        else:
            self._host.move_to(_instant(body, self._host.clock.now()))
        return _json({"now": self._now()})

    def _now(self) -> float:
        return self._host.clock.now() / 1000

    def _health(self) -> dict[str, Any]:
        return {
            "clock": self._host.clock_name,
            "now": self._now(),
            "parked_polls": self._host.service.parked_polls,
            "status": "ok",
            "version": importlib.metadata.version("swfsim"),
        }


def _check_type(headers: Mapping[str, str], body: bytes) -> None:
    """JSON, or nothing at all: a form of another page says what it is, and is neither."""
    said = headers.get("content-type")
    if said is None and not body:
        return
    if said is None or said.partition(";")[0].strip().lower() != _JSON:
        raise Refused(415, f"a body must be JSON, and say so: Content-Type: {_JSON}")


def _instant(body: bytes, now: int) -> int:
    """Where the clock is to be, in milliseconds."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if isinstance(asked, dict) and len(asked) == 1:
        [(name, value)] = asked.items()
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and math.isfinite(value) and value >= 0:
            if name == "now":
                return milliseconds(value)
            if name == "advance_s":
                return milliseconds(now / 1000 + value)
    raise Refused(400, 'say {"now": seconds since the epoch} or {"advance_s": seconds from now}')


def _json(value: Any, status: int = 200, *, last: bool = False) -> Reply:
    return Reply(status, _JSON, json.dumps(value).encode() + b"\n", last)
