"""The table of planted bugs: ``python -m tests.explore.planted --help``."""

from __future__ import annotations

import time

import click
import pytest

from tests.explore.planted import BUGS, hunted


@click.command()
@click.argument("names", nargs=-1)
@click.option("--long", is_flag=True, help="Leave nothing out of the alphabet.")
def main(names: tuple[str, ...], long: bool) -> None:
    """Hunt the planted bugs, all or those NAMEd, and say what found each."""
    unknown = sorted(set(names) - BUGS.keys())
    if unknown:
        raise click.UsageError(f"there is no bug {unknown[0]!r}; bugs are:\n" + "\n".join(BUGS))
    missed = 0
    for name in names or BUGS:
        bug = BUGS[name]
        began = time.process_time()
        with pytest.MonkeyPatch.context() as patch:
            bug.plant(patch)
            found = hunted(bug, long=long)
        took = time.process_time() - began
        click.echo(f"{name} ({bug.way})")
        if found is None:
            missed += 1
            click.echo(f"  NOT FOUND ({took:.1f} s)")
            continue
        click.echo(f"  in {found.runs:,} runs ({took:.1f} s): {found.placement}")
        click.echo(f"  {found.broken}")
        if names:
            click.echo(f"\n{found.source}")
    click.echo(f"{len(names or BUGS) - missed} of {len(names or BUGS)} found")
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main(prog_name="python -m tests.explore.planted")
