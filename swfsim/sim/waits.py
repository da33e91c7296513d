"""How long faults hold things back: what only time can bring about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from swfsim.clock import VirtualClock
    from swfsim.core.world import Activity
    from swfsim.sim.faults import ActivityFault
    from swfsim.sim.workers import Job, Worker

A_LITTLE_MS = 1_000
"""How far beyond a time-out a late answer comes."""

LONG_MS = 30_000
"""How far beyond it late work is done: so much can have happened meanwhile."""


def _task(job: Job) -> Activity | None:
    return job.x.activities.get(job.scheduled_id)


def closes_at(job: Job, clock: VirtualClock) -> int:
    """When a job's task is timed out at the latest, however well it beats."""
    task = _task(job)
    if task is None:
        return clock.at
    dues = [
        since + length
        for since, length in (
            (task.started_at, task.start_to_close),
            (task.scheduled_at, task.schedule_to_close),
        )
        if length is not None
    ]
    if not dues:
        raise HarnessError(f"{job.step} has no time-out at all, so no answer can come too late")
    return min(dues)


def decision_closes_in_ms(worker: Worker, clock: VirtualClock) -> int:
    assert worker.deciding is not None, "asked only about a decision under way"
    task = worker.deciding[0].deciding
    if task is None:
        return 0
    if task.start_to_close is None:
        raise HarnessError("the decision task has no time-out (NONE), so it cannot time out")
    return task.started_at + task.start_to_close - clock.at


def hang(worker: Worker, clock: VirtualClock, beyond_ms: int = A_LITTLE_MS) -> None:
    """The worker is stuck until its task has been gone for so long."""
    job = worker.process.job
    assert job is not None, "only a worker with a job hangs in it"
    time.sleep((closes_at(job, clock) + beyond_ms - clock.at) / 1000)


def check_can_time_out(fault: ActivityFault, task: Activity) -> None:
    limits = {
        "START_TO_CLOSE": task.start_to_close,
        "SCHEDULE_TO_START": task.schedule_to_start,
        "SCHEDULE_TO_CLOSE": task.schedule_to_close,
        "HEARTBEAT": task.heartbeat,
    }
    limit = limits[fault.detail]
    if limit is None:
        raise HarnessError(
            f"{fault.step} cannot time out by {fault.detail}: it is scheduled with NONE for it"
        )
    rivals = [
        name
        for name, other in limits.items()
        if other is not None and other <= limit and name != fault.detail
    ]
    if fault.detail == "HEARTBEAT" and "START_TO_CLOSE" in rivals:
        raise HarnessError(f"{fault.step} cannot time out by HEARTBEAT: START_TO_CLOSE comes first")


def hold_for_schedule_to_close(fault: ActivityFault, task: Activity) -> int:
    """Started so late that schedule-to-close runs out before start-to-close."""
    assert task.schedule_to_close is not None, "checked before"
    longest = task.schedule_to_close - A_LITTLE_MS
    if task.schedule_to_start is not None:
        longest = min(longest, task.schedule_to_start - A_LITTLE_MS)
    ends = longest + task.start_to_close if task.start_to_close is not None else float("inf")
    if longest <= 0 or ends <= task.schedule_to_close:
        raise HarnessError(
            f"{fault.step} cannot time out by SCHEDULE_TO_CLOSE: with its other time-outs, one of "
            "them always comes first"
        )
    return longest
