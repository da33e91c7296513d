"""Equal seeds, equal runs, also in another process under another hash seed; others differ."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

from swfsim import Story
from swfsim.faults import answer_lost, fails, worker_dies
from tests.support.shop import Shop, shopping


def journal_of(seed: int) -> str:
    """The journal of three interleaved runs with some faults, and the histories."""
    with Story(Shop, seed=seed) as story:
        story.given(
            fails("Take", attempts=2),
            worker_dies("Pack", "after the effect"),
            answer_lost("Send"),
        )
        story.when(shopping(), shopping(), shopping())
        story.run()
        told = list(story.env.journal.lines())
        told += [repr(tuple(event)) for x in story.executions for event in x.events]
        return "\n".join(told)


def digest_of(seed: int) -> str:
    return hashlib.sha256(journal_of(seed).encode()).hexdigest()


def test_equal_seeds_give_equal_journals_and_histories() -> None:
    assert journal_of(1) == journal_of(1)


def test_other_seeds_give_other_runs() -> None:
    assert len({digest_of(seed) for seed in range(4)}) == 4


def test_also_in_another_process_under_another_hash_seed() -> None:
    script = "from tests.sim.test_determinism import digest_of; print(digest_of(1))"
    found = {digest_of(1)}
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    assert len(found) == 1


def test_the_time_and_chance_of_the_application_come_from_the_run() -> None:
    with Story(Shop, seed=5) as story:
        story.when(shopping())
        story.run()
        [x] = story.executions
        results = [e.attrs["result"] for e in x.events if e.kind == "ActivityTaskCompleted"]
        stamps = [e.at / 1000 for e in x.events if e.kind == "ActivityTaskCompleted"]
    for result, stamp in zip(results, stamps, strict=True):
        assert 0 <= stamp - float(result.rpartition(" ")[2]) < 0.1
