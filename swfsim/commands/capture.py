"""``swfsim capture``: histories out of an account, into files."""

from __future__ import annotations

import datetime
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.config
import botocore.exceptions
import click

from swfsim.capture.crawl import Crawler, RunKey
from swfsim.capture.pace import CALLS_A_SECOND, Pace
from swfsim.capture.take import Anonymous, Take
from swfsim.commands.common import FiniteRange, Refusal
from swfsim.debug import deciders
from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swfsim.capture.take import Taken

_AGO = re.compile(r"(\d+)([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_NO_ACCOUNT = (
    "set AWS_DEFAULT_REGION and AWS_PROFILE, or give --region, --profile or --endpoint-url"
)


class Since(click.ParamType):  # type: ignore[type-arg]
    """An instant in ISO 8601, or how long ago: 12h, 3d, 2w."""

    name = "since"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime.datetime:
        ago = _AGO.fullmatch(str(value))
        try:
            if ago:
                span = datetime.timedelta(**{_UNITS[ago[2]]: int(ago[1])})
                return datetime.datetime.now(datetime.UTC) - span
            when = datetime.datetime.fromisoformat(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither an instant such as 2026-01-31 nor a span such as 3d")
        return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)


@click.command()
@click.option("--domain", required=True, help="The SWF domain.")
@click.option("--workflow-id", help="Take this workflow: its open run, or its last one.")
@click.option("--run-id", help="With --workflow-id: take just this run.")
@click.option(
    "--closed-since",
    type=Since(),
    metavar="WHEN",
    help="Take what closed since: an instant, or 12h, 3d, 2w.",
)
@click.option("--type", "kind", metavar="NAME[:VERSION]", help="With --closed-since: of this type.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="With --closed-since: at most so many, the last first.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder for the files; made when it is not there.",
)
@click.option("--scrub", is_flag=True, help="Put stand-ins for what tells of people.")
@click.option(
    "--scrub-key",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="A secret, so that later captures use the same stand-ins.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="MEMBER",
    help="Leave this member as it is, by path or its end: input.plan, plan.",
)
@click.option(
    "--locale",
    default="en_US",
    show_default=True,
    help="Whose names and addresses the stand-ins are.",
)
@click.option(
    "--decider",
    metavar="MODULE:NAME",
    help="Prove with this decider that the scrub changes no decision.",
)
@click.option(
    "--rate",
    type=FiniteRange(min=0, min_open=True),
    default=CALLS_A_SECOND,
    show_default=True,
    help="Calls a second.",
)
@click.option("--profile", help="The AWS profile.")
@click.option("--region", help="The AWS region.")
@click.option("--endpoint-url", help="Another SWF than that of AWS.")
def capture(
    domain: str,
    workflow_id: str | None,
    run_id: str | None,
    closed_since: datetime.datetime | None,
    kind: str | None,
    limit: int,
    out: Path,
    scrub: bool,
    scrub_key: Path | None,
    keep: tuple[str, ...],
    locale: str,
    decider: str | None,
    rate: float,
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
) -> None:
    """Take histories out of an account: one file for each run, children and chains followed.

    \b
    A file has the shape of aws swf get-workflow-execution-history and a small
    header; reenact and replay read it. Files that are there are left alone, so
    a capture that was interrupted is simply called again.
    With --scrub, names, ids and texts become stand-ins of the same form, the
    same one for the same value. Stays: names of types, markers and signals,
    small numbers, --keep.
    Exit status: 0 done; 1 a run was not written because its scrub would change
    decisions; 2 a mistake in the call, or the account cannot be read.
    Example: swfsim capture --domain orders --closed-since 2d --out corpus
    """
    _check(workflow_id, run_id, closed_since, kind, scrub, (scrub_key, *keep, decider))
    anonymous = _anonymous(scrub_key, keep, locale, decider) if scrub else None
    try:
        client: Any = _client(profile, region, endpoint_url)
        crawler = Crawler(client, domain, Pace(rate))
        first = _first(crawler, workflow_id, run_id, closed_since, kind, limit)
        told = {"domain": domain, "region": client.meta.region_name}
        take = Take(crawler, out, anonymous, **told)
        taken = list(map(_told, take.runs(first)))
    except HarnessError as error:
        raise Refusal(str(error)) from error
    except botocore.exceptions.ClientError as error:
        said = error.response["Error"]
        raise Refusal(f"SWF refuses: {said['Code']}: {said.get('Message', '')}") from error
    except (botocore.exceptions.BotoCoreError, ValueError) as error:
        raise Refusal(f"cannot ask SWF: {error}; {_NO_ACCOUNT}") from error
    if any(one.path is not None and not one.there for one in taken):
        for name in take.unmet:
            click.echo(f"note: --keep {name} named no member")
    raise SystemExit(1 if any(one.harmful for one in taken) else 0)


