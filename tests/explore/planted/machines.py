"""Bugs of the machine, as if Amazon SWF itself had them."""

from __future__ import annotations

from typing import Any

import pytest

from swfsim.core import activities, decision_tasks, machine, tables
from swfsim.core.events import happened
from swfsim.core.tables import Deadline
from tests.explore.planted.kit import bug, shown_by


def _no_task_behind(patch: pytest.MonkeyPatch, kind: str) -> None:
    assert kind in tables.TRIGGERS
    patch.setattr(machine, "TRIGGERS", tables.TRIGGERS - {kind})


@bug
def the_service_is_silent_about_time_outs(patch: pytest.MonkeyPatch) -> None:
    _no_task_behind(patch, "ActivityTaskTimedOut")


@bug
def the_service_is_silent_about_signals(patch: pytest.MonkeyPatch) -> None:
    _no_task_behind(patch, "WorkflowExecutionSignaled")


@bug
def the_service_does_not_ask_again_after_a_decision_timed_out(patch: pytest.MonkeyPatch) -> None:
    _no_task_behind(patch, "DecisionTaskTimedOut")


@bug
def the_service_keeps_timed_out_activities_open(patch: pytest.MonkeyPatch) -> None:
    kept = {k: effect for k, effect in tables.EFFECTS.items() if k != "ActivityTaskTimedOut"}
    patch.setattr(machine, "EFFECTS", kept)


def _without_effect(patch: pytest.MonkeyPatch, kind: str) -> None:
    patch.setattr(machine, "EFFECTS", {k: v for k, v in tables.EFFECTS.items() if k != kind})


@bug
def the_service_times_out_what_is_completed(patch: pytest.MonkeyPatch) -> None:
    _without_effect(patch, "ActivityTaskCompleted")


@bug
def the_service_queues_two_decision_tasks(patch: pytest.MonkeyPatch) -> None:
    real = decision_tasks.schedule

    def schedule(m: Any, x: Any) -> None:
        x.queued = None
        real(m, x)

    patch.setattr(decision_tasks, "schedule", schedule)


@bug
def the_service_forgets_what_comes_while_a_decider_decides(patch: pytest.MonkeyPatch) -> None:
    real = decision_tasks.schedule
    patch.setattr(decision_tasks, "schedule", lambda m, x: None if x.deciding else real(m, x))


@bug
def the_service_loses_cancel_requests(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(tables.OPERATIONS, "RequestCancelWorkflowExecution", lambda m, region, asked: {})


@bug
def the_service_loses_signals(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(tables.OPERATIONS, "SignalWorkflowExecution", lambda m, region, asked: {})


@bug
def a_completion_names_another_start(patch: pytest.MonkeyPatch) -> None:
    real = machine.Machine.record

    def record(self: Any, x: Any, kind: str, attrs: Any) -> Any:
        if kind == "ActivityTaskCompleted":
            attrs = {**attrs, "startedEventId": attrs["scheduledEventId"]}
        return real(self, x, kind, attrs)

    patch.setattr(machine.Machine, "record", record)


@bug
def the_service_closes_over_what_the_decider_has_not_seen(patch: pytest.MonkeyPatch) -> None:
    for how, end in (("Complete", "Completed"), ("Fail", "Failed"), ("Cancel", "Canceled")):
        done = happened(f"WorkflowExecution{end}")
        patch.setitem(tables.DECISIONS, f"{how}WorkflowExecution", lambda x, asked, done=done: done)


@bug
def the_service_waits_for_ever_for_a_decider(patch: pytest.MonkeyPatch) -> None:
    never = Deadline(lambda x, started_id: None, decision_tasks.time_out)
    patch.setitem(tables.DEADLINES, "decision task", never)


@shown_by("orders_that_beat")
def the_service_does_not_hear_heartbeats(patch: pytest.MonkeyPatch) -> None:
    """The clock of the heartbeat runs from the start of the task."""

    def dues(task: Any) -> Any:
        found = real(task)
        late = task.beaten_at - task.started_at
        return [(due - late if kind == "HEARTBEAT" else due, n, kind) for due, n, kind in found]

    real = activities.dues
    patch.setattr(activities, "dues", dues)
