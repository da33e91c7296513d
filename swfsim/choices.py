"""All chance of a run goes through one narrow door: ``pick(n, label)``.

Record what was picked and the run can be repeated; count through what may be picked and it is
explored; draw it from a seed and it is simulated. The label says what was chosen, never decides it.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple, Protocol

from swfsim.errors import Divergence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Choice(NamedTuple):
    """One entry of a trail: out of ``options``, number ``picked`` (from 0) was taken."""

    label: str
    options: int
    picked: int


class Choices(Protocol):
    """A source of choices. ``trail`` is what was picked so far."""

    @property
    def trail(self) -> list[Choice]: ...

    def pick(self, options: int, label: str) -> int:
        """A number from 0 to ``options`` - 1."""


class Seeded:
    """Choices drawn from a seed: equal seeds and equal questions give equal picks."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._picked: list[tuple[str, int, int]] = []
        self._random = random.Random(f"swfsim {seed}")

    @property
    def trail(self) -> list[Choice]:
        return [Choice(*one) for one in self._picked]

    def pick(self, options: int, label: str) -> int:
        picked = self._random.randrange(options)
        self._picked.append((label, options, picked))
        return picked


class Replayed:
    """The choices of an earlier run again; beyond the end of its trail, always the first option.

    Raises ``Divergence`` where the run asks another question than the trail answers.
    """

    def __init__(self, trail: list[Choice]) -> None:
        self._picked: list[Choice] = []
        self._script = list(trail)

    @property
    def trail(self) -> list[Choice]:
        return list(self._picked)

    def pick(self, options: int, label: str) -> int:
        number = len(self._picked)
        picked = 0
        if number < len(self._script):
            told = self._script[number]
            if (told.label, told.options) != (label, options):
                raise Divergence(
                    f"choice {number} was {told.label!r} of {told.options} when recorded, now it "
                    f"is {label!r} of {options}. Usual causes: iterating a set, a wall clock, "
                    "or code that changed since."
                )
            picked = told.picked
        self._picked.append(Choice(label, options, picked))
        return picked


class Steered:
    """Always the first option, except at the choices named: number of the choice → option. ``tell``
    hears of each choice as it is made, and which it is, from 0."""

    def __init__(
        self,
        deviations: Mapping[int, int] | None = None,
        tell: Callable[[int, Choice], object] = lambda number, choice: None,
    ) -> None:
        self._deviations = dict(deviations or {})
        self._picked: list[Choice] = []
        self._tell = tell

    @property
    def trail(self) -> list[Choice]:
        return list(self._picked)

    def __len__(self) -> int:
        """How many choices were made so far."""
        return len(self._picked)

    def pick(self, options: int, label: str) -> int:
        """Raises ``Divergence`` for a deviation to an option that is not there."""
        number = len(self._picked)
        picked = self._deviations.get(number, 0)
        if picked >= options:
            raise Divergence(f"choice {number} ({label}) has {options} options, and no {picked}")
        choice = Choice(label, options, picked)
        self._picked.append(choice)
        self._tell(number, choice)
        return picked
