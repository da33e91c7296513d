"""A service to run live stories against: ``swfsim serve`` on a thread of this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from swfsim.clock import SystemClock
from swfsim.server.host import Host
from tests.support import serving

DOMAIN = "swfsim-stories"


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The service's endpoint, on the system clock; empty polls are answered soon."""
    with serving.hosted(Host(SystemClock(), clock_name="system", poll_s=2)) as at:
        yield at


def still_open(url: str, domain: str = DOMAIN) -> list[Any]:
    """What is open in the domain of live stories."""
    client = serving.client(url)
    listed = client.list_open_workflow_executions(domain=domain, startTimeFilter={"oldestDate": 0})
    return list(listed["executionInfos"])
