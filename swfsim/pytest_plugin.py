"""What swfsim adds to pytest: ``--swf-seed``, the story of a failed test in its report, and a check
that every history which a test made is one that Amazon SWF could have made.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import ExceptionRepr
from botocore.exceptions import BotoCoreError, ClientError

from swfsim.checkers import service_laws
from swfsim.coverage import pytest_coverage
from swfsim.debug.replayed import Replayed
from swfsim.errors import HarnessError, Violation
from swfsim.live import pytest_live
from swfsim.report import code
from swfsim.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from swfsim.live.run import LiveRun
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
    pytest_live.add_options(group)
    pytest_coverage.add_options(group)


def pytest_configure(config: pytest.Config) -> None:
    pytest_live.configure(config)
    pytest_coverage.configure(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    pytest_live.unconfigure(config)


def pytest_sessionfinish(session: pytest.Session) -> None:
    pytest_coverage.finish(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Of pytest-xdist: one of its processes is done, or was killed."""
    pytest_coverage.worker_is_done(node.config, getattr(node, "workeroutput", None) or {})


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    told = pytest_coverage.summary(config)
    if told is not None:
        terminalreporter.write_line(told)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    pytest_live.skip_what_cannot(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    pytest_live.announce(session)


@pytest.fixture(scope="session")
def swf_live(pytestconfig: pytest.Config) -> LiveRun | None:
    """The live run, for ``Story(App, live=swf_live)``; None when stories are simulated."""
    return pytestconfig.stash.get(pytest_live.RUN, None)


@pytest.fixture
def swf_replay(request: pytest.FixtureRequest) -> Callable[..., Replayed]:
    """Puts a captured history to a decider: ``swf_replay("history.json", "orders.decider:decide")``
    gives a ``Replayed``, with ``verdicts`` and ``check()``. A path is seen from the test's file."""

    def replay(path: str | Path, decider: Any, *, page_size: int | None = None) -> Replayed:
        return Replayed(request.path.parent / path, decider, page_size=page_size)

    return replay


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
        yield from pytest_live.skip_not_live()
        for service in Service.made or ():
            _keeps_the_laws(service)
            pytest_coverage.note(item.config, service)
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
    if call.excinfo is not None and not item.config.getoption("fulltrace"):
        _leave_out_the_house(call.excinfo.value)
        call.excinfo = pytest.ExceptionInfo.from_exception(call.excinfo.value)
    report = yield
    if report.when == "call" and report.failed:
        _summary_of_one_line(report)
        for story in item.stash.get(STORIES, []):
            seed, told = story.env.seed, story.report()
            if told:
                again = shlex.join(
                    [*_pytest(item.config), _argument(item), "--swf-seed", str(seed)]
                )
                report.sections.append((f"story with seed {seed}", f"{told}\n\nrepeat it: {again}"))
    return report


def _summary_of_one_line(report: pytest.TestReport) -> None:
    """Under CI, pytest's summary repeats a whole message: that would be the flow twice."""
    if isinstance(report.longrepr, ExceptionRepr) and report.longrepr.reprcrash is not None:
        crash = report.longrepr.reprcrash
        crash.message = crash.message.partition("\n")[0]


def _leave_out_the_house(error: BaseException) -> None:
    """Show the frames of the test and of the application, not those between them; except where
    swfsim itself broke."""
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        one = chain.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        chain += [one.__cause__, one.__context__]
        places = code.places(one.__traceback__)
        meant = isinstance(one, (HarnessError, Violation, ClientError, BotoCoreError))
        if places and (meant or not places[-1][0].startswith(code.HOUSE)):
            one.__traceback__ = _outside(one.__traceback__)


def _outside(trace: TracebackType | None) -> TracebackType | None:
    frames = []
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(code.HOUSE):
            frames.append(trace)
        trace = trace.tb_next
    kept = None
    for one in reversed(frames):
        kept = TracebackType(kept, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return kept


def _pytest(config: pytest.Config) -> list[str]:
    """How pytest was called, as it can be typed where it was called."""
    worker = getattr(config, "workerinput", None)  # with -n, this is no process of the user's
    called = Path(worker["mainargv"][0] if worker else sys.argv[0])
    if called.stem in ("pytest", "py.test"):
        return [_typed(called, config)]
    python = Path(sys.executable if worker else sys.orig_argv[0])
    return [_typed(python, config), "-m", "pytest"]


def _typed(program: Path, config: pytest.Config) -> str:
    """A program by its path from here if it lies in the project, else as it was called."""
    if program.is_absolute() and program.is_relative_to(config.rootpath):
        return os.path.relpath(program, config.invocation_params.dir)
    on_path = shutil.which(program.name)
    return program.name if on_path == str(program) else str(program)


def _argument(item: pytest.Item) -> str:
    """The test as an argument of pytest, its file seen from where pytest was called."""
    path = os.path.relpath(item.path, item.config.invocation_params.dir)
    return "::".join([path, item.nodeid.partition("::")[2]])
