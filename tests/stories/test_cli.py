"""``swfsim run`` as a user meets it."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from swfsim.cli import main

APP = "tests.support.shop:Shop"


def call(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=given)


@pytest.fixture
def order(tmp_path: Path) -> str:
    path = tmp_path / "order.json"
    path.write_text('{"order": 7}')
    return str(path)


def test_it_prints_the_timeline_and_how_it_ended(order: str) -> None:
    result = call("run", APP, "--input", order)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["0:00:00.010", "operator", "WorkflowExecutionStarted"]
    assert "COMPLETED after 9." in lines[-1]
    assert all(len(line) <= 100 for line in lines)


def test_the_same_seed_prints_the_same(order: str) -> None:
    once, again = (call("run", APP, "--input", order, "--seed", "3").output for _ in range(2))
    assert once == again


def test_standard_input_will_do() -> None:
    assert call("run", APP, "--input", "-", given="[]").exit_code == 0


def test_all_events_shows_the_decision_tasks(order: str) -> None:
    assert "DecisionTaskStarted" in call("run", APP, "--input", order, "--all-events").output


def test_the_journal_is_one_json_line_a_call(order: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert call("run", APP, "--input", order, "--journal", str(path)).exit_code == 0
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert entries[0]["operation"] == "StartWorkflowExecution"
    assert {entry["who"] for entry in entries} >= {"operator", "decider", "worker"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("run", "tests.support.shop", "--input", "-"), "module:attribute"),
        (("run", "nowhere:Shop", "--input", "-"), "cannot import 'nowhere'"),
        (("run", "tests.support.shop:Shpo", "--input", "-"), "no application 'Shpo'"),
        (("run", APP, "--input", "missing.json"), "cannot read missing.json"),
        (("run", APP), "--input"),
        (("run", APP, "--input", "-", "--budget", "3"), "--budget goes with --live"),
        (("run", APP, "--input", "-", "--domain", "swfsim-me"), "--domain goes with --live"),
        (("rum", APP), "rum"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_status_2(arguments: tuple[str, ...], text: str) -> None:
    result = call(*arguments, given="{}")
    assert result.exit_code == 2
    assert text in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "next_step"),
    [
        (("rum", APP), "Did you mean 'run'?"),
        (("run", "tests.support.shop", "--input", "-"), "as in tests.support.shop:App"),
        (("run", "nowhere:Shop", "--input", "-"), "looked for in the current directory, "),
        (("run", "tests.support.shop:Shpo", "--input", "-"), "did you mean 'Shop'?"),
        (("run", "tests.support.shop:nothing", "--input", "-"), "; it has Shop\n"),
        (("run", "tests.support.driver:Shop", "--input", "-"), "; it has none\n"),
    ],
)
def test_a_mistake_says_what_to_do_next(arguments: tuple[str, ...], next_step: str) -> None:
    assert next_step in call(*arguments, given="{}").output


def test_a_module_that_an_application_lacks_is_not_looked_for_here(here: Path) -> None:
    (here / "needing.py").write_text("import no_such_library")
    result = call("run", "needing:Shop", "--input", "-", given="{}")
    assert result.output == "Error: cannot import 'needing': No module named 'no_such_library'\n"


def test_a_file_that_cannot_be_read_is_named_once(here: Path) -> None:
    result = call("run", APP, "--input", "missing.json")
    assert result.output == "Error: cannot read missing.json: No such file or directory\n"


def test_a_run_that_failed_tells_its_whole_reason(here: Path) -> None:
    """Its line in the timeline ends at 100 columns."""
    result = call("run", "broken:Failing", "--input", "-", given="{}")
    assert result.exit_code == 1
    *_, end, reason = result.output.splitlines()
    assert ": FAILED after " in end
    assert reason == "reason: " + "no paper left in the shop " * 9


def test_input_that_is_not_json_is_said() -> None:
    result = call("run", APP, "--input", "-", given="{order: 7}")
    assert result.exit_code == 2
    assert "is not JSON: " in result.output


def test_help_teaches() -> None:
    assert "swfsim run scenarios.app:orders --input order.json" in call("run", "--help").output


@pytest.mark.parametrize("command", [(), ("run",), ("reenact",)])
def test_help_fits_a_terminal_of_80_columns(command: tuple[str, ...]) -> None:
    text = call(*command, "--help").output
    assert [line for line in text.splitlines() if len(line) > 80] == []


# Applications that cannot run: a sentence, and exit status 2


BROKEN = """
    import functools
    import boto3
    from swfsim import App
    from tests.support.shop import Shop

    class NoStart(App):
        def register(self): ...
        def workers(self, wrap): return {}

    class Sized(Shop):
        def __init__(self, size): ...

    class Idle(Shop):
        def start(self, given): return "workflow", "run"

    class Refusing(Shop):
        def start(self, given): raise ValueError("an order has items")

    class Unstaffed(Shop):
        def workers(self, wrap): return None

    class Called(Shop):
        def workers(self, wrap): return {"decider": print()}

    class Text(Shop):
        steps = "Take"

    class Plain: ...

    class Asking(Shop):
        def __init__(self):
            boto3.client("swf").list_domains(registrationStatus="REGISTERED")

    class Wrong(Shop):
        def workers(self, wrap):
            return {**super().workers(wrap), "decider": lambda: {}["taskToken"]}

    class Poisoned(Shop):
        def workers(self, wrap):
            def fall_over():
                client = boto3.client("swf")
                client.poll_for_decision_task(domain="shop", taskList={"name": "decisions"})
                raise KeyError("poison")
            return {"decider": fall_over}

    class Failing(Shop):
        def workers(self, wrap):
            def give_up():
                client = boto3.client("swf")
                task = client.poll_for_decision_task(
                    domain="shop", taskList={"name": "decisions"}
                )
                why = {"reason": "no paper left in the shop " * 9}
                client.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[{
                    "decisionType": "FailWorkflowExecution",
                    "failWorkflowExecutionDecisionAttributes": why,
                }])
            return {"decider": give_up}

    called = []
    def anything(): called.append("called")
    def shop() -> "Shop": return Shop()
    ready, part, text = Shop(), functools.partial(Shop), "Shop"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current directory with modules of applications in it."""
    modules = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "broken.py").write_text(textwrap.dedent(BROKEN))
    (tmp_path / "unreadable.py").write_text("def shop(:")
    (tmp_path / "leaving.py").write_text("import sys; sys.exit(3)")
    yield tmp_path
    for name in {"broken", "unreadable", "leaving"} & sys.modules.keys() - modules:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("app", "text"),
    [
        ("broken:NoStart", "broken:NoStart lacks what every App has: start()"),
        ("broken:Sized", "cannot be made without arguments (size)"),
        ("broken:Idle", "start() of Idle started no execution"),
        ("broken:Refusing", "does not start with this input: ValueError: an order has items"),
        ("broken:Unstaffed", "workers() of Unstaffed returned None, not a dict of loops"),
        ("broken:Called", "workers() of Called gives None for 'decider', not a function"),
        ("broken:Text", "steps of Text is 'Take', not a list of names"),
        ("broken:Plain", "broken:Plain is a class, but no subclass of swfsim.App"),
        ("broken:anything", "does not say that it makes an App, and is not called"),
        ("broken:text", "broken:text is of type str: neither an App class nor a function"),
        ("unreadable:shop", "cannot import 'unreadable': SyntaxError: invalid syntax"),
        ("leaving:shop", "cannot import 'leaving': SystemExit: 3"),
        ("../broken:shop", "'../broken' is no name of a module: it is written with dots"),
        ("broken.py:shop", "'broken.py' is no name of a module"),
    ],
)
def test_an_application_that_cannot_run_is_one_sentence(here: Path, app: str, text: str) -> None:
    result = call("run", app, "--input", "-", given="{}")
    assert (result.exit_code, text in result.output) == (2, True), result.output
    assert "Traceback" not in result.output
    assert getattr(sys.modules.get("broken"), "called", []) == []


@pytest.mark.parametrize("app", ["shop", "ready", "part", "Asking"])
def test_a_class_a_function_or_an_app_will_do(here: Path, app: str) -> None:
    """``Asking`` calls SWF when it is made, which no AWS is there to answer."""
    result = call("run", f"broken:{app}", "--input", "-", given="{}")
    assert result.exit_code == 0, result.output


def test_an_error_in_a_worker_is_told_with_its_line(here: Path) -> None:
    result = call("run", "broken:Wrong", "--input", "-", given="{}")
    assert result.exit_code == 1
    assert "Error: KeyError: 'taskToken', in worker 'decider' of the simulation" in result.output
    assert "at broken.py:37, in <lambda>: " in result.output


def test_input_that_is_nested_too_deep_is_said() -> None:
    result = call("run", APP, "--input", "-", given="[" * 100_000)
    assert result.exit_code == 2
    assert "is nested too deep" in result.output


def test_a_journal_that_cannot_be_written_is_noticed_before_the_run(tmp_path: Path) -> None:
    result = call("run", APP, "--input", "-", "--journal", str(tmp_path), given="{}")
    assert result.exit_code == 2
    assert result.output == f"Error: cannot write {tmp_path}: Is a directory\n"


def test_a_run_that_fails_leaves_its_journal_too(here: Path) -> None:
    given = '{"poison": true}'
    call("run", "broken:Poisoned", "--input", "-", "--journal", "journal", given=given)
    entries = [json.loads(line) for line in (here / "journal").read_text().splitlines()]
    assert entries[0]["operation"] == "StartWorkflowExecution"
