"""The command line: `python -m orders --help`."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import IO, Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from orders import aws, logs, printing, workflow
from orders.errors import OrdersError
from orders.register import DEPRECATED, DIFFERS, register_all
from orders.settings import Settings, misspelled, problems_of
from orders.watching import checked_pause
from orders.worker import Worker
from orders.workflow_starter import WorkflowStarter

HELP: dict[str, Any] = {
    "max_content_width": printing.WIDTH,
    "help_option_names": ["-h", "--help"],
}


class Failed(click.ClickException):
    """A failed operation: exit code 1, its text wrapped to the width of a page."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(printing.wrap(self.message, first="Error: "), file=file, err=True)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what a user or AWS can get wrong into one clear sentence, never a traceback."""
    try:
        yield
    except OrdersError as error:
        raise Failed(str(error)) from error
    except ValidationError as error:
        raise Failed("\n".join(["Bad settings:", *problems_of(error)])) from error
    except (ClientError, BotoCoreError) as error:
        hint = ""
        if aws.is_misconfiguration(error):
            hint = " Set AWS_DEFAULT_REGION and AWS_PROFILE, or run `aws configure`."
        raise Failed(f"AWS: {str(error).rstrip('.')}.{hint}") from error
    except OSError as error:
        raise Failed(str(error)) from error


def pause(ctx: click.Context, parameter: click.Parameter, seconds: float) -> float:
    """An option in seconds; wrong usage if one cannot wait so long."""
    try:
        return checked_pause(seconds)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


class Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        with told_plainly():
            return super().invoke(ctx)


@click.group(cls=Group, context_settings=HELP)
@click.option("--log-json", is_flag=True, help="Log one JSON object a line.")
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="INFO",
    show_default=True,
)
def main(log_json: bool, log_level: str) -> None:
    """Run orders on Amazon SWF.

    \b
    Once per account and region:   python -m orders register
    In two terminals:              python -m orders decide
                                   python -m orders act
    Then:                          python -m orders start order.json
                                   python -m orders monitor WORKFLOW_ID RUN_ID

    AWS is found as boto3 finds it (AWS_PROFILE, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL, …).
    Everything else is set by variables named ORDERS_…, such as ORDERS_DOMAIN,
    ORDERS_DATABASE_URL and ORDERS_PAYLOAD_BUCKET; docs/orders.md lists them all.

    Exit codes: 0 done, 1 the operation failed, 2 wrong usage.
    """
    logs.set_up(as_json=log_json, level=log_level)
    for each in misspelled(os.environ):
        click.echo(printing.wrap(f"Warning: {each}"), err=True)


