"""The flow of an execution: what became of each step, one line each.

ValidateInput → completed
SaveResults → failed: Database unavailable
SaveResults → timed out: START_TO_CLOSE
marker ROLLBACK_INITIATED
Workflow → FAILED
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from swfsim.core.closing import STATUS

if TYPE_CHECKING:
    from swfsim.core.events import Attrs, Event

ARROW: Final = "→"


def _step(events: Sequence[Event], attrs: Attrs) -> str:
    scheduled = events[attrs["scheduledEventId"] - 1].attrs
    name: str = scheduled["activityType"]["name"]
    return name


def _child(attrs: Attrs) -> str:
    return f"child {attrs['workflowType']['name']}"


def _with(outcome: str, detail: Any) -> str:
    return f"{outcome}: {detail}" if detail else outcome


_Line = Callable[["Sequence[Event]", "Attrs"], str]

_LINES: Final[dict[str, _Line]] = {
    "ActivityTaskCompleted": lambda h, a: f"{_step(h, a)} {ARROW} completed",
    "ActivityTaskFailed": lambda h, a: f"{_step(h, a)} {ARROW} {_with('failed', a.get('reason'))}",
    "ActivityTaskTimedOut": lambda h, a: f"{_step(h, a)} {ARROW} timed out: {a['timeoutType']}",
    "ActivityTaskCanceled": lambda h, a: f"{_step(h, a)} {ARROW} canceled",
    "ScheduleActivityTaskFailed": lambda h, a: (
        f"{a['activityType']['name']} {ARROW} refused: {a['cause']}"
    ),
    "TimerFired": lambda h, a: f"timer {a['timerId']} {ARROW} fired",
    "TimerCanceled": lambda h, a: f"timer {a['timerId']} {ARROW} canceled",
    "MarkerRecorded": lambda h, a: f"marker {a['markerName']}",
    "WorkflowExecutionSignaled": lambda h, a: f"signal {a['signalName']}",
    "WorkflowExecutionCancelRequested": lambda h, a: "cancel requested",
    "ChildWorkflowExecutionCompleted": lambda h, a: f"{_child(a)} {ARROW} completed",
    "ChildWorkflowExecutionFailed": lambda h, a: (
        f"{_child(a)} {ARROW} {_with('failed', a.get('reason'))}"
    ),
    "ChildWorkflowExecutionTimedOut": lambda h, a: f"{_child(a)} {ARROW} timed out",
    "ChildWorkflowExecutionCanceled": lambda h, a: f"{_child(a)} {ARROW} canceled",
    "ChildWorkflowExecutionTerminated": lambda h, a: f"{_child(a)} {ARROW} terminated",
    "LambdaFunctionCompleted": lambda h, a: f"{_lambda(h, a)} {ARROW} completed",
    "LambdaFunctionFailed": lambda h, a: (
        f"{_lambda(h, a)} {ARROW} {_with('failed', a.get('reason'))}"
    ),
    "LambdaFunctionTimedOut": lambda h, a: f"{_lambda(h, a)} {ARROW} timed out",
    "DecisionTaskTimedOut": lambda h, a: f"decision {ARROW} timed out: {a['timeoutType']}",
}


def _lambda(events: Sequence[Event], attrs: Attrs) -> str:
    return f"lambda {events[attrs['scheduledEventId'] - 1].attrs['name']}"


def lines(events: Sequence[Event]) -> Iterable[str]:
    """The flow of a history, line by line."""
    for event in events:
        line = _LINES.get(event.kind)
        if line is not None:
            yield line(events, event.attrs)
        elif event.kind in STATUS:
            yield f"Workflow {ARROW} {STATUS[event.kind]}"


def flow(events: Sequence[Event]) -> str:
    """The flow of a history as a text, comparable with ``normal`` of a text by hand."""
    return "\n".join(lines(events))


def normal(text: str) -> str:
    """A flow as a person writes it: indented, aligned, with ``->`` for the arrow."""
    written = (" ".join(line.replace("->", ARROW).split()) for line in text.splitlines())
    return "\n".join(line for line in written if line)


NEAR: Final = 20
"""How many lines of a long flow are shown on either side of the first difference."""


def side_by_side(wanted: str, seen: str, heads: tuple[str, str] = ("expected", "seen")) -> str:
    """Both flows as two columns, the first difference marked; of long ones, what is near it."""
    head, other = heads
    rows = list(itertools.zip_longest(wanted.splitlines(), seen.splitlines(), fillvalue=""))
    differs = next((at for at, (left, right) in enumerate(rows) if left != right), len(rows))
    first, last = max(0, differs - NEAR), min(len(rows), differs + NEAR + 1)
    shown = rows[first:last]
    width = max(len(head), *(len(left) for left, _ in shown)) if shown else len(head)
    told = [f"  {head:<{width}} | {other}"]
    if first:
        told.append(f"  ({first:,} equal lines before are left out)")
    for at, (left, right) in enumerate(shown, first):
        told.append(f"{'>' if at == differs else ' '} {left:<{width}} | {right}".rstrip())
    if last < len(rows):
        told.append(f"  ({len(rows) - last:,} lines behind are left out)")
    return "\n".join(told)
