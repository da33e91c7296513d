"""Lambda tasks."""

from __future__ import annotations

import json
import time
from typing import Any

from swfsim import Behaviour
from swfsim.spec.behaviour import Quotas
from tests.conformance.talk import Talk, conversation
from tests.support.driver import run_lambda

ROLE = "arn:aws:iam::123456789012:role/swf"


def tax(order: Any) -> Any:
    return {"tax": order["net"] * 0.19}


def broken(order: Any) -> Any:
    raise ValueError("no such rate")


def slow(order: Any) -> None:
    time.sleep(60)


@conversation("a function is scheduled, begins and completes", functions={"tax": tax})
def completes(swf: Talk) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("l", input='{"net": 100}', control="c", startToCloseTimeout="30"))
    swf.told(
        "LambdaFunctionScheduled",
        id="l",
        name="tax",
        input='{"net": 100}',
        control="c",
        startToCloseTimeout="30",
        decisionTaskCompletedEventId=4,
    )
    swf.wait()
    swf.told("LambdaFunctionStarted", scheduledEventId=5)
    swf.told(
        "LambdaFunctionCompleted", result='{"tax": 19.0}', scheduledEventId=5, startedEventId=6
    )


@conversation("a function raises", functions={"tax": broken})
def fails(swf: Talk) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("l"))
    swf.wait()
    told = swf.told(
        "LambdaFunctionFailed", reason="Unhandled", scheduledEventId=5, startedEventId=6
    )
    details = json.loads(told["details"])
    assert (details["errorType"], details["errorMessage"]) == ("ValueError", "no such rate")


@conversation("a function takes too long", functions={"tax": slow})
def times_out(swf: Talk) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("l", startToCloseTimeout="10"))
    swf.wait(10)
    swf.told(
        "LambdaFunctionTimedOut",
        timeoutType="START_TO_CLOSE",
        scheduledEventId=5,
        startedEventId=6,
    )


@conversation("a function without a role for it", functions={"tax": tax})
def no_role(swf: Talk) -> None:
    swf.start()
    swf.decide(run_lambda("l"))
    swf.wait()
    swf.told(
        "StartLambdaFunctionFailed",
        cause="ASSUME_ROLE_FAILED",
        scheduledEventId=5,
        message="No IAM role is attached to the current workflow execution.",
    )


@conversation("an id in use may be used again", functions={"tax": slow})
def same_id(swf: Talk) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("l"), run_lambda("l"))
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 2


@conversation(
    "an id in use is refused where it is not", Behaviour(lambda_id_reuse=False), {"tax": slow}
)
def same_id_refused(swf: Talk) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("l"), run_lambda("l"))
    swf.failed(
        "ScheduleLambdaFunction",
        "ID_ALREADY_IN_USE",
        id="l",
        name="tax",
        decisionTaskCompletedEventId=4,
    )


@conversation("a region without functions", Behaviour(lambda_available=False))
def not_here(swf: Talk) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("l"))
    swf.failed(
        "ScheduleLambdaFunction",
        "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        id="l",
        name="tax",
        decisionTaskCompletedEventId=4,
    )


@conversation(
    "an execution has room for so many functions",
    Behaviour(quotas=Quotas(open_lambdas=1)),
    functions={"tax": slow},
)
def too_many(swf: Talk) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("one"), run_lambda("two"))
    swf.failed("ScheduleLambdaFunction", "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED", id="two")
