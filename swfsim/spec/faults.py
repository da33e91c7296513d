"""``Fault``: AWS refuses a call. The texts are the service's own; sources: ``docs/fidelity.md``."""

from __future__ import annotations

from typing import Final

from swfsim.spec import model

THROTTLED: Final = "Rate exceeded"

COMMON: Final[dict[str, str]] = {
    "ValidationException": "com.amazon.coral.validate#",
    "SerializationException": "com.amazon.coral.service#",
    "UnknownOperationException": "com.amazon.coral.service#",
    "ThrottlingException": "com.amazon.coral.availability#",
    "InternalFailure": "com.amazon.coral.service#",
    "ServiceUnavailable": "com.amazon.coral.service#",
    "MissingAuthenticationTokenException": "com.amazon.coral.service#",
    "IncompleteSignatureException": "com.amazon.coral.service#",
    "UnrecognizedClientException": "com.amazon.coral.service#",
    "InvalidSignatureException": "com.amazon.coral.service#",
}
"""Errors that any AWS service of this family may answer, with the namespace of their ``__type``."""

OUTAGES: Final = {"InternalFailure": "", "ServiceUnavailable": "", "ThrottlingException": THROTTLED}
"""Errors that no request explains, with their texts: what a client has to retry."""

MODELLED_NAMESPACE: Final = "com.amazonaws.swf.base.model#"


class Fault(Exception):  # noqa: N818 - the service's word
    """The service refuses a call; nothing was changed.

    ``code`` is the name that an SDK shows as the error code, ``message`` the service's text.
    """

    def __init__(self, code: str, message: str = "") -> None:
        if code not in model.FAULTS and code not in COMMON:
            raise ValueError(f"{code!r} is not an error of Amazon SWF")
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def type(self) -> str:
        """The ``__type`` of the wire, namespace included."""
        return COMMON.get(self.code, MODELLED_NAMESPACE) + self.code

    @property
    def status(self) -> int:
        """The HTTP status."""
        return {"InternalFailure": 500, "ServiceUnavailable": 503}.get(self.code, 400)


def violations(found: list[str]) -> Fault:
    """All constraint violations of one request, in one message."""
    noun = "error" if len(found) == 1 else "errors"
    return Fault(
        "ValidationException", f"{len(found)} validation {noun} detected: {'; '.join(found)}"
    )


def invalid(message: str) -> Fault:
    return Fault("ValidationException", message)


def invalid_token() -> Fault:
    return invalid("Invalid token")


def unknown_domain(name: str) -> Fault:
    return Fault("UnknownResourceFault", f"Unknown domain: {name}")


def type_text(kind: str, name: str, version: str) -> str:
    """How the service names a type; ``kind`` is WorkflowType or ActivityType."""
    return f"{kind}=[name={name}, version={version}]"


def unknown_type(kind: str, name: str, version: str) -> Fault:
    return Fault("UnknownResourceFault", f"Unknown type: {type_text(kind, name, version)}")


def unknown_execution(workflow_id: str, run_id: str | None = None) -> Fault:
    """No such open execution; the text differs with and without a run id."""
    if run_id:
        text = f"Unknown execution: WorkflowExecution=[workflowId={workflow_id}, runId={run_id}]"
    else:
        text = f"Unknown execution, workflowId = {workflow_id}"
    return Fault("UnknownResourceFault", text)


def unknown_decision_task(scheduled_event_id: int) -> Fault:
    return Fault(
        "UnknownResourceFault", f"Unknown decision task, scheduledEventId = {scheduled_event_id}"
    )


def unknown_activity(scheduled_event_id: int) -> Fault:
    return Fault(
        "UnknownResourceFault", f"Unknown activity, scheduledEventId = {scheduled_event_id}"
    )
