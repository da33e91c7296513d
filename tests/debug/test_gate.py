"""``swfsim gate``: a verdict for each workflow type, in both directions, for other programs too."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from swfsim import faults
from swfsim.commands.gate import gate
from swfsim.debug import sample
from tests.debug.conftest import told
from tests.debug.written import Written

HERE = "tests.debug"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(gate, [str(one) for one in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("corpus")
    made = {
        "well": told(),
        "rolled-back": told(lambda s: s.given(faults.fails("SaveResults", "full", attempts=3))),
    }
    for name, data in made.items():
        (directory / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    return directory


# Verdicts and exit statuses


@pytest.mark.parametrize(
    ("decider", "verdict", "status"),
    [
        ("orders.decider:decide", "safe to promote", 0),
        (f"{HERE}.flawed:reads_the_clock", "review", 3),
        (f"{HERE}.deciders:another_total", "block until compatible", 4),
        (f"{HERE}.deciders:schedules_twice", "block and investigate", 5),
        (f"{HERE}.deciders:raises_after_ten_events", "block and investigate", 5),
        (f"{HERE}.flawed:changes_its_mind", "block and investigate", 5),
    ],
)
def test_each_verdict_has_its_exit_status(
    corpus: Path, decider: str, verdict: str, status: int
) -> None:
    result = run(corpus, "--decider", decider)
    assert result.output.endswith(f"OrderWorkflow 1.0: {verdict}\nverdict: {verdict}\n")
    assert result.exit_code == status


def test_no_evidence_is_no_pass(tmp_path: Path) -> None:
    result = run(tmp_path, "--decider", "orders.decider:decide")
    assert result.exit_code == 6
    assert result.output == "verdict: no evidence\n"


def test_a_file_that_cannot_be_used_is_no_pass(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text("{}")
    result = run(corpus, tmp_path, "--decider", "orders.decider:decide")
    assert result.exit_code == 2
    assert "odd.json holds no history" in result.output


# For other programs


def test_junit_has_a_case_for_each_history(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "gate.xml"
    run(corpus, "--decider", f"{HERE}.deciders:another_total", "--junit", path)
    [suite] = ElementTree.parse(path).getroot()
    assert suite.attrib == {
        "name": "OrderWorkflow 1.0, new code on old histories",
        "tests": "2",
        "failures": "2",
    }
    failures = [case.find("failure") for case in suite]
    assert [one.get("type") for one in failures if one is not None] == [
        "block until compatible"
    ] * 2


def test_sarif_and_annotations_lead_to_the_line(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "gate.sarif"
    name = f"{HERE}.flawed:reads_the_clock"
    result = run(corpus, "--decider", name, "--sarif", path, "--github")
    source = Path(__file__).with_name("flawed.py").read_text(encoding="utf-8").splitlines()
    line = next(n for n, text in enumerate(source, 1) if "time.time()  # here" in text)
    found = json.loads(path.read_text(encoding="utf-8"))["runs"][0]["results"]
    places = [one["locations"][0]["physicalLocation"] for one in found]
    assert {place["region"]["startLine"] for place in places} == {line}
    assert {place["artifactLocation"]["uri"] for place in places} == {"tests/debug/flawed.py"}
    assert {one["level"] for one in found} == {"warning"}
    assert f"::warning file=tests/debug/flawed.py,line={line}::" in result.output


def test_a_report_that_cannot_be_written_is_told(corpus: Path, tmp_path: Path) -> None:
    result = run(corpus, "--decider", "orders.decider:decide", "--junit", tmp_path)
    assert result.exit_code == 2
    assert f"cannot write {tmp_path}" in result.output


# What the evidence bounds


def test_so_many_without_a_wrong_one_bound_the_share() -> None:
    assert sample.needed(0.001) == 2_995
    assert sample.said(0, 2_996) == "0 in 2,996: below 0.1 % at 95 %"


@pytest.mark.parametrize(("wrong", "judged"), [(0, 10), (1, 10), (3, 50), (10, 10_000)])
def test_the_bound_is_where_so_few_would_be_a_surprise(wrong: int, judged: int) -> None:
    p = sample.bound(wrong, judged)
    few = sum(math.comb(judged, k) * p**k * (1 - p) ** (judged - k) for k in range(wrong + 1))
    assert few == pytest.approx(0.05, rel=1e-6)


def test_a_sample_says_what_it_bounds_and_what_it_lacks(corpus: Path) -> None:
    result = run(corpus, "--decider", "orders.decider:decide", "--sample", "0.5")
    assert "sample: 0 in 2: below 78 % at 95 %; 5 histories are needed for 50 %" in result.output


def test_a_bound_that_was_asked_for_and_is_not_reached_is_no_pass(corpus: Path) -> None:
    result = run(corpus, "--decider", "orders.decider:decide", "--sample", "0.5")
    assert result.exit_code == 3
    assert result.output.endswith("verdict: review\n")
    result = run(corpus, "--decider", "orders.decider:decide", "--sample", "0.8")
    assert result.exit_code == 0, result.output
    assert "sample: 0 in 2: below 78 % at 95 %\n" in result.output


@pytest.mark.parametrize("header", [{}, {"workflowExecution": {"workflowId": "w", "runId": "r"}}])
def test_copies_of_a_run_are_no_further_evidence(
    corpus: Path, tmp_path: Path, header: dict[str, object]
) -> None:
    made = {**header, **json.loads((corpus / "well.json").read_text(encoding="utf-8"))}
    for number in range(5):
        path = tmp_path / f"copy-{number}.json"
        path.write_text(json.dumps(made), encoding="utf-8")
    result = run(tmp_path, "--decider", "orders.decider:decide", "--sample", "0.5")
    assert result.exit_code == 3
    assert result.output.startswith("note: 4 histories left out, of runs that are there already")
    assert "sample: 0 in 1: " in result.output


def test_a_sample_ends_at_the_first_wrong_history(corpus: Path) -> None:
    result = run(corpus, "--decider", f"{HERE}.deciders:another_total", "--sample", "0.5")
    assert "new code on old histories: 1 judged, 0 safe" in result.output
    assert "sample: 1 in 1: below 100 % at 95 %" in result.output


# Both directions

OLD = """
def decide(task):
    names = [event["eventType"] for event in task["events"]]
    if "TimerFired" in names:
        return [{"decisionType": "CompleteWorkflowExecution"}]
    if "TimerStarted" in names:
        return []
    return [timer("1")]


