"""swfsim: run Amazon SWF deciders and workers, unmodified, through every failure, on virtual time.

fake_swf      an in-memory SWF behind every boto3 client of the process
Env           where workers run; ``Env.sim`` is a simulation on virtual time
App           what the harness must know of an application
Story         given faults, when something happens, then what follows
"""

from typing import TYPE_CHECKING, Any

from swfsim.errors import Divergence, HarnessError, Violation
from swfsim.fake import Fake, fake_swf
from swfsim.spec.behaviour import Behaviour
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.app import App
    from swfsim.env import Env
    from swfsim.stories import Story

__all__ = [
    "App",
    "Behaviour",
    "Divergence",
    "Env",
    "Fake",
    "Fault",
    "HarnessError",
    "Story",
    "Violation",
    "fake_swf",
]

_LATER = {"App": "swfsim.app", "Env": "swfsim.env", "Story": "swfsim.stories"}


def __getattr__(name: str) -> Any:
    """The simulation is imported when first asked for: a plain fake needs none of it."""
    if name not in _LATER:
        raise AttributeError(f"module 'swfsim' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LATER[name]), name)
