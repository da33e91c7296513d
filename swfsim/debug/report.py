"""Verdicts as text: the first divergence explained, the others a line each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from swfsim.clock import moment
from swfsim.debug import compare, tasks
from swfsim.replay.histories import UNTIMED
from swfsim.report.table import row
from swfsim.spec import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swfsim.core.events import Event
    from swfsim.debug.compare import Field, Finding
    from swfsim.debug.verdict import Verdict
    from swfsim.replay.histories import Captured

NEWS_MAX: Final = 12
_WIDE: Final = 98

_SAID: Final = {
    compare.MISSING: "decided then, not now",
    compare.EXTRA: "decided now, not then",
    compare.REORDERED: "decided in another order",
    compare.CHANGED: "decided otherwise",
}


def headline(captured: Captured, verdicts: Sequence[Verdict]) -> str:
    """One line for a history."""
    differ = sum(not one.same for one in verdicts)
    tasks_said = f"{len(verdicts)} decision tasks"
    what = "all decided as recorded" if not differ else f"{differ} decided otherwise"
    return f"{captured.source}: {len(captured.events)} events, {tasks_said}, {what}"


def explained(
    captured: Captured, verdict: Verdict, places: Sequence[str | None], refused: list[str] | None
) -> Iterator[str]:
    """A decision task that differs, with what was new, what differs and where it was built."""
    task = verdict.task
    yield _cut(f"  Decision task {task.number}, DecisionTaskStarted is event {_when(task)}")
    yield "    new to the decider"
    news = tasks.news(captured, task)
    for event in news[:NEWS_MAX]:
        yield _cut(f"      {_event(event)}")
    if len(news) > NEWS_MAX:
        yield f"      and {len(news) - NEWS_MAX} more"
    if verdict.raised is not None:
        error = verdict.raised.error
        yield _cut(f"    raised {type(error).__name__}: {error}")
        yield f"      at {short(verdict.raised.where)}"
        return
    for finding in verdict.findings:
        yield from _finding(finding, places)
    if refused:
        yield "    the service would refuse it"
        yield from (_cut(f"      {one}") for one in refused)
    elif refused is not None:
        yield "    the service would take it"


def brief(verdict: Verdict) -> str:
    """A decision task that differs, in one line."""
    if verdict.raised is not None:
        return _cut(f"  Decision task {verdict.task.number}: {verdict.raised.error!r}")
    told = [f"{one.verdict} {one.name}" for one in verdict.findings if one.verdict != compare.SAME]
    return _cut(f"  Decision task {verdict.task.number}: {', '.join(told)}")


def _when(task: tasks.Task) -> str:
    at = "" if task.at == UNTIMED else f", {moment(task.at):%Y-%m-%d %H:%M:%S}.{task.at % 1000:03}Z"
    end = "" if task.answered else ", not answered then"
    return f"{task.started_id}{at}{end}"


def _event(event: Event) -> str:
    return row(render.event(event, lambda at: at), False).replace("   ", " ").strip()


def _finding(finding: Finding, places: Sequence[str | None]) -> Iterator[str]:
    where = ""
    if finding.place is not None and finding.place < len(places) and places[finding.place]:
        where = short(str(places[finding.place]))
    if finding.verdict == compare.SAME:
        yield _cut(f"    same       {finding.name}")
        return
    yield _cut(f"    {finding.verdict:<10} {finding.name}: {_SAID[finding.verdict]}")
    if finding.recorded is not None:
        yield f"      recorded as event {finding.recorded.id}, {finding.recorded.kind}"
    for field in finding.fields:
        yield from _field(field)
    if where:
        yield f"      built at {where}"


def _field(field: Field) -> Iterator[str]:
    yield _cut(f"      {field.name}")
    yield _cut(f"        then {_value(field.recorded)}")
    yield _cut(f"        now  {_value(field.made)}")


def _value(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _cut(line: str) -> str:
    clean = "".join(one if one.isprintable() else "�" for one in line)
    return clean if len(clean) <= _WIDE else clean[: _WIDE - 1] + "…"


def short(place: str) -> str:
    """``file:line``, relative to the current directory where it is inside."""
    path, _, line = place.rpartition(":")
    try:
        return f"{Path(path).resolve().relative_to(Path.cwd())}:{line}"
    except ValueError:
        return place
