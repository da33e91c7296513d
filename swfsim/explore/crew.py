"""Who makes the runs of a sweep: this process alone, or several. The outcomes are the same."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Protocol

from swfsim.app import load
from swfsim.errors import HarnessError
from swfsim.explore.places import KINDS
from swfsim.explore.trial import Trials
from swfsim.fake import fake_swf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from types import TracebackType

    from swfsim.explore.places import Kind, Placement
    from swfsim.explore.trial import Outcome

CHUNK: Final = 32
"""Runs that go to a process at once: a fraction of a second."""

DEATHS_MAX: Final = 3
"""So often the processes may die before it is said that the runs kill them."""


class Crew(Protocol):
    """Makes runs."""

    def outcomes(
        self, placements: Sequence[Placement], known: frozenset[int], *, last: bool
    ) -> Iterator[Outcome]:
        """One outcome for each placement, in any order. ``last`` spares what only a further fault
        would need."""


def bare(outcome: Outcome) -> Outcome:
    """An outcome without the places for further faults."""
    return outcome._replace(places=[], marks=[])


class Alone:
    """This process, in a ``Trials`` that is entered."""

    def __init__(self, trials: Trials) -> None:
        self._trials = trials

    def outcomes(
        self, placements: Sequence[Placement], known: frozenset[int], *, last: bool
    ) -> Iterator[Outcome]:
        for placement in placements:
            outcome = self._trials.run(placement, known)
            yield bare(outcome) if last else outcome


class Processes:
    """Several processes of this machine. A process that is killed is replaced, and what it had not
    handed in is run again."""

    def __init__(
        self, app: str, given: Any, seed: int, jobs: int, kinds: Sequence[Kind] = KINDS
    ) -> None:
        self._begin = (app, given, seed, tuple(kinds))
        self._jobs = jobs
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                self._jobs,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=self._begin,
            )
        return self._executor

    def pids(self) -> list[int]:
        """The processes that are at work."""
        return list(self._executor._processes) if self._executor is not None else []

    def _stop(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def outcomes(
        self, placements: Sequence[Placement], known: frozenset[int], *, last: bool
    ) -> Iterator[Outcome]:
        left = [placements[at : at + CHUNK] for at in range(0, len(placements), CHUNK)]
        deaths = 0
        while left:
            try:
                yield from self._round(left, known, last)
            except BrokenProcessPool as error:
                deaths += 1
                self._stop()
                if deaths > DEATHS_MAX:
                    raise HarnessError(
                        f"the processes that make the runs died {deaths} times, the last with "
                        f"{len(left)} packets of runs left: does the application end its process, "
                        "or is memory short?"
                    ) from error

    def _round(
        self, left: list[Sequence[Placement]], known: frozenset[int], last: bool
    ) -> Iterator[Outcome]:
        """Hand out what is left, a few packets ahead; what comes back is taken off."""
        executor = self._started()
        waiting = iter(list(left))
        under_way: dict[Future[list[Outcome]], Sequence[Placement]] = {}

        def hand_out() -> None:
            chunk = next(waiting, None)
            if chunk is not None:
                under_way[executor.submit(_work, list(chunk), known, last)] = chunk

        for _ in range(2 * self._jobs):
            hand_out()
        while under_way:
            done, _ = concurrent.futures.wait(under_way, return_when="FIRST_COMPLETED")
            for future in done:
                outcomes = future.result()
                left.remove(under_way.pop(future))
                hand_out()
                yield from outcomes


_trials: Trials | None = None


def _begin(app: str, given: Any, seed: int, kinds: Sequence[Kind]) -> None:
    """In a process of the crew: load the application, and stay on virtual time for good."""
    global _trials
    with fake_swf():
        make_app = load(app)
    _trials = Trials(make_app, given, seed=seed, kinds=kinds)
    _trials.__enter__()


def _work(placements: list[Placement], known: frozenset[int], last: bool) -> list[Outcome]:
    assert _trials is not None, "begun before"
    return list(Alone(_trials).outcomes(placements, known, last=last))
