"""The lanes: ways in which a conversation can be held. Each gives a ``Talk`` that was listened to.

direct  boto3 clients of this process, answered as calls
wire    the same, answered as the bytes of the protocol
http    boto3 clients of an endpoint
cli     the AWS CLI against the endpoint      (``tests.conformance.aws_cli``)
node    the JavaScript SDK against the endpoint      (``tests.conformance.node``)

The endpoint is the server of ``swfsim serve``, on a thread of this process since some conversations
need Lambda functions, on the virtual clock, which is moved through its control surface.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.config
import botocore.session
import requests

from swfsim import fake_swf
from swfsim.clock import VirtualClock
from swfsim.server.host import Host
from swfsim.service import Service
from tests.conformance.talk import Conversation, Talk
from tests.support import serving

Lane = Callable[[Conversation], Talk]


@functools.cache
def direct(conversation: Conversation) -> Talk:
    """Held once: what it says in this lane is what it has to say in all."""
    return _in_process(conversation, "direct")


def wire(conversation: Conversation) -> Talk:
    return _in_process(conversation, "wire")


def _in_process(conversation: Conversation, lane: str) -> Talk:
    with fake_swf(clock="virtual", behaviour=conversation.behaviour, lane=lane) as fake:
        _same_seal(fake.service)
        fake.lambda_functions.update(conversation.functions)
        return conversation.held(Talk(fake))


def _same_seal(service: Service) -> None:
    """Services refuse the tokens of each other; here their tokens are to be compared."""
    service.machine.world.seal = 1


class Endpoint:
    """A server whose service is made anew for each conversation; it is its clock, too."""

    def __init__(self, host: Host, url: str) -> None:
        self.url = url
        self._host = host

    def prepare(self, conversation: Conversation) -> None:
        self._host.behaviour = conversation.behaviour
        self._host.reset()
        _same_seal(self._host.service)
        self._host.service.lambda_functions.update(conversation.functions)

    def advance(self, seconds: float) -> None:
        answer = requests.post(
            f"{self.url}/_swfsim/clock", json={"advance_s": seconds}, timeout=serving.PATIENCE_S
        )
        assert answer.status_code == 200, answer.text


@contextlib.contextmanager
def endpoint() -> Iterator[Endpoint]:
    host = Host(VirtualClock(), clock_name="virtual")
    with serving.hosted(host) as url:
        yield Endpoint(host, url)


class OverHttp(Talk):
    """boto3 clients of an endpoint."""

    def __init__(self, at: Endpoint) -> None:
        self._url = at.url
        super().__init__(at)  # type: ignore[arg-type]

    def make_client(self, session: botocore.session.Session | None = None, **config: Any) -> Any:
        settings = botocore.config.Config(retries={"total_max_attempts": 1}, **config)
        made = boto3.client if session is None else session.create_client
        return made(
            "swf",
            region_name="us-east-1",
            endpoint_url=self._url,
            config=settings,
            **serving.KEYS,
        )


def http(at: Endpoint, conversation: Conversation) -> Talk:
    at.prepare(conversation)
    return conversation.held(OverHttp(at))
