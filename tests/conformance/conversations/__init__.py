"""All conversations."""

from __future__ import annotations

from tests.conformance.conversations import (
    closing,
    each,
    functions,
    others,
    rates,
    refusals,
    registry,
    visibility,
    whole,
    work,
)
from tests.conformance.talk import Conversation, conversations

ALL: list[Conversation] = [
    found
    for module in (
        closing,
        work,
        others,
        functions,
        registry,
        visibility,
        each,
        refusals,
        rates,
        whole,
    )
    for found in conversations(module)
]
