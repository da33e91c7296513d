"""Processes that make runs: what they do not hear, and that nothing is lost when they die."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from swfsim.errors import HarnessError
from swfsim.explore.hands import Hands
from swfsim.explore.pool import Pool


def nothing() -> None:
    """What a process does before its work."""


def answers_to_ctrl_c(_: int) -> bool:
    return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def doubled_unless_told_to_die(told: tuple[int, str]) -> int:
    """The first process that finds the file dies of it."""
    number, file = told
    if file:
        try:
            os.unlink(file)
        except FileNotFoundError:
            pass
        else:
            os._exit(9)
    return 2 * number


def test_ctrl_c_is_the_parents_to_answer() -> None:
    with Hands(2, nothing) as hands:
        assert list(hands.map(answers_to_ctrl_c, range(4))) == [False] * 4


def test_one_more_ctrl_c_does_not_keep_them_from_being_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else both they and their parent would wait for ever."""
    shutdown = ProcessPoolExecutor.shutdown

    def pressed_meanwhile(self: ProcessPoolExecutor, **how: bool) -> None:
        signal.raise_signal(signal.SIGINT)
        shutdown(self, **how)

    monkeypatch.setattr(ProcessPoolExecutor, "shutdown", pressed_meanwhile)
    with Pool(1, nothing) as pool:
        pid = pool.submit(os.getpid).result()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_a_dead_process_had_under_way_is_done_again_in_order(tmp_path: Path) -> None:
    """Also what is asked for only then, and what could not be handed out since it was dead."""
    files = [tmp_path / "one", tmp_path / "two"]

    def items() -> Iterator[tuple[int, str]]:
        for number in range(40):
            yield number, str(files[number // 20]) if number % 20 == 5 else ""

    for file in files:
        file.touch()
    with Hands(2, nothing) as hands:
        found = list(hands.map(doubled_unless_told_to_die, items()))
    assert found == [2 * number for number in range(40)]
    assert not any(file.exists() for file in files)


def die(_: int) -> None:
    os._exit(9)


def test_work_that_kills_every_process_is_named() -> None:
    with (
        Hands(1, nothing) as hands,
        pytest.raises(HarnessError, match=r"died 4 times, the last at 7"),
    ):
        list(hands.map(die, [7]))
