"""``swfsim serve``: the service on a socket, for other processes and languages."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from swfsim.clock import RateClock, SystemClock, VirtualClock
from swfsim.commands.common import FiniteRange, Refusal
from swfsim.errors import HarnessError
from swfsim.spec import limits

if TYPE_CHECKING:
    from swfsim.server.host import HostClock

_RATE: Final = re.compile(r"x(\d+(?:\.\d+)?)")
_LOCAL: Final = "127.0.0.1"


def _clock_name(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """``system``, ``virtual``, or ``x60`` and the like."""
    rate = _RATE.fullmatch(value)
    if value not in ("system", "virtual") and not (rate and 0 < float(rate[1]) <= 1_000_000):
        raise click.BadParameter(
            f"{value!r} is no clock: system, virtual, or xN for one that runs N times as fast"
        )
    return value


def _clock(name: str) -> HostClock:
    if name == "virtual":
        return VirtualClock()
    rate = _RATE.fullmatch(name)
    return SystemClock() if rate is None else RateClock(float(rate[1]), SystemClock().now())


@click.command()
@click.option("--host", "name", default=_LOCAL, show_default=True, metavar="NAME")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0: a free one."
)
@click.option("--allow-remote", is_flag=True, help="Also listen where other machines reach it.")
@click.option(
    "--clock",
    "clock_name",
    callback=_clock_name,
    default="system",
    show_default=True,
    metavar="system|xN|virtual",
    help="Time of day; N times as fast; or moved by POST /_swfsim/clock alone.",
)
@click.option(
    "--long-poll-seconds",
    type=FiniteRange(0),
    metavar="S",
    help=f"How long an empty poll is held, in real seconds.  [default: {limits.LONG_POLL_S}; on "
    "the virtual clock 0]",
)
@click.option("--no-keep-alive", is_flag=True, help="One connection a call: for clients that fork.")
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the state in FILE, and go on from what it holds.",
)
@click.option("--fsync", is_flag=True, help="With --data: also survive the machine's end.")
@click.option(
    "--access-key", envvar="SWFSIM_ACCESS_KEY", metavar="ID", help="Only serve calls signed by it."
)
@click.option(
    "--secret-key",
    envvar="SWFSIM_SECRET_KEY",
    metavar="KEY",
    help="Better given as SWFSIM_SECRET_KEY: others on the machine can see a command line.",
)
def serve(
    name: str,
    port: int,
    allow_remote: bool,
    clock_name: str,
    long_poll_seconds: float | None,
    no_keep_alive: bool,
    data: Path | None,
    fsync: bool,
    access_key: str | None,
    secret_key: str | None,
) -> None:
    """Serve Amazon SWF over HTTP to any SDK, until SIGTERM or Ctrl-C.

    \b
    Prints its URL on one line when it is ready. Give that to the client as its
    endpoint:
        boto3.client("swf", endpoint_url="http://127.0.0.1:8080")
        aws swf --endpoint-url http://127.0.0.1:8080 list-domains …
    Under URL/_swfsim/: POST reset, POST clock, GET health, GET journal.
    Exit status: 0 stopped; 1 the state could not be kept any more;
    2 a mistake in the call.
    """
    try:
        from swfsim.server import run
        from swfsim.server.host import Host
        from swfsim.server.log import Log
        from swfsim.server.signatures import Keys
    except ImportError as error:
        raise Refusal(
            f"swfsim serve needs the extra server ({error}): pip install 'swfsim[server]'"
        ) from error
    if (access_key is None) != (secret_key is None):
        raise Refusal("--access-key and --secret-key are given together, or not at all")
    if access_key == "" or secret_key == "":  # a variable that is not set must not open the door
        raise Refusal("--access-key and --secret-key must not be empty: nobody could be told apart")
    if fsync and data is None:
        raise Refusal("--fsync is about the file of --data, and there is none")
    if long_poll_seconds is None:
        long_poll_seconds = 0 if clock_name == "virtual" else limits.LONG_POLL_S
    try:
        listener = run.listen(name, port, remote=allow_remote)
        log = Log(data, fsync=fsync) if data is not None else None
        host = Host(_clock(clock_name), clock_name=clock_name, poll_s=long_poll_seconds, log=log)
    except HarnessError as error:
        raise Refusal(str(error)) from error
    run.more_files()
    where = run.url(listener, name)
    try:
        run.serve(
            host,
            listener,
            lambda: click.echo(f"swfsim serves Amazon SWF at {where}"),
            keys=Keys(access_key, secret_key) if access_key and secret_key else None,
            keep_alive=not no_keep_alive,
            names=(name, socket.gethostname()),
        )
    except HarnessError as error:
        raise click.ClickException(str(error)) from error
