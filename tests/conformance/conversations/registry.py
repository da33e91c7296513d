"""Domains and their tags, workflow types and activity types."""

from __future__ import annotations

from typing import Any

from swfsim import Behaviour
from swfsim.spec.behaviour import Quotas
from tests.conformance.talk import Talk, conversation
from tests.support.driver import DOMAIN, schedule


@conversation("the life of a domain", virtual="lists all domains of an account")
def domain(swf: Talk) -> None:
    def listed(status: str, **more: Any) -> list[str]:
        infos = swf.client.list_domains(registrationStatus=status, **more)["domainInfos"]
        return [info["name"] for info in infos]

    with swf.refused("DomainAlreadyExistsFault", DOMAIN):
        swf.client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
    swf.client.register_domain(
        name="attic", description="old things", workflowExecutionRetentionPeriodInDays="NONE"
    )
    assert listed("REGISTERED") == ["attic", DOMAIN]
    assert listed("REGISTERED", reverseOrder=True) == [DOMAIN, "attic"]
    swf.client.deprecate_domain(name="attic")
    with swf.refused("DomainDeprecatedFault", "attic"):
        swf.client.deprecate_domain(name="attic")
    with swf.refused("DomainDeprecatedFault", "attic"):
        swf.client.register_workflow_type(domain="attic", name="order", version="1.0")
    assert (listed("REGISTERED"), listed("DEPRECATED")) == ([DOMAIN], ["attic"])
    described = swf.client.describe_domain(name="attic")
    info = described["domainInfo"]
    assert (info["status"], info["description"]) == ("DEPRECATED", "old things")
    assert info["arn"].endswith(":/domain/attic")
    assert described["configuration"] == {"workflowExecutionRetentionPeriodInDays": "NONE"}
    swf.client.undeprecate_domain(name="attic")
    with swf.refused("DomainAlreadyExistsFault", "attic"):
        swf.client.undeprecate_domain(name="attic")
    assert listed("DEPRECATED") == []


@conversation("the tags of a domain")
def tags(swf: Talk) -> None:
    arn = swf.client.describe_domain(name=DOMAIN)["domainInfo"]["arn"]

    def tags() -> dict[str, str]:
        found = swf.client.list_tags_for_resource(resourceArn=arn)["tags"]
        return {tag["key"]: tag["value"] for tag in found}

    swf.client.tag_resource(
        resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    )
    swf.client.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "3"}])
    assert tags() == {"a": "1", "b": "3"}
    swf.client.untag_resource(resourceArn=arn, tagKeys=["a", "never"])
    assert tags() == {"b": "3"}
    many = [{"key": str(number), "value": ""} for number in range(50)]
    with swf.refused("TooManyTagsFault"):
        swf.client.tag_resource(resourceArn=arn, tags=many)
    assert tags() == {"b": "3"}
    with swf.refused("TooManyTagsFault"):
        swf.client.register_domain(
            name="tagged",
            workflowExecutionRetentionPeriodInDays="7",
            tags=[*many, {"key": "one more", "value": ""}],
        )
    with swf.refused("UnknownResourceFault"):
        swf.client.list_tags_for_resource(resourceArn=f"{arn}s")


def _life(swf: Talk, kind: str, member: str, shown: str) -> None:
    """The same for both kinds of types."""

    def call(verb: str, **asked: Any) -> Any:
        return getattr(swf.client, f"{verb}_{kind}_type")(domain=DOMAIN, **asked)

    def listed(status: str) -> list[tuple[str, str]]:
        found = getattr(swf.client, f"list_{kind}_types")(
            domain=DOMAIN, registrationStatus=status, name="ship"
        )
        keys = [info[member] for info in found["typeInfos"]]
        return [(key["name"], key["version"]) for key in keys]

    ship = {"name": "ship", "version": "2"}
    call("register", **ship, description="by ship", defaultTaskStartToCloseTimeout="5")
    text = f"{shown}=[name=ship, version=2]"
    with swf.refused("TypeAlreadyExistsFault", text):
        call("register", **ship)
    with swf.refused("TypeAlreadyExistsFault", text):
        call("undeprecate", **{member: ship})
    with swf.refused("TypeNotDeprecatedFault", "currently registered and cannot be deleted"):
        call("delete", **{member: ship})
    described = call("describe", **{member: ship})
    assert described["typeInfo"][member] == ship
    assert described["typeInfo"]["description"] == "by ship"
    assert described["configuration"] == {"defaultTaskStartToCloseTimeout": "5"}
    assert listed("REGISTERED") == [("ship", "2")]
    call("deprecate", **{member: ship})
    with swf.refused("TypeDeprecatedFault", text):
        call("deprecate", **{member: ship})
    assert (listed("REGISTERED"), listed("DEPRECATED")) == ([], [("ship", "2")])
    info = call("describe", **{member: ship})["typeInfo"]
    assert info["status"] == "DEPRECATED"
    assert info["deprecationDate"] >= info["creationDate"]
    call("undeprecate", **{member: ship})
    assert "deprecationDate" not in call("describe", **{member: ship})["typeInfo"]
    call("deprecate", **{member: ship})
    call("delete", **{member: ship})
    with swf.refused("UnknownResourceFault", f"Unknown type: {text}"):
        call("describe", **{member: ship})


@conversation("the life of a workflow type")
def workflow_type(swf: Talk) -> None:
    _life(swf, "workflow", "workflowType", "WorkflowType")


@conversation("the life of an activity type")
def activity_type(swf: Talk) -> None:
    _life(swf, "activity", "activityType", "ActivityType")


@conversation("a domain takes its types with it")
def types_go_too(swf: Talk) -> None:
    order = {"name": "order", "version": "1.0"}
    swf.start()
    swf.client.deprecate_domain(name=DOMAIN)
    found = swf.client.list_workflow_types(domain=DOMAIN, registrationStatus="DEPRECATED")
    assert [info["workflowType"] for info in found["typeInfos"]] == [order]
    with swf.refused("TypeDeprecatedFault", "WorkflowType=[name=order, version=1.0]"):
        swf.client.start_workflow_execution(domain=DOMAIN, workflowId="w", workflowType=order)
    swf.decide(schedule("a"))
    swf.failed("ScheduleActivityTask", "ACTIVITY_TYPE_DEPRECATED", activityId="a")


@conversation("so many domains, and no more", Behaviour(quotas=Quotas(domains=1, types=1)))
def too_many(swf: Talk) -> None:
    with swf.refused("LimitExceededFault"):
        swf.client.register_domain(name="another", workflowExecutionRetentionPeriodInDays="7")
    with swf.refused("LimitExceededFault"):
        swf.client.register_workflow_type(domain=DOMAIN, name="another", version="1")
    with swf.refused("LimitExceededFault"):
        swf.client.register_activity_type(domain=DOMAIN, name="another", version="1")
