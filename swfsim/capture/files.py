"""Captured runs as files: the shape of ``aws swf get-workflow-execution-history``, and a header.

A file is written whole or not at all, and never over another one. A closed run has one file; a run
that is still open gets a file for each length it was found at.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from swfsim.errors import HarnessError
from swfsim.replay.decisions import SUCCESS

if TYPE_CHECKING:
    from pathlib import Path

    from swfsim.capture.crawl import RunKey

FORM: Final = 1
"""The version of the header."""

_NAME_MAX: Final = 80
_CLOSED: Final = frozenset(
    {name for name in SUCCESS if name.startswith("WorkflowExecution")}
    | {"WorkflowExecutionTerminated", "WorkflowExecutionTimedOut"}
)


def is_closed(events: list[dict[str, Any]]) -> bool:
    """Whether this is the whole history of a run that has ended."""
    return events[-1]["eventType"] in _CLOSED


def closed_path(folder: Path, key: RunKey) -> Path:
    """Where the history of a closed run is kept."""
    return folder / f"{_short(key.workflow_id)}.{_short(key.run_id)}.json"


def nameless_path(folder: Path, key: RunKey) -> Path:
    """The same for a scrubbed history: a run id tells nothing of anybody."""
    return folder / f"{_short(key.run_id)}.json"


def length_told(whole: Path, events: list[dict[str, Any]]) -> Path:
    """Where a history is kept; ``whole`` is for a closed one, an open one tells its length."""
    return whole if is_closed(events) else whole.with_suffix(f".open-{len(events)}.json")


def _short(text: str) -> str:
    """A file name's part: no slashes, nothing odd, not too long, and still one of a kind."""
    safe = quote(text, safe="-_=+ ")
    if len(safe) <= _NAME_MAX:
        return safe
    return f"{safe[: _NAME_MAX - 13]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def document(key: RunKey, events: list[dict[str, Any]], **told: Any) -> dict[str, Any]:
    """The content of a file; ``told`` are further members of its header."""
    header = {
        "capture": FORM,
        "executionStatus": "CLOSED" if is_closed(events) else "OPEN",
        "eventCount": len(events),
        **told,
    }
    return {
        "swfsim": header,
        "workflowExecution": {"workflowId": key.workflow_id, "runId": key.run_id},
        "events": events,
    }


def write(path: Path, content: dict[str, Any]) -> bool:
    """Keep this, unless there is a file already: then False. Raises ``HarnessError``."""
    text = json.dumps(content, indent=1, ensure_ascii=False, default=shown) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8") as scratch:
            scratch.write(text)
            scratch.flush()
            os.fsync(scratch.fileno())
            os.link(scratch.name, path)  # unlike a rename, never over another file
    except FileExistsError:
        return False
    except OSError as error:
        raise HarnessError(f"cannot write {path}: {error.strerror or error}") from error
    return True


def shown(value: Any) -> Any:
    """An instant as the AWS CLI (v2) shows it, for ``json.dumps``."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds")
    raise TypeError(f"{value!r} is no part of a history")
