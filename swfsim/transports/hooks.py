"""Whether an application has put hooks of its own on a client's parameters.

botocore lets an application change the parameters of a call (``provide-client-params``,
``before-parameter-build``). Asking all handlers at every call costs as much as the call itself, and
those that botocore brings along do nothing for SWF; so they are asked only when there are others.
"""

from __future__ import annotations

from typing import Any, Final

_EVENTS: Final = ("provide-client-params", "before-parameter-build")

_known: dict[int, tuple[object, dict[str, bool]]] = {}
"""By emitter: its look-up cache, which botocore replaces at each registration, and our findings."""


def are_there(client: Any, operation: str) -> bool:
    """Whether the parameters of this operation have to go through the client's hooks."""
    try:
        emitter = client.meta.events._emitter
        cache = emitter._lookup_cache
        handlers = emitter._handlers
    except AttributeError:  # another botocore than we know
        return True
    found = _known.get(id(emitter))
    if found is None or found[0] is not cache:
        if len(_known) > 100:  # clients come and go
            _known.clear()
        found = _known[id(emitter)] = (cache, {})
    known = found[1].get(operation)
    if known is None:
        known = found[1][operation] = any(
            not _is_botocores(handler)
            for event in _EVENTS
            for handler in handlers.prefix_search(f"{event}.swf.{operation}")
        )
    return known


def _is_botocores(handler: Any) -> bool:
    return getattr(handler, "__module__", "").partition(".")[0] in ("botocore", "boto3")