def _check(
    workflow_id: str | None,
    run_id: str | None,
    closed_since: object,
    kind: str | None,
    scrub: bool,
    of_scrub: Iterable[object],
) -> None:
    if (workflow_id is None) == (closed_since is None):
        raise Refusal("say what to take: either --workflow-id or --closed-since")
    if run_id and not workflow_id:
        raise Refusal("--run-id goes with --workflow-id")
    if kind and not closed_since:
        raise Refusal("--type goes with --closed-since")
    if not scrub and any(of_scrub):
        raise Refusal("--scrub-key, --keep and --decider go with --scrub")


def _anonymous(
    scrub_key: Path | None, keep: tuple[str, ...], locale: str, decider: str | None
) -> Anonymous:
    secret = secrets.token_bytes(32)
    try:
        if scrub_key is not None:
            secret = scrub_key.read_bytes().strip()
        decide = deciders.load(decider) if decider else None
    except OSError as error:
        raise Refusal(f"cannot read {scrub_key}: {error.strerror}") from error
    except HarnessError as error:
        raise Refusal(str(error)) from error
    if len(secret) < 16:
        raise Refusal(f"{scrub_key} is too short for a secret: give at least 16 bytes")
    from faker.config import AVAILABLE_LOCALES

    if locale not in AVAILABLE_LOCALES:
        raise Refusal(f"Faker knows no locale {locale!r}; try en_US, pt_BR, de_DE")
    if scrub_key is None:
        click.echo(
            "Stand-ins of this call only; give --scrub-key FILE to have the same ones later."
        )
    if decide is None:
        click.echo(
            "Not proven harmless, and replay will find a decider's own words changed;\n"
            "give --decider MODULE:NAME to have them kept, and the proof."
        )
    return Anonymous(secret, keep, locale, decide)


def _client(profile: str | None, region: str | None, endpoint_url: str | None) -> Any:
    session = boto3.Session(profile_name=profile, region_name=region)
    config = botocore.config.Config(retries={"mode": "standard", "max_attempts": 10})
    return session.client("swf", endpoint_url=endpoint_url, config=config)


def _first(
    crawler: Crawler,
    workflow_id: str | None,
    run_id: str | None,
    closed_since: datetime.datetime | None,
    kind: str | None,
    limit: int,
) -> Iterable[RunKey]:
    if closed_since is not None:
        name, _, version = (kind or "").partition(":")
        return crawler.closed_since(closed_since, name or None, version or None, limit)
    assert workflow_id is not None, "_check has seen to it"
    if run_id:
        return [RunKey(workflow_id, run_id)]
    latest = crawler.latest(workflow_id, datetime.datetime.now(datetime.UTC))
    if latest is None:
        raise Refusal(f"SWF knows no run of {workflow_id!r} in this domain")
    return [latest]


def _told(one: Taken) -> Taken:
    """Say what became of a run."""
    who = f"{one.key.workflow_id} {one.key.run_id}"
    if one.gone:
        click.echo(f"{who}: SWF no longer knows this run, the domain's retention is over")
    elif one.path is None:
        click.echo(f"{who}: not written, these stand-ins would change decisions:", err=True)
        for path in one.harmful:
            click.echo(f"    --keep {path}", err=True)
    elif one.there:
        click.echo(f"{one.path}: is there already")
    else:
        click.echo(f"{one.path}: {one.count} events")
    return one
