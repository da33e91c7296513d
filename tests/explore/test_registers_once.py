"""An application that always registers the same does so once, and no run shows a difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from swfsim.explore.trial import Trials
from swfsim.stories import Story
from tests.explore import toy
from tests.explore.conftest import swept


def counted(once: bool) -> tuple[Any, list[int]]:
    """A kiosk, and how often it was made to register."""
    count: list[int] = []

    class Kiosk(toy.Careful):
        registers_once = once

        def register(self) -> None:
            count.append(1)
            super().register()

    return Kiosk, count


def test_it_registers_in_the_first_run_and_all_runs_come_to_the_same() -> None:
    (anew, times_anew), (once, times_once) = counted(False), counted(True)
    told_anew, told_once = swept(anew), swept(once)
    assert (told_once.levels, told_once.histories, told_once.reached) == (
        told_anew.levels,
        told_anew.histories,
        told_anew.reached,
    )
    assert len(times_anew) > told_anew.run  # and once more, to see that it repeats
    assert len(times_once) == 1


def close_down(story: Story) -> None:
    """With its domain go all its types."""
    boto3.client("swf").deprecate_domain(name=toy.DOMAIN)


class Deprecating(toy.Careful):
    registers_once = True
    happenings: Mapping[str, Any] = {"closed down": close_down}


def test_what_becomes_of_a_type_in_one_run_is_not_so_in_the_next() -> None:
    with Trials(Deprecating, kinds=("moment",)) as trials:
        first = trials.run()
        closed_down = next(
            one for there in first.places for one in there if one.what == "closed down"
        )
        assert trials.run((closed_down,)).history != first.history
        assert trials.run().history == first.history
