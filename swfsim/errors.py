"""The error families of the harness, sorted by whose mistake they name.

Fault         (``swfsim.spec.faults``) Amazon SWF would refuse this call: the caller's mistake.
Violation     a checker or a story found a history to be wrong: the application's mistake.
Divergence    a seed or a replay did not reproduce; names the first difference.
HarnessError  misuse of the harness, or a bug in it; says what to do next.
"""

from __future__ import annotations


class Violation(AssertionError):  # noqa: N818 - the word of the field
    """A rule about histories does not hold. An ``AssertionError``, which pytest shows well."""


class Divergence(AssertionError):  # noqa: N818 - the word of the field
    """A run did not repeat itself. Usual causes: iterating a set, a wall clock, a real thread."""


class HarnessError(RuntimeError):
    """The harness was asked for something it cannot do. The message says what to do instead."""


class NotLive(HarnessError):  # noqa: N818 - said of a story
    """A story needs what no client can bring about on a live service, or not in bounded time."""
