"""``pytest --live``: the same stories against a service on a socket."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from scenarios import app as application
from swfsim.clock import SystemClock
from swfsim.live.env import LiveEnv
from swfsim.live.run import LiveRun
from swfsim.sim.plan import Plan
from swfsim.stories import Story
from tests.live.conftest import DOMAIN, still_open
from tests.support import serving
from tests.support.driver import DOMAIN as SHOP
from tests.support.driver import Driver, child, complete

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 120

CONFTEST = """
pytest_plugins = ["scenarios.conftest"]
"""

HANGS = """
import sys
from scenarios.app import order_is_placed
from swfsim.faults import times_out

def test_it(story):
    story.given(times_out("ProcessData", "START_TO_CLOSE", attempts=9))
    story.when(order_is_placed())
    story.when("ProcessData started", lambda story: print("NOW", file=sys.stderr, flush=True))
    story.then()
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest, in surroundings that know of no region and no account."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return subprocess.run(
        command(*arguments), cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE_S
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    return tmp_path


def test_stories_pass_against_a_service_and_leave_nothing_open(url: str) -> None:
    told = run(
        "scenarios/test_example_01_simple_order.py",
        "scenarios/test_example_03_rollback.py",
        "--live",
        "--swf-endpoint-url",
        url,
    )
    assert told.returncode == 0, told.stdout
    assert re.search(r"live: domain swfsim-stories, http://127.0.0.1:\d+", told.stdout)
    assert "live stories use at most" in told.stdout
    assert still_open(url) == []


def test_what_cannot_run_live_is_skipped_with_its_reason(url: str, folder: Path) -> None:
    (folder / "test_it.py").write_text(
        "import pytest\n"
        "from swfsim.faults import answer_lost, times_out\n"
        "from scenarios.app import order_is_placed\n"
        "def test_plain(): pass\n"
        "@pytest.mark.virtual('a timer of a day')\n"
        "def test_marked(story): pass\n"
        "def test_held(story): story.given(times_out('SaveResults', 'SCHEDULE_TO_START'))\n"
        "def test_lost(story): story.given(answer_lost('SaveResults'))\n"
        "def test_late(story): story.when(60, order_is_placed())\n"
        "def test_slow(tell_story): tell_story(retry_backoff=300)\n"
    )
    told = run(str(folder), "--live", "--swf-endpoint-url", url, "-rs")
    assert told.returncode == 0, told.stdout
    for reason in (
        "tells no story that could run against a service",
        "not live: a timer of a day",
        "only a simulation can keep a task from the workers",
        "a worker may go on answering for longer than a story lasts",
        "something is to happen after 60 s of real time",
        "attempts are 300 s and more apart",
    ):
        assert reason in told.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_open(url: str, folder: Path, number: signal.Signals) -> None:
    (folder / "test_it.py").write_text(HANGS)
    arguments = command(str(folder), "-s", "--live", "--swf-endpoint-url", url)
    with subprocess.Popen(
        arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as told:
        assert told.stderr is not None
        for line in told.stderr:
            if "NOW" in line:
                break
        assert len(still_open(url)) == 1
        told.send_signal(number)
        told.stderr.read()
        assert told.wait(PATIENCE_S) == pytest.ExitCode.INTERRUPTED
    assert still_open(url) == []


def test_a_story_that_does_not_end_fails_in_its_time_and_is_terminated(
    url: str, folder: Path
) -> None:
    (folder / "test_it.py").write_text(HANGS)
    told = run(str(folder), "--live", "--swf-endpoint-url", url, "--swf-story-timeout", "2")
    assert told.returncode == 1
    assert "the story did not end within 2 s of real time" in told.stdout
    assert still_open(url) == []


def test_every_call_of_a_run_is_in_its_journal(url: str, tmp_path: Path) -> None:
    arguments = command(
        "scenarios/test_example_01_simple_order.py::test_the_starter_tells_both_ids",
        "--live",
        "--swf-endpoint-url",
        url,
        "-o",
        f"cache_dir={tmp_path}",
    )
    arguments = [one for one in arguments if one not in ("-p", "no:cacheprovider")]
    subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE_S)
    [path] = (tmp_path / "d" / "swfsim-live").iterdir()
    seen = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {one["operation"] for one in seen} >= {
        "RegisterDomain",
        "StartWorkflowExecution",
        "PollForDecisionTask",
        "RespondActivityTaskCompleted",
    }
    assert {"decider", "activities", "operator"} <= {one["who"] for one in seen}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--live",), "a live run needs a domain of its own"),
        (("--swf-domain", "swfsim-me"), "--swf-domain goes with --live"),
        (("--swf-budget", "3"), "--swf-budget goes with --live"),
        (("--live", "--swf-domain", "orders"), "may be one of production"),
        (
            ("--live", "--swf-domain", "swfsim-me", "--swf-budget", "0.0001"),
            "above the budget of $0.00",
        ),
        (("--live", "--swf-endpoint-url", "http://127.0.0.1:1", "-n", "2"), "leave out -n"),
        (
            ("--live", "--swf-endpoint-url", "http://127.0.0.1:1"),
            "the live service cannot be asked: Could not connect",
        ),
        (("--live", "--swf-domain", "swfsim-me"), "You must specify a region"),
    ],
)
def test_a_run_that_its_guards_refuse_is_wrong_usage(arguments: tuple[str, ...], says: str) -> None:
    told = run("scenarios/test_example_01_simple_order.py", *arguments)
    assert told.returncode == pytest.ExitCode.USAGE_ERROR
    assert says in told.stdout + told.stderr
    assert "Traceback" not in told.stdout + told.stderr


