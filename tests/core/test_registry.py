"""Domains and types: their listings and their tags."""

from __future__ import annotations

import re
from typing import Any

import botocore.exceptions
import pytest

from tests.support.driver import (
    DOMAIN,
    Driver,
)
from tests.support.known import known
from tests.support.listings import (
    count_closed,
    count_open,
    ids,
    list_closed,
    list_open,
    pages,
    refused,
    tags,
)

# Domains


def domains(swf: Driver, status: str = "REGISTERED", **asked: Any) -> list[str]:
    answer = swf.client.list_domains(registrationStatus=status, **asked)
    return [info["name"] for info in answer["domainInfos"]]


@known("documentation")
def test_domains_are_listed_by_status_in_the_order_of_their_names(swf: Driver) -> None:
    for name in ("zoo", "Ark", "bar"):
        swf.client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="7")
    assert domains(swf) == ["Ark", "bar", "shop", "zoo"]
    assert domains(swf, reverseOrder=True) == ["zoo", "shop", "bar", "Ark"]
    swf.client.deprecate_domain(name="bar")
    assert domains(swf) == ["Ark", "shop", "zoo"]
    assert domains(swf, "DEPRECATED") == ["bar"]
    swf.client.undeprecate_domain(name="bar")
    assert domains(swf, "DEPRECATED") == []


@known("documentation")
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_pages_of_domains(swf: Driver, size: int, backwards: bool) -> None:
    whole = ["a", "b", "c", "shop"]
    for name in whole[:3]:
        swf.client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="7")
    found = pages(
        swf.client.list_domains,
        "domainInfos",
        registrationStatus="REGISTERED",
        maximumPageSize=size,
        reverseOrder=backwards,
    )
    if backwards:
        whole.reverse()
    shown = [[info["name"] for info in page] for page in found]
    assert shown == [whole[at : at + size] for at in range(0, 4, size)]


@known("documentation", "guess")
def test_a_token_of_one_status_does_not_lead_into_the_other(swf: Driver) -> None:
    swf.client.register_domain(name="a", workflowExecutionRetentionPeriodInDays="7")
    token = swf.client.list_domains(registrationStatus="REGISTERED", maximumPageSize=1)[
        "nextPageToken"
    ]
    with refused("Invalid token"):
        domains(swf, "DEPRECATED", nextPageToken=token)


@known("documentation")
def test_a_deprecated_domain_still_shows_its_executions(swf: Driver) -> None:
    swf.start("open")
    swf.start("closed")
    swf.terminate()
    swf.client.deprecate_domain(name=DOMAIN)
    assert ids(list_open(swf)) == ["open"]
    assert ids(list_closed(swf)) == ["closed"]
    assert count_open(swf) == count_closed(swf) == (1, False)
    assert swf.history()[-1]["eventType"] == "WorkflowExecutionTerminated"


# Types


