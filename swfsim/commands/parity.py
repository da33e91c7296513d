"""``swfsim parity``: the same stories on a live service and on the fake, event for event."""

from __future__ import annotations

import datetime
import importlib
import inspect
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from botocore.exceptions import BotoCoreError, ClientError

from swfsim.app import load, make
from swfsim.commands.common import Refusal
from swfsim.commands.live_options import live_options, live_run
from swfsim.errors import HarnessError, NotLive
from swfsim.live.ledger import BOTH, Ledger
from swfsim.live.parity import explained, lines
from swfsim.live.run import PREFIX, LiveRun
from swfsim.stories import Story

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.app import App, AppFactory
    from swfsim.live.parity import Line

Tell = Callable[..., object]

_FIXTURES: Final = {"story", "app"}
_WIDE: Final = 98


@click.command()
@click.argument("app", metavar="APP")
@click.argument("stories", metavar="STORY...", nargs=-1, required=True)
@live_options
@click.option(
    "--ledger",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write down what agrees, and hold the fake to what is written.",
)
@click.option(
    "--accept", is_flag=True, help="Write down differences too: they are known from now on."
)
@click.option("--verify", is_flag=True, help="Ask no service: hold the fake to the ledger.")
def parity(
    app: str,
    stories: tuple[str, ...],
    endpoint_url: str | None,
    domain: str | None,
    ledger: Path | None,
    accept: bool,
    verify: bool,
    budget: float,
    story_timeout: float,
) -> None:
    """Tell stories on a live service and on the fake, and show where their histories differ.

    \b
    APP is MODULE:ATTRIBUTE, as for run. STORY is MODULE or MODULE:FUNCTION:
    functions that take a story, and perhaps its app; of a module those whose
    names begin with test_.
    With --ledger, what agrees is written down by date, and the fake is held to
    it from then on, also without a service (--verify); differences that are
    written down are known.
    Exit status: 0 nothing new differs, 1 something does, 2 a mistake in the call.
    Example:
        swfsim parity scenarios.app:orders scenarios.test_example_01_simple_order
            --endpoint-url http://127.0.0.1:8080 --ledger parity.txt
    """
    if (accept or verify) and ledger is None:
        raise Refusal("--accept and --verify go with --ledger")
    try:
        book = Ledger.read(ledger) if ledger is not None else Ledger()
        make_app = load(app)
        told = dict(_functions(stories))
        if verify:
            worst = _verify(make_app, told, book)
        else:
            live = live_run(endpoint_url, domain, budget, story_timeout)
            click.echo(live.check_budget(len(told)))
            worst = _Comparison(make_app, live, book, accept).all(told)
        if ledger is not None and not verify:
            book.write(ledger)
    except HarnessError as error:
        raise Refusal(str(error)) from error
    except (ClientError, BotoCoreError) as error:
        raise Refusal(f"the live service cannot be asked: {error}") from error
    raise SystemExit(worst)


def _functions(stories: tuple[str, ...]) -> Iterator[tuple[str, Tell]]:
    """The stories by name. Raises ``HarnessError`` for what is none."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    for named in stories:
        module_name, _, wanted = named.partition(":")
        try:
            module = importlib.import_module(module_name)
        except Exception as error:  # whatever a user's module may do
            told = f"{type(error).__name__}: {error}"
            raise HarnessError(f"cannot import {module_name!r}: {told}") from error
        functions = {
            name: found
            for name, found in vars(module).items()
            if inspect.isfunction(found) and (name == wanted if wanted else _is_story(name, found))
        }
        if not functions:
            raise HarnessError(f"{named} holds no story: a function of story, or of story and app")
        for name, found in functions.items():
            if not _takes_story(found):
                raise HarnessError(f"{named} takes more than a story and its app")
            yield f"{module_name.rpartition('.')[2]}:{name}", found


def _takes_story(found: Tell) -> bool:
    parameters = inspect.signature(found).parameters.keys()
    return "story" in parameters and parameters <= _FIXTURES


def _is_story(name: str, found: Tell) -> bool:
    return name.startswith("test_") and _takes_story(found)


def _told(make_app: AppFactory, tell: Tell, live: LiveRun | None) -> Counter[Line]:
    """The lines of a story's histories."""
    with Story(make_app, live=live) as story:
        given = {"story": story, "app": story.app}
        tell(**{name: given[name] for name in inspect.signature(tell).parameters})
        return lines(story.executions)


def _as_live(make_app: AppFactory, live: LiveRun) -> AppFactory:
    """The application with the settings that it takes for a live run."""

    def made() -> App:
        app = make(make_app)
        app.go_live(live)
        return app

    return made


class _Comparison:
    """Stories told on both sides. ``accept`` writes differences down as known."""

    def __init__(self, make_app: AppFactory, live: LiveRun, ledger: Ledger, accept: bool) -> None:
        self._make_app = make_app
        self._live = live
        self._ledger = ledger
        self._accept = accept
        self._date = datetime.datetime.now(datetime.UTC).date().isoformat()

    def all(self, told: dict[str, Tell]) -> int:
        self._live.enter()
        try:
            return max((self._one(name, tell) for name, tell in told.items()), default=0)
        finally:
            self._live.leave()

    def _one(self, name: str, tell: Tell) -> int:
        try:
            live = _told(self._make_app, tell, self._live)
        except NotLive as reason:
            click.echo(f"{name}: not live: {reason}")
            return 0
        except AssertionError as error:  # the story itself says that the live service differs
            click.echo(f"{name}: fails on the live service: {_first_line(error)}")
            return 1
        fake = _told(_as_live(self._make_app, self._live), tell, None)
        both = fake & live
        self._ledger.add(self._date, self._live.where, BOTH, name, map(str, both.elements()))
        new = {
            "fake": self._unknown(name, "fake", fake - live),
            "live": self._unknown(name, "live", live - fake),
        }
        count = sum(map(len, new.values()))
        for text in explained(new["fake"], new["live"]):
            click.echo(_cut(f"  {text}"))
        known = (fake - live).total() + (live - fake).total() - count
        click.echo(f"{name}: {both.total()} events agree, {count} differ, {known} known to differ")
        return 0 if not count or self._accept else 1

    def _unknown(self, name: str, side: str, only: Counter[Line]) -> list[Line]:
        """The lines of one side that the ledger does not know; written down when accepted."""
        known = self._ledger.of(name, side)
        unknown = []
        for line in only.elements():
            if known[str(line)]:
                known[str(line)] -= 1
            else:
                unknown.append(line)
        if self._accept:
            self._ledger.add(self._date, self._live.where, side, name, map(str, only.elements()))
        return unknown


def _verify(make_app: AppFactory, told: dict[str, Tell], ledger: Ledger) -> int:
    """Whether the fake still makes every event that is written as agreed."""
    worst = 0
    for name, tell in told.items():
        agreed = ledger.of(name, BOTH)
        if not agreed:
            click.echo(f"{name}: nothing is written of it")
            continue
        made = _told(_as_live(make_app, LiveRun(PREFIX)), tell, None)
        gone = agreed - Counter(map(str, made.elements()))
        for text in sorted(gone.elements()):
            click.echo(_cut(f"  gone: {text}"))
        click.echo(
            f"{name}: {agreed.total() - gone.total()} agreed events hold, {gone.total()} do not"
        )
        worst = max(worst, 1 if gone else 0)
    return worst


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:80]


def _cut(text: str) -> str:
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"