# What would stay open


@pytest.fixture
def live(url: str) -> Iterator[LiveRun]:
    run = LiveRun(DOMAIN, url)
    run.enter()
    application._client.cache_clear()  # made once a process, which has one endpoint, as a rule
    yield run
    run.leave()
    application._client.cache_clear()


def test_a_start_whose_answer_was_lost_is_terminated_too(
    url: str, live: LiveRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service has the execution; all that its client has is an error."""

    with Story(application.orders, live=live) as story:
        send = story.env._send  # type: ignore[union-attr]

        def loses(call: Any, who: str, operation: str, params: Any) -> Any:
            def sent() -> Any:
                answer = call()
                if operation == "StartWorkflowExecution":
                    raise ReadTimeoutError(endpoint_url=url)
                return answer

            return send(sent, who, operation, params)

        monkeypatch.setattr(story.env, "_send", loses)
        story.when(application.order_is_placed())
        with pytest.raises(Exception, match="Read timeout"):
            story.run()
        assert len(still_open(url)) == 1
    assert still_open(url) == []


def test_a_second_interrupt_does_not_leave_the_rest_open(
    url: str, live: LiveRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminate = LiveEnv._terminate
    pressed: list[str] = []

    def impatient(self: LiveEnv, workflow_id: str) -> None:
        if not pressed:
            pressed.append(workflow_id)
            raise KeyboardInterrupt
        terminate(self, workflow_id)

    def told() -> None:
        with Story(application.orders, live=live) as story:
            story.when(application.order_is_placed())
            story.when("ProcessData started", _interrupt)
            story.run()

    monkeypatch.setattr(LiveEnv, "_terminate", impatient)
    with pytest.raises(KeyboardInterrupt):
        told()
    assert pressed
    assert still_open(url) == []


def test_a_child_of_a_parent_that_closed_as_it_asked_for_it_is_terminated_too(
    url: str, live: LiveRun
) -> None:
    swf = Driver(SimpleNamespace(clock=SystemClock()), step_s=0)  # type: ignore[arg-type]
    swf.client = serving.client(url)
    swf.register()
    live.domain = SHOP
    with LiveEnv(live, Plan()) as env:
        swf.start("parent", childPolicy="ABANDON")
        swf.decide(child("stays"), complete())
        env.mirror.follow("parent", swf.run_id)
        swf.poll()
        [open_one] = still_open(url, SHOP)
        assert open_one["execution"]["workflowId"] == "stays"
    assert still_open(url, SHOP) == []


def _interrupt(story: Story) -> None:
    raise KeyboardInterrupt
