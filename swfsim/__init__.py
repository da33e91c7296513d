"""swfsim: run Amazon SWF deciders and workers, unmodified, through every failure on a virtual clock.

``fake_swf``  an in-memory SWF behind every boto3 client of the process
"""

from swfsim.errors import Divergence, HarnessError, Violation
from swfsim.fake import Fake, fake_swf
from swfsim.spec.behaviour import Behaviour
from swfsim.spec.faults import Fault

__all__ = [
    "Behaviour",
    "Divergence",
    "Fake",
    "Fault",
    "HarnessError",
    "Violation",
    "fake_swf",
]
