"""The options of a live run, the same for every command that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from swfsim.commands.common import FiniteRange, Refusal
from swfsim.live.run import BUDGET_USD, PREFIX, STORY_S, JournalFile, LiveRun, check_domain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_F = TypeVar("_F", bound="Callable[..., Any]")

_OPTIONS = (
    click.option("--endpoint-url", metavar="URL", help="Another SWF than that of AWS."),
    click.option("--domain", help=f"The domain to use; its name begins with {PREFIX!r}."),
    click.option(
        "--budget",
        type=FiniteRange(min=0),
        default=BUDGET_USD,
        show_default=True,
        help="US dollars that a live run may cost at most.",
    ),
    click.option(
        "--story-timeout",
        type=FiniteRange(min=0, min_open=True),
        default=STORY_S,
        show_default=True,
        help="Seconds that it may take on a live service, each story of it.",
    ),
)


_NAMES = ("endpoint_url", "domain", "budget", "story_timeout")


def live_options(command: _F) -> _F:
    """Gives a command the options ``endpoint_url``, ``domain``, ``budget``, ``story_timeout``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def refuse_without_live() -> None:
    """For a command that also goes without ``--live``: an option of live runs is a mistake then."""
    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "")
        if parameter.name in _NAMES and given is not ParameterSource.DEFAULT:
            raise Refusal(f"{parameter.opts[0]} goes with --live")


def live_run(
    endpoint_url: str | None,
    domain: str | None,
    budget: float,
    story_timeout: float,
    journal: Path | None = None,
) -> LiveRun:
    """The live run that these options ask for. Raises ``HarnessError``."""
    named = check_domain(domain, endpoint_url)
    return LiveRun(named, endpoint_url, budget, story_s=story_timeout, journal=JournalFile(journal))
