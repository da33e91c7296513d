"""What keeps a live run from doing harm: the domain's name, the budget, the bound of a story."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from swfsim import Env
from swfsim.cli import main
from swfsim.errors import HarnessError
from swfsim.live.budget import Meter, Use
from swfsim.live.run import JournalFile, LiveRun, check_domain, is_loopback
from swfsim.sim.workers import Worker, act_as


@pytest.mark.parametrize(
    ("domain", "endpoint", "used"),
    [
        ("swfsim-me", None, "swfsim-me"),
        ("swfsim-me", "http://127.0.0.1:80", "swfsim-me"),
        (None, "http://127.0.0.1:8080", "swfsim-stories"),
        (None, "http://localhost:8080", "swfsim-stories"),
    ],
)
def test_a_domain_of_its_own(domain: str | None, endpoint: str | None, used: str) -> None:
    assert check_domain(domain, endpoint) == used


@pytest.mark.parametrize(
    ("domain", "endpoint"),
    [
        (None, None),
        (None, "https://swf.us-east-1.amazonaws.com"),
        ("orders", None),
        ("orders", "http://127.0.0.1:8080"),
        ("my-swfsim-", None),
        ("", None),
    ],
)
def test_a_domain_that_may_be_one_of_production_is_refused(
    domain: str | None, endpoint: str | None
) -> None:
    with pytest.raises(HarnessError, match="swfsim-"):
        check_domain(domain, endpoint)


def test_an_endpoint_that_is_no_url_is_told_of() -> None:
    with pytest.raises(HarnessError, match="is no URL"):
        check_domain("swfsim-me", "http://[::1")


def test_what_is_no_number_of_dollars_allows_nothing() -> None:
    with pytest.raises(HarnessError, match="above the budget"):
        LiveRun("swfsim-me", budget_usd=float("nan")).check_budget(1)


def test_only_this_machine_costs_nothing() -> None:
    assert is_loopback("http://[::1]:80")
    assert not is_loopback("http://127.0.0.1.example.com")
    assert not is_loopback(None)


def test_the_bound_of_a_run_is_told_in_dollars() -> None:
    live = LiveRun("swfsim-me", story=Use(10, 100, 20, 5))
    told = live.check_budget(3)
    assert told == (
        "3 live stories use at most 30 executions, 300 tasks, 60 timers, 15 signals and markers: "
        "at most $0.01"
    )


def test_a_run_above_its_budget_is_refused_before_it_begins() -> None:
    live = LiveRun("swfsim-me", budget_usd=0.01, story=Use(1000, 0, 0, 0))
    with pytest.raises(HarnessError, match=r"\$0.11, above the budget of \$0.01"):
        live.check_budget(1)


def decisions(*kinds: str) -> dict[str, object]:
    return {"decisions": [{"decisionType": kind} for kind in kinds]}


@pytest.mark.parametrize(
    ("operation", "params", "member"),
    [
        ("StartWorkflowExecution", {}, "executions"),
        ("SignalWorkflowExecution", {}, "signals"),
        ("RespondDecisionTaskCompleted", decisions("StartTimer"), "timers"),
        ("RespondDecisionTaskCompleted", decisions("RecordMarker"), "signals"),
        ("RespondDecisionTaskCompleted", decisions("StartChildWorkflowExecution"), "executions"),
        ("RespondDecisionTaskCompleted", decisions("ContinueAsNewWorkflowExecution"), "executions"),
    ],
)
def test_a_story_stops_at_its_bound(operation: str, params: dict[str, object], member: str) -> None:
    meter = Meter(Use(2, 2, 2, 2))
    for _ in range(2):
        meter.before(operation, params)
    with pytest.raises(HarnessError, match=f"beyond its {member}"):
        meter.before(operation, params)


def test_tasks_are_counted_when_a_poll_brings_them() -> None:
    meter = Meter(Use(2, 1, 2, 2))
    meter.after("PollForActivityTask", {"startedEventId": 0})
    meter.after("PollForActivityTask", {"taskToken": "t"})
    assert meter.used == Use(tasks=1)
    with pytest.raises(HarnessError, match="beyond its tasks"):
        meter.after("PollForDecisionTask", {"taskToken": "t"})


def test_every_call_is_in_the_journal_at_once(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    journal = JournalFile(path)
    journal.note("decider", "PollForDecisionTask", {"domain": "d"}, answer={"startedEventId": 0})
    assert '"who": "decider", "operation": "PollForDecisionTask"' in path.read_text()
    journal.close()


@pytest.mark.parametrize("command", ["serve", "capture", "parity", "run"])
def test_the_help_of_what_goes_to_a_service_fits_a_terminal(command: str) -> None:
    shown = CliRunner().invoke(main, [command, "--help"], terminal_width=80).output
    assert [line for line in shown.splitlines() if len(line) > 80] == []


def test_a_live_worker_that_lingers_is_no_business_of_a_simulation() -> None:
    """Its thread may still wait for an answer while the next story is told in simulation."""
    seen: list[int] = []

    def linger() -> None:
        act_as(Worker("decider", print, 1))
        seen.append(threading.get_ident())

    with Env.sim():
        thread = threading.Thread(target=linger)
        thread.start()
        thread.join()
    assert seen == [thread.ident]
