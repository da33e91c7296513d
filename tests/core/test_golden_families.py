"""Sequences that were captured from the real service: children, signals, Lambda (G4 to G26).

Each is written from the facts of a recording (docs/fidelity.md names it); ids differ from the
recording where it began in the middle of a longer run.
"""

from __future__ import annotations

import time

import pytest

from tests.support.driver import (
    Driver,
    cancel_external,
    child,
    complete,
    continue_as_new,
    marker,
    run_lambda,
    signal_external,
)
from tests.support.known import known


@known("capture")
def test_g4_two_children_and_a_queue_of_one(swf: Driver) -> None:
    swf.start()
    parent = swf.run_id
    swf.decide(child("c1", taskList={"name": "kids"}))
    swf.poll("kids")
    kid = swf.task
    swf.poll()
    swf.task, parent_task = kid, swf.task
    swf.answer(complete(result="1"))
    swf.task = parent_task
    swf.answer(marker("m"), child("c2", taskList={"name": "kids"}))
    swf.wait()
    swf.shows(
        """
         5 = StartChildWorkflowExecutionInitiated(c1, D4)
         6 = ChildWorkflowExecutionStarted(I5)
         7 = DecisionTaskScheduled
         8   DecisionTaskStarted(S7)
         9   ChildWorkflowExecutionCompleted(T6, I5)
        10 = DecisionTaskScheduled
        11   DecisionTaskCompleted(S7, T8)
        12 = MarkerRecorded(m, D11)
        13 = StartChildWorkflowExecutionInitiated(c2, D11)
        14 = ChildWorkflowExecutionStarted(I13)
        """,
        parent,
    )


@known("capture")
def test_g11_starting_a_child_of_an_unknown_type(swf: Driver) -> None:
    swf.start()
    swf.decide(child("c", workflowType={"name": "nope", "version": "1"}, control="mine"))
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = StartChildWorkflowExecutionFailed(c, WORKFLOW_TYPE_DOES_NOT_EXIST, I0, D4)
        6 = DecisionTaskScheduled
    """)
    assert swf.attributes(5)["control"] == "mine"


@known("capture")
def test_g12_continuing_as_an_unknown_version(swf: Driver) -> None:
    swf.start()
    swf.decide(continue_as_new(workflowTypeVersion="9"))
    swf.shows("""
        4   DecisionTaskCompleted(S2, T3)
        5 = ContinueAsNewWorkflowExecutionFailed(WORKFLOW_TYPE_DOES_NOT_EXIST, D4)
        6 = DecisionTaskScheduled
    """)


@known("capture")
@pytest.mark.parametrize(
    ("sent", "initiated", "failed"),
    [
        (
            signal_external("nobody", control="mine"),
            "SignalExternalWorkflowExecutionInitiated(hurry, nobody, D4)",
            "SignalExternalWorkflowExecutionFailed",
        ),
        (
            cancel_external("nobody", control="mine"),
            "RequestCancelExternalWorkflowExecutionInitiated(nobody, D4)",
            "RequestCancelExternalWorkflowExecutionFailed",
        ),
    ],
)
def test_g13_telling_nobody(
    swf: Driver, sent: dict[str, object], initiated: str, failed: str
) -> None:
    swf.start()
    swf.decide(sent)
    swf.wait()
    swf.shows(f"""
        4   DecisionTaskCompleted(S2, T3)
        5 = {initiated}
        6 = {failed}(nobody, UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION, I5, D4)
        7 = DecisionTaskScheduled
    """)
    assert swf.attributes(6)["control"] == "mine"


@known("capture")
@pytest.mark.parametrize(
    ("sent", "arrived"),
    [
        (signal_external("other"), "ExternalWorkflowExecutionSignaled"),
        (cancel_external("other"), "ExternalWorkflowExecutionCancelRequested"),
    ],
)
def test_g14_g15_telling_another(swf: Driver, sent: dict[str, object], arrived: str) -> None:
    other = swf.start("other", taskList={"name": "elsewhere"})
    sender = swf.start("order-1")
    swf.decide(sent)
    swf.wait()
    swf.shows(f"""
        6 = {arrived}(I5)
        7 = DecisionTaskScheduled
    """)
    assert swf.attributes(6)["workflowExecution"] == {"workflowId": "other", "runId": other}
    told = swf.history(other, "other")[2]
    member = next(name for name in told if name.endswith("Attributes"))
    assert told[member]["externalWorkflowExecution"] == {
        "workflowId": "order-1",
        "runId": sender,
    }
    assert told[member]["externalInitiatedEventId"] == 5


def _a_child_beside_its_parent(swf: Driver, parent_policy: str) -> str:
    """A parent about to complete, with a child that nobody decides for; gives the child's run."""
    swf.start(childPolicy=parent_policy)
    swf.decide(child("kid", taskList={"name": "kids"}))
    swf.wait()
    run_id: str = swf.attributes(6)["workflowExecution"]["runId"]
    return run_id


