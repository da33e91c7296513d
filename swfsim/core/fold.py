"""Fold: the state of an execution, rebuilt from its history alone.

Effects are the only writers of an execution's state, so applying them to a recorded history gives
the execution back, wherever the history came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swfsim.core.tables import EFFECTS
from swfsim.core.world import Execution

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swfsim.core.events import Event
    from swfsim.core.world import Domain


def fold(domain: Domain, workflow_id: str, run_id: str, events: Iterable[Event]) -> Execution:
    """The execution with this history, entered into the domain with its tasks and deadlines."""
    x = Execution(domain, workflow_id, run_id)
    for event in events:
        x.events.append(event)
        effect = EFFECTS.get(event.kind)
        if effect is not None:
            effect(x, event)
    return x
