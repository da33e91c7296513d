"""``swfsim parity``: one story on two services, and the ledger of what they agreed on.

The second service is another implementation, moto's, whose known differences are listed here.
"""

from __future__ import annotations

import collections
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scenarios import app as application
from swfsim import Fake
from swfsim.commands.parity import parity
from swfsim.live.ledger import Ledger
from swfsim.live.parity import lines
from tests.support.driver import DOMAIN, Driver, child, marker, schedule

STORIES = "scenarios.test_example_01_simple_order"
ORDER = f"{STORIES}:test_an_order_goes_through_all_steps"

MOTO_DIFFERS = {
    # moto's decision tasks do not show a schedule-to-start
    ("DecisionTaskScheduled", "scheduleToStartTimeout=NONE"),
    # and its WorkflowExecutionStarted leaves out the tags
    ("WorkflowExecutionStarted", "tagList=['ORD-2024-001']"),
}


def compare(url: str | None, *arguments: str) -> Result:
    endpoint = [] if url is None else ["--endpoint-url", url]
    application._client.cache_clear()  # made once a process, which has one endpoint, as a rule
    asked = ["scenarios.app:orders", *arguments, *endpoint]
    return CliRunner().invoke(parity, asked, catch_exceptions=False)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    pytest.importorskip("moto.server", reason="needs the extra bench")
    command = [sys.executable, "-m", "moto.server", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        told = (re.search(r"http://127.0.0.1:\d+", line) for line in running.stderr)
        url = next(found[0] for found in told if found)
        threading.Thread(target=collections.deque, args=(running.stderr, 0), daemon=True).start()
        yield url
        running.kill()


def test_the_fake_and_its_own_server_agree_on_every_event(url: str) -> None:
    result = compare(url, STORIES)
    assert result.exit_code == 0, result.output
    assert re.search(
        r"test_an_order_goes_through_all_steps: \d\d events agree, 0 differ", result.output
    )


def test_what_agrees_is_written_down_and_held(url: str, tmp_path: Path) -> None:
    ledger = tmp_path / "parity.txt"
    compare(url, ORDER, "--ledger", str(ledger))
    lines = ledger.read_text(encoding="utf-8").splitlines()
    pattern = r"\d{4}-\d\d-\d\d 127\.0\.0\.1:\d+ both \S+:test_an_order\S+ run 1 \w+.*"
    assert len(lines) == 20
    assert all(re.fullmatch(pattern, line) for line in lines)
    assert compare(None, ORDER, "--ledger", str(ledger), "--verify").exit_code == 0


def test_a_rule_that_the_fake_no_longer_keeps_is_shown(url: str, tmp_path: Path) -> None:
    ledger = tmp_path / "parity.txt"
    compare(url, ORDER, "--ledger", str(ledger))
    text = ledger.read_text(encoding="utf-8")
    ledger.write_text(text.replace("ActivityTaskStarted(SaveResults-1)", "Gone"), encoding="utf-8")
    result = compare(None, ORDER, "--ledger", str(ledger), "--verify")
    assert result.exit_code == 1
    assert "gone: run 1 Gone" in result.output


def test_a_service_that_differs_is_shown_member_by_member(moto: str) -> None:
    result = compare(moto, ORDER)
    assert result.exit_code == 1
    seen = re.findall(r"  run 1 (\w+)\n    fake: (.*)\n    live: nothing", result.output)
    assert set(seen) == MOTO_DIFFERS


def test_differences_that_were_accepted_are_known_from_then_on(moto: str, tmp_path: Path) -> None:
    ledger = str(tmp_path / "parity.txt")
    assert compare(moto, ORDER, "--ledger", ledger, "--accept").exit_code == 0
    result = compare(moto, ORDER, "--ledger", ledger)
    assert result.exit_code == 0
    assert "18 events agree, 0 differ, 4 known to differ" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((STORIES,), "needs a domain of its own"),
        (("no_such_module",), "cannot import 'no_such_module'"),
        (("scenarios.app",), "holds no story"),
        ((f"{STORIES}:nobody",), "holds no story"),
        ((STORIES, "--accept"), "go with --ledger"),
        ((STORIES, "--domain", "orders"), "may be one of production"),
        ((STORIES, "--domain", "swfsim-me", "--budget", "0"), "above the budget"),
        ((STORIES, "--endpoint-url", "http://127.0.0.1:1"), "the live service cannot be asked"),
    ],
)
def test_a_mistake_in_the_call_is_one_sentence_and_2(arguments: tuple[str, ...], says: str) -> None:
    result = compare(None, *arguments)
    assert result.exit_code == 2
    assert says in result.output


def test_a_ledger_that_is_none_is_said_with_its_line(tmp_path: Path) -> None:
    ledger = tmp_path / "parity.txt"
    ledger.write_text("# notes\nnonsense\n", encoding="utf-8")
    result = compare(None, ORDER, "--ledger", str(ledger), "--verify")
    assert result.exit_code == 2
    assert "parity.txt, line 2 is no entry of a ledger" in " ".join(result.output.split())


# How histories are compared


def told(fake: Fake) -> list[str]:
    """Every run of the fake as the lines that are compared."""
    runs = fake.service.machine.world.region("us-east-1").domain(DOMAIN).runs
    return [str(line) for line in lines(runs.values())]


def test_a_child_names_the_event_of_its_parent_that_asked_for_it(swf: Driver, fake: Fake) -> None:
    swf.start("parent")
    swf.decide(*[marker(f"m-{number}") for number in range(20)], child("child"))
    swf.poll()
    [started] = [one for one in told(fake) if one.startswith("run 2 WorkflowExecutionStarted")]
    asked = "StartChildWorkflowExecutionInitiated(workflow-2)"
    assert f"parentInitiatedEventId={asked}" in started


def test_details_of_many_lines_stay_one_line_of_the_ledger(
    swf: Driver, fake: Fake, tmp_path: Path
) -> None:
    swf.start()
    swf.decide(marker("trace", details="Traceback:\r\n  line 2\x85\n"))
    book = Ledger()
    book.add("2026-11-23", "us-east-1", "both", "test_it", told(fake))
    book.write(tmp_path / "ledger")
    assert Ledger.read(tmp_path / "ledger") == book


def test_a_task_on_the_list_of_the_decider_is_not_one_on_the_workers(
    swf: Driver, fake: Fake
) -> None:
    swf.start()
    swf.decide(schedule("pay-1"), schedule("pay-2", taskList={"name": "deciders"}))
    lists = [re.findall("(?:activity|decision) task list", one) for one in told(fake)]
    assert lists.count(["activity task list"]) == 1
