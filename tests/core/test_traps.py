"""Seventy mistakes that a lenient fake lets through, and what Amazon SWF does instead.

The number in each name is the trap's; they stand in the three files beside this one. Two that are
about workers rather than the service (22, 66) are told with a simulation.
"""

from __future__ import annotations

import re

from tests.core import test_traps_of_deciders, test_traps_of_readers, test_traps_of_the_rest

FILES = (test_traps_of_deciders, test_traps_of_readers, test_traps_of_the_rest)


def test_every_trap_has_its_test() -> None:
    names = [name for file in FILES for name in vars(file)]
    told = {int(name[5:7]) for name in names if re.match(r"test_\d\d_", name)}
    assert told == set(range(1, 71))