@pytest.fixture(params=["workflow", "activity"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def register(swf: Driver, kind: str, *types: tuple[str, str]) -> None:
    for name, version in types:
        getattr(swf.client, f"register_{kind}_type")(domain=DOMAIN, name=name, version=version)


def types(swf: Driver, kind: str, status: str = "REGISTERED", **asked: Any) -> list[str]:
    """Those that a test has registered itself, as name/version."""
    answer = getattr(swf.client, f"list_{kind}_types")(
        domain=DOMAIN, registrationStatus=status, **asked
    )
    found = [info[f"{kind}Type"] for info in answer["typeInfos"]]
    return [
        f"{one['name']}/{one['version']}" for one in found if one["name"] not in ("order", "pay")
    ]


@known("documentation")
def test_types_are_listed_by_name_and_version(swf: Driver, kind: str) -> None:
    register(swf, kind, ("b", "2"), ("c", "1"), ("b", "1"), ("a", "9"))
    assert types(swf, kind) == ["a/9", "b/1", "b/2", "c/1"]
    assert types(swf, kind, reverseOrder=True) == ["c/1", "b/2", "b/1", "a/9"]
    assert types(swf, kind, name="b") == ["b/1", "b/2"]
    assert types(swf, kind, name="B") == types(swf, kind, name="nothing") == []


@known("documentation")
def test_types_are_listed_by_status(swf: Driver, kind: str) -> None:
    register(swf, kind, ("a", "1"), ("a", "2"))
    named = {f"{kind}Type": {"name": "a", "version": "1"}}
    swf.wait(10)
    getattr(swf.client, f"deprecate_{kind}_type")(domain=DOMAIN, **named)
    assert types(swf, kind) == ["a/2"]
    assert types(swf, kind, "DEPRECATED") == ["a/1"]
    (info,) = getattr(swf.client, f"list_{kind}_types")(
        domain=DOMAIN, registrationStatus="DEPRECATED"
    )["typeInfos"]
    assert info["status"] == "DEPRECATED"
    assert (info["deprecationDate"] - info["creationDate"]).total_seconds() >= 10
    getattr(swf.client, f"undeprecate_{kind}_type")(domain=DOMAIN, **named)
    assert types(swf, kind) == ["a/1", "a/2"]
    assert types(swf, kind, "DEPRECATED") == []


@known("documentation", "client code")
def test_a_deleted_type_is_in_no_list(swf: Driver, kind: str) -> None:
    register(swf, kind, ("a", "1"))
    named = {f"{kind}Type": {"name": "a", "version": "1"}}
    getattr(swf.client, f"deprecate_{kind}_type")(domain=DOMAIN, **named)
    getattr(swf.client, f"delete_{kind}_type")(domain=DOMAIN, **named)
    assert types(swf, kind) == types(swf, kind, "DEPRECATED") == []


@known("documentation", "guess")
def test_types_go_with_their_domain_and_do_not_come_back(swf: Driver, kind: str) -> None:
    register(swf, kind, ("a", "1"))
    swf.client.deprecate_domain(name=DOMAIN)
    assert types(swf, kind) == []
    assert types(swf, kind, "DEPRECATED") == ["a/1"]
    swf.client.undeprecate_domain(name=DOMAIN)
    assert types(swf, kind, "DEPRECATED") == ["a/1"]


@known("documentation")
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_of_types(swf: Driver, kind: str, size: int, backwards: bool) -> None:
    register(swf, kind, *(("a", version) for version in ("1", "2", "3")))
    found = pages(
        getattr(swf.client, f"list_{kind}_types"),
        "typeInfos",
        domain=DOMAIN,
        registrationStatus="REGISTERED",
        name="a",
        maximumPageSize=size,
        reverseOrder=backwards,
    )
    whole = ["3", "2", "1"] if backwards else ["1", "2", "3"]
    shown = [[info[f"{kind}Type"]["version"] for info in page] for page in found]
    assert shown == [whole[at : at + size] for at in range(0, 3, size)]


@known("documentation", "guess")
def test_a_token_of_one_kind_of_type_does_not_lead_into_the_other(swf: Driver) -> None:
    for name in ("workflow", "activity"):
        register(swf, name, ("a", "1"))
    token = swf.client.list_workflow_types(
        domain=DOMAIN, registrationStatus="REGISTERED", maximumPageSize=1
    )["nextPageToken"]
    with refused("Invalid token"):
        types(swf, "activity", nextPageToken=token)


@known("client code")
def test_types_of_an_unknown_domain(swf: Driver, kind: str) -> None:
    with refused("Unknown domain: nowhere", "UnknownResourceFault"):
        getattr(swf.client, f"list_{kind}_types")(domain="nowhere", registrationStatus="REGISTERED")


# Tags of domains


@pytest.fixture
def arn(swf: Driver) -> str:
    found: str = swf.client.describe_domain(name=DOMAIN)["domainInfo"]["arn"]
    return found


@known("documentation", "capture")
def test_an_arn_names_region_account_and_domain(arn: str) -> None:
    assert re.fullmatch(r"arn:aws:swf:us-east-1:\d{12}:/domain/shop", arn)


@known("documentation")
def test_a_domain_is_tagged_and_untagged(swf: Driver, arn: str) -> None:
    """A key that is there already is written over; to remove an absent one succeeds."""
    assert swf.client.list_tags_for_resource(resourceArn=arn)["tags"] == []
    swf.client.tag_resource(
        resourceArn=arn, tags=[{"key": "team", "value": "red"}, {"key": "cost"}]
    )
    assert tags(swf, arn) == {"team": "red", "cost": ""}
    swf.client.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "blue"}])
    assert tags(swf, arn) == {"team": "blue", "cost": ""}
    swf.client.untag_resource(resourceArn=arn, tagKeys=["cost", "absent"])
    assert tags(swf, arn) == {"team": "blue"}


