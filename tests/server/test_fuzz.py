"""Broken requests: the short profile of ``python -m tests.server.fuzzing 50000``."""

from __future__ import annotations

import pytest

from swfsim.server.host import Host
from tests.server.fuzzing import fuzz


def test_broken_requests_are_refused_and_change_nothing(
    host: Host, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    seen = fuzz(host, url, 2_000)
    assert seen[400] > 1_000
    assert capfd.readouterr().err == ""
