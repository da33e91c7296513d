"""``swfsim explore``, as it is typed."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

import swfsim.commands.explore as command
from swfsim.cli import main
from swfsim.commands.explore import explore
from swfsim.explore import report
from tests.explore.test_sweep import run_as_a_test

TOY = "tests.explore.toy"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(explore, [*arguments, "--jobs", "1"], catch_exceptions=False)


def test_a_certificate_is_printed_for_an_application_without_a_mistake() -> None:
    done = run(f"{TOY}:Careful", "--only", "decision", "--only", "step")
    assert done.exit_code == 0, done.output
    assert "1 of 1 reached of what some run must reach" in done.output
    assert "every rule is kept in all of them; nothing is left unexplored" in done.output


def test_a_failure_is_printed_and_written_as_a_scenario(tmp_path: Path) -> None:
    done = run(f"{TOY}:Forgetful", "--only", "step", "--scenarios", str(tmp_path / "found"))
    assert done.exit_code == 1
    assert "BROKEN what is sold is paid once (4 placements)" in done.output
    assert (
        'story.given(faults.worker_dies("Pay", "after the effect", attempts=(1,)))' in done.output
    )
    assert "also: Pay answer lost at attempt 1" in done.output
    files = sorted((tmp_path / "found").iterdir())
    assert [one.name for one in files] == [f"test_found_00{n}.py" for n in (1, 2, 3, 4)]
    with pytest.raises(AssertionError, match="it was paid 2 times"):
        run_as_a_test(files[0].read_text())


def test_a_scenario_is_of_the_seed_with_which_it_was_found(tmp_path: Path) -> None:
    """What is drawn by an application is drawn from it."""
    found = {}
    for seed in range(4):
        there = tmp_path / str(seed)
        asked = ("--faults", "0", "--seed", str(seed), "--scenarios", str(there))
        if run(f"{TOY}:Dicey", *asked).exit_code == 1:
            [file] = there.iterdir()
            found[seed] = file.read_text()
    assert 0 < len(found) < 4
    for seed, source in found.items():
        assert ("seed=" in source) == (seed != 0)
        with pytest.raises(AssertionError, match="it was paid 2 times"):
            run_as_a_test(source)


def test_a_sweep_that_is_limited_says_what_is_left_and_goes_on(tmp_path: Path) -> None:
    common = (f"{TOY}:Careful", "--only", "step", "--file", str(tmp_path / "toy.jsonl"))
    done = run(*common, "--run-limit", "5")
    assert done.exit_code == 3
    assert "stopped by the limit of 5 runs with 0 failures: 14 placements left" in done.output
    done = run(*common)
    assert done.exit_code == 0
    assert "1 fault: 18 of 18 run" in done.output


def test_a_sweep_that_has_no_time_left_says_so(tmp_path: Path) -> None:
    done = run(f"{TOY}:Careful", "--only", "step", "--time-limit", "0.000001")
    assert done.exit_code == 3
    assert "stopped by the time limit of 1e-06 s with 0 failures" in done.output


def after_some_runs(what: Any) -> Any:
    """In place of the progress bar."""

    @contextlib.contextmanager
    def progress() -> Iterator[Any]:
        yield lambda certificate: what() if certificate.run == 5 else None

    return progress


def test_ctrl_c_keeps_the_file_and_says_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "toy.jsonl")
    common = (f"{TOY}:Careful", "--only", "step", "--file", file)
    with monkeypatch.context() as patch:
        press = after_some_runs(lambda: signal.raise_signal(signal.SIGINT))
        patch.setattr(command, "_progress", press)
        done = run(*common)
    assert done.exit_code == 3
    assert "stopped by Ctrl-C with 0 failures: 14 placements left" in done.output
    assert f"{file} holds what was run" in done.output
    assert "Traceback" not in done.output
    again = run(*common)
    assert again.exit_code == 0
    assert again.stdout == run(f"{TOY}:Careful", "--only", "step").stdout
    assert "14 runs made" in again.stderr


def press(*anything: Any) -> Any:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("where", ["_to_reach", "Book", "_crew"])
def test_ctrl_c_before_the_first_run_is_a_stop_too(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the application is loaded, the file is read, or processes are started."""
    monkeypatch.setattr(command, where, press)
    done = run(f"{TOY}:Careful")
    assert done.exit_code == 3
    assert "stopped by Ctrl-C" in done.output


def test_so_it_is_while_the_command_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib, "import_module", press)
    done = CliRunner().invoke(main, ["explore", f"{TOY}:Careful"])
    assert done.exit_code == command.STOPPED == 3
    assert done.output == "stopped by Ctrl-C\n"


def test_the_certificate_says_how_much_was_pruned_and_the_command_how_fast() -> None:
    done = run(f"{TOY}:Careful", "--only", "step", "--faults", "2")
    assert "pruned 1.3 to 1: of 219 placements 175 had to be run" in done.stdout
    assert " runs made in " in done.stderr
    assert "a second" in done.stderr


def test_where_nothing_is_pruned_it_says_so() -> None:
    done = run(f"{TOY}:Careful", "--only", "step")
    assert "pruned 1.0 to 1: of " in done.stdout


def test_the_speed_is_told_for_each_process() -> None:
    assert report.speed(1000, 2.0, 1) == "1,000 runs made in 2.0 s, 500 a second"
    assert report.speed(1000, 2.0, None) == "1,000 runs made in 2.0 s, 500 a second"
    assert report.speed(3000, 2.0, 3).endswith(", 1,500 a second, 500 a second and process")


def test_on_a_terminal_a_bar_for_each_number_of_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    console = functools.partial(Console, file=shown, force_terminal=True, width=100)
    monkeypatch.setattr(command, "Console", lambda stderr: console())
    assert run(f"{TOY}:Careful", "--only", "step").exit_code == 0
    assert "1 fault " in shown.getvalue()
    assert "18/18" in shown.getvalue()


def test_what_some_run_must_reach_and_none_does_is_a_failure() -> None:
    done = run(f"{TOY}:Hopeful", "--only", "step")
    assert done.exit_code == 1
    assert "never reached: it snows" in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((f"{TOY}:Nothing",), "has no application 'Nothing'"),
        ((f"{TOY}:Careful", "--time-limit", "nan"), "nan is not a finite number"),
        ((f"{TOY}:Careful", "--time-limit", "inf"), "inf is not a finite number"),
        ((f"{TOY}:Restless",), "the same run, made twice, is not the same"),
        ((f"{TOY}:Careful", "--file", "/nowhere/at/all"), "/nowhere/at/all"),
        ((f"{TOY}:Careful", "--scenarios", "/proc/no"), "cannot write to /proc/no"),
        ((f"{TOY}:Careful", "--only", "weather"), "'weather' is not one of"),
        ((f"{TOY}:Careful", "--input", "/nowhere"), "cannot read /nowhere"),
    ],
)
def test_a_mistake_in_the_call_is_said_in_a_sentence(arguments: tuple[str, ...], told: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert told in done.output
    assert "Traceback" not in done.output


def test_orders_keep_every_rule_with_any_one_fault() -> None:
    """Every step, every attempt, the whole alphabet."""
    done = run("scenarios.explore:orders", "--faults", "1")
    assert done.exit_code == 0, done.output
    assert "6 of 6 reached" in done.output
