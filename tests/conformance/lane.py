"""The direct lane: conversations with a fake in this process."""

from __future__ import annotations

from swfsim import fake_swf
from tests.conformance.talk import Conversation, Heard, Talk


def hold(conversation: Conversation) -> Heard:
    """Hold a conversation with a fresh fake on the virtual clock, and tell what was heard."""
    with fake_swf(clock="virtual", behaviour=conversation.behaviour) as fake:
        fake.lambda_functions.update(conversation.functions)
        return conversation.held(Talk(fake))
