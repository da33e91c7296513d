"""Taking runs: read, made anonymous where asked for, written; children and chains followed."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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


class Take:
    """Takes runs into a folder. ``told`` are members of the header: the domain, the region."""

    def __init__(
        self, crawler: Crawler, folder: Path, anonymous: Anonymous | None = None, **told: Any
    ) -> None:
        self._crawler = crawler
        self._folder = folder
        self._anonymous = anonymous
        self._told = told

    def runs(self, first: Iterable[RunKey]) -> Iterator[Taken]:
        """Take these runs and all that hang together with them; one answer for each.

        SWF forgets a run after its domain's retention, and others still name it: of a long chain
        the beginning is ``gone``. One that was asked for itself must be there.
        """
        queue = Queue(())
        for asked in first:
            queue.add([asked])
            for key in queue:
                try:
                    taken = self._one(key, queue)
                except ClientError as error:
                    code = error.response["Error"]["Code"]
                    if key == asked or code != "UnknownResourceFault":
                        raise
                    taken = Taken(key, None, gone=True)
                yield taken

    def _one(self, key: RunKey, queue: Queue) -> Taken:
        whole = self._whole(key)
        if whole.exists():
            queue.add(related(key, self._there(whole, key)))
            return Taken(key, whole, there=True)
        events = self._crawler.history(key)
        queue.add(related(key, events))
        path = files.length_told(whole, events)
        if path.exists():
            return Taken(key, path, len(events), there=True)
        return self._write(key, events, path)

    def _whole(self, key: RunKey) -> Path:
        named = files.closed_path if self._anonymous is None else files.nameless_path
        return named(self._folder, key)

    def _there(self, path: Path, key: RunKey) -> Events:
        """The history that is there already; a scrubbed one no longer says who its children are."""
        try:
            events: Events = json.loads(path.read_text(encoding="utf-8"))["events"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise HarnessError(
                f"{path} is in the way and no capture: move it elsewhere, or take another folder"
            ) from error
        if self._anonymous is not None and any(related(key, events)):
            return self._crawler.history(key)
        return events

    def _write(self, key: RunKey, events: Events, path: Path) -> Taken:
        scrubbed: dict[str, Any] = {}
        shown_id, count = key.workflow_id, len(events)
        if self._anonymous is not None:
            shown = json.loads(json.dumps(events, default=files.shown))
            how = self._anonymous
            stand_ins = StandIns(how.secret, vocabulary(shown), how.locale)
            if how.decide is not None:
                stand_ins = proof.with_own_words(shown, stand_ins, how.keep, how.decide)
                harmful = proof.harmful(shown, stand_ins, how.keep, how.decide)
                if harmful:
                    return Taken(key, None, count, harmful=harmful)
            scrub = Scrub(stand_ins, how.keep)
            events = scrub.events(shown)
            shown_id = scrub.string("workflowId", key.workflow_id)
            scrubbed = {"scrubbed": True, "proven": how.decide is not None}
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        content = files.document(
            key._replace(workflow_id=shown_id),
            events,
            captured=now,
            pageSize=self._crawler.page_size,
            **self._told,
            **scrubbed,
        )
        there = not files.write(path, content)
        return Taken(key, path, count, there=there)