def on_run(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments that name a run."""
    command = click.argument("run_id")(command)
    return click.argument("workflow_id")(command)


@main.command()
def register() -> None:
    """Register the domain, the workflow type and all activity types.

    Safe to run again. Fails if something exists but cannot be used, and reports types that exist
    with other defaults, which SWF does not let anyone change.
    """
    done = register_all(aws.swf_client(), Settings())
    for each in done:
        click.echo(f"{each.outcome:<11} {each.kind:<14} {each.name}")
        if each.detail:
            click.echo(printing.wrap(f"            {each.detail}"))
    if any(each.outcome == DEPRECATED for each in done):
        raise Failed("deprecated types and domains take no new orders")
    if any(each.outcome == DIFFERS for each in done):
        click.echo(
            "Orders run with your settings all the same: every call states its own. To change "
            "the\nregistered defaults, set ORDERS_WORKFLOW_VERSION or ORDERS_ACTIVITY_VERSION."
        )


@main.command()
@click.option("--identity", help="Name shown in histories. Default: host:pid")
def decide(identity: str | None) -> None:
    """Decide what happens next, for every order, until stopped."""
    from orders.decision_worker import DecisionWorker

    _run(DecisionWorker(identity=identity))


@main.command()
@click.option("--identity", help="Name shown in histories. Default: host:pid")
def act(identity: str | None) -> None:
    """Do the work of the steps, for every order, until stopped."""
    from orders.activity_worker import ActivityWorker  # needs the database and HTTP
    from orders.gateways.readiness import problems_in

    settings = Settings()
    problems = problems_in(settings)
    if problems:
        raise Failed("\n".join(["cannot work on orders:", *problems]))
    _run(ActivityWorker(settings=settings, identity=identity))


def _run(worker: Worker) -> None:
    """Run until SIGTERM or Ctrl-C. The first lets the task at hand finish, a second does not."""

    def stop(signum: int, frame: FrameType | None) -> None:
        signal.signal(signum, signal.default_int_handler)
        worker.stop()
        click.echo("Stopping after this task or poll, in up to a minute; again: at once", err=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    worker.run()


@main.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--optional-step",
    "optional_steps",
    multiple=True,
    type=click.Choice(list(workflow.OPTIONAL_STEPS)),
    help="A step that not every order takes; may be repeated.",
)
def start(file: IO[bytes], optional_steps: tuple[str, ...]) -> None:
    """Start the order in FILE, a JSON object; - for standard input."""
    order = printing.read_order(*_text_and_name(file))
    started = WorkflowStarter().start_workflow(order, optional_steps)
    click.echo(f"Order:       {order.get('order_id', '(no order_id)')}")
    click.echo(f"Workflow ID: {started['workflow_id']}")
    click.echo(f"Run ID:      {started['run_id']}")


@main.command()
@on_run
@click.argument("step")
def resume(workflow_id: str, run_id: str, step: str) -> None:
    """Let an order go on from STEP; earlier steps are not run again.

    An open run is signalled, a closed one started anew with what it had achieved.
    """
    resumed = WorkflowStarter().resume_workflow_from_step(workflow_id, run_id, step)
    click.echo(f"Workflow {workflow_id} goes on from {step}")
    click.echo(f"Run ID: {resumed['run_id']}")


@main.command()
@on_run
@click.option("--json", "as_json", is_flag=True, help="As the AWS command line prints it.")
def history(workflow_id: str, run_id: str, as_json: bool) -> None:
    """Print everything that happened in a run."""
    events = WorkflowStarter().get_workflow_history(workflow_id, run_id)
    if as_json:
        click.echo(printing.history_json(events))
        return
    for event in events:
        click.echo("\n".join(printing.event_lines(event)))


@main.command()
@on_run
@click.option("--reason", default="", help="Kept in the history; at most 256 characters.")
def terminate(workflow_id: str, run_id: str, reason: str) -> None:
    """Close a run at once. Nothing is taken back: prefer `cancel`."""
    WorkflowStarter().terminate_workflow(workflow_id, run_id, reason)
    click.echo(f"Terminated {workflow_id}")


@main.command()
@on_run
def cancel(workflow_id: str, run_id: str) -> None:
    """Ask for an order to be stopped and taken back."""
    WorkflowStarter().cancel_workflow(workflow_id, run_id)
    click.echo(f"Cancel requested: {workflow_id}")


@main.command()
@on_run
@click.option(
    "--interval", default=5.0, show_default=True, callback=pause, help="Seconds between two looks."
)
def monitor(workflow_id: str, run_id: str, interval: float) -> None:
    """Print the events of a run as they come, until it closes."""
    closed = WorkflowStarter().monitor_workflow(workflow_id, run_id, interval, _say)
    if closed is None:
        raise click.exceptions.Exit(1)


def _text_and_name(file: IO[bytes]) -> tuple[str, str]:
    name = click.format_filename(getattr(file, "name", "<stdin>"))
    return printing.text_of(file.read(), name), name


def _say(text: str) -> None:
    click.echo(printing.wrap(text))


@main.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--delay", default=0.5, show_default=True, callback=pause, help="Seconds between two starts."
)
def batch(file: IO[bytes], delay: float) -> None:
    """Start all the orders in FILE.

    FILE holds a JSON array, or one JSON object a line; - for standard input. A bad order, or a
    line that cannot be read, is passed over and reported at the end; then the exit code is 1.
    """
    orders = printing.read_orders(*_text_and_name(file))
    report = WorkflowStarter().start_batch(orders, delay, _say)
    if report.failed:
        lines = [f"[{position}] {name}: {why}" for position, name, why in report.failed]
        raise Failed("\n".join([f"{len(lines)} of {report.total} orders not started", *lines]))


if __name__ == "__main__":
    main(prog_name="python -m orders")
