"""One server process: the socket, uvicorn, signals, and the line that says it is ready."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from swfsim import wire
from swfsim.errors import HarnessError
from swfsim.server.app import App
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from swfsim.server.host import Host

_IDLE_S: Final = 75
"""A kept-alive connection is closed after so long, later than the SDKs' own pools do it."""

_GRACE_S: Final = 5
"""So long are answers under way waited for at the end."""


class Whole:
    """A transport that writes what it is given in one turn of the loop at once.

    uvicorn writes head and body one after the other, and a process can be killed between them.
    botocore does not compare a body with its Content-Length: it would take no body for an answer.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def _flush(self) -> None:
        if self._held and not self._transport.is_closing():
            self._transport.write(b"".join(self._held))
        self._held.clear()

    def close(self) -> None:
        self._flush()
        self._transport.close()


class Protocol(HttpToolsProtocol):
    """HTTP/1.1; bytes that are no HTTP are refused in the service's form as well."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Whole(transport, self.loop))  # type: ignore[arg-type]

    def send_400_response(self, msg: str) -> None:
        body = wire.fault_bytes(Fault("SerializationException", msg))
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {wire.CONTENT_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class Server(uvicorn.Server):
    """Says when it is ready, and sends parked polls home when it ends."""

    def __init__(self, app: App, ready: Callable[[], None]) -> None:
        settings: dict[str, Any] = {"lifespan": "off", "ws": "none", "log_config": None}
        config = uvicorn.Config(
            app,
            http=Protocol,
            interface="asgi3",
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=_GRACE_S,
            **settings,
        )
        super().__init__(config)
        self._app = app
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.host.end_polls()
        await super().shutdown(sockets)


def listen(name: str, port: int, *, remote: bool = False) -> socket.socket:
    """A bound socket. Raises ``HarnessError`` for a name that does not exist, a port that is taken,
    and, unless ``remote`` is meant, an address that others can reach."""
    try:
        family, _, _, _, address = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise HarnessError(f"there is no host {name!r} to listen on: {error}") from error
    if not remote and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise HarnessError(
            f"{name} can be reached from other machines, and whoever reaches it may do anything; "
            "if that is meant, add --allow-remote"
        )
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise HarnessError(
            f"cannot listen on {name} port {port}: {error.strerror or error}; "
            "--port 0 takes one that is free"
        ) from error
    return listener


def url(listener: socket.socket, name: str) -> str:
    """Where clients find it."""
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{listener.getsockname()[1]}"


def more_files() -> None:
    """Each parked poll is an open connection: take as many as the system allows."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def serve(host: Host, listener: socket.socket, ready: Callable[[], None], **settings: Any) -> None:
    """Serve until SIGTERM or SIGINT; ``settings`` are those of ``App``.

    Raises ``HarnessError`` when the state could not be kept any more.
    """
    failed: list[HarnessError] = []

    def broken(error: HarnessError) -> None:
        failed.append(error)
        server.should_exit = True

    server = Server(App(host, broken=broken, **settings), ready)

    def stop(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)  # before uvicorn's own, and after it, when it raises them again
    server.run(sockets=[listener])
    if failed:
        raise failed[0]
