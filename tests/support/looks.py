"""Few words for what tests of the machine ask again and again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from swfsim import Behaviour, fake_swf
from tests.support.driver import Driver

HOUR = 3_600
DAY = 86_400
YEAR = 31_536_000
EVER = {"oldestDate": 0}
"""A time filter that lets all pass."""


def driver(**behaviour: Any) -> Iterator[Driver]:
    """For fixtures: everything registered at a service of this behaviour."""
    with fake_swf(clock="virtual", behaviour=Behaviour(**behaviour)) as fake:
        yield Driver(fake).register()


def refused(code: str, text: str = "") -> Any:
    """The call is refused with this code, and a message that holds this text."""
    return pytest.raises(
        botocore.exceptions.ClientError, match=rf"\({code}\)(.|\n)*{re.escape(text)}"
    )


def kinds(swf: Driver) -> list[str]:
    """The types of all events so far."""
    return [event["eventType"] for event in swf.history()]