@known("capture")
def test_g17_a_parent_that_completes_terminates_its_child(swf: Driver) -> None:
    kid = _a_child_beside_its_parent(swf, "TERMINATE")
    swf.decide(complete())
    assert swf.history()[-1]["eventType"] == "WorkflowExecutionCompleted"
    swf.workflow_id = "kid"
    swf.shows(
        """
        1   WorkflowExecutionStarted
        2 = DecisionTaskScheduled
        3   WorkflowExecutionTerminated(CHILD_POLICY_APPLIED)
        """,
        kid,
    )


@known("capture")
def test_g18_a_parent_that_completes_asks_its_child_to_cancel(swf: Driver) -> None:
    kid = _a_child_beside_its_parent(swf, "REQUEST_CANCEL")
    parent = swf.run_id
    swf.decide(complete())
    told = swf.history(kid, "kid")[2]
    assert told["workflowExecutionCancelRequestedEventAttributes"] == {
        "cause": "CHILD_POLICY_APPLIED",
        "externalWorkflowExecution": {"workflowId": "order-1", "runId": parent},
        "externalInitiatedEventId": 0,
    }


@known("capture")
def test_g21_lambda_without_a_role(swf: Driver) -> None:
    swf.start()
    swf.decide(run_lambda("l"))
    swf.wait()
    swf.shows("""
        5 = LambdaFunctionScheduled(l, D4)
        6 = StartLambdaFunctionFailed(ASSUME_ROLE_FAILED, S5)
        7 = DecisionTaskScheduled
    """)
    assert swf.attributes(6)["message"] == (
        "No IAM role is attached to the current workflow execution."
    )


@known("capture")
def test_g22_lambda_times_out(swf: Driver) -> None:
    swf.fake.lambda_functions["tax"] = lambda _: time.sleep(60)
    swf.start(lambdaRole="arn:aws:iam::123456789012:role/swf")
    swf.decide(run_lambda("l", startToCloseTimeout="5"))
    swf.wait(6)
    swf.shows("""
        5 = LambdaFunctionScheduled(l, D4)
        6 = LambdaFunctionStarted(S5)
        7   LambdaFunctionTimedOut(START_TO_CLOSE, S5, T6)
        8 = DecisionTaskScheduled
    """)


@known("capture")
def test_g24_g25_a_child_that_is_over_before_its_parent_looks(swf: Driver) -> None:
    swf.start()
    parent = swf.run_id
    swf.decide(child("kid", taskList={"name": "kids"}))
    swf.poll("kids")
    swf.answer(complete(result="7"))
    swf.poll()
    swf.shows(
        """
        5 = StartChildWorkflowExecutionInitiated(kid, D4)
        6 = ChildWorkflowExecutionStarted(I5)
        7 = DecisionTaskScheduled
        8   ChildWorkflowExecutionCompleted(T6, I5)
        9   DecisionTaskStarted(S7)
        """,
        parent,
    )
    assert swf.attributes(8)["result"] == "7"


@known("capture")
def test_g26_two_children_start_behind_one_decision_task(swf: Driver) -> None:
    swf.start()
    swf.decide(child("c1"), child("c2"))
    swf.wait()
    swf.shows("""
        5 = StartChildWorkflowExecutionInitiated(c1, D4)
        6 = StartChildWorkflowExecutionInitiated(c2, D4)
        7 = ChildWorkflowExecutionStarted(I5)
        8 = DecisionTaskScheduled
        9 = ChildWorkflowExecutionStarted(I6)
    """)
