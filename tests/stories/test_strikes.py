"""A fault counts as struck when it has acted, not when its step was merely scheduled."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest

from swfsim import Env, Story, Violation
from swfsim.faults import (
    answer_late,
    answer_lost,
    crash,
    decider_dies,
    decision_times_out,
    fails,
    times_out,
    worker_dies,
)
from swfsim.sim.plan import Plan
from tests.support.shop import (
    DOMAIN,
    Shop,
    decide_for_ever,
    shopping,
    work_for_ever,
)

Loops = Mapping[str, Callable[[], object]]


class Unwrapped(Shop):
    """Its worker calls the activities without ``wrap``."""

    def workers(self, wrap: Any) -> Loops:
        return {"decider": decide_for_ever, "worker": work_for_ever}


class Idle(Shop):
    """It has nobody to work."""

    def workers(self, wrap: Any) -> Loops:
        return {"decider": decide_for_ever}


class Undecided(Shop):
    """Its decider takes the first decision task, and is never heard of again."""

    def workers(self, wrap: Any) -> Loops:
        def take_one() -> None:
            client: Any = boto3.client("swf")
            client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})

        return {"decider": take_one, "worker": functools.partial(work_for_ever, wrap)}


def terminated(story: Story) -> None:
    client: Any = boto3.client("swf")
    client.terminate_workflow_execution(domain=DOMAIN, workflowId=story.latest.workflow_id)


def complaint(app: type[Shop], fault: Any, *told: Any) -> str:
    """What a story of somebody going shopping says of this fault at its end."""
    with Story(app) as story:
        story.given(fault)
        story.when(shopping("7"), *told)
        with pytest.raises(Violation) as caught:
            story.then()
        return str(caught.value).splitlines()[1].strip()


@pytest.mark.parametrize(
    "fault",
    [
        fails("Pack", "no paper"),
        times_out("Pack", "START_TO_CLOSE"),
        times_out("Pack", "HEARTBEAT"),
        times_out("Pack", "SCHEDULE_TO_CLOSE"),
        worker_dies("Pack", "before"),
        worker_dies("Pack", "after the effect"),
    ],
    ids=str,
)
def test_a_worker_that_goes_around_wrap_is_found_out(fault: Any) -> None:
    assert complaint(Unwrapped, fault).startswith(
        f"{fault.kind}: Pack was scheduled a first time, but the activity was never called through"
        " wrap: put it around every activity function"
    )


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (fails("Take"), "the activity was never called through wrap"),
        (times_out("Take", "START_TO_CLOSE"), "the activity was never called through wrap"),
        (worker_dies("Take", "after answering"), "no worker sent an answer"),
        (answer_lost("Take"), "no worker sent an answer"),
        (answer_late("Take"), "no worker sent an answer"),
    ],
    ids=str,
)
def test_without_an_activity_worker_no_fault_of_one_strikes(fault: Any, why: str) -> None:
    assert f"Take was scheduled a first time, but {why}" in complaint(Idle, fault)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (times_out("Pack", "SCHEDULE_TO_START"), "it never timed out by SCHEDULE_TO_START"),
        (times_out("Pack", "START_TO_CLOSE"), "it never timed out by START_TO_CLOSE"),
        (answer_late("Pack"), "its task never timed out while its answer was held back"),
    ],
    ids=str,
)
def test_a_time_out_strikes_when_it_is_in_the_history(fault: Any, why: str) -> None:
    """Here somebody terminates the run before."""
    told = complaint(Shop, fault, 20, terminated)
    assert f"Pack was scheduled a first time, but {why}" in told
    assert "strict=False" in told


def test_a_late_decision_strikes_when_its_task_has_timed_out() -> None:
    told = complaint(Shop, decision_times_out(2), 20, terminated)
    assert "the answer to the second decision task was held back, but the task never timed" in told


@pytest.mark.parametrize(
    "fault", [decider_dies(1, "before answering"), decision_times_out(1)], ids=str
)
def test_a_decider_that_never_answers_cannot_be_struck_in_its_answer(fault: Any) -> None:
    told = complaint(Undecided, fault)
    assert told.endswith("the first decision task was taken, but no decider answered it")


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        (fails("Pack", only=lambda given: given == 8), "Pack was scheduled a first time"),
        (
            decider_dies(2, "before deciding", only=lambda given: given == 8),
            "there was a second decision",
        ),
    ],
    ids=str,
)
def test_only_that_wants_nobody_is_said(fault: Any, where: str) -> None:
    told = complaint(Shop, fault)
    assert f"{where}, but only= wanted none of the executions, the last with the input '7'" in told


def test_two_equal_faults_for_different_executions_are_counted_apart() -> None:
    def late(wanted: int) -> Any:
        return answer_lost("Pack", only=lambda given: given == wanted)

    with Story(Shop) as story:
        story.given(late(7), late(8))
        story.when(shopping("7"))
        with pytest.raises(Violation) as caught:
            story.then()
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_poll_that_waits_for_a_task_is_one_call(nth: int) -> None:
    """So the worker dies at its n-th poll indeed, with the n-th task just handed to it."""
    plan = Plan([crash("decider", "PollForDecisionTask", "after", nth=nth, restart_after_s=30)])
    with Env.sim(plan=plan) as env:
        Shop().register()
        env.add("decider", decide_for_ever)
        env.add("worker", lambda: work_for_ever(env.wrap))
        env.add("customer", lambda: Shop().start("x"))
        env.run()
        [x] = env.executions()
    plan.check_all_struck()
    kinds = ("DecisionTaskCompleted", "DecisionTaskTimedOut")
    decisions = [event.kind for event in x.events if event.kind in kinds]
    assert decisions.index("DecisionTaskTimedOut") == nth - 1
    assert x.close_status == "COMPLETED"


def test_a_crash_after_a_poll_that_is_never_answered_has_not_struck() -> None:
    told = complaint(Shop, crash("decider", "PollForDecisionTask", "after", nth=5))
    assert told == "never: decider dies after its PollForDecisionTask number 5"
