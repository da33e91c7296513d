"""The page of facts says what the code does, and how each fact is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fidelity_page
from tests.spec import test_unknowns
from tests.support.known import how


def test_the_page_is_up_to_date() -> None:
    kept = Path(__file__).parent.parent / "docs" / "fidelity.md"
    assert kept.read_text(encoding="utf-8") == fidelity_page.page(), (
        "run: python -m tests.fidelity_page > docs/fidelity.md"
    )


@pytest.mark.parametrize("file", fidelity_page.HELD)
def test_every_behaviour_says_how_it_is_known(file: str) -> None:
    silent = [
        test.__name__
        for test in fidelity_page.tests_of(fidelity_page.module(file))
        if not how(test)
    ]
    assert silent == [], "decorate with known(…), from tests.support.known"


def test_every_unknown_says_what_its_default_rests_on() -> None:
    silent = [
        test.__name__
        for test in fidelity_page.tests_of(test_unknowns)
        if fidelity_page.number(test) and not how(test)
    ]
    assert silent == []


def test_no_file_of_behaviours_is_left_out() -> None:
    assert fidelity_page.files() == set(fidelity_page.HELD) | fidelity_page.NO_BEHAVIOURS
