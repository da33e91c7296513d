"""Verdicts as text: the first divergence explained, the others a line each."""

from __future__ import annotations

import json
import linecache
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
    from swfsim.debug.origins import Origins
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
    flawed = sum(bool(one.flaws) for one in verdicts)
    told = [f"{counted(len(captured.events), 'event')}, {counted(len(verdicts), 'decision task')}"]
    told.append("all decided as recorded" if not differ else f"{differ:,} decided otherwise")
    if flawed:
        told.append(f"{flawed:,} with a fault of the decider's own")
    return clean(f"{captured.source}: {', '.join(told)}")


def counted(count: int, what: str) -> str:
    """``1 event``, ``1,000 events``, ``2 histories``"""
    several = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count:,} {what if count == 1 else several}"


def flaws(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Each fault of the decider's own once, where it showed first, and how often it did."""
    seen: dict[tuple[str, str | None], list[Verdict]] = {}
    said: dict[tuple[str, str | None], str] = {}
    for verdict in verdicts:
        for flaw in verdict.flaws:
            key = (flaw.kind, flaw.where)
            seen.setdefault(key, []).append(verdict)
            said.setdefault(key, flaw.said)
    for (kind, at), shown in seen.items():
        yield cut(f"  The decider {said[kind, at]}")
        tasks_said = f"decision task {shown[0].task.number}"
        if len(shown) > 1:
            tasks_said += f" and {len(shown) - 1:,} more"
        yield cut(f"    at {sourced(at)}, {tasks_said}" if at else f"    {tasks_said}")


def sourced(place: str) -> str:
    """``file:line: source``"""
    path, _, line = place.rpartition(":")
    text = linecache.getline(path, int(line)).strip() if line.isdigit() else ""
    return f"{short(place)}: {text}" if text else short(place)


def explained(
    captured: Captured, verdict: Verdict, found: Origins, refused: list[str] | None
) -> Iterator[str]:
    """A decision task that differs, with what was new, what differs and where it was built."""
    task = verdict.task
    yield cut(f"  Decision task {task.number}, DecisionTaskStarted is event {_when(task)}")
    yield "    new to the decider"
    yield from news(captured, task)
    if verdict.raised is not None:
        error = verdict.raised.error
        yield cut(f"    raised {type(error).__name__}: {error}")
        yield cut(f"      at {sourced(verdict.raised.where)}")
        if verdict.raised.event_id in range(1, task.started_id + 1):
            seen = captured.events[verdict.raised.event_id - 1]
            yield cut(f"      looking at event {event_line(seen)}")
        yield from _ran(found)
        return
    for finding in verdict.findings:
        yield from _finding(finding, found)
    yield from _ran(found)
    if refused:
        yield "    the service would refuse it"
        yield from (cut(f"      {one}") for one in refused)
    elif refused is not None:
        yield "    the service would take it"


def news(captured: Captured, task: tasks.Task) -> Iterator[str]:
    """What was new to the decider, an event a line, the first dozen."""
    found = tasks.news(captured, task)
    for event in found[:NEWS_MAX]:
        yield cut(f"      {event_line(event)}")
    if len(found) > NEWS_MAX:
        yield f"      and {len(found) - NEWS_MAX:,} more"


def brief(verdict: Verdict) -> str:
    """A decision task that differs, in one line."""
    if verdict.raised is not None:
        return cut(f"  Decision task {verdict.task.number}: {verdict.raised.error!r}")
    told = [f"{one.verdict} {one.name}" for one in verdict.findings if one.verdict != compare.SAME]
    return cut(f"  Decision task {verdict.task.number}: {', '.join(told)}")


def _when(task: tasks.Task) -> str:
    at = "" if task.at == UNTIMED else f", {moment(task.at):%Y-%m-%d %H:%M:%S}.{task.at % 1000:03}Z"
    end = "" if task.answered else ", not answered then"
    return f"{task.started_id}{at}{end}"


def event_line(event: Event) -> str:
    """``13 ActivityTaskCompleted(S11, T12)``"""
    return row(render.event(event, lambda at: at), False).replace("   ", " ").strip()


def _finding(finding: Finding, found: Origins) -> Iterator[str]:
    if finding.verdict == compare.SAME:
        yield cut(f"    same       {finding.name}")
        return
    yield cut(f"    {finding.verdict:<10} {finding.name}: {_SAID[finding.verdict]}")
    if finding.recorded is not None:
        yield f"      recorded as event {finding.recorded.id}, {finding.recorded.kind}"
    for field in finding.fields:
        yield from _field(field)
    where = found.place(finding.place)
    if where is not None and finding.place is not None:
        yield cut(f"      built at {sourced(where)}")
        for caller in found.built[finding.place][1:]:
            yield cut(f"        called at {sourced(caller)}")


def _ran(found: Origins) -> Iterator[str]:
    """The lines that ran last, those of a file together: 82-99, 121."""
    lines: dict[str, set[int]] = {}
    for place in found.ran:
        path, _, line = short(place).rpartition(":")
        lines.setdefault(path, set()).add(int(line))
    if lines:
        yield "    the lines that ran last"
    for path, numbers in lines.items():
        yield cut(f"      {path}:{_ranges(numbers)}")


def _ranges(numbers: set[int]) -> str:
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number - spans[-1][-1] <= 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{s[0]}-{s[-1]}" if len(s) > 1 else str(s[0]) for s in spans)


def _field(field: Field) -> Iterator[str]:
    yield cut(f"      {field.name}")
    yield cut(f"        then {_value(field.recorded)}")
    yield cut(f"        now  {_value(field.made)}")


def _value(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):  # something that holds itself
        return repr(value)


def cut(line: str) -> str:
    """A line that fits, of printable characters only."""
    shown = clean(line)
    return shown if len(shown) <= _WIDE else shown[: _WIDE - 1] + "…"


def clean(line: str) -> str:
    """Printable characters only: histories may hold what moves a terminal's cursor."""
    return line if line.isprintable() else "".join(o if o.isprintable() else "�" for o in line)


def short(place: str) -> str:
    """``file:line``, relative to the current directory where it is inside."""
    path, _, line = place.rpartition(":")
    try:
        return f"{Path(path).resolve().relative_to(Path.cwd())}:{line}"
    except ValueError:
        return place