def timer(name):
    attributes = {"timerId": name, "startToFireTimeout": "10"}
    return {"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}
"""

MARKS = OLD.replace(
    "    return [timer",
    "    mark = {'markerName': 'begun'}\n"
    "    return [{'decisionType': 'RecordMarker', 'recordMarkerDecisionAttributes': mark}, timer",
)
"""The same with a marker before its timer: a run of the old code goes on with it."""

TWO_TIMERS = OLD.replace('[timer("1")]', '[timer("1"), timer("1")]')
"""SWF refuses the second, and asks again."""

NEVER_ENDS = OLD.replace('[{"decisionType": "CompleteWorkflowExecution"}]', "[]")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a decider, committed, and a history that it made."""

    def git(*arguments: str) -> None:
        name = ("-c", "user.name=n", "-c", "user.email=e")
        subprocess.run(["git", *name, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "timers.py").write_text(OLD)
    written = Written(taskStartToCloseTimeout="60")
    [first] = written.decide(("TimerStarted", {"timerId": "1", "startToFireTimeout": "10"}))
    written.news("TimerFired", timerId="1", startedEventId=first)
    written.decide(("WorkflowExecutionCompleted", {}))
    (tmp_path / "corpus").mkdir()
    path = tmp_path / "corpus" / "timer.json"
    path.write_text(json.dumps({"events": written.events}), encoding="utf-8")
    git("init", "-q")
    git("add", "timers.py")
    git("commit", "-qm", "old")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def both_ways(project: Path, new: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    (project / "timers.py").write_text(new)
    name = "timers:decide"
    monkeypatch.delitem(sys.modules, "timers", raising=False)
    monkeypatch.syspath_prepend(str(project))
    return run("corpus", "--decider", name, "--against", "HEAD")


def test_code_that_did_not_change_is_safe_both_ways(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = both_ways(project, OLD, monkeypatch)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "new code on old histories: 1 judged, 1 safe",
        "old code on old histories: 1 judged, 1 safe",
        "old code on new histories: 1 judged, 1 safe",
        "w 1: safe to promote",
        "verdict: safe to promote",
    ]


def test_the_old_code_is_put_to_the_histories_of_the_new(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = both_ways(project, MARKS, monkeypatch)
    assert result.exit_code == 4
    assert "decision task 1: old code decides otherwise, missing RecordMarker(begun)" in (
        result.output
    )
    assert "change of version: 1 judged, 1 safe" in result.output
    assert "mixed fleet: 4 judged, 4 safe" in result.output


def test_what_swf_refuses_in_simulation_is_to_be_investigated(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = both_ways(project, TWO_TIMERS, monkeypatch)
    assert result.exit_code == 5, result.output
    assert "StartTimerFailed, TIMER_ID_ALREADY_IN_USE" in result.output


def test_a_run_that_never_ends_is_to_be_investigated(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = both_ways(project, NEVER_ENDS, monkeypatch)
    assert result.exit_code == 5, result.output
    assert "ends with WorkflowExecutionTimedOut, not WorkflowExecutionCompleted" in result.output


def test_a_history_with_children_is_judged_one_way_and_a_note_says_so(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Written()
    kind = {"name": "child", "version": "1"}
    attributes = {"workflowId": "c", "workflowType": kind, "childPolicy": "TERMINATE"}
    initiated = ("StartChildWorkflowExecutionInitiated", {**attributes, "taskList": {"name": "l"}})
    written.decide(initiated)
    (project / "corpus" / "timer.json").write_text(json.dumps({"events": written.events}))
    result = both_ways(project, OLD, monkeypatch)
    assert "is judged one way only: it needs its children's deciders" in result.output
    assert "old code" not in result.output


def test_a_revision_that_is_not_there_is_told(project: Path) -> None:
    result = run("corpus", "--decider", "timers:decide", "--against", "nowhere")
    assert result.exit_code == 2
    assert "git rev-parse: " in result.output


def test_no_worktree_is_left_behind(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both_ways(project, OLD, monkeypatch)
    listed = subprocess.run(["git", "worktree", "list"], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1
