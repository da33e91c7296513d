"""What pytest shows of a story that fails."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from swfsim import pytest_plugin

pytest_plugins = ["pytester"]

STORY = """
import pytest
from swfsim import Story
from swfsim.faults import fails
from swfsim.pytest_plugin import tell
from tests.support.shop import Shop, shopping

@pytest.fixture
def story(request):
    with Story(Shop, seed=request.config.getoption("--swf-seed")) as told:
        tell(request.node, told)
        yield told
"""

GOES_WRONG = """
def test_goes_wrong(story):
    story.given(fails("Pack", "no paper"))
    story.when(shopping())
    story.then("Workflow → COMPLETED")
"""

BREAKS = """
def broken(story):
    raise KeyError("order")

def test_breaks(story):
    story.when(shopping())
    story.when("Pack started", broken)
    story.then()
"""

MISTOLD = """
def test_mistold(story):
    story.when(shopping)
"""

NAMED = """
@pytest.mark.parametrize("name", ['it\\'s "so"'])
def test_named(story, name):
    story.when(shopping())
    story.then("Workflow → FAILED")
"""

IMPOSSIBLE = """
    from swfsim import fake_swf
    from tests.support.driver import Driver

    def test_passes_on_a_broken_history():
        with fake_swf(clock="virtual") as fake:
            swf = Driver(fake).register()
            swf.start()
            [x] = fake.service.machine.world.runs.values()
            x.events.instants[0] += 1
"""


def test_a_test_that_passes_on_a_history_that_cannot_be_fails(
    pytester: pytest.Pytester, pytestconfig: pytest.Config
) -> None:
    pytester.syspathinsert(pytestconfig.rootpath)
    pytester.makepyfile(IMPOSSIBLE)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["Amazon SWF never makes a history like that of order-1 (*"])


def run(pytester: pytest.Pytester, test: str, *arguments: str) -> pytest.RunResult:
    """Run a test module that tells stories of shopping, in a process of its own."""
    pytester.syspathinsert(Path(__file__).parents[2])
    pytester.makepyfile(**{"deep/test_shop": STORY + test})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
    result.assert_outcomes(failed=1)
    return result


def test_a_failing_story_shows_seed_timeline_and_how_to_repeat_it(
    pytester: pytest.Pytester,
) -> None:
    result = run(pytester, GOES_WRONG, "--swf-seed", "7")
    result.stdout.fnmatch_lines(
        [
            "*story with seed 7*",
            "*operator*WorkflowExecutionStarted*",
            "*worker*ActivityTaskFailed Pack-1: no paper*",
            "repeat it: * -m pytest deep/test_shop.py::test_goes_wrong --swf-seed 7",
        ]
    )


@pytest.mark.parametrize("ci", ["", "true"])
def test_the_flow_is_shown_once_and_no_frame_of_ours(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    """Under CI, pytest's summary shows whole messages."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)
    shown = run(pytester, GOES_WRONG).stdout.str()
    assert shown.count("> Workflow → COMPLETED | Take → completed") == 1
    assert "AssertionError" not in shown
    assert "swfsim/stories.py" not in shown


def test_an_error_of_the_application_shows_its_own_frames(pytester: pytest.Pytester) -> None:
    shown = run(pytester, BREAKS).stdout.str()
    assert "def broken(story)" in shown
    assert "KeyError: 'order'\nE       in worker 'operator' of the simulation" in shown
    assert "swfsim/sim/simulation.py" not in shown
    assert "greenlet" not in shown


def test_with_full_trace_every_frame_is_there(pytester: pytest.Pytester) -> None:
    assert "swfsim/sim/simulation.py" in run(pytester, BREAKS, "--full-trace").stdout.str()


def test_a_story_in_which_nothing_happened_has_no_section(pytester: pytest.Pytester) -> None:
    shown = run(pytester, MISTOLD).stdout.str()
    assert "HarnessError: shopping makes a happening" in shown
    assert "story with seed" not in shown


def test_the_repeat_command_can_be_pasted_where_pytest_was_called(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder below, for an id with quotes and spaces; then it is pasted."""
    pytester.makepyprojecttoml("[tool.pytest.ini_options]")
    pytester.syspathinsert(Path(__file__).parents[2])
    path = pytester.makepyfile(**{"deep/test_shop": STORY + NAMED})
    monkeypatch.chdir(path.parent)
    shown = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    [again] = [line for line in shown.splitlines() if line.startswith("repeat it: ")]
    words = shlex.split(again.removeprefix("repeat it: "))
    assert words[1:] == ["-m", "pytest", 'test_shop.py::test_named[it\'s "so"]', "--swf-seed", "0"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "1 failed" in result.stdout


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("{root}/.venv/bin/pytest", ["../.venv/bin/pytest"]),
        ("../.venv/bin/pytest", ["../.venv/bin/pytest"]),
        ("/opt/bin/pytest", ["/opt/bin/pytest"]),
        ("{path}/pytest", ["pytest"]),
    ],
)
def test_pytest_is_named_as_it_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str, shown: list[str]
) -> None:
    on_path = tmp_path / "path"
    on_path.mkdir()
    (on_path / "pytest").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(on_path))
    root = tmp_path / "root"
    config: Any = SimpleNamespace(
        rootpath=root, invocation_params=SimpleNamespace(dir=root / "deep")
    )
    monkeypatch.setattr(sys, "argv", [called.format(root=root, path=on_path)])
    assert pytest_plugin._pytest(config) == shown
