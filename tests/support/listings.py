"""What tests of listings share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from tests.support.driver import (
    DOMAIN,
    Driver,
)
from tests.support.looks import EVER


def refused(text: str, code: str = "ValidationException") -> Any:
    """The call is refused with this code, and exactly this message."""
    return pytest.raises(
        botocore.exceptions.ClientError, match=rf"\({code}\).*operation: {re.escape(text)}$"
    )


def ids(answer: Any) -> list[str]:
    return [info["execution"]["workflowId"] for info in answer["executionInfos"]]


def list_open(swf: Driver, **asked: Any) -> Any:
    return swf.client.list_open_workflow_executions(
        domain=DOMAIN, **{"startTimeFilter": EVER, **asked}
    )


def list_closed(swf: Driver, **asked: Any) -> Any:
    if "startTimeFilter" not in asked:
        asked = {"closeTimeFilter": EVER, **asked}
    return swf.client.list_closed_workflow_executions(domain=DOMAIN, **asked)


def count_open(swf: Driver, **asked: Any) -> Any:
    answer = swf.client.count_open_workflow_executions(
        domain=DOMAIN, **{"startTimeFilter": EVER, **asked}
    )
    return answer["count"], answer["truncated"]


def count_closed(swf: Driver, **asked: Any) -> Any:
    if "startTimeFilter" not in asked:
        asked = {"closeTimeFilter": EVER, **asked}
    answer = swf.client.count_closed_workflow_executions(domain=DOMAIN, **asked)
    return answer["count"], answer["truncated"]


def pages(call: Callable[..., Any], member: str, **asked: Any) -> list[list[Any]]:
    """All pages; the last one has no token."""
    found = []
    answer = call(**asked)
    found.append(answer[member])
    while "nextPageToken" in answer:
        answer = call(**asked, nextPageToken=answer["nextPageToken"])
        found.append(answer[member])
    return found


def tags(swf: Driver, arn: str) -> dict[str, str]:
    listed = swf.client.list_tags_for_resource(resourceArn=arn)["tags"]
    return {tag["key"]: tag["value"] for tag in listed}
