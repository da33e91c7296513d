"""SWF clients, and what their errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions as failures
from botocore.config import Config

from orders.errors import OrdersError

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

# SWF holds a poll for up to 60 s. A client that gives up earlier may be handed a task it will
# never read, which is then lost until it times out.
READ_TIMEOUT_S = 75

_TRANSIENT_CODES = frozenset(
    (
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "LimitExceededFault",  # too many pollers on a task list
        "InternalFailure",
        "InternalError",
        "InternalServerError",
        "ServiceUnavailable",
        "RequestTimeout",
    )
)

_MISCONFIGURED = (
    failures.NoRegionError,
    failures.NoCredentialsError,
    failures.PartialCredentialsError,
    failures.ProfileNotFound,
)


def swf_client() -> "SWFClient":
    """An SWF client as boto3 finds its region and credentials, with a timeout fit for polls."""
    config = Config(
        read_timeout=READ_TIMEOUT_S,
        connect_timeout=10,
        retries={"mode": "standard", "max_attempts": 4},
    )
    with _told_plainly():
        return boto3.client("swf", config=config)


def s3_client() -> Any:
    """An S3 client as boto3 finds its region and credentials."""
    with _told_plainly():
        return boto3.client("s3")


@contextmanager
def _told_plainly() -> Iterator[None]:
    """botocore answers an endpoint that is no URL, or a number that is none, with ValueError."""
    try:
        yield
    except ValueError as error:
        if isinstance(error, failures.BotoCoreError):
            raise
        raise OrdersError(
            f"AWS settings: {error}. Check AWS_ENDPOINT_URL and the other AWS_ variables, "
            "and ~/.aws/config."
        ) from error


def code_of(error: Exception) -> str:
    """The service's name for the error: 'UnknownResourceFault'; '' if it is not from a service."""
    if isinstance(error, failures.ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return ""


def message_of(error: Exception) -> str:
    if isinstance(error, failures.ClientError):
        return str(error.response.get("Error", {}).get("Message", "")) or code_of(error)
    return str(error)


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed a little later: throttling, service or network trouble."""
    if isinstance(error, failures.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in _TRANSIENT_CODES or status >= 500
    return isinstance(error, (failures.ConnectionError, failures.HTTPClientError))


def is_misconfiguration(error: Exception) -> bool:
    """Whether boto3 lacks a region, a profile or credentials."""
    return isinstance(error, _MISCONFIGURED)
