"""Markers.

RecordMarker   MarkerRecorded | RecordMarkerFailed  (only IAM refuses a marker)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swfsim.core.events import Outcome, happened

if TYPE_CHECKING:
    from swfsim.core.events import Attrs
    from swfsim.core.world import Execution


def record(x: Execution, asked: Attrs) -> Outcome:
    return happened("MarkerRecorded")
