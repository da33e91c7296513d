"""Taking runs: read, made anonymous where asked for, written; children and chains followed."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from swfsim.capture import files, proof
from swfsim.capture.crawl import Queue, related
from swfsim.capture.scrub import Scrub, vocabulary
from swfsim.capture.stand_ins import StandIns
from swfsim.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from swfsim.capture.crawl import Crawler, RunKey
    from swfsim.debug.tasks import Decide

Events = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Anonymous:
    """How to scrub: the secret, members to keep, Faker's locale, and a decider for the proof."""

    secret: bytes
    keep: tuple[str, ...] = ()
    locale: str = "en_US"
    decide: Decide | None = None


@dataclass(slots=True)
class Taken:
    """What became of one run. ``path`` is None for one that was not written: either it is ``gone``,
    or ``harmful`` names the fields whose stand-ins would change the decider's decisions."""

    key: RunKey
    path: Path | None
    count: int = 0
    there: bool = False
    gone: bool = False
    harmful: list[str] = field(default_factory=list)


class Raw(NamedTuple):
    """A run that was read and is still to be scrubbed."""

    key: RunKey
    events: Events


class Take:
    """Takes runs into a folder. ``told`` are members of the header: the domain, the region."""

    def __init__(
        self, crawler: Crawler, folder: Path, anonymous: Anonymous | None = None, **told: Any
    ) -> None:
        self._crawler = crawler
        self._folder = folder
        self._anonymous = anonymous
        self._told = told
        self.unmet: tuple[str, ...] = ()
        """What was to be kept of scrubbed runs, and named nothing in any of them."""

    def runs(self, first: Iterable[RunKey]) -> Iterator[Taken]:
        """Take these runs and all that hang together with them; one answer for each.

        SWF forgets a run after its domain's retention, and others still name it: of a long chain
        the beginning is ``gone``. One that was asked for itself must be there.
        """
        queue = Queue(())
        read = self._one if self._anonymous is None else self._raw
        taken: list[Raw] = []
        for asked in first:
            queue.add([asked])
            for key in queue:
                try:
                    found = read(key, queue)
                except ClientError as error:
                    code = error.response["Error"]["Code"]
                    if key == asked or code != "UnknownResourceFault":
                        raise
                    found = Taken(key, None, gone=True)
                if isinstance(found, Taken):
                    yield found
                else:
                    taken.append(found)
        if self._anonymous is not None:
            yield from self._scrubbed(taken, self._anonymous)

    def _one(self, key: RunKey, queue: Queue) -> Taken | Raw:
        """A run as it is: not read again when it is there."""
        whole = files.closed_path(self._folder, key)
        if whole.exists():
            queue.add(related(key, _content(whole)["events"]))
            return Taken(key, whole, there=True)
        events = self._crawler.history(key)
        queue.add(related(key, events))
        path = files.length_told(whole, events)
        if path.exists():
            return Taken(key, path, len(events), there=True)
        return self._write(key, key.workflow_id, events, path)

    def _write(self, key: RunKey, shown_id: str, events: Events, path: Path, **more: Any) -> Taken:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        content = files.document(
            key._replace(workflow_id=shown_id),
            events,
            captured=now,
            pageSize=self._crawler.page_size,
            **self._told,
            **more,
        )
        there = not files.write(path, content)
        return Taken(key, path, len(events), there=there)

    # Anonymous: all runs are read before the first is written, so that a name or a word that one of
    # them shows to be a person's, or nobody's, is treated alike in all.

    def _raw(self, key: RunKey, queue: Queue) -> Taken | Raw:
        events = self._crawler.history(key)
        queue.add(related(key, events))
        return Raw(key, json.loads(json.dumps(events, default=files.shown)))

    def _scrubbed(self, runs: list[Raw], how: Anonymous) -> Iterator[Taken]:
        mark = hashlib.sha256(b"scrubbed with " + how.secret).hexdigest()[:16]
        self._check_same_key(runs, mark)
        words = {word for run in runs for word in vocabulary(run.events)}
        stand_ins = StandIns(how.secret, words, how.locale)
        if how.decide is not None:
            for run in runs:
                stand_ins = proof.with_own_words(run.events, stand_ins, how.keep, how.decide)
        scrub = Scrub(stand_ins, how.keep)
        for run in runs:
            scrub.learn(run.events)
        for run in runs:
            yield self._scrubbed_run(run, scrub, how, mark)
        self.unmet = tuple(scrub.unmet)

    def _scrubbed_run(self, run: Raw, scrub: Scrub, how: Anonymous, mark: str) -> Taken:
        path = self._nameless(run)
        count = len(run.events)
        if path.exists():
            return Taken(run.key, path, count, there=True)
        if how.decide is not None:
            harmful = proof.harmful(run.events, scrub.stand_ins, how.keep, how.decide)
            if harmful:
                return Taken(run.key, None, count, harmful=harmful)
        shown_id = scrub.string("workflowId", run.key.workflow_id)
        told = {"scrubbed": True, "proven": how.decide is not None, "scrubKey": mark}
        return self._write(run.key, shown_id, scrub.events(run.events), path, **told)

    def _nameless(self, run: Raw) -> Path:
        return files.length_told(files.nameless_path(self._folder, run.key), run.events)

    def _check_same_key(self, runs: list[Raw], mark: str) -> None:
        """Raises ``HarnessError`` before stand-ins of two keys meet in one folder."""
        for run in runs:
            path = self._nameless(run)
            if path.exists() and _content(path).get("swfsim", {}).get("scrubKey") != mark:
                raise HarnessError(
                    f"{path} was scrubbed with another key, and the same person would have two "
                    "stand-ins: give the same --scrub-key, or take another folder"
                )


def _content(path: Path) -> dict[str, Any]:
    """A file that is there already. Raises ``HarnessError`` for what is no capture."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        found["events"][0]["eventType"]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise HarnessError(
            f"{path} is in the way and no capture: move it elsewhere, or take another folder"
        ) from error
    return dict(found)
