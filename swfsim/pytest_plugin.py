"""What swfsim adds to pytest: ``--swf-seed``, and the story of a failed test in its report.

The rest of the package is imported when first used, so that plain pytest stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
