"""``--live`` for pytest: guards before, reasons for what is skipped, nothing left open after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from swfsim.errors import HarnessError, NotLive
from swfsim.live.run import BUDGET_USD, PREFIX, STORY_S, JournalFile, LiveRun, check_domain

if TYPE_CHECKING:
    from collections.abc import Generator

RUN: Final = pytest.StashKey[LiveRun]()
FIXTURE: Final = "swf_live"
MARK: Final = "virtual"

_DEFAULTS: Final[dict[str, Any]] = {
    "--swf-endpoint-url": None,
    "--swf-domain": None,
    "--swf-budget": BUDGET_USD,
    "--swf-story-timeout": STORY_S,
}


def add_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--live",
        action="store_true",
        help="tell the stories against a real service, as boto3 finds it, instead of in simulation",
    )
    group.addoption(
        "--swf-endpoint-url",
        metavar="URL",
        help="with --live: another service than that of AWS, such as one of swfsim serve",
    )
    group.addoption(
        "--swf-domain",
        metavar="NAME",
        help=f"with --live: the domain to use; its name begins with {PREFIX!r}",
    )
    group.addoption(
        "--swf-budget",
        type=float,
        default=_DEFAULTS["--swf-budget"],
        metavar="USD",
        help=f"with --live: what it may cost at most, in US dollars (default: {BUDGET_USD:g})",
    )
    group.addoption(
        "--swf-story-timeout",
        type=float,
        default=_DEFAULTS["--swf-story-timeout"],
        metavar="SECONDS",
        help=f"with --live: how long one story may take (default: {STORY_S:g})",
    )


def configure(config: pytest.Config) -> None:
    """Make the live run. Raises ``UsageError`` for a run that its guards refuse."""
    config.addinivalue_line(
        "markers", f"{MARK}(reason): this story needs virtual time; --live skips it, and says why"
    )
    if not config.getoption("--live"):
        for name, default in _DEFAULTS.items():
            if config.getoption(name) != default:
                raise pytest.UsageError(f"{name} goes with --live: without it nothing runs live")
        return
    if config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError("live stories run one after another: leave out -n")
    endpoint = config.getoption("--swf-endpoint-url")
    try:
        domain = check_domain(config.getoption("--swf-domain"), endpoint)
    except HarnessError as error:
        raise pytest.UsageError(f"{error} (--swf-domain)") from error
    live = LiveRun(
        domain,
        endpoint,
        config.getoption("--swf-budget"),
        story_s=config.getoption("--swf-story-timeout"),
    )
    if getattr(config, "cache", None) is not None:  # not there with -p no:cacheprovider
        folder = Path(config.cache.mkdir("swfsim-live"))
        live.journal = JournalFile(folder / f"{live.name}.jsonl")
    config.stash[RUN] = live
    live.enter()


def unconfigure(config: pytest.Config) -> None:
    live = config.stash.get(RUN, None)
    if live is not None:
        live.leave()


def skip_what_cannot(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each test that does not run live the reason why."""
    if RUN not in config.stash:
        return
    for item in items:
        mark = item.get_closest_marker(MARK)
        if mark is not None:
            reason = mark.args[0] if mark.args else "needs virtual time"
            item.add_marker(pytest.mark.skip(reason=f"not live: {reason}"))
        elif FIXTURE not in getattr(item, "fixturenames", ()):
            reason = "not live: tells no story that could run against a service"
            item.add_marker(pytest.mark.skip(reason=reason))


def announce(session: pytest.Session) -> None:
    """Say what the run can use and cost, before it begins. Raises ``UsageError`` above budget."""
    live = session.config.stash.get(RUN, None)
    if live is None:
        return
    stories = sum(item.get_closest_marker("skip") is None for item in session.items)
    try:
        bound = live.check_budget(stories)
    except HarnessError as error:
        raise pytest.UsageError(f"{error} (--swf-budget)") from error
    try:
        live.check_reachable()
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"live: domain {live.domain}, {live.endpoint_url or 'AWS'}")
        reporter.write_line(f"live: {bound}")
        reporter.write_line(f"live: every call goes to {live.journal.path or 'no journal'}")


def skip_not_live() -> Generator[None]:
    """Around a test: a story that turns out to need what a client cannot do is skipped."""
    try:
        yield
    except NotLive as reason:
        raise pytest.skip.Exception(f"not live: {reason}", _use_item_location=True) from None
