"""The ASGI application: Amazon SWF at ``/``, the control surface under ``/_swfsim/``.

A bare ASGI callable: the protocol has one route, and a framework would be most of its cost.
"""

from __future__ import annotations

import re
import sys
import traceback
import uuid
from typing import TYPE_CHECKING, Any, Final

from swfsim import wire
from swfsim.journal import Journal
from swfsim.server import polls
from swfsim.server.control import PREFIX, Control
from swfsim.server.log import Lost
from swfsim.server.replies import Reply, Unread, read_body
from swfsim.service import REGION
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from swfsim.core.events import Attrs
    from swfsim.server.host import Host
    from swfsim.server.polls import Receive
    from swfsim.server.signatures import Keys

Scope = dict[str, Any]

JOURNAL_MOST: Final = 1_000
"""So many calls does the journal remember."""

_NOT_HERE: Final = 404
_SCOPE: Final = re.compile(rb"Credential=[^/,]*/\d{8}/([a-z]{2,}(?:-[a-z]+)+-\d+)/")
_HOST: Final = re.compile(rb"swf(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws|api)\.")


def region_of(headers: Mapping[bytes, bytes]) -> str:
    """The region that a request is meant for: its host tells if it is one of AWS's, else the
    signature's scope if that is a region; older clients put something else there."""
    found = _HOST.match(headers.get(b"host", b"")) or _SCOPE.search(
        headers.get(b"authorization", b"")
    )
    return found[1].decode() if found is not None else REGION


def _failure(form: str) -> Reply:
    fault = Fault("InternalFailure")
    return Reply(fault.status, form, wire.fault_bytes(fault), last=True)


class App:
    """Answers for a ``Host``.

    keys        whose signatures are asked for; None lets everybody in
    keep_alive  False closes each connection after its answer, for clients that fork
    names       host names, besides loopback's and addresses, at which the control surface answers
    broken      is called once the state cannot be kept any more: the server must end
    """

    def __init__(
        self,
        host: Host,
        *,
        keys: Keys | None = None,
        keep_alive: bool = True,
        names: Collection[str] = (),
        broken: Callable[[Lost], None] = lambda error: None,
    ) -> None:
        self.host = host
        self.journal = Journal(JOURNAL_MOST)
        self._broken = broken
        self._keys = keys
        self._keep_alive = keep_alive
        self._control = Control(host, self.journal, names)

    async def __call__(self, scope: Scope, receive: Receive, send: Any) -> None:
        headers = dict(scope["headers"])
        part = self._control.answer if scope["path"].startswith(PREFIX) else self._protocol
        try:
            reply = await part(scope, headers, receive)
        except Lost as error:
            self._broken(error)
            reply = _failure(wire.CONTENT_TYPE)
        if reply is None:
            return
        more = [] if self._keep_alive and not reply.last else [(b"connection", b"close")]
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [
                    (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
                    (b"content-type", reply.content_type.encode()),
                    (b"content-length", str(len(reply.body)).encode()),
                    *more,
                ],
            }
        )
        body = b"" if scope["method"] == "HEAD" else reply.body
        await send({"type": "http.response.body", "body": body})

    async def _protocol(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive
    ) -> Reply | None:
        """The answer in the protocol's form, whatever was asked; None if nobody waits for it."""
        form = wire.content_type(headers.get(b"content-type", b"").decode("latin-1"))
        try:
            body = await read_body(scope, receive)
            if body is None:
                return None
            if scope["method"] != "POST" or scope["path"] != "/":
                gone = Fault("UnknownOperationException")
                return Reply(_NOT_HERE, form, wire.fault_bytes(gone))
            operation = wire.operation(headers.get(b"x-amz-target", b"").decode("latin-1"))
            if self._keys is not None:
                self._verify(self._keys, scope, headers, body)
            params = wire.params(body)
            answer = await self._call(operation, params, region_of(headers), scope, receive)
            if answer is None:
                return None
            return Reply(200, form, wire.answer_bytes(operation, answer))
        except Fault as fault:
            return Reply(fault.status, form, wire.fault_bytes(fault))
        except Unread as error:
            return Reply(error.fault.status, form, wire.fault_bytes(error.fault), last=True)
        except Lost:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return _failure(form)

    def _verify(self, keys: Keys, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> None:
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        shown = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        keys.verify(scope["method"], target.decode("latin-1"), shown, body)

    async def _call(
        self, operation: str, params: Attrs, region: str, scope: Scope, receive: Receive
    ) -> Attrs | None:
        service = self.host.service
        who = "{}:{}".format(*scope["client"]) if scope.get("client") else "unknown"
        try:
            answer = await polls.answer(service, operation, params, region, receive)
        except Fault as fault:
            self.journal.note(service.clock.now(), who, operation, params, fault)
            raise
        self.journal.note(service.clock.now(), who, operation, params, answer)
        return answer
