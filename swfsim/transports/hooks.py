"""Whether an application has put hooks of its own on a client's parameters.

botocore lets an application change the parameters of a call (``provide-client-params``,
``before-parameter-build``). Asking all handlers at every call costs as much as the call itself, and
those that botocore brings along do nothing for SWF; so they are asked only when there are others.
"""

from __future__ import annotations

from typing import Any, Final

_EVENTS: Final = ("provide-client-params", "before-parameter-build")

_known: dict[tuple[int, str], tuple[bool, object]] = {}
"""Findings by an emitter's look-up cache, which botocore replaces at each registration, and by
operation. The cache is kept with them, so that no other object gets its ``id``."""


def are_there(client: Any, operation: str) -> bool:
    """Whether the parameters of this operation have to go through the client's hooks."""
    try:
        emitter = client.meta.events._emitter
        cache = emitter._lookup_cache
        found = _known.get((id(cache), operation))
        if found is None:
            if len(_known) > 1000:  # clients come and go
                _known.clear()
            found = _known[id(cache), operation] = (_search(emitter._handlers, operation), cache)
    except AttributeError:  # another botocore than we know
        return True
    return found[0]


def _search(handlers: Any, operation: str) -> bool:
    return any(
        not _is_botocores(handler)
        for event in _EVENTS
        for handler in handlers.prefix_search(f"{event}.swf.{operation}")
    )


def _is_botocores(handler: Any) -> bool:
    return getattr(handler, "__module__", "").partition(".")[0] in ("botocore", "boto3")
