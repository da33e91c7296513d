"""Who makes the runs of a sweep: this process alone, or several. The outcomes are the same.

Runs come in packets: placements that follow each other, made in their order by one process. Within
a packet, too, it is seen whether a run comes to where an earlier one has been. So what is joined
depends on the placements alone, and not on who makes them, or how fast.
"""

from __future__ import annotations

import concurrent.futures
from collections import deque
from collections.abc import Container
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import freezegun.api

from swfsim.app import load
from swfsim.explore.places import KINDS
from swfsim.explore.pool import Pool
from swfsim.explore.trial import Mark, Trials
from swfsim.fake import fake_swf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from types import TracebackType

    from swfsim.explore.places import Kind, Placement
    from swfsim.explore.trial import Outcome

_real: Any = freezegun.api  # whoever makes runs lives on virtual time

PACKET: Final = 64
"""Placements of a packet. More would be joined more often, and be shared out less evenly."""

TURN_S: Final = 0.5
"""A process hands in what it has made of a packet after so many seconds, and somebody goes on."""

NOT_NOTED: Final = -1
"""The places of a mark whose outcome was spared its places."""

Begin = tuple[str, Any, int, tuple["Kind", ...]]
"""What a process has to know: MODULE:ATTRIBUTE of the application, its input, the seed, the kinds
of places that are of interest."""


class Packet(NamedTuple):
    """``placements`` to be run in this order; ``seen`` are states to which those came that stand
    before them in the packet and need not be run again."""

    placements: Sequence[Placement]
    seen: frozenset[int] = frozenset()

    def behind(self, outcomes: Sequence[Outcome]) -> Packet:
        """What is left of it when its first placements have had these outcomes."""
        return Packet(self.placements[len(outcomes) :], self.seen | states(outcomes))


def states(outcomes: Iterable[Outcome]) -> frozenset[int]:
    """Where these runs have been. One that breaks a rule is to be no other's excuse."""
    return frozenset(mark.state for one in outcomes if not one.broken for mark in one.marks)


class Crew(Protocol):
    """Makes runs."""

    def outcomes(
        self, packets: Sequence[Packet], known: frozenset[int], *, last: bool
    ) -> Iterator[Outcome]:
        """One outcome for each placement; those of one packet in their order. ``known`` are states
        to which earlier runs came; ``last`` spares what only a further fault would need."""


def bare(outcome: Outcome) -> Outcome:
    """An outcome without the places for further faults."""
    marks = [Mark(NOT_NOTED, mark.state) for mark in outcome.marks]
    return outcome._replace(places=[], marks=marks)


def is_whole(outcome: Outcome) -> bool:
    """Whether its places are there."""
    return bool(outcome.places) or any(mark.places != NOT_NOTED for mark in outcome.marks)


class Alone:
    """This process, in a ``Trials`` that is entered."""

    def __init__(self, trials: Trials) -> None:
        self._trials = trials

    def outcomes(
        self, packets: Sequence[Packet], known: Container[int], *, last: bool
    ) -> Iterator[Outcome]:
        for packet in packets:
            there = _There(known, set(packet.seen))
            for placement in packet.placements:
                outcome = self._trials.run(placement, there, last=last)
                there.here.update(states([outcome]))
                yield bare(outcome) if last else outcome


class _There(Container[int]):
    """Where runs have been: those of earlier levels, and those of this packet."""

    def __init__(self, known: Container[int], here: set[int]) -> None:
        self.known = known
        self.here = here

    def __contains__(self, state: object) -> bool:
        return state in self.here or state in self.known


class Processes:
    """Several processes of this machine. A process that is killed is replaced, and what it had not
    handed in is run again."""

    def __init__(
        self, app: str, given: Any, seed: int, jobs: int, kinds: Sequence[Kind] = KINDS
    ) -> None:
        self._pool = Pool(jobs, begin, app, given, seed, tuple(kinds))
        self.pids = self._pool.pids

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.__exit__(kind, error, trace)

    def outcomes(
        self, packets: Sequence[Packet], known: frozenset[int], *, last: bool
    ) -> Iterator[Outcome]:
        waiting = deque(packets)
        under_way: dict[Future[list[Outcome]], Packet] = {}
        while waiting or under_way:
            try:
                yield from self._round(waiting, under_way, known, last)
            except BrokenProcessPool:
                waiting.extendleft(under_way.values())
                under_way.clear()
                self._pool.mourn(f"with {len(waiting)} packets of runs left")

    def _round(
        self,
        waiting: deque[Packet],
        under_way: dict[Future[list[Outcome]], Packet],
        known: frozenset[int],
        last: bool,
    ) -> Iterator[Outcome]:
        """Hand out what waits, a few packets ahead, and gather what comes back."""
        while waiting or under_way:
            while waiting and len(under_way) < 2 * self._pool.jobs:
                under_way[self._pool.submit(work, waiting[0], known, last)] = waiting[0]
                waiting.popleft()
            done, _ = concurrent.futures.wait(under_way, return_when="FIRST_COMPLETED")
            for future in done:
                outcomes = future.result()
                left = under_way.pop(future).behind(outcomes)
                if left.placements:
                    waiting.appendleft(left)
                yield from outcomes


# In a process of the crew

_trials: Trials | None = None


def begin(app: str, given: Any, seed: int, kinds: Sequence[Kind]) -> None:
    """Load the application, and stay on virtual time for good."""
    global _trials
    with fake_swf():
        make_app = load(app)
    _trials = Trials(make_app, given, seed=seed, kinds=kinds)
    _trials.__enter__()


def work(packet: Packet, known: frozenset[int], last: bool) -> list[Outcome]:
    """The outcomes of its first placements: as many as a turn allows, and at least one."""
    assert _trials is not None, "begun before"
    until = _real.real_monotonic() + TURN_S
    made: list[Outcome] = []
    for outcome in Alone(_trials).outcomes([packet], known, last=last):
        made.append(outcome)
        if _real.real_monotonic() >= until:
            break
    return made
