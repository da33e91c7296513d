"""The live lane: conversations with a real service, or with another endpoint.

``pytest tests/conformance --lane live --swf-domain swfsim-me [--swf-endpoint-url URL]``

Each conversation gets a domain of its own, whose name begins with that of ``--swf-domain`` and
which is deprecated at the end; an account has room for a hundred, deprecated ones included, so
against AWS choose some with ``-k``. Time cannot be moved: what needs more than a few seconds of it
is skipped. So is what needs Lambda functions or another behaviour of the service.
"""

from __future__ import annotations

import datetime
import json
import secrets
import time
from typing import Any

import boto3
import botocore.config
import botocore.session
import pytest
from botocore.exceptions import ClientError

from swfsim import Behaviour
from tests.conformance.talk import Conversation, Said, Talk
from tests.support.driver import DOMAIN

LONGEST_WAIT_S = 3.0

_STAMPS = ("Timestamp", "Date")
_TOKENS = ("taskToken", "nextPageToken")
_RUNS = ("runId", "newExecutionRunId", "continuedExecutionRunId")


class RealTime:
    """What a driver asks of a clock, of one that nobody can move."""

    def advance(self, seconds: float) -> None:
        if seconds > LONGEST_WAIT_S:
            pytest.skip(f"not live: needs {seconds:g} s to pass")
        time.sleep(seconds)


class Renamed:
    """A client to which the domain has another name."""

    def __init__(self, client: Any, domain: str) -> None:
        self._client = client
        self._domain = domain

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in self._client.meta.method_to_api_mapping:
            return found

        def call(**asked: Any) -> Any:
            try:
                answer = found(**_replaced(asked, DOMAIN, self._domain))
            except ClientError as error:
                error.response = _replaced(error.response, self._domain, DOMAIN)
                raise
            return _replaced(answer, self._domain, DOMAIN)

        return call


def _replaced(value: Any, old: str, new: str) -> Any:
    """Every text that is the old name, or a sentence or ARN that holds it."""
    if isinstance(value, dict):
        return {name: _replaced(one, old, new) for name, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, old, new) for one in value]
    if isinstance(value, str):
        return new if value == old else value.replace(f"/{old}", f"/{new}").replace(old, new)
    return value


class LiveTalk(Talk):
    """Talks to boto3's own SWF, or to an endpoint, in real time."""

    def __init__(self, domain: str, endpoint_url: str | None) -> None:
        self._domain = f"{domain}-{secrets.token_hex(4)}"
        self._endpoint_url = endpoint_url
        super().__init__(RealTime(), step_s=0)  # type: ignore[arg-type]

    def make_client(self, session: botocore.session.Session | None = None, **config: Any) -> Any:
        settings = botocore.config.Config(retries={"total_max_attempts": 1}, **config)
        made = boto3.client if session is None else session.create_client
        client = made("swf", endpoint_url=self._endpoint_url, config=settings)
        return Renamed(client, self._domain)

    def end(self) -> None:
        """Terminate what is open, deprecate the domain."""
        client = self.make_client()
        try:
            listed = client.list_open_workflow_executions(
                domain=DOMAIN, startTimeFilter={"oldestDate": 0}
            )
            for one in listed["executionInfos"]:
                client.terminate_workflow_execution(domain=DOMAIN, **one["execution"])
            client.deprecate_domain(name=DOMAIN)
        except ClientError as error:  # the conversation has deprecated it, or never had it
            if "Domain" not in str(error) and "UnknownResource" not in str(error):
                raise


def check_possible(conversation: Conversation) -> None:
    """Skips what a real service cannot be asked for."""
    if conversation.virtual:
        pytest.skip(f"not live: {conversation.virtual}")
    if conversation.functions:
        pytest.skip("not live: needs Lambda functions of its own")
    if conversation.behaviour != Behaviour():
        pytest.skip("not live: needs a behaviour of the service that is not its usual one")


def comparable(said: Said) -> list[str]:
    """What was said, without what no two services share: instants, ids of runs, tokens."""
    runs: dict[str, str] = {}
    return [json.dumps([operation, _plain(told, runs)], default=str) for operation, told in said]


def _plain(value: Any, runs: dict[str, str], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _plain(one, runs, key) for key, one in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(one, runs, name) for one in value]
    if isinstance(value, datetime.datetime) or name.endswith(_STAMPS):
        return "an instant"
    if name in _TOKENS:
        return "a token"
    if name in _RUNS and value:
        return runs.setdefault(value, f"run {len(runs) + 1}")
    if isinstance(value, str):
        for run, shown in runs.items():
            value = value.replace(run, shown)
    return value
