"""Register the domain, the workflow type and all activity types. Safe to run again.

Types are immutable in SWF: one that exists with other defaults stays as it is, and is reported.
That does no harm by itself, because starter and decider give every setting with every call, but
whoever changes timeouts may want a new version.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from orders import aws, workflow
from orders.settings import Settings

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

REGISTERED, EXISTS, DIFFERS, DEPRECATED = "registered", "exists", "differs", "deprecated"

# A new domain is not known everywhere at once.
_DOMAIN_WAITS_S = (1, 2, 4, 8)


class Registration(NamedTuple):
    """What became of one registration.

    kind: domain, workflow type or activity type. outcome: registered, exists, differs, deprecated.
    detail: for `differs`, each default as `name: registered value (wanted value)`.
    """

    kind: str
    name: str
    outcome: str
    detail: str = ""


def register_all(client: "SWFClient", settings: Settings) -> list[Registration]:
    """Everything the order workflow needs. Raises what boto3 raises, when not permitted say."""
    done = [_register_domain(client, settings), _register_workflow_type(client, settings)]
    timeouts = settings.timeouts()
    done += [
        _register_activity_type(client, settings, step, timeouts[step].decision_fields)
        for step in workflow.ALL_STEPS
    ]
    return done


def _register_domain(client: "SWFClient", settings: Settings) -> Registration:
    try:
        client.register_domain(
            name=settings.domain,
            description="Order workflow",
            workflowExecutionRetentionPeriodInDays=str(settings.retention_days),
        )
    except ClientError as error:
        if aws.code_of(error) != "DomainAlreadyExistsFault":
            raise
    else:
        return Registration("domain", settings.domain, REGISTERED)
    found = client.describe_domain(name=settings.domain)
    wanted = {"workflowExecutionRetentionPeriodInDays": str(settings.retention_days)}
    return _existing("domain", settings.domain, found["domainInfo"], found["configuration"], wanted)


def _register_workflow_type(client: "SWFClient", settings: Settings) -> Registration:
    identity = {"name": workflow.WORKFLOW_NAME, "version": settings.workflow_version}
    defaults = {
        "defaultTaskList": {"name": settings.decision_task_list},
        "defaultExecutionStartToCloseTimeout": str(settings.execution_timeout),
        "defaultTaskStartToCloseTimeout": str(settings.decision_task_timeout),
        "defaultChildPolicy": "TERMINATE",
    }

    def describe() -> Any:
        return client.describe_workflow_type(
            domain=settings.domain,
            workflowType={"name": identity["name"], "version": identity["version"]},
        )

    return _register_type(
        "workflow type", client.register_workflow_type, describe, settings, identity, defaults
    )


def _register_activity_type(
    client: "SWFClient", settings: Settings, step: str, timeouts: Mapping[str, str]
) -> Registration:
    identity = {"name": step, "version": settings.activity_version}
    defaults: dict[str, Any] = {
        "defaultTaskList": {"name": settings.activity_task_list},
        "defaultTaskStartToCloseTimeout": timeouts["startToCloseTimeout"],
        "defaultTaskScheduleToStartTimeout": timeouts["scheduleToStartTimeout"],
        "defaultTaskScheduleToCloseTimeout": timeouts["scheduleToCloseTimeout"],
        "defaultTaskHeartbeatTimeout": timeouts["heartbeatTimeout"],
    }

    def describe() -> Any:
        return client.describe_activity_type(
            domain=settings.domain,
            activityType={"name": identity["name"], "version": identity["version"]},
        )

    return _register_type(
        "activity type", client.register_activity_type, describe, settings, identity, defaults
    )


def _register_type(
    kind: str,
    register: Callable[..., object],
    describe: Callable[[], Any],
    settings: Settings,
    identity: Mapping[str, str],
    defaults: Mapping[str, Any],
) -> Registration:
    name = f"{identity['name']} {identity['version']}"
    waits = iter(_DOMAIN_WAITS_S)
    while True:
        try:
            register(domain=settings.domain, **identity, **defaults)
        except ClientError as error:
            code = aws.code_of(error)
            if code == "TypeAlreadyExistsFault":
                found = describe()
                return _existing(kind, name, found["typeInfo"], found["configuration"], defaults)
            wait = next(waits, None) if code == "UnknownResourceFault" else None
            if wait is None:
                raise
            time.sleep(wait)
        else:
            return Registration(kind, name, REGISTERED)


def _existing(
    kind: str,
    name: str,
    info: Mapping[str, Any],
    configuration: Mapping[str, Any],
    wanted: Mapping[str, Any],
) -> Registration:
    if info["status"] == "DEPRECATED":
        return Registration(kind, name, DEPRECATED, "undeprecate it, or use a new name or version")
    differences = [
        f"{key}: {_plain(configuration.get(key))} (wanted {_plain(value)})"
        for key, value in wanted.items()
        if configuration.get(key) != value
    ]
    if differences:
        return Registration(kind, name, DIFFERS, "; ".join(differences))
    return Registration(kind, name, EXISTS)


def _plain(value: object) -> object:
    return value["name"] if isinstance(value, dict) else value
