"""Fixtures that several files here share."""

from __future__ import annotations

import pytest

from tests.support.driver import (
    DOMAIN,
    Driver,
)


@pytest.fixture
def shop(swf: Driver) -> Driver:
    """Four open executions, a second apart; of two types, one of them in two versions."""
    for name, version in (("order", "2.0"), ("refund", "1.0")):
        swf.client.register_workflow_type(
            domain=DOMAIN,
            name=name,
            version=version,
            defaultTaskList={"name": "deciders"},
            defaultTaskStartToCloseTimeout="NONE",
            defaultExecutionStartToCloseTimeout="86400",
            defaultChildPolicy="ABANDON",
        )
    for number, (name, version, tags) in enumerate(
        [
            ("order", "1.0", ["fast"]),
            ("order", "2.0", ["slow"]),
            ("refund", "1.0", ["fast", "gift"]),
            ("order", "1.0", []),
        ]
    ):
        swf.wait(1)
        swf.client.start_workflow_execution(
            domain=DOMAIN,
            workflowId=f"w{number}",
            workflowType={"name": name, "version": version},
            **({"tagList": tags} if tags else {}),
        )
    return swf
