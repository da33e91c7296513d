"""What tests of Lambda tasks share."""

from __future__ import annotations

import time
from typing import Any

from tests.support.driver import (
    Driver,
    run_lambda,
)

ROLE = "arn:aws:iam::123456789012:role/swf-lambda"


def function(swf: Driver, outcome: Any, seconds: float = 1, name: str = "tax") -> list[Any]:
    """Deploy a function that takes so long and returns, or raises, this; gives what it was sent."""
    seen: list[Any] = []

    def run(event: Any) -> Any:
        seen.append(event)
        time.sleep(seconds)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    swf.fake.lambda_functions[name] = run
    return seen


def called(swf: Driver, seconds: float = 2, **more: Any) -> dict[str, Any]:
    """Start an execution, let it call the function, and give the attributes of how that ended."""
    swf.start(lambdaRole=ROLE)
    swf.decide(run_lambda("tax-1", **more))
    swf.wait()
    swf.wait(seconds)
    return swf.attributes(7)
