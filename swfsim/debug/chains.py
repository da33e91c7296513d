"""Chains of runs: what continued as new, put in order, and what is missing in between."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from swfsim.replay.histories import Captured

_CONTINUED: Final = "WorkflowExecutionContinuedAsNew"

Chain = list["Captured"]


def chains(found: Iterable[Captured]) -> list[Chain]:
    """Runs in the order in which they continue each other, each chain at its first run's place."""
    runs = list(found)
    by_run = {run.run_id: number for number, run in enumerate(runs) if run.run_id}
    by_former = {
        run.events.attrs[0].get("continuedExecutionRunId"): number
        for number, run in enumerate(runs)
        if not run.run_id
    }
    follower: dict[int, int] = {}
    for number, run in enumerate(runs):
        if run.events.kinds[-1] == _CONTINUED:
            later = by_run.get(run.events.attrs[-1]["newExecutionRunId"])
            if later is None and run.run_id:
                later = by_former.get(run.run_id)
            if later is not None and later != number:
                follower[number] = later
    behind = set(follower.values())
    chained: list[Chain] = []
    for number in range(len(runs)):
        if number in behind:
            continue
        chain = [runs[number]]
        while number in follower:
            number = follower.pop(number)
            chain.append(runs[number])
        chained.append(chain)
    return chained


def gaps(chain: Sequence[Captured], known: Iterable[Captured]) -> Iterator[str]:
    """What the files do not show of a chain, and where two of its runs do not fit together."""
    first, last = chain[0], chain[-1]
    before = first.events.attrs[0].get("continuedExecutionRunId")
    if before:
        yield f"{first.source} continues run {before}, which is in none of the files"
    if last.events.kinds[-1] == _CONTINUED:
        after = last.events.attrs[-1]["newExecutionRunId"]
        if all(one.run_id != after for one in known):
            yield f"{last.source} continued as run {after}, which is in none of the files"
    for run, later in itertools.pairwise(chain):
        decided, begun = run.events.attrs[-1], later.events.attrs[0]
        for name in ("input", "workflowType"):
            if decided.get(name) != begun.get(name):
                yield f"{later.source} began with another {name} than {run.source} decided"
