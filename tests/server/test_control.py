"""The control surface: what it does, and who does not get there."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from swfsim.clock import ODD_START, RateClock, SystemClock
from swfsim.server.host import Host
from tests.support import serving
from tests.support.driver import Driver

START = ODD_START / 1000


def ask(
    url: str, name: str, *, body: Any = None, method: str = "POST", **headers: str
) -> tuple[int, Any]:
    sent = {one.replace("_", "-"): value for one, value in headers.items()}
    answer = requests.request(
        method, f"{url}/_swfsim/{name}", json=body, headers=sent, timeout=serving.PATIENCE_S
    )
    return answer.status_code, answer.json()


def driver(host: Host, url: str) -> Driver:
    made = Driver(host, step_s=0)  # type: ignore[arg-type]
    made.client = serving.client(url)
    return made.register()


# What it does


def test_the_clock_is_moved_on(url: str) -> None:
    assert ask(url, "clock", body={"advance_s": 1.5}) == (200, {"now": START + 1.5})
    assert ask(url, "clock", body={"now": START + 60}) == (200, {"now": START + 60})
    assert ask(url, "clock", body={"advance_s": 0}) == (200, {"now": START + 60})


def test_what_is_due_on_the_way_happens(host: Host, url: str) -> None:
    swf = driver(host, url)
    swf.start(executionStartToCloseTimeout="60")
    ask(url, "clock", body={"advance_s": 61})
    timed_out = swf.history()[-1]
    assert timed_out["eventType"] == "WorkflowExecutionTimedOut"
    assert timed_out["eventTimestamp"].timestamp() == START + 60


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"now": START, "advance_s": 1},
        {"advance_s": "1"},
        {"advance_s": -1},
        {"advance_s": True},
        {"now": None},
        {"later": 1},
        {"now": START - 1},
        {"now": 1e300},
        {"advance_s": 1e300},
    ],
)
def test_a_move_that_cannot_be(url: str, body: Any) -> None:
    status, said = ask(url, "clock", body=body)
    assert status == 400
    assert said["error"]
    assert ask(url, "health", method="GET")[1]["now"] == START


def test_the_system_clock_cannot_be_moved() -> None:
    with serving.hosted(Host(SystemClock(), clock_name="system")) as url:
        status, said = ask(url, "clock", body={"advance_s": 1})
        assert status == 400
        assert "--clock virtual" in said["error"]


def test_a_clock_that_runs_fast_can_be_moved_on_and_not_back() -> None:
    with serving.hosted(Host(RateClock(60, ODD_START), clock_name="x60")) as url:
        _, said = ask(url, "clock", body={"advance_s": 3600})
        assert said["now"] >= START + 3600
        assert ask(url, "clock", body={"now": START})[0] == 400
        assert ask(url, "health", method="GET")[1]["now"] >= START + 3600


def test_a_reset_forgets_everything(host: Host, url: str) -> None:
    driver(host, url)
    ask(url, "clock", body={"advance_s": 5})
    assert ask(url, "reset") == (200, {"now": START})
    swf = serving.client(url)
    assert swf.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []


def test_health(url: str) -> None:
    status, said = ask(url, "health", method="GET")
    assert status == 200
    assert said.pop("version")
    assert said == {"clock": "virtual", "now": START, "parked_polls": 0, "status": "ok"}


def test_the_journal_tells_calls_answers_and_refusals(host: Host, url: str) -> None:
    swf = driver(host, url)
    with pytest.raises(swf.client.exceptions.UnknownResourceFault):
        swf.client.describe_domain(name="nowhere")
    answer = requests.get(f"{url}/_swfsim/journal", timeout=serving.PATIENCE_S)
    *_, registered, refused = [json.loads(line) for line in answer.text.splitlines()]
    assert (registered["operation"], registered["answer"]) == ("RegisterActivityType", {})
    assert registered["params"]["name"] == "pay"
    assert registered["at"] == ODD_START
    assert refused["fault"] == {
        "code": "UnknownResourceFault",
        "message": "Unknown domain: nowhere",
    }


# Who does not get there


def refused(url: str, **headers: str) -> bool:
    """Whether health, clock and reset all turn this away, and nothing has moved."""
    asked = [
        ask(url, "health", method="GET", **headers),
        ask(url, "journal", method="GET", **headers),
        ask(url, "clock", body={"advance_s": 1}, **headers),
        ask(url, "reset", **headers),
    ]
    assert ask(url, "health", method="GET")[1]["now"] == START
    return [status for status, _ in asked] == [403] * 4


def test_a_page_of_another_origin(url: str) -> None:
    assert refused(url, Origin="https://evil.example")
    assert refused(url, Origin="null")
    assert refused(url, Origin="http://127.0.0.1:1")
    assert refused(url, Origin="http://[")
    assert refused(url, Sec_Fetch_Site="cross-site")
    assert refused(url, Sec_Fetch_Site="same-site")


def test_a_page_of_its_own_origin(url: str) -> None:
    assert ask(url, "reset", Origin=url, Sec_Fetch_Site="same-origin")[0] == 200


def test_a_name_that_somebody_points_at_this_machine(url: str) -> None:
    port = url.rpartition(":")[2]
    evil = f"evil.example:{port}"
    assert refused(url, Host=evil)
    assert refused(url, Host=evil, Origin=f"http://{evil}", Sec_Fetch_Site="same-origin")
    assert refused(url, Host=f"127.0.0.1.evil.example:{port}")
    assert refused(url, Host="[::1")


@pytest.mark.parametrize(
    "name", ["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:8080", "10.0.0.1"]
)
def test_loopback_and_addresses_are_no_such_names(url: str, name: str) -> None:
    assert ask(url, "health", method="GET", Host=name)[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_cannot_move_the_clock(url: str, kind: str) -> None:
    for name, body in (("clock", '{"advance_s":1}'), ("reset", "a=b")):
        answer = requests.post(
            f"{url}/_swfsim/{name}",
            data=body,
            headers={"Content-Type": kind},
            timeout=serving.PATIENCE_S,
        )
        assert answer.status_code == 415
    assert ask(url, "health", method="GET")[1]["now"] == START


def test_an_empty_form_cannot_reset(url: str) -> None:
    """A page that posts an empty form still says that it is one."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(f"{url}/_swfsim/reset", headers=kind, timeout=serving.PATIENCE_S)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("method", "name", "status"),
    [("GET", "reset", 405), ("POST", "health", 405), ("GET", "", 404), ("POST", "stop", 404)],
)
def test_what_is_not_there(url: str, method: str, name: str, status: int) -> None:
    assert ask(url, name, method=method)[0] == status
