"""Settings, from the environment (`ORDERS_DATABASE_URL=…`) or given to `Settings(…)`.

All times are whole seconds. What boto3 finds by itself (credentials, region, endpoint) is left to
boto3: AWS_PROFILE, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL and so on.
"""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from orders import messages, workflow

YEAR = 31_536_000
Seconds = Annotated[int, Field(ge=1, le=YEAR)]


def _known_step(name: str) -> str:
    if name not in workflow.ALL_STEPS:
        raise ValueError(f"no such step; these are: {', '.join(workflow.ALL_STEPS)}")
    return name


def _from_json(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError('not JSON; seconds by step are wanted: {"EnrichData": 900}') from None


Step = Annotated[str, AfterValidator(_known_step)]

LOCAL = "local"
"""In place of a URL: the small implementation that needs no service, for development."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERS_", populate_by_name=True, frozen=True)

    domain: str = "orders"
    retention_days: int = Field(default=30, ge=0, le=90)
    workflow_version: str = "1.0"
    activity_version: str = "1.0"
    decision_task_list: str = "orders-decisions"
    activity_task_list: str = "orders-activities"

    activity_task_timeout: Seconds = Field(
        default=60,
        validation_alias=AliasChoices("ACTIVITY_TASK_TIMEOUT", "ORDERS_ACTIVITY_TASK_TIMEOUT"),
    )
    """Start-to-close of steps that take less than a minute."""
    long_activity_task_timeout: Seconds = 600
    """Start-to-close of steps that may take minutes: EnrichData, CallExternalAPI, SaveResults."""
    step_timeouts: Annotated[dict[Step, Seconds], NoDecode, BeforeValidator(_from_json)] = {}
    """Start-to-close of single steps, as JSON: {"EnrichData": 900}."""
    heartbeat_timeout: Seconds = 60
    schedule_to_start_timeout: Seconds = 3600
    rollback_schedule_to_start_timeout: Seconds = 86_400
    decision_task_timeout: Seconds = 60
    execution_timeout: Seconds = 604_800

    max_attempts: int = Field(default=3, ge=1, le=100)
    retry_backoff: int = Field(default=0, ge=0, le=86_400)
    """Wait before the second attempt; doubles with each further one. 0: retry at once."""
    retry_backoff_cap: int = Field(default=300, ge=0, le=86_400)

    database_url: str = "sqlite:///orders.db"
    payload_dir: str = "payloads"
    payload_bucket: str = ""
    """An S3 bucket for texts too long for SWF; empty: the local directory `payload_dir`."""
    payload_prefix: str = "orders/payloads/"

    payments_url: str = LOCAL
    notifier_url: str = LOCAL
    external_api_url: str = "https://api.example.com/enrich"
    http_timeout: Annotated[float, Field(gt=0, le=600)] = 10.0

    def timeouts(self) -> Mapping[str, workflow.Timeouts]:
        """Step → its four timeouts."""
        return workflow.default_timeouts(
            short=self.activity_task_timeout,
            long=self.long_activity_task_timeout,
            heartbeat=self.heartbeat_timeout,
            schedule_to_start=self.schedule_to_start_timeout,
            rollback_schedule_to_start=self.rollback_schedule_to_start_timeout,
            start_to_close=tuple(self.step_timeouts.items()),
        )

    def rules(self) -> workflow.Rules:
        """What the decider must know of these settings."""
        return workflow.Rules(
            activity_version=self.activity_version,
            activity_task_list=self.activity_task_list,
            timeouts=self.timeouts(),
            max_attempts=self.max_attempts,
            retry_backoff=self.retry_backoff,
            retry_backoff_cap=self.retry_backoff_cap,
            refer=(
                partial(
                    messages.s3_reference, bucket=self.payload_bucket, prefix=self.payload_prefix
                )
                if self.payload_bucket
                else messages.local_reference
            ),
        )


def problems_of(error: ValidationError) -> list[str]:
    """What is wrong with the settings, a sentence a variable that has to be set otherwise."""
    return [f"{_variable(each['loc'])}: {_complaint(each)}." for each in error.errors()]


def misspelled(names: Iterable[str]) -> list[str]:
    """Of these environment variables those that look like a setting and are none, a sentence each.

    Other variables that begin with ORDERS_ are no mistake: Kubernetes sets some for a service.
    """
    known = [
        "ACTIVITY_TASK_TIMEOUT",
        *(f"ORDERS_{field.upper()}" for field in Settings.model_fields),
    ]
    told = []
    for name in sorted(names):
        if name.upper() not in known:
            near = get_close_matches(name.upper(), known, n=1, cutoff=0.85)
            told += [f"{name} is no setting; did you mean {one}?" for one in near]
    return told


def _variable(place: tuple[int | str, ...]) -> str:
    """The environment variable of a setting, with what is within it in brackets."""
    name, *within = map(str, place)
    variable = name if name.isupper() else f"ORDERS_{name.upper()}"
    return f"{variable}{''.join(f'[{part}]' for part in within if part != '[key]')}"


def _complaint(each: Any) -> str:
    message = each["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{each['input']!r} will not do: {message}"
