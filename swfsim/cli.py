"""The command line: ``swfsim run``.

Exit status: 0 done, 1 the execution did not complete or the application failed, 2 a mistake in the
call.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from swfsim.app import load
from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from swfsim.core.events import Event
    from swfsim.core.world import Execution


class Refusal(click.ClickException):
    """A mistake in the call, said in one sentence."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="swfsim")
def main() -> None:
    """Run Amazon SWF deciders and activity workers, unmodified, on a virtual clock.

    An application is named like an entry point, MODULE:ATTRIBUTE, where the attribute is an App
    class (see swfsim.App). Modules are looked for in the current directory, too.
    """


def _read_input(path: str) -> Any:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"cannot read {path}: {error}") from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise Refusal(f"{path} is not JSON: {error}") from error


@main.command()
@click.argument("app", metavar="APP")
@click.option(
    "--input", "input_file", required=True, metavar="FILE", help="JSON input, - for standard input."
)
@click.option("--seed", default=0, show_default=True, help="Equal seeds give equal runs.")
@click.option("--all-events", is_flag=True, help="Show the decision tasks' own events too.")
@click.option("--journal", metavar="FILE", help="Write every call to FILE, one JSON line each.")
def run(app: str, input_file: str, seed: int, all_events: bool, journal: str | None) -> None:
    """Run one execution of APP in a simulation and print its timeline as it happens.

    \b
    Columns: virtual time since the start, who brought it about, what happened.
    Example: swfsim run scenarios.app:orders --input order.json
    """
    from swfsim.report import timeline
    from swfsim.stories import Story

    given = _read_input(input_file)
    try:
        story = Story(load(app), seed=seed)
    except HarnessError as error:
        raise Refusal(str(error)) from error
    with story:
        begins_at = story.env.simulation.now()

        def show(x: Execution, event: Event, who: str) -> None:
            moment = timeline.Moment(x, event, who)
            for line in timeline.text([moment], begins_at, brief=not all_events):
                click.echo(line)

        story.env.observe(show)
        story.when(lambda told: told.app.start(given))
        story.run()
        if journal:
            with Path(journal).open("w") as out:
                story.env.journal.write(out)
        click.echo(f"\n{story.latest.workflow_id}: {story.status} after {story.elapsed_s:,.3f} s")
        if story.status != "COMPLETED":
            raise SystemExit(1)