@known("documentation")
def test_a_domain_may_be_registered_with_tags(swf: Driver, arn: str) -> None:
    swf.client.register_domain(
        name="new", workflowExecutionRetentionPeriodInDays="7", tags=[{"key": "k", "value": "v"}]
    )
    assert tags(swf, arn.replace("/shop", "/new")) == {"k": "v"}
    assert tags(swf, arn) == {}


@known("documentation")
def test_a_domain_has_at_most_fifty_tags(swf: Driver, arn: str) -> None:
    """It is the union that counts; a refused call leaves all as it was."""
    fifty = [{"key": f"k{number}", "value": "v"} for number in range(50)]
    swf.client.tag_resource(resourceArn=arn, tags=fifty)
    swf.client.tag_resource(resourceArn=arn, tags=[{"key": "k7", "value": "changed"}])
    with pytest.raises(swf.client.exceptions.TooManyTagsFault):
        swf.client.tag_resource(resourceArn=arn, tags=[{"key": "k8"}, {"key": "one more"}])
    assert len(tags(swf, arn)) == 50
    assert tags(swf, arn)["k8"] == "v"
    with pytest.raises(swf.client.exceptions.TooManyTagsFault):
        swf.client.register_domain(
            name="new", workflowExecutionRetentionPeriodInDays="7", tags=[*fifty, {"key": "more"}]
        )
    assert domains(swf) == ["shop"]


@known("documentation")
@pytest.mark.parametrize(
    "tag",
    [{"key": "x" * 129}, {"key": "k", "value": "x" * 257}, {"key": "a*b"}],
    ids=["long key", "long value", "star"],
)
def test_tags_that_are_refused(swf: Driver, arn: str, tag: dict[str, str]) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationException"):
        swf.client.tag_resource(resourceArn=arn, tags=[tag])


@known("documentation")
def test_tags_at_their_longest_and_strangest(swf: Driver, arn: str) -> None:
    put = {"x" * 128: "y" * 256, "_ .:/=+-@": "_ .:/=+-@"}
    swf.client.tag_resource(
        resourceArn=arn, tags=[{"key": key, "value": value} for key, value in put.items()]
    )
    assert tags(swf, arn) == put


@known("documentation")
def test_only_a_domain_that_exists_has_tags(swf: Driver, arn: str) -> None:
    other_region = arn.replace("us-east-1", "eu-west-1")
    calls: list[tuple[Any, dict[str, Any]]] = [
        (swf.client.list_tags_for_resource, {}),
        (swf.client.tag_resource, {"tags": [{"key": "k"}]}),
        (swf.client.untag_resource, {"tagKeys": ["k"]}),
    ]
    for unknown in (f"{arn}s", other_region, "arn:aws:s3:::bucket"):
        for call, more in calls:
            with pytest.raises(swf.client.exceptions.UnknownResourceFault):
                call(resourceArn=unknown, **more)


@known("documentation")
def test_tags_leave_no_trace_in_a_history(swf: Driver, arn: str) -> None:
    swf.start()
    swf.client.tag_resource(resourceArn=arn, tags=[{"key": "k", "value": "v"}])
    list_open(swf)
    assert len(swf.history()) == 2
