"""How it is known that Amazon SWF behaves as a test says: told at the test, for docs/fidelity.md.

@known("capture", "documentation")
def test_a_timer_fires_once_its_time_is_over(…): …
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeVar, get_args

How = Literal["model", "documentation", "capture", "client code", "guess", "our own"]
"""
model          botocore's model of the service
documentation  AWS's API reference, developer guide, quotas page
capture        recorded from the real service
client code    libraries that run against it, people who did, emulators that measured it
guess          inferred from the others, or the safest choice
our own        no behaviour of the service but of swfsim: not in docs/fidelity.md
"""

HOW: Final[tuple[str, ...]] = get_args(How)

Test = TypeVar("Test", bound=Callable[..., object])

_TAGS: Final[dict[object, tuple[How, ...]]] = {}


def known(*how: How) -> Callable[[Test], Test]:
    """Says of a test how its behaviour is known, the best source first."""
    if not how or not set(how) <= set(HOW):
        raise ValueError(f"known{how}: give some of {', '.join(HOW)}")

    def tag(test: Test) -> Test:
        _TAGS[test] = how
        return test

    return tag


def how(test: object) -> tuple[How, ...]:
    """How a test's behaviour is known; empty when nobody has said it."""
    return _TAGS.get(test, ())
