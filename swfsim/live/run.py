"""``LiveRun``: where live stories run, under which names, within which bounds."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from swfsim.core.buckets import Bucket
from swfsim.errors import HarnessError
from swfsim.live.budget import STORY, Use
from swfsim.spec import limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PREFIX: Final = "swfsim-"
"""What the name of a domain for live runs begins with, so that none of production is ever hit."""

BUDGET_USD: Final = 1.0
STORY_S: Final = 60.0

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_SHARE: Final = 0.5
"""How much of the account's own rates a live run takes at most."""

_STAND_INS: Final = {
    "AWS_ACCESS_KEY_ID": "swfsim",
    "AWS_SECRET_ACCESS_KEY": "swfsim",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def is_loopback(url: str | None) -> bool:
    """Whether an endpoint is this machine's own, where nothing costs anything."""
    return bool(url) and urlsplit(str(url)).hostname in _LOOPBACK


def check_domain(domain: str | None, endpoint_url: str | None) -> str:
    """The domain to use. Raises ``HarnessError`` for none, one without the prefix, and an
    endpoint that is no URL."""
    try:
        is_loopback(endpoint_url)
    except ValueError as error:
        raise HarnessError(f"the endpoint {endpoint_url!r} is no URL: {error}") from error
    if domain is None and is_loopback(endpoint_url):
        return f"{PREFIX}stories"
    if domain is None:
        raise HarnessError(
            f"a live run needs a domain of its own: name one that begins with {PREFIX!r}"
        )
    if not domain.startswith(PREFIX):
        raise HarnessError(
            f"domain {domain!r} may be one of production: live runs use only domains whose names "
            f"begin with {PREFIX!r}"
        )
    return domain


class Pace:
    """Half of what the account may call for good, an operation at a time."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def wait(self, operation: str) -> None:
        capacity, refill = limits.API_BUCKETS.get(operation, (100, 6))
        while True:
            now = int(time.monotonic() * 1000)
            with self._lock:
                bucket = self._buckets.get(operation)
                if bucket is None:
                    size = max(1, int(capacity * _SHARE))
                    bucket = self._buckets[operation] = Bucket(size, refill * _SHARE, now)
                if bucket.take(now):
                    return
            time.sleep(1 / (refill * _SHARE))


class JournalFile:
    """Every call of a live run, a JSON line each, written as it is made."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8") if path is not None else None
        self._lock = threading.Lock()

    def note(self, who: str, operation: str, params: Mapping[str, Any], **told: Any) -> None:
        if self._file is None:
            return
        line = {"at": time.time(), "who": who, "operation": operation, "params": params, **told}
        text = json.dumps(line, default=str, ensure_ascii=False)
        with self._lock:
            self._file.write(text + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


@dataclass
class LiveRun:
    """One live session. ``name`` is one of a kind, and part of every workflow id and task list
    that an application makes for it (``unique``)."""

    domain: str
    endpoint_url: str | None = None
    budget_usd: float = BUDGET_USD
    story: Use = STORY
    story_s: float = STORY_S
    journal: JournalFile = field(default_factory=lambda: JournalFile(None))
    name: str = field(default_factory=lambda: secrets.token_hex(4))
    pace: Pace = field(default_factory=Pace)
    stories: int = 0
    _before: dict[str, str | None] = field(default_factory=dict)
    _on_sigterm: Any = None

    def check_budget(self, stories: int) -> str:
        """What so many stories can use and cost at most, in a sentence. Raises ``HarnessError``
        when that is above the budget."""
        bound = self.story.times(stories)
        usd = 0.0 if is_loopback(self.endpoint_url) else bound.usd(days=2)
        told = f"{stories} live stories use at most {bound}: at most ${usd:,.2f}"
        if not usd <= self.budget_usd:  # nor is "nan" a budget
            raise HarnessError(
                f"{told}, above the budget of ${self.budget_usd:,.2f}: run fewer stories, or "
                "raise the budget"
            )
        return told

    @property
    def where(self) -> str:
        """The region, or the endpoint's host and port, as one word."""
        if self.endpoint_url is not None:
            return urlsplit(self.endpoint_url).netloc
        return boto3.Session().region_name or "?"

    def check_reachable(self) -> None:
        """Ask the service one thing that costs nothing. Raises ``HarnessError`` when it cannot be
        asked: no region, no credentials, no such endpoint, no permission."""
        config = Config(connect_timeout=5, retries={"total_max_attempts": 2})
        try:
            boto3.client("swf", config=config).describe_domain(name=self.domain)
        except ClientError as error:
            if error.response["Error"]["Code"] != "UnknownResourceFault":
                raise HarnessError(f"the live service refuses: {error}") from error
        except BotoCoreError as error:
            raise HarnessError(
                f"the live service cannot be asked: {error} (region, credentials and endpoint are "
                "those that boto3 finds: AWS_DEFAULT_REGION, AWS_PROFILE, --swf-endpoint-url)"
            ) from error

    def unique(self, name: str) -> str:
        """A name for this run alone, and for each story of it."""
        return f"{name}-{self.name}-{self.stories}"

    def enter(self) -> None:
        """Let every boto3 client of the process find the endpoint, and SIGTERM end the run as
        Ctrl-C does: who cancels a build sends it, and nothing is to stay open."""
        if threading.current_thread() is threading.main_thread():
            self._on_sigterm = signal.signal(signal.SIGTERM, signal.default_int_handler)
        put: dict[str, str] = {}
        if self.endpoint_url is not None:
            put["AWS_ENDPOINT_URL_SWF"] = self.endpoint_url
        if is_loopback(self.endpoint_url):
            put |= {name: value for name, value in _STAND_INS.items() if name not in os.environ}
        self._before = {name: os.environ.get(name) for name in put}
        os.environ.update(put)

    def leave(self) -> None:
        if self._on_sigterm is not None:
            signal.signal(signal.SIGTERM, self._on_sigterm)
            self._on_sigterm = None
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self.journal.close()
