"""Rates: token buckets on the service's own time. Off unless ``Behaviour.throttling`` is on.
And outages, which a test has ordered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swfsim.core.buckets import Bucket
from swfsim.spec import faults, limits
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.core.world import Execution, World


def _take(world: World, key: tuple[str, ...], size: tuple[int, float]) -> bool:
    bucket = world.buckets.get(key)
    if bucket is None:
        bucket = world.buckets[key] = Bucket(*size, world.now)
    return bucket.take(world.now)


def take_request(world: World, region: str, operation: str) -> None:
    """Raises ThrottlingException when the region's bucket of this operation is empty."""
    if world.behaviour.throttling and not _take(
        world, (region, operation), limits.API_BUCKETS[operation]
    ):
        raise Fault("ThrottlingException", faults.THROTTLED)


def suffer_outage(world: World, operation: str) -> None:
    """Raises the next error that ``Behaviour.outages`` has for this operation, if any is left."""
    left = world.outages.get(operation)
    if left:
        code = left.popleft()
        raise Fault(code, faults.OUTAGES[code])


def take_call(x: Execution, operation: str) -> None:
    """The further bucket that some operations have for each execution."""
    world = x.domain.world
    if world.behaviour.throttling and not _take(
        world, (x.run_id, operation), limits.EXECUTION_BUCKETS[operation]
    ):
        raise Fault("ThrottlingException", faults.THROTTLED)


def allows_decision(x: Execution, decision: str) -> bool:
    """Whether the region's rate of this decision leaves room for one more."""
    domain = x.domain
    world = domain.world
    key = (domain.region.name, "decision", decision)
    return not world.behaviour.throttling or _take(world, key, limits.DECISION_BUCKETS[decision])


def allows_activity(x: Execution, task_list: str) -> bool:
    """Also within what one task list takes in a second."""
    domain = x.domain
    key = (domain.region.name, domain.name, "list", task_list)
    return allows_decision(x, "ScheduleActivityTask") and (
        not domain.world.behaviour.throttling or _take(domain.world, key, limits.TASK_LIST_BUCKET)
    )
