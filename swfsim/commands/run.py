"""``swfsim run``: one execution of an application in simulation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from swfsim.app import load
from swfsim.commands.common import Refusal, read_json
from swfsim.errors import HarnessError
from swfsim.report import timeline
from swfsim.stories import Story

if TYPE_CHECKING:
    from swfsim.core.events import Event
    from swfsim.core.world import Execution


@click.command()
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
    Exit status: 0 completed, 1 closed otherwise, 2 a mistake in the call.
    Example: swfsim run scenarios.app:orders --input order.json
    """
    given = read_json(input_file)
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
            with Path(journal).open("w", encoding="utf-8") as out:
                story.env.journal.write(out)
        click.echo(f"\n{story.latest.workflow_id}: {story.status} after {story.elapsed_s:,.3f} s")
        if story.status != "COMPLETED":
            raise SystemExit(1)
