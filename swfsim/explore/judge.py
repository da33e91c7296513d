"""``Judge``: asks rules of runs by the thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swfsim import rules
from swfsim.rules import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swfsim.core.world import Execution
    from swfsim.explore.digests import Seen
    from swfsim.rules import Rule


class Judge:
    """Most runs make histories that others have made, to the instant. What is right by every rule
    that looks at a history by itself is remembered, and not asked again."""

    def __init__(self) -> None:
        self._of_each: list[Rule] = []
        self._right: set[tuple[Any, ...]] = set()

    def broken(
        self, kept: Sequence[Rule], run: Run, seen: Sequence[Seen], *, at_rest: bool
    ) -> list[str]:
        """As ``rules.broken``; ``seen`` are the digests of the executions, in their order."""
        of_each = [rule for rule in kept if rule.of_each]
        if of_each != self._of_each:
            self._of_each = of_each
            self._right.clear()
        if all(map(self._is_right, run.executions, seen)):
            kept = [rule for rule in kept if not rule.of_each]
        return [str(one) for one in rules.broken(kept, run, at_rest=at_rest)]

    def _is_right(self, x: Execution, seen: Seen) -> bool:
        identities = tuple([attrs.get("identity") for attrs in x.events.attrs])
        whole = (seen.digest(), x.events.instants.tobytes(), identities)
        if whole in self._right:
            return True
        if rules.broken(self._of_each, Run([x]), at_rest=False):
            return False
        if len(self._right) >= _REMEMBERED:
            self._right.clear()
        self._right.add(whole)
        return True


_REMEMBERED = 50_000
