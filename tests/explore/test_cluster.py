"""``--cluster``: a sweep on a Dask cluster shows what one process would show."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from swfsim.commands.explore import explore
from swfsim.errors import HarnessError
from swfsim.explore import cluster, crew
from swfsim.explore.crew import Packet
from swfsim.explore.hand import Hand, HandDiedError
from swfsim.explore.trial import Trials
from tests.explore import toy
from tests.explore.conftest import swept

ROOT = Path(__file__).parents[2]
APP = "tests.explore.toy:Forgetful"

with_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="the extra cluster is not installed"
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(explore, [*arguments], catch_exceptions=False)


@with_dask
def test_a_cluster_of_which_one_worker_is_killed_gives_the_certificate_of_one_process() -> None:
    from tests.explore.on_cluster import shown

    done = subprocess.run(
        [sys.executable, "-m", "tests.explore.on_cluster"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["killed"] == 1
    assert told["certificate"] == json.loads(json.dumps(shown(swept(toy.Forgetful))))
    assert told["output"] == run(APP, "--jobs", "1").stdout
    assert told["exit_code"] == 1


@with_dask
@pytest.mark.parametrize(
    ("address", "told"), [("tcp://127.0.0.1:1", "Timed out"), ("nowhere", "missing port number")]
)
def test_a_scheduler_that_does_not_answer_is_said(
    address: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.1)
    done = run(APP, "--cluster", address)
    assert done.exit_code == 2
    assert f"no Dask scheduler answers at {address} (" in done.output
    assert told in done.output


def test_a_missing_extra_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = run(APP, "--cluster", "tcp://127.0.0.1:1")
    assert done.exit_code == 2
    assert "pip install 'swfsim[cluster]'" in done.output


def test_jobs_and_a_cluster_exclude_each_other() -> None:
    done = run(APP, "--cluster", "tcp://127.0.0.1:1", "--jobs", "2")
    assert done.exit_code == 2
    assert "leave out --jobs, or --cluster" in done.output


# A process that is no child of multiprocessing


def a_hand(app: str) -> Hand:
    return Hand((f"tests.explore.toy:{app}", None, 0, ("step",)))


def test_a_hand_makes_what_this_process_would_make() -> None:
    hand = a_hand("Careful")
    try:
        made = hand.work(Packet([()]), frozenset(), False)
        with Trials(toy.Careful, kinds=("step",)) as trials:
            assert made == [trials.run()]
            second = [(one,) for one in made[0].places[0]]
            alone = crew.Alone(trials)
            there = list(alone.outcomes([Packet(second)], frozenset(), last=True))
        assert hand.work(Packet(second), frozenset(), True) == there
    finally:
        hand.end()


def test_a_hand_whose_process_is_gone_says_so() -> None:
    hand = a_hand("Deadly")
    with pytest.raises(HandDiedError, match="exit status 9"):
        hand.work(Packet([()]), frozenset(), False)


@pytest.mark.parametrize("app", ["Nothing", "toy"])
def test_a_hand_that_cannot_load_the_application_says_why(app: str) -> None:
    with pytest.raises(HarnessError):
        a_hand(app)


def test_a_worker_of_the_cluster_keeps_its_processes_until_the_sweep_is_over() -> None:
    asked: Any = ("tests.explore.toy:Careful", None, 0, ("step",)), Packet([()]), frozenset(), True
    cluster.make("one", *asked)
    [first] = cluster._idle["one"]
    cluster.make("one", *asked)
    assert cluster._idle["one"] == [first]
    cluster.make("other", *asked)  # whose code may be newer
    assert list(cluster._idle) == ["other"]
    cluster.end_hands("other")
    assert cluster._idle == {}
