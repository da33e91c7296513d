"""The command line: ``swfsim COMMAND``. A command is imported when it is called."""

from __future__ import annotations

import difflib
import importlib
from typing import Final

import click

from swfsim.errors import HarnessError

COMMANDS: Final = {
    "run": "Run one execution of an application in simulation.",
    "serve": "Serve Amazon SWF over HTTP to any SDK.",
    "replay": "Put captured histories to a decider and compare.",
    "whatif": "Change an outcome in a captured history and see how it goes on.",
    "shrink": "Reduce a history to the smallest on which a decider still misbehaves.",
    "gate": "Judge a decider by a corpus of histories: may it be deployed?",
    "corpus": "Tell what a corpus of histories shows, and never shows.",
    "capture": "Take histories out of an account, into files.",
    "parity": "Tell stories on a live service and on the fake, and compare.",
    "explore": "Run an application through every placement of so many faults.",
    "swarm": "Run an application through random faults, then see that it recovers.",
    "coverage": "Tell which news a decider was shown, and what it decided then.",
    "reenact": "Put captured histories to the machine again and compare.",
}


STOPPED: Final = {"explore": 3}
"""Exit status at Ctrl-C of a command that is still being imported, if it says so of itself."""


class _Mistake(click.ClickException):
    exit_code = 2


class _Group(click.Group):
    """Knows its commands by name, and their first lines without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            if near and not ctx.resilient_parsing:
                ctx.fail(f"No such command {cmd_name!r}. Did you mean {near[0]!r}?")
            return None
        try:
            module = importlib.import_module(f"swfsim.commands.{cmd_name}")
        except KeyboardInterrupt:
            if cmd_name not in STOPPED:
                raise
            click.echo("stopped by Ctrl-C", err=True)
            raise SystemExit(STOPPED[cmd_name]) from None
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """A mistake that no command has met before is told like any other."""
        try:
            return super().invoke(ctx)
        except HarnessError as error:
            from swfsim.debug.report import clean

            raise _Mistake(clean(str(error))) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="swfsim")
def main() -> None:
    """Run Amazon SWF deciders and workers, unmodified, on a virtual clock.

    \b
    An application is named like an entry point, MODULE:ATTRIBUTE, where the
    attribute is an App class (see swfsim.App). Modules are looked for in the
    current directory, too.
    Exit status: 0 done, 1 the outcome is not what it should be, 2 a mistake in
    the call.
    """
