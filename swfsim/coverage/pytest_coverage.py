"""``pytest --swf-coverage FILE``: what the histories that a test run made show of a decider."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from swfsim.coverage import table
from swfsim.coverage.pairs import Coverage

if TYPE_CHECKING:
    from swfsim.service import Service

COVERAGE: Final = pytest.StashKey[Coverage]()
_OUTPUT: Final = "swf_coverage"


def add_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--swf-coverage",
        metavar="FILE",
        help="write to FILE what deciders were shown and what they decided; swfsim coverage FILE "
        "reads it",
    )


def configure(config: pytest.Config) -> None:
    if config.getoption("--swf-coverage"):
        config.stash[COVERAGE] = Coverage()


def note(config: pytest.Config, service: Service) -> None:
    """A test has passed with this service."""
    coverage = config.stash.get(COVERAGE, None)
    if coverage is not None:
        for x in service.machine.world.runs.values():
            coverage.add(x.events)


def worker_is_done(config: pytest.Config, output: dict[str, Any]) -> None:
    """A process of pytest-xdist has handed in what it found."""
    coverage = config.stash.get(COVERAGE, None)
    if coverage is not None and _OUTPUT in output:
        coverage.update(Coverage.from_told(output[_OUTPUT]))


def finish(config: pytest.Config) -> None:
    """Hand it in, or write it."""
    coverage = config.stash.get(COVERAGE, None)
    if coverage is None:
        return
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = coverage.told()
        return
    path = Path(config.getoption("--swf-coverage"))
    try:
        coverage.write(path)
    except OSError as error:
        raise pytest.UsageError(f"cannot write {path}: {error.strerror or error}") from error


def summary(config: pytest.Config) -> str | None:
    """One line for the end of the run."""
    coverage = config.stash.get(COVERAGE, None)
    if coverage is None:
        return None
    return f"{table.short(coverage)}: swfsim coverage {config.getoption('--swf-coverage')}"
