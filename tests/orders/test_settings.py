"""Settings and the rules that follow from them; what the package shows and what it imports."""

import ast
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import orders
from orders import workflow
from orders.settings import Settings


def test_defaults():
    timeouts = Settings().timeouts()
    assert timeouts["ValidateInput"].start_to_close == 60
    for step in ("EnrichData", "CallExternalAPI", "SaveResults"):
        assert timeouts[step].start_to_close == 600
        assert timeouts[step].heartbeat == 60


@pytest.mark.parametrize("name", ["ACTIVITY_TASK_TIMEOUT", "ORDERS_ACTIVITY_TASK_TIMEOUT"])
def test_the_task_timeout_is_set_by_the_name_the_tips_use(monkeypatch, name):
    monkeypatch.setenv(name, "45")
    assert Settings().timeouts()["NotifyCompletion"].start_to_close == 45
    assert Settings().timeouts()["SaveResults"].start_to_close == 600


def test_single_steps_can_be_set(monkeypatch):
    monkeypatch.setenv("ORDERS_STEP_TIMEOUTS", '{"EnrichData": 30}')
    timeouts = Settings().timeouts()["EnrichData"]
    assert timeouts.start_to_close == 30
    assert timeouts.heartbeat == 30


def test_those_who_share_timeouts_cannot_change_them():
    """They are worked out once for equal settings."""
    with pytest.raises(TypeError):
        Settings().timeouts()["EnrichData"] = workflow.Timeouts(1, 1)
    assert Settings().timeouts()["EnrichData"].start_to_close == 600


def _documented():
    text = (Path(__file__).parents[2] / "docs" / "orders.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `([A-Z_]+)` \| ?`?([^`|]*?)`? \|", text, re.MULTILINE))


def test_the_page_about_orders_has_every_setting_with_its_default():
    names = {"activity_task_timeout": "ACTIVITY_TASK_TIMEOUT"}
    assert _documented() == {
        names.get(name, f"ORDERS_{name.upper()}"): str(field.default)
        for name, field in Settings.model_fields.items()
    }


def test_rollback_waits_longer_for_a_worker():
    timeouts = Settings().timeouts()
    assert timeouts["RollbackStep"].schedule_to_start > timeouts["SaveResults"].schedule_to_start


@pytest.mark.parametrize("seconds", [1, 2, 60, 600])
def test_each_of_the_four_timeouts_can_occur(seconds):
    timeouts = workflow.Timeouts(start_to_close=seconds, schedule_to_start=300)
    assert timeouts.schedule_to_start <= timeouts.schedule_to_close
    assert timeouts.schedule_to_close < timeouts.schedule_to_start + timeouts.start_to_close


@pytest.mark.parametrize(
    "bad",
    [
        {"activity_task_timeout": 0},
        {"activity_task_timeout": 40_000_000},
        {"max_attempts": 0},
        {"retry_backoff": -1},
        {"step_timeouts": {"EnrichData": -5}},
        {"step_timeouts": {"Nonsense": 5}},
    ],
)
def test_bad_settings_are_refused(bad):
    with pytest.raises(ValidationError):
        Settings(**bad)


def test_rules_follow_the_settings():
    rules = Settings(
        max_attempts=5, retry_backoff=2, activity_task_list="mine", payload_bucket="bucket"
    ).rules()
    assert rules.max_attempts == 5
    assert [rules.backoff(failures) for failures in (1, 2, 3, 99)] == [2, 4, 8, 300]
    assert rules.activity_attributes("SaveResults")["taskList"] == {"name": "mine"}
    assert rules.refer("text")["s3_bucket"] == "bucket"


def test_the_package_shows_its_three_classes():
    assert orders.__all__ == ["ActivityWorker", "DecisionWorker", "WorkflowStarter"]
    for name in orders.__all__:
        assert getattr(orders, name).__name__ == name
    with pytest.raises(AttributeError, match="Nonsense"):
        orders.Nonsense  # noqa: B018


SOURCES = sorted(Path(orders.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_production_code_knows_nothing_of_the_simulator(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
    assert not imported & {"swfsim", "pytest", "hypothesis", "freezegun", "moto"}


@pytest.mark.parametrize(
    "name", ["decider", "decisions", "facts", "messages", "progress", "reactions", "workflow"]
)
def test_the_decider_and_what_it_stands_on_are_pure(name):
    """No clock, chance, network, disk or database within reach."""
    path = Path(orders.__file__).with_name(f"{name}.py")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
            assert not names & {"time", "datetime", "random", "uuid", "os", "boto3", "requests"}
        elif isinstance(node, ast.ImportFrom):
            assert node.module.split(".")[0] in (
                "orders",
                "collections",
                "dataclasses",
                "types",
                "typing",
            ) or (node.module == "types_boto3_swf.type_defs")
