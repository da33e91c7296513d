"""Every conversation is held in every lane, and says the same in each, answer for answer.

The AWS CLI and the JavaScript SDK are no part of the project's environment, so their lanes run when
asked for: ``pytest tests/conformance --lane cli --lane node``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from swfsim.errors import HarnessError
from swfsim.live.run import LiveRun, check_domain
from tests.conformance import aws_cli, lanes, live, node
from tests.conformance.conversations import ALL, whole
from tests.conformance.foreign import ForeignTalk
from tests.conformance.talk import Conversation

every = pytest.mark.parametrize("conversation", ALL, ids=lambda one: one.name)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[lanes.Endpoint]:
    with lanes.endpoint() as made:
        yield made


def agrees(held: lanes.Talk, conversation: Conversation) -> None:
    """The lane has heard, word for word, what the direct lane hears."""
    expected = lanes.direct(conversation).said
    for number, (seen, wanted) in enumerate(zip(held.said, expected, strict=False)):
        assert seen == wanted, f"call {number} differs from the direct lane's"
    assert len(held.said) == len(expected)


@every
def test_direct(conversation: Conversation) -> None:
    assert lanes.direct(conversation).said


@every
def test_on_the_wire(conversation: Conversation) -> None:
    agrees(lanes.wire(conversation), conversation)


@every
def test_over_http(conversation: Conversation, endpoint: lanes.Endpoint) -> None:
    agrees(lanes.http(endpoint, conversation), conversation)


def test_no_two_cover_the_same() -> None:
    names = [one.name for one in ALL]
    assert len(set(names)) == len(names)


def asked_for(request: pytest.FixtureRequest, lane: str) -> None:
    if lane not in request.config.getoption("--lane"):
        pytest.skip(f"asked for with --lane {lane}")


@pytest.fixture(scope="module")
def cli(
    request: pytest.FixtureRequest,
    endpoint: lanes.Endpoint,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[aws_cli.Cli]:
    asked_for(request, "cli")
    found = aws_cli.executable()
    if found is None:
        pytest.skip("there is no AWS CLI here")
    python = aws_cli.interpreter(found)
    if python is None:
        pytest.skip(f"{found} is no script of a Python with awscli: name one in SWFSIM_AWS_CLI")
    made = aws_cli.Cli(python, endpoint.url, tmp_path_factory.mktemp("cli"))
    yield made
    made.close()


@every
def test_with_the_aws_cli(
    conversation: Conversation, endpoint: lanes.Endpoint, cli: aws_cli.Cli
) -> None:
    endpoint.prepare(conversation)
    agrees(conversation.held(ForeignTalk(endpoint, cli.ask)), conversation)


def test_a_whole_order_with_the_aws_cli_as_a_program(
    request: pytest.FixtureRequest, endpoint: lanes.Endpoint, tmp_path: Path
) -> None:
    asked_for(request, "cli")
    found = aws_cli.executable()
    if found is None:
        pytest.skip("there is no AWS CLI here")
    endpoint.prepare(whole.order)
    program = aws_cli.Program(found, endpoint.url, tmp_path)
    agrees(whole.order.held(ForeignTalk(endpoint, program.ask)), whole.order)


@pytest.fixture(scope="module")
def sdk(request: pytest.FixtureRequest, endpoint: lanes.Endpoint) -> Iterator[node.Node]:
    asked_for(request, "node")
    why = node.missing()
    if why is not None:
        pytest.skip(why)
    made = node.Node(endpoint.url)
    yield made
    made.close()


@every
def test_with_the_javascript_sdk(
    conversation: Conversation, endpoint: lanes.Endpoint, sdk: node.Node
) -> None:
    endpoint.prepare(conversation)
    agrees(conversation.held(ForeignTalk(endpoint, sdk.ask)), conversation)


@pytest.fixture(scope="module")
def live_run(request: pytest.FixtureRequest) -> Iterator[LiveRun]:
    asked_for(request, "live")
    options = request.config
    endpoint = options.getoption("--swf-endpoint-url")
    try:
        made = LiveRun(check_domain(options.getoption("--swf-domain"), endpoint), endpoint)
    except HarnessError as error:
        pytest.fail(str(error), pytrace=False)
    made.enter()
    yield made
    made.leave()


@every
def test_live(conversation: Conversation, live_run: LiveRun) -> None:
    live.check_possible(conversation)
    talk = live.LiveTalk(live_run.domain, live_run.endpoint_url)
    try:
        held = conversation.held(talk)
    finally:
        talk.end()
    expected = live.comparable(lanes.direct(conversation).said)
    assert live.comparable(held.said) == expected
