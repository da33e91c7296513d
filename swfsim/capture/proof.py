"""The proof that a scrub is harmless: a decider decides the same on raw and scrubbed history.

The same means equal but for stand-ins. Where it is not so, the fields that have to stay are found
by scrubbing all others. What a decider says of its own accord stays, too: it tells of the code and
of nobody, and a replay would else find it changed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from swfsim.capture.scrub import Scrub
from swfsim.debug.verdict import Judge
from swfsim.replay import histories

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swfsim.capture.scrub import Event
    from swfsim.capture.stand_ins import StandIns
    from swfsim.debug.tasks import Decide
    from swfsim.debug.verdict import Verdict

_WORD: Final = re.compile(r"[^\W_]+")


def harmful(
    events: list[Event], stand_ins: StandIns, keep: Iterable[str], decide: Decide
) -> list[str]:
    """The fields whose stand-ins change what the decider decides; none when the scrub is harmless.

    With these kept as well, decisions are the same; no smaller part of them would do.
    """
    keep = tuple(keep)
    proof = _Proof(events, stand_ins, decide)
    whole = Scrub(stand_ins, keep)
    whole.events(events)
    if proof.holds(keep):
        return []
    needed = sorted(whole.changed)
    for path in list(needed):
        fewer = [one for one in needed if one != path]
        if proof.holds((*keep, *fewer)):
            needed = fewer
    return needed


def with_own_words(
    events: list[Event], stand_ins: StandIns, keep: Iterable[str], decide: Decide
) -> StandIns:
    """Stand-ins that leave alone what the decider says of its own accord: what is the same in its
    decisions on the raw and on the scrubbed history, though the scrub would have changed it."""
    keep = tuple(keep)
    while own := _Proof(events, stand_ins, decide).own_words(keep):
        stand_ins = stand_ins.keeping(own)  # a decider may look for its words, and go on
    return stand_ins


class _Proof:
    def __init__(self, events: list[Event], stand_ins: StandIns, decide: Decide) -> None:
        self._events = events
        self._stand_ins = stand_ins
        self._decide = decide
        self._raw = self._verdicts(events)

    def _verdicts(self, events: list[Event]) -> list[Verdict]:
        [captured] = histories.parse({"events": events}, "history")
        with Judge(self._decide) as judge:
            return list(judge.verdicts(captured))

    def holds(self, keep: tuple[str, ...]) -> bool:
        """Whether every decision is the same, but for stand-ins, with these fields kept."""
        scrub = Scrub(self._stand_ins, keep)
        scrubbed = self._verdicts(scrub.events(self._events))
        return all(
            self._same_verdict(scrub, one, other)
            for one, other in zip(self._raw, scrubbed, strict=True)
        )

    def own_words(self, keep: tuple[str, ...]) -> set[str]:
        scrub = Scrub(self._stand_ins, keep)
        scrubbed = self._verdicts(scrub.events(self._events))
        found: set[str] = set()
        for one, other in zip(self._raw, scrubbed, strict=True):
            found.update(_own(scrub, one.made, other.made))
        return found

    def _same_verdict(self, scrub: Scrub, raw: Verdict, scrubbed: Verdict) -> bool:
        if raw.raised is not None and scrubbed.raised is not None:
            return type(raw.raised.error) is type(scrubbed.raised.error)
        if raw.raised is not None or scrubbed.raised is not None:
            return False
        return self._same(scrub, raw.made, scrubbed.made)

    def _same(self, scrub: Scrub, raw: Any, scrubbed: Any) -> bool:
        if isinstance(raw, dict) and isinstance(scrubbed, dict):
            names = {
                name: name if name in scrubbed else self._stand_ins.member_name(name)
                for name in raw
            }
            return set(names.values()) == scrubbed.keys() and all(
                self._same(scrub, raw[name], scrubbed[other]) for name, other in names.items()
            )
        if isinstance(raw, list) and isinstance(scrubbed, list):
            return len(raw) == len(scrubbed) and all(
                self._same(scrub, one, other) for one, other in zip(raw, scrubbed, strict=True)
            )
        if isinstance(raw, str) and isinstance(scrubbed, str):
            return self._same_text(scrub, raw, scrubbed)
        return type(raw) is type(scrubbed) and (raw == scrubbed or scrub.number(raw) == scrubbed)

    def _same_text(self, scrub: Scrub, raw: str, scrubbed: str) -> bool:
        if raw == scrubbed or scrub.string("", raw) == scrubbed:
            return True
        left, right = _as_json(raw), _as_json(scrubbed)
        if left is not None and right is not None:
            return self._same(scrub, left, right)
        # Words of the decider's own may stand beside words out of the history.
        words = _WORD.findall(self._stand_ins.learnt_only(raw))
        others = _WORD.findall(scrubbed)
        return len(words) == len(others) and all(
            one == other or self._stand_ins.text(one) == other
            for one, other in zip(words, others, strict=True)
        )


def _own(scrub: Scrub, raw: Any, scrubbed: Any) -> Iterator[str]:
    """Words and values that stand at the same place in both, and would have been changed."""
    if isinstance(raw, dict) and isinstance(scrubbed, dict):
        for name in raw.keys() & scrubbed.keys():
            yield from _own(scrub, raw[name], scrubbed[name])
    elif isinstance(raw, list) and isinstance(scrubbed, list):
        for one, other in zip(raw, scrubbed, strict=False):
            yield from _own(scrub, one, other)
    elif isinstance(raw, str) and isinstance(scrubbed, str):
        left, right = _as_json(raw), _as_json(scrubbed)
        if left is not None and right is not None:
            yield from _own(scrub, left, right)
        else:
            yield from _own_pieces(scrub.stand_ins, raw, scrubbed)
    elif raw == scrubbed and scrub.number(raw) != raw:
        yield str(raw)


def _own_pieces(stand_ins: StandIns, raw: str, scrubbed: str) -> Iterator[str]:
    if raw == scrubbed and stand_ins.text(raw) != raw:
        yield raw  # a name or an address as a whole
    words, others = (stand_ins.pieces(one) for one in (stand_ins.learnt_only(raw), scrubbed))
    for one, other in zip(words, others, strict=False):
        if one == other and stand_ins.text(one) != one:
            yield one


def _as_json(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
