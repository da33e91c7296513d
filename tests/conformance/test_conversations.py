"""Every conversation is held, and what comes of it is as it should be."""

from __future__ import annotations

import pytest

from tests.conformance.conversations import ALL
from tests.conformance.lane import hold
from tests.conformance.talk import Conversation


@pytest.mark.parametrize("conversation", ALL, ids=lambda one: one.name)
def test_conversation(conversation: Conversation) -> None:
    hold(conversation)


def test_no_two_cover_the_same() -> None:
    names = [one.name for one in ALL]
    assert len(set(names)) == len(names)
