"""Lambda tasks beside the rest of the workflow, and the functions of a fake."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from swfsim import fake_swf
from swfsim.spec.behaviour import Quotas
from tests.support.driver import (
    Driver,
    complete,
    run_lambda,
)
from tests.support.known import known
from tests.support.lambdas import ROLE, called, function
from tests.support.looks import driver, kinds

PATIENCE_S = 20


@pytest.fixture
def few() -> Iterator[Driver]:
    yield from driver(quotas=Quotas(open_lambdas=2))


@pytest.fixture
def nowhere() -> Iterator[Driver]:
    yield from driver(lambda_available=False)


# Decisions that are refused, and one that is not


@known("model")
def test_where_there_is_no_lambda_the_decision_fails(nowhere: Driver) -> None:
    nowhere.start(lambdaRole=ROLE)
    nowhere.decide(run_lambda("tax-1"))
    nowhere.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = ScheduleLambdaFunctionFailed(tax-1, LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION, D4)
        6 = DecisionTaskScheduled
    """)
    assert nowhere.attributes(5)["name"] == "tax"


@known("guess")
def test_beyond_the_limit_of_open_functions_the_decision_fails(few: Driver) -> None:
    function(few, None, seconds=10)
    few.start(lambdaRole=ROLE)
    few.decide(run_lambda("1"), run_lambda("2"), run_lambda("3"))
    few.shows("""
        5 = LambdaFunctionScheduled(1, D4)
        6 = LambdaFunctionScheduled(2, D4)
        7 = ScheduleLambdaFunctionFailed(3, OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED, D4)
        8 = DecisionTaskScheduled
        9 = LambdaFunctionStarted(S5)
       10 = LambdaFunctionStarted(S6)
    """)
    few.wait(10)  # both are over
    few.decide(run_lambda("3"))
    assert kinds(few).count("LambdaFunctionScheduled") == 3


@known("client code")
def test_an_id_may_be_used_again_while_it_is_open(swf: Driver) -> None:
    """The cause ID_ALREADY_IN_USE exists, but the service was seen to accept the second one."""
    function(swf, None, seconds=10)
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("same"), run_lambda("same"))
    swf.wait()
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 2
    swf.wait(10)
    assert kinds(swf).count("LambdaFunctionCompleted") == 2


@known("documentation")
def test_an_id_is_free_text(swf: Driver) -> None:
    """Unlike activity and timer ids, which may not hold a colon or a slash."""
    function(swf, None)
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("arn:a/b|c"))
    assert swf.attributes(5)["id"] == "arn:a/b|c"


# While a function runs


@known("documentation")
def test_a_cancel_request_does_not_stop_a_function(swf: Driver) -> None:
    function(swf, "done", seconds=10)
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("tax-1"))
    swf.request_cancel()
    swf.wait(10)
    swf.shows("""
         6 = LambdaFunctionStarted(S5)
         7   WorkflowExecutionCancelRequested
         8 = DecisionTaskScheduled
         9   LambdaFunctionCompleted(S5, T6)
    """)


@known("documentation")
@pytest.mark.parametrize("seconds", [10, 1_000])
def test_nothing_is_recorded_of_a_function_when_its_run_has_closed(
    swf: Driver, seconds: float
) -> None:
    """Closing with open functions is legal; after a close there is no event."""
    function(swf, "too late", seconds=seconds)
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("tax-1"))
    swf.signal()
    swf.decide(complete())
    swf.wait(2_000)
    swf.shows("""
         6 = LambdaFunctionStarted(S5)
         7   WorkflowExecutionSignaled(hurry)
         8 = DecisionTaskScheduled
         9   DecisionTaskStarted(S8)
        10   DecisionTaskCompleted(S8, T9)
        11 = WorkflowExecutionCompleted(D10)
    """)


