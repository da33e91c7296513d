"""``swfsim serve`` as its users meet it: one process, one line, signals, mistakes in the call."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from swfsim.server import run
from tests.support import serving

PATIENCE_S = 60


def mistake(*options: str) -> str:
    """What it says about a call that cannot be served; it says one sentence and exits with 2."""
    ended = subprocess.run(
        serving.command(*options), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    return ended.stderr


def test_it_prints_its_url_and_answers_any_client() -> None:
    with serving.process() as served:
        swf = serving.client(served.url)
        swf.register_domain(name="shop", workflowExecutionRetentionPeriodInDays="7")
        [domain] = swf.list_domains(registrationStatus="REGISTERED")["domainInfos"]
        assert domain["name"] == "shop"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: int) -> None:
    with serving.process() as served:
        assert served.end(number) == 0


@pytest.mark.parametrize("clock", ["system", "virtual", "x60", "x0.5"])
def test_each_clock(clock: str) -> None:
    with serving.process("--clock", clock) as served:
        health = requests.get(f"{served.url}/_swfsim/health", timeout=PATIENCE_S).json()
        assert (health["status"], health["clock"]) == ("ok", clock)


def test_stopped_and_begun_again_it_goes_on(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    with serving.process("--data", path) as served:
        serving.client(served.url).register_domain(
            name="shop", workflowExecutionRetentionPeriodInDays="7"
        )
        assert served.end() == 0
    with serving.process("--data", path) as served:
        found = serving.client(served.url).list_domains(registrationStatus="REGISTERED")
        assert [domain["name"] for domain in found["domainInfos"]] == ["shop"]


def test_regions_are_apart_as_in_process() -> None:
    with serving.process() as served:
        here, there = (serving.client(served.url, name) for name in ("us-east-1", "eu-west-1"))
        here.register_domain(name="shop", workflowExecutionRetentionPeriodInDays="7")
        assert there.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []
        there.register_domain(name="shop", workflowExecutionRetentionPeriodInDays="7")
        arn = there.describe_domain(name="shop")["domainInfo"]["arn"]
        assert arn == "arn:aws:swf:eu-west-1:123456789012:/domain/shop"


def test_without_keep_alive_each_answer_ends_its_connection() -> None:
    for options, kept in (((), True), (("--no-keep-alive",), False)):
        with serving.process(*options) as served, socket.socket() as wire:
            host, port = served.url.removeprefix("http://").split(":")
            wire.settimeout(PATIENCE_S)
            wire.connect((host, int(port)))
            request = b"GET /_swfsim/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            wire.sendall(request)
            answer = b""
            while b'"ok"' not in answer:
                answer += wire.recv(65536)
            assert (b"connection: close" in answer) is not kept
            if kept:
                wire.sendall(request)
                assert wire.recv(65536).startswith(b"HTTP/1.1 200")
            else:
                rest = wire.recv(65536)
                while rest:
                    rest = wire.recv(65536)


def test_head_and_body_of_an_answer_leave_together() -> None:
    """botocore takes a head without its body for an answer, if the server is killed in between."""
    written: list[bytes] = []

    class Transport:
        def write(self, data: bytes) -> None:
            written.append(data)

        def close(self) -> None:
            written.append(b"closed")

        def is_closing(self) -> bool:
            return False

    async def answer() -> None:
        whole = run.Whole(Transport(), asyncio.get_running_loop())
        for kept in (True, False):
            whole.write(b"head ")
            whole.write(b"body")
            assert written == []
            if kept:
                await asyncio.sleep(0)
                assert written == [b"head body"]
                written.clear()
        whole.close()
        assert written == [b"head body", b"closed"]
        assert not whole.is_closing()

    asyncio.run(answer())


# Mistakes in the call


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}: Address already in use" in mistake("--port", str(port))


def test_a_host_that_is_none() -> None:
    assert "no host 'nowhere.invalid'" in mistake("--host", "nowhere.invalid", "--port", "0")


@pytest.mark.parametrize("name", ["0.0.0.0", "::"])
def test_an_address_that_others_reach_must_be_meant(name: str) -> None:
    assert "--allow-remote" in mistake("--host", name, "--port", "0")


def test_an_address_that_others_reach_when_it_is_meant() -> None:
    with serving.process("--host", "0.0.0.0", "--allow-remote") as served:
        swf = serving.client(served.url)
        assert swf.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []


@pytest.mark.parametrize("clock", ["slow", "x0", "x", "x-1", "xinf", "x9999999"])
def test_a_clock_that_is_none(clock: str) -> None:
    assert "is no clock" in mistake("--clock", clock)


def test_half_of_a_pair_of_keys() -> None:
    assert "together" in mistake("--access-key", "AKIA")


@pytest.mark.parametrize("keys", [("AKIA", ""), ("", "s3cr3t"), ("", "")])
def test_keys_that_are_empty_do_not_let_everybody_in(keys: tuple[str, str]) -> None:
    """As from a script whose variable is not set."""
    assert "must not be empty" in mistake(
        "--port", "0", "--access-key", keys[0], "--secret-key", keys[1]
    )


def test_fsync_without_a_file() -> None:
    assert "--data" in mistake("--fsync")


@pytest.mark.parametrize("kind", ["directory", "nowhere", "foreign", "json", "newer", "spoilt"])
def test_a_file_that_cannot_be_used_is_left_alone(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "state"
    text = {
        "foreign": "root:x:0:0",
        "json": "[1]\n",
        "newer": '{"swfsim":99,"clock":"system"}\n',
        "spoilt": '{"swfsim":1,"clock":"system","at":"noon","secret":1}\n',
    }
    if kind == "directory":
        path.mkdir()
    elif kind == "nowhere":
        path = tmp_path / "no" / "state"
    else:
        path.write_text(text[kind])
    said = mistake("--port", "0", "--data", str(path))
    assert str(path) in said
    if path.is_file():
        assert path.read_text() == text[kind]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with named pipes")
def test_a_pipe_or_a_device_keeps_no_state(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (os.devnull, str(tmp_path / "pipe")):
        assert "it is no ordinary file" in mistake("--port", "0", "--data", path)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ImportError('No module named uvicorn')")
    ended = subprocess.run(
        [sys.executable, "-m", "swfsim", "serve"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 2
    assert "pip install 'swfsim[server]'" in ended.stderr


def test_the_core_does_not_import_a_server() -> None:
    code = "import sys, swfsim.stories, swfsim.cli; print('uvicorn' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert ended.stdout.strip() == "False"
