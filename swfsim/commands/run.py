"""``swfsim run``: one execution of an application in simulation."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click
from botocore.exceptions import BotoCoreError, ClientError

from swfsim.app import load
from swfsim.commands.common import Refusal, read_json
from swfsim.commands.live_options import live_options, live_run, refuse_without_live
from swfsim.env import Env
from swfsim.errors import HarnessError, Violation
from swfsim.fake import fake_swf
from swfsim.report import code, timeline
from swfsim.stories import Story

if TYPE_CHECKING:
    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.live.run import LiveRun


@click.command()
@click.argument("app", metavar="APP")
@click.option(
    "--input", "input_file", required=True, metavar="FILE", help="JSON input, - for standard input."
)
@click.option("--seed", default=0, show_default=True, help="Equal seeds give equal runs.")
@click.option("--all-events", is_flag=True, help="Show the decision tasks' own events too.")
@click.option("--journal", metavar="FILE", help="Write every call to FILE, one JSON line each.")
@click.option("--live", is_flag=True, help="Run it against a real service instead.")
@live_options
def run(
    app: str,
    input_file: str,
    seed: int,
    all_events: bool,
    journal: str | None,
    live: bool,
    endpoint_url: str | None,
    domain: str | None,
    budget: float,
    story_timeout: float,
) -> None:
    """Run one execution of APP in a simulation and print its timeline.

    \b
    APP is MODULE:ATTRIBUTE: an App class, or a function that says it makes one,
    with -> App.
    Columns: virtual time since the start, who brought it about, what happened.
    Exit status: 0 completed; 1 closed otherwise, or the application broke;
    2 a mistake in the call.
    With --live the same workers run against SWF as boto3 finds it, or at
    --endpoint-url, in a domain of their own; nothing started stays open.
    Example: swfsim run scenarios.app:orders --input order.json
    """
    given = read_json(input_file)
    if live:
        where = _live_run(endpoint_url, domain, budget, story_timeout, journal)
        raise SystemExit(_live(app, given, all_events, where))
    refuse_without_live()
    with _written(journal) as file:
        try:
            with fake_swf():  # so that no call leaves the machine while its module is imported
                make_app = load(app)
            with Story(make_app, seed=seed) as story, _journal_of(story, file):
                _tell(story, given, all_events)
        except HarnessError as error:
            raise Refusal(str(error)) from error
        except (click.ClickException, BrokenPipeError):
            raise
        except Exception as error:
            raise click.ClickException(_told(error)) from error
    if story.status != "COMPLETED":
        raise SystemExit(1)


def _live_run(
    endpoint_url: str | None,
    domain: str | None,
    budget: float,
    story_timeout: float,
    journal: str | None,
) -> LiveRun:
    try:
        path = Path(journal) if journal is not None else None
        return live_run(endpoint_url, domain, budget, story_timeout, path)
    except HarnessError as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise _cannot_write(journal, error) from error


def _live(app: str, given: Any, all_events: bool, live: LiveRun) -> int:
    """The exit status of one execution on a live service."""
    try:
        with fake_swf():
            make_app = load(app)
        click.echo(f"live: domain {live.domain}, {live.endpoint_url or 'AWS'}")
        click.echo(f"live: {live.check_budget(1)}")
        live.enter()
        try:
            with Story(make_app, live=live) as story:
                _tell(story, given, all_events)
                return 0 if story.status == "COMPLETED" else 1
        finally:
            live.leave()
    except HarnessError as error:
        raise Refusal(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise Refusal(f"the live service cannot be used: {error}") from error
    except Violation as error:
        raise click.ClickException(str(error)) from error


def _tell(story: Story, given: Any, all_events: bool) -> None:
    begins_at = story.env.now_ms()

    def show(x: Execution, event: Event, who: str) -> None:
        moment = timeline.Moment(x, event, who)
        for line in timeline.text([moment], begins_at, brief=not all_events):
            click.echo(line)

    def start(told: Story) -> None:
        try:
            told.app.start(given)
        except HarnessError:
            raise
        except Exception as error:
            raise HarnessError(
                f"the application does not start with this input: {_told(error)}"
            ) from error

    story.env.observe(show)
    story.when(start)
    story.run()
    if not story.executions:
        raise HarnessError(f"start() of {type(story.app).__name__} started no execution")
    click.echo(f"\n{story.latest.workflow_id}: {story.status} after {story.elapsed_s:,.3f} s")
    reason = story.latest.events[-1].attrs.get("reason")
    if reason:  # whole: its line above may be cut
        click.echo(f"reason: {reason}")


def _told(error: Exception) -> str:
    """An error of the application: what it says, in which worker, and the innermost line."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    notes = getattr(error, "__notes__", [])
    own = code.own(code.places(error.__traceback__))
    return ", ".join([what, *notes, f"at {code.line(own[-1])}"])


def _cannot_write(path: object, error: OSError) -> Refusal:
    return Refusal(f"cannot write {path}: {error.strerror or error}")


@contextlib.contextmanager
def _written(path: str | None) -> Any:
    """The file that the journal goes to, opened before anything runs; None for none."""
    if path is None:
        yield None
        return
    try:
        with Path(path).open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise _cannot_write(path, error) from error


@contextlib.contextmanager
def _journal_of(story: Story, file: TextIO | None) -> Any:
    """Write the journal in the end, also of a run that fails."""
    try:
        yield
    finally:
        try:
            if file is not None and isinstance(story.env, Env):
                story.env.journal.write(file)
        except OSError as error:
            raise _cannot_write(getattr(file, "name", file), error) from error