@known("capture")
def test_a_function_and_a_close_may_stand_in_one_list(swf: Driver) -> None:
    """Other than an activity or a timer, which are incompatible with a close decision."""
    function(swf, None)
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("tax-1"), complete())
    swf.wait(2_000)
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = LambdaFunctionScheduled(tax-1, D4)
        6 = WorkflowExecutionCompleted(D4)
    """)


@known("documentation")
def test_termination_while_a_function_runs(swf: Driver) -> None:
    function(swf, "too late", seconds=10)
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("tax-1"))
    swf.wait()
    swf.terminate()
    swf.wait(60)
    assert kinds(swf)[-1] == "WorkflowExecutionTerminated"


@known("capture")
def test_a_close_waits_for_a_function_that_has_just_ended(swf: Driver) -> None:
    """A decider that has not seen the result may not complete."""
    function(swf, "done", seconds=10)
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("tax-1"))
    swf.signal()
    swf.poll()
    swf.wait(10)
    swf.answer(complete())
    swf.shows("""
         8 = DecisionTaskScheduled
         9   DecisionTaskStarted(S8)
        10   LambdaFunctionCompleted(S5, T6)
        11 = DecisionTaskScheduled
        12   DecisionTaskCompleted(S8, T9)
        13 = CompleteWorkflowExecutionFailed(UNHANDLED_DECISION, D12)
    """)
    swf.decide(complete())
    assert kinds(swf)[-1] == "WorkflowExecutionCompleted"


# The functions of a fake


@known("our own")
def test_functions_outlive_a_reset(swf: Driver) -> None:
    function(swf, "still there")
    swf.fake.reset()
    swf.register()
    assert called(swf)["result"] == '"still there"'


@known("our own")
def test_time_sleep_is_itself_again_after_a_function(swf: Driver) -> None:
    before = time.sleep
    function(swf, ValueError("x"))
    called(swf)
    assert time.sleep is before


# On the system clock


@pytest.fixture
def running() -> Iterator[Driver]:
    with fake_swf(clock="system") as fake:
        fake.service.poll_s = 0.05
        yield Driver(fake, step_s=0).register()


class Slow:
    """A function that runs until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self, event: Any) -> str:
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        return "done"

    def finish(self) -> None:
        """Let it end, and what the service makes of that be recorded."""
        self.go.set()
        assert self.thread is not None
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@known("our own")
def test_on_the_system_clock_a_function_runs_in_a_thread_of_its_own(running: Driver) -> None:
    slow = running.fake.lambda_functions["tax"] = Slow()
    running.start(lambdaRole=ROLE)
    running.decide(run_lambda("tax-1"))
    running.signal()  # the service answers others meanwhile
    assert slow.begun.wait(PATIENCE_S)
    assert slow.thread is not threading.current_thread()
    assert kinds(running)[4:] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
    ]
    slow.finish()
    assert kinds(running)[8:] == ["LambdaFunctionCompleted"]
    assert running.attributes(9)["result"] == '"done"'


@known("our own")
def test_on_the_system_clock_its_end_brings_a_task_to_a_waiting_decider(running: Driver) -> None:
    slow = running.fake.lambda_functions["tax"] = Slow()
    running.start(lambdaRole=ROLE)
    running.decide(run_lambda("tax-1"))
    assert "taskToken" not in running.poll()  # which also lets the function begin
    assert slow.begun.wait(PATIENCE_S)
    running.fake.service.poll_s = PATIENCE_S
    got: list[Any] = []
    decider = threading.Thread(target=lambda: got.append(running.poll()), daemon=True)
    decider.start()
    until = time.monotonic() + PATIENCE_S
    while not running.fake.service.polls_wait:
        assert time.monotonic() < until
        time.sleep(0.001)
    slow.go.set()
    decider.join(PATIENCE_S)
    assert "LambdaFunctionCompleted" in [event["eventType"] for event in got[0]["events"]]


@known("our own")
def test_on_the_system_clock_a_function_that_outlives_its_run_leaves_no_trace(
    running: Driver,
) -> None:
    slow = running.fake.lambda_functions["tax"] = Slow()
    running.start(lambdaRole=ROLE)
    running.decide(run_lambda("tax-1"))
    running.terminate()
    assert slow.begun.wait(PATIENCE_S)
    slow.finish()
    assert kinds(running)[-1] == "WorkflowExecutionTerminated"


@known("our own")
def test_on_the_system_clock_a_function_fails_as_well(running: Driver) -> None:
    def broken(event: Any) -> None:
        raise ValueError(event["why"])

    running.fake.lambda_functions["tax"] = broken
    running.start(lambdaRole=ROLE)
    running.decide(run_lambda("tax-1", input='{"why": "because"}'))
    until = time.monotonic() + PATIENCE_S
    while "taskToken" not in running.poll():
        assert time.monotonic() < until
    assert json.loads(running.attributes(7)["details"])["errorMessage"] == "because"
