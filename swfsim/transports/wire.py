"""The wire lane: boto3 SWF clients of this process are answered in the process, byte for byte.

The hook is botocore's own ``before-send``, the last one before the socket: what a client does on
both sides of it stays real. It validates, serialises and signs; it parses the answer, makes
exceptions of faults, and tries again what botocore tries again, such as a ThrottlingException.
"""

from __future__ import annotations

import io
import uuid
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse

from swfsim import wire
from swfsim.spec import limits
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swfsim.core.events import Attrs


def arm(client: Any, door: Callable[[], Any]) -> None:
    """From now on this client's requests go to whatever door there is, or else to the network."""

    def send(request: Any, **_: Any) -> AWSResponse | None:
        found = door()
        return None if found is None else _respond(client, found, request)

    client.meta.events.register_first("before-send.swf", send, unique_id="swfsim wire")


def _respond(client: Any, door: Any, request: Any) -> AWSResponse:
    status, body = _answer(client, door, request)
    headers: Any = {
        "x-amzn-RequestId": str(uuid.uuid4()),
        "Content-Type": wire.content_type(_text(request.headers.get("Content-Type", ""))),
        "Content-Length": str(len(body)),
    }
    return AWSResponse(request.url, status, headers, _Body(body))


def _answer(client: Any, door: Any, request: Any) -> tuple[int, bytes]:
    try:
        body = request.body or b""
        if len(body) > limits.REQUEST_BYTES_MAX:
            raise wire.too_large()
        operation = wire.operation(_text(request.headers.get("X-Amz-Target", "")))
        params = wire.params(body.encode() if isinstance(body, str) else body)
        answer: Attrs = door.answer(client, operation, params, client.meta.region_name)
        return 200, wire.answer_bytes(operation, answer)
    except Fault as fault:
        return fault.status, wire.fault_bytes(fault)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


class _Body(io.BytesIO):
    """What botocore reads an answer from."""

    def stream(self, amount: int = 65_536, decode_content: bool = True) -> Iterator[bytes]:
        while part := self.read(amount):
            yield part
