"""Histories that an application makes when so much goes wrong, for whoever needs many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swfsim.explore.places import KINDS
from swfsim.explore.trial import Trials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swfsim.app import AppFactory
    from swfsim.explore.places import Kind, Placement
    from swfsim.replay.histories import Captured


def explored(
    make_app: AppFactory,
    given: Any = None,
    *,
    faults: int = 1,
    kinds: Iterable[Kind] = KINDS,
    most: int | None = None,
) -> list[Captured]:
    """The histories of an application with each placement of up to so many faults; equal ones
    once. ``given`` is its input, its example unless given; ``most`` bounds the runs."""
    with Trials(make_app, given, kinds=kinds) as trials:
        found = _distinct(trials, faults, most)
        return [history for histories in found.values() for history in histories]


def _distinct(trials: Trials, faults: int, most: int | None) -> dict[int, list[Captured]]:
    found: dict[int, list[Captured]] = {}
    placements: list[Placement] = [()]
    left = most if most is not None else -1
    for _ in range(faults + 1):
        following: list[Placement] = []
        for placement in placements:
            if not left:
                return found
            left -= 1
            outcome, histories = trials.histories(placement)
            found.setdefault(outcome.history, histories)
            following += _with_one_more(placement, outcome.places)
        placements = following
    return found


def _with_one_more(placement: Placement, places: Iterable[Iterable[Any]]) -> Iterator[Placement]:
    return ((*placement, one) for there in places for one in there)
