"""One server for the tests of a file, its service fresh for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from swfsim.clock import VirtualClock
from swfsim.server.host import Host
from tests.support import serving

Serving = tuple[Host, str]


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    host = Host(VirtualClock(), clock_name="virtual")
    with serving.hosted(host) as url:
        yield host, url


@pytest.fixture
def host(server: Serving) -> Host:
    """The host of the server, on the virtual clock, with nothing in it."""
    server[0].reset()
    return server[0]


@pytest.fixture
def url(host: Host, server: Serving) -> str:
    return server[1]
