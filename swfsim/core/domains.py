"""Domains.

RegisterDomain, DescribeDomain, ListDomains, DeprecateDomain, UndeprecateDomain,
TagResource, UntagResource, ListTagsForResource
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from swfsim.core import pages
from swfsim.core.visibility import Visibility
from swfsim.core.world import DEPRECATED, REGISTERED, Domain
from swfsim.spec import limits
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from swfsim.core.events import Attrs
    from swfsim.core.world import Recorder, Region, World


def register(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    name = asked["name"]
    if name in region.domains:
        raise Fault("DomainAlreadyExistsFault", name)
    if len(region.domains) >= region.world.behaviour.quotas.domains:
        raise Fault("LimitExceededFault", "Too many domains in the account")
    tags = {tag["key"]: tag.get("value", "") for tag in asked.get("tags", ())}
    _check_tag_count(tags)
    domain = Domain(
        region,
        name,
        asked["workflowExecutionRetentionPeriodInDays"],
        Visibility(),
        asked.get("description"),
    )
    domain.tags = tags
    region.domains[name] = domain
    return {}


def info(domain: Domain) -> Attrs:
    shown = {"name": domain.name, "status": domain.status, "arn": domain.arn}
    if domain.description is not None:
        shown["description"] = domain.description
    return shown


def describe(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    domain = region.domain(asked["name"])
    return {
        "domainInfo": info(domain),
        "configuration": {"workflowExecutionRetentionPeriodInDays": domain.retention},
    }


def list_all(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    """By name; ``reverseOrder`` turns the order round."""
    names = sorted(
        (
            name
            for name, domain in region.domains.items()
            if domain.status == asked["registrationStatus"]
            and not region.world.too_new(domain.created_at)
        ),
        reverse=asked.get("reverseOrder", False),
    )
    shown, token = pages.after(region, "ListDomains", asked, names)
    answer: Attrs = {"domainInfos": [info(region.domains[name]) for name in shown]}
    return answer | token


def deprecate(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    """All types go with their domain; running executions go on."""
    domain = region.domain(asked["name"])
    if domain.status == DEPRECATED:
        raise Fault("DomainDeprecatedFault", domain.name)
    domain.status = DEPRECATED
    for kinds in (domain.workflow_types, domain.activity_types):
        for key, kind in kinds.items():
            if kind.status == REGISTERED:
                at = region.world.now
                kinds[key] = replace(kind, status=DEPRECATED, deprecated_at=at)
    return {}


def undeprecate(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    """Types deprecated along with the domain stay so."""
    domain = region.domain(asked["name"])
    if domain.status == REGISTERED:
        raise Fault("DomainAlreadyExistsFault", domain.name)
    domain.status = REGISTERED
    return {}


class Registered:
    """The domains and types of a world as they are now, to be put into worlds that have none."""

    def __init__(self, world: World) -> None:
        self._domains = [
            _as_registered(domain, region)
            for region in world.regions.values()
            for domain in region.domains.values()
        ]

    def put_into(self, world: World) -> None:
        for domain in self._domains:
            region = world.region(domain.region.name)
            region.domains[domain.name] = _as_registered(domain, region)


def _as_registered(domain: Domain, region: Region) -> Domain:
    """A domain like this one, without its executions."""
    made = Domain(region, domain.name, domain.retention, Visibility(), domain.description)
    made.status = domain.status
    made.created_at = domain.created_at
    made.tags = domain.tags.copy()
    made.workflow_types = domain.workflow_types.copy()
    made.activity_types = domain.activity_types.copy()
    return made


# Tags


def _check_tag_count(tags: dict[str, str]) -> None:
    if len(tags) > limits.DOMAIN_TAGS_MAX:
        raise Fault("TooManyTagsFault", f"A domain has at most {limits.DOMAIN_TAGS_MAX} tags")


def _tagged(region: Region, arn: str) -> Domain:
    prefix = f"arn:aws:swf:{region.name}:{region.account}:/domain/"
    domain = region.domains.get(arn.removeprefix(prefix)) if arn.startswith(prefix) else None
    if domain is None or region.world.too_new(domain.created_at):
        raise Fault("UnknownResourceFault", f"Unknown resource: {arn}")
    return domain


def tag(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    domain = _tagged(region, asked["resourceArn"])
    tags = domain.tags | {one["key"]: one.get("value", "") for one in asked["tags"]}
    _check_tag_count(tags)
    domain.tags = tags
    return {}


def untag(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    domain = _tagged(region, asked["resourceArn"])
    for key in asked["tagKeys"]:
        domain.tags.pop(key, None)
    return {}


def list_tags(m: Recorder, region: Region, asked: Attrs) -> Attrs:
    domain = _tagged(region, asked["resourceArn"])
    return {"tags": [{"key": key, "value": value} for key, value in domain.tags.items()]}
