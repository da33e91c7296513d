"""What swfsim adds to pytest: ``--swf-seed``, the story of a failed test in its report, and a check
that every history which a test made is one that Amazon SWF could have made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from swfsim.checkers import service_laws
from swfsim.service import Service

if TYPE_CHECKING:
    from collections.abc import Generator

    from swfsim.stories import Story

STORIES = pytest.StashKey[list[Any]]()
"""The stories that a test has told."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("swfsim", "Amazon SWF simulation")
    group.addoption(
        "--swf-seed",
        type=int,
        default=0,
        metavar="N",
        help="the seed of every story: equal seeds give equal runs (default: 0)",
    )


def tell(item: pytest.Item, story: Story) -> None:
    """Show this story in the report if the test fails."""
    item.stash.setdefault(STORIES, []).append(story)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    Service.made = []
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A test that passed on a history that cannot be has proved nothing, and fails."""
    try:
        yield
        for service in Service.made or ():
            _keeps_the_laws(service)
    finally:
        Service.made = None


def _keeps_the_laws(service: Service) -> None:
    for x in service.machine.world.runs.values():
        broken = service_laws(x.events)
        if broken:
            pytest.fail(
                f"Amazon SWF never makes a history like that of {x.workflow_id} ({x.run_id}): "
                f"{'; '.join(broken)}. That is a mistake of swfsim, not of the test: please "
                "report it",
                pytrace=False,
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed:
        for story in item.stash.get(STORIES, []):
            seed = story.env.seed
            report.sections.append(
                (
                    f"story with seed {seed}",
                    f"{story.report()}\n\nrepeat it: pytest '{item.nodeid}' --swf-seed {seed}",
                )
            )
    return report
