"""How much so many histories prove: bounds on the share of histories that a decider gets wrong.

Histories are drawn in random order, and drawing ends at the first wrong one, or when none was wrong
among so many that a share of ``p`` would have shown itself with the confidence asked for. There is
one look only, so the bound holds without any correction.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swfsim.replay.histories import Captured

CONFIDENCE: Final = 0.95


def needed(p: float, confidence: float = CONFIDENCE) -> int:
    """How many histories without a wrong one bound the share below ``p``.

    The least n with (1 - p)^n ≤ 1 - confidence.
    """
    return math.ceil(math.log(1 - confidence) / math.log1p(-p))


def bound(wrong: int, judged: int, confidence: float = CONFIDENCE) -> float:
    """The share that the true one is below: Clopper and Pearson's one-sided limit ("The Use of
    Confidence or Fiducial Limits Illustrated in the Case of the Binomial", 1934)."""
    if judged == 0 or wrong >= judged:
        return 1.0
    low, high = wrong / judged, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(wrong, judged, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(wrong: int, judged: int, p: float) -> float:
    """How probable no more than so many wrong ones are."""
    if p >= 1:
        return 0.0
    some, none = math.log(p), math.log1p(-p)
    return sum(
        math.exp(
            math.lgamma(judged + 1)
            - math.lgamma(k + 1)
            - math.lgamma(judged - k + 1)
            + k * some
            + (judged - k) * none
        )
        for k in range(wrong + 1)
    )


def distinct(found: Iterable[Captured]) -> list[Captured]:
    """Each run once, the longest of its histories: copies prove nothing further. Runs are told
    apart by their run id, where a file tells none by their events."""
    longest: dict[object, Captured] = {}
    for captured in found:
        key = captured.run_id or _digest(captured)
        if key not in longest or len(captured.events) > len(longest[key].events):
            longest[key] = captured
    return list(longest.values())


def _digest(captured: Captured) -> bytes:
    events = captured.events
    told = json.dumps([list(events.instants), events.kinds, events.attrs], sort_keys=True)
    return hashlib.sha256(told.encode()).digest()


def said(wrong: int, judged: int, confidence: float = CONFIDENCE) -> str:
    """``0 in 2,996: below 0.1 % at 95 %``; rounded up, never down."""
    digits = 10 ** (1 - math.floor(math.log10(max(limit := bound(wrong, judged) * 100, 1e-12))))
    shown = math.ceil(limit * digits - 1e-9) / digits
    return f"{wrong:,} in {judged:,}: below {shown:g} % at {confidence * 100:g} %"
