"""``Explorable``: an ``App`` that also tells how it is explored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swfsim.app import App
from swfsim.rules import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swfsim.rules import Rule
    from swfsim.stories import Happening


class Explorable(App):
    """What an explorer can be told of an application beyond what every ``App`` tells.

    rules        what must hold in every run, and be reached in some; those shipped unless given
    happenings   what somebody may do to an execution, by name, beyond a cancel request, a
                 termination and a signal that it does not know
    errors       what an activity may raise beyond a plain ``Exception``, by name
    runs         for an execution that continues as new for ever: so often it does, then somebody
                 terminates it; None for one that ends by itself
    registers_once
                 whether ``register`` does nothing but register domains and types, the same in each
                 run: then an explorer calls it in its first run, and begins the others with what
                 it left
    """

    rules: Sequence[Rule] = SHIPPED
    happenings: Mapping[str, Happening] = {}
    errors: Mapping[str, Exception] = {}
    runs: int | None = None
    registers_once: bool = False

    def example(self) -> Any:
        """The input that ``start`` is given when none is named."""
        return None

    def another(self, number: int) -> Any:
        """The input of the execution with this number, from 1, where several run at once. One that
        overrides it says that its executions do not get in each other's way; without, a run has
        one."""
        return self.example()

    def state(self) -> object:
        """All that the outside world holds, as something whose ``repr`` is equal exactly if it is:
        numbers, texts, lists, dicts (plain data is the fastest), dataclasses. Two moments with
        equal histories and equal states are taken to have the same future, and further faults are
        placed behind one of them only. ``None``, the default, is no answer: then they are placed
        behind each."""
        return None
