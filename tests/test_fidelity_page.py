"""The page of facts says what the code does."""

from __future__ import annotations

from pathlib import Path

from tests import fidelity_page


def test_the_page_is_up_to_date() -> None:
    kept = Path(__file__).parent.parent / "docs" / "fidelity.md"
    assert kept.read_text(encoding="utf-8") == fidelity_page.page(), (
        "run: python -m tests.fidelity_page > docs/fidelity.md"
    )
