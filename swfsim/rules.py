"""Rules over whole runs: what must always hold, hold at the end, or be reached in some run.

    @always
    def no_step_is_skipped(events):
        for event in events:
            if …:
                yield event.id, "Pack was scheduled before Take was completed"

``always``      over one history, at any moment of it; yields (event id, what is wrong)
``at_the_end``  over a run in which everything has come to rest; yields what is wrong
``sometimes``   over such a run, true or false: among many runs it must be true of one, else what
                they were put through is too weak to prove anything

The name of a rule is that of its function. ``SHIPPED`` holds for every application.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from swfsim.checkers import (
    CLOSES,
    FAMILY_EVENTS,
    REFUSALS,
    foreseeable_refusals,
    keep_count,
    service_laws,
)
from swfsim.core.tables import CLOSE_DECISIONS
from swfsim.errors import Violation
from swfsim.report import blame
from swfsim.spec import model
from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.journal import Entry

When = Literal["always", "at the end", "sometimes"]


@dataclass(frozen=True)
class Run:
    """What a rule looks at. ``executions`` are in order of start, ``app`` is the application with
    its outside world, ``calls`` are all that were made, ``given`` are the faults, as texts."""

    executions: Sequence[Execution]
    app: Any = None
    calls: Iterable[Entry] = ()
    given: Sequence[str] = ()

    @functools.cached_property
    def histories(self) -> list[tuple[Execution, list[Event]]]:
        """Each execution with its events, read once for all rules."""
        return [(x, list(x.events)) for x in self.executions]


@dataclass(frozen=True)
class Rule:
    """One rule. ``check`` yields what is wrong; of a ``sometimes`` rule, one text while the run
    does not show what it is to show. ``of_each`` says that it looks at nothing but the events of
    each history by itself."""

    name: str
    when: When
    check: Callable[[Run], Iterator[str]]
    of_each: bool = False


class Broken(NamedTuple):
    """A rule that does not hold, and what is wrong."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def always(law: Callable[[Sequence[Event]], Iterator[tuple[int, str]]]) -> Rule:
    """A rule over each history of a run, whether it is closed or not."""

    def check(run: Run) -> Iterator[str]:
        for x, events in run.histories:
            for found in blame.given(law(events)):
                if not (isinstance(found, tuple) and len(found) == 2):
                    raise TypeError(f"it yields {found!r}, not an event id and what is wrong there")
                yield f"event {found[0]} of {x.workflow_id}: {found[1]}"

    return Rule(_name(law), "always", functools.update_wrapper(check, law), of_each=True)


def at_the_end(law: Callable[[Run], Iterator[str]]) -> Rule:
    """A rule over a run that has come to rest."""
    return Rule(_name(law), "at the end", law)


def sometimes(reached: Callable[[Run], bool]) -> Rule:
    """Something that some run must reach."""

    def check(run: Run) -> Iterator[str]:
        if not reached(run):
            yield "not reached"

    return Rule(_name(reached), "sometimes", functools.update_wrapper(check, reached))


def _name(law: Callable[..., object]) -> str:
    return law.__name__.strip("_").replace("_", " ")


def broken(rules: Iterable[Rule], run: Run, *, at_rest: bool = True) -> list[Broken]:
    """What does not hold in one run; ``sometimes`` is no matter of one run. Without ``at_rest``
    only what must always hold. Raises ``HarnessError`` for a rule that is none, or breaks."""
    asked = ("always", "at the end") if at_rest else ("always",)
    return [
        Broken(rule.name, what)
        for rule in blame.checked(rules, Rule)
        if rule.when in asked
        for what in blame.asked(rule.name, rule.check, run)
    ]


def reached(rules: Iterable[Rule], run: Run) -> list[str]:
    """The names of the ``sometimes`` rules that this run shows. Raises ``HarnessError`` for a rule
    that is none, or breaks."""
    return [
        rule.name
        for rule in blame.checked(rules, Rule)
        if rule.when == "sometimes" and not any(blame.asked(rule.name, rule.check, run))
    ]


def check(rules: Iterable[Rule], run: Run) -> None:
    """Raises ``Violation`` that names every broken rule."""
    found = broken(rules, run)
    if found:
        raise Violation("\n".join(map(str, found)))


# Rules for every application


@always
def histories_keep_the_laws_of_the_service(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """No history that SWF would not make; at most one open activity of one id is among them."""
    for text in service_laws(events):
        number, _, what = text.removeprefix("event ").partition(": ")
        yield int(number), what


def _every_decision_list_is_valid(run: Run) -> Iterator[str]:
    for call in run.calls:
        if call.operation == "RespondDecisionTaskCompleted" and isinstance(call.answer, Fault):
            fault = call.answer
            if fault.code == "ValidationException" and fault.message != "Invalid token":
                yield f"{call.who} decided what SWF does not take: {fault.message}"


every_decision_list_is_valid = Rule(
    "every decision list is valid", "always", _every_decision_list_is_valid
)

_LEFT_BY: Final = {
    "SignalWorkflowExecution": "WorkflowExecutionSignaled",
    "RequestCancelWorkflowExecution": "WorkflowExecutionCancelRequested",
    "TerminateWorkflowExecution": "WorkflowExecutionTerminated",
}


def _what_swf_took_stands_in_the_history(run: Run) -> Iterator[str]:
    """Of the calls that name a run and were answered without a fault."""
    taken: dict[tuple[str, str], int] = {}
    for call in run.calls:
        if call.operation in _LEFT_BY and isinstance(call.answer, dict) and "runId" in call.params:
            what = (str(call.params["runId"]), call.operation)
            taken[what] = taken.get(what, 0) + 1
    histories = {x.run_id: x.events.kinds for x in run.executions} if taken else {}
    for (run_id, operation), count in taken.items():
        kind = _LEFT_BY[operation]
        if run_id in histories and histories[run_id].count(kind) < count:
            yield f"{operation} was answered, and {kind} is not in the history of {run_id}"


what_swf_took_stands_in_the_history = Rule(
    "what swf took stands in the history", "always", _what_swf_took_stands_in_the_history
)

_TYPES: Final = ("TYPE_DOES_NOT_EXIST", "TYPE_DEPRECATED")
"""Endings of refusal causes that a decider brings about who names a type that is not there, unless
somebody has given that, or has taken the type away."""


def _no_decision_is_refused_by_mistake(run: Run) -> Iterator[str]:
    """Refusals for want of quota or permission befall anybody. A name twice in use, a missing
    default, an end to something that the history showed to be over, or a type that is not there
    are the decider's own. What ``given`` names, by its cause, is not."""
    for x, events in run.histories:
        if REFUSALS.isdisjoint(x.events.kinds):
            continue
        for event_id, what in foreseeable_refusals(events):
            yield f"event {event_id} of {x.workflow_id}: {what}"
        for event in events:
            cause = event.attrs["cause"] if event.kind in REFUSALS else ""
            if cause.endswith(_TYPES) and not _is_brought_about(cause, run):
                yield f"event {event.id} of {x.workflow_id}: {event.kind}: {cause}"


def _is_brought_about(cause: str, run: Run) -> bool:
    if any(cause in text for text in run.given):
        return True
    return any(call.operation.startswith(("Deprecate", "Delete")) for call in run.calls)


no_decision_is_refused_by_mistake = Rule(
    "no decision is refused by mistake", "always", _no_decision_is_refused_by_mistake
)


_OWN_CLOSES: Final = frozenset({"WorkflowExecutionCompleted", "WorkflowExecutionContinuedAsNew"})
"""Closes after which nothing should be left: the decider had all the time it wanted."""


@always
def nothing_is_left_open_at_completion(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """An activity, timer or child that is still open when its decider completes the execution. Not
    where SWF has refused to cancel it, nor a child with the policy ABANDON, its own or the run's,
    which is meant to go on."""
    left: dict[int, str] = {}
    for event in events:
        if event.kind in FAMILY_EVENTS:
            keep_count(left, event)
        if event.kind in _CANCEL_REFUSALS:
            _excuse(left, events, event)
        elif event.kind in _ABANDONS and _ABANDON in (
            event.attrs.get("childPolicy"),
            events[0].attrs.get("childPolicy"),
        ):
            left.pop(event.id)
        if event.kind in _OWN_CLOSES:
            for first, family in left.items():
                yield event.id, f"the {family} of event {first} is still open"


_ABANDON: Final = "ABANDON"
_ABANDONS: Final = frozenset({"StartChildWorkflowExecutionInitiated"})
_CANCEL_REFUSALS: Final = {
    model.REFUSAL["CancelTimer"]: "timerId",
    model.REFUSAL["RequestCancelActivityTask"]: "activityId",
}
"""Where SWF refuses to cancel something → the member that names it."""


def _excuse(left: dict[int, str], events: Sequence[Event], refusal: Event) -> None:
    """What SWF has refused to cancel is not left open by its decider."""
    member = _CANCEL_REFUSALS[refusal.kind]
    for first in list(left):
        if events[first - 1].attrs.get(member) == refusal.attrs[member]:
            del left[first]


def nothing_is_stuck_unless(
    waits: Callable[[Sequence[Event]], bool],
) -> Rule:
    """``nothing_is_stuck`` for an application that waits for people, or for another system, to
    signal it: ``waits`` says of a history whether an execution with it does. A rule of the same
    name, to stand in its place: see ``shipped``."""

    @always
    def nothing_is_stuck(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
        for event_id, what in _stuck(events):
            if not waits(events[:event_id]):
                yield event_id, what

    return nothing_is_stuck


def _stuck(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """Open, with no decision task, and nothing under way that could bring one: only a signal, or
    the time-out of the execution, could ever move it. A close that SWF does not permit is for
    people to see to."""
    left: dict[int, str] = {}
    tasks = 0
    may_not_close = False
    for event, following in itertools.zip_longest(events, events[1:]):
        if event.kind in FAMILY_EVENTS:
            keep_count(left, event)
        elif event.kind in _TASKS:
            tasks += _TASKS[event.kind]
        elif event.kind in CLOSES:
            return
        elif event.kind in _CLOSE_REFUSALS:
            may_not_close = event.attrs["cause"] == "OPERATION_NOT_PERMITTED"
        goes_on = following is not None and following.at == event.at
        if not (left or tasks or may_not_close or goes_on):
            yield event.id, f"after {event.kind} nothing can move it any more"


nothing_is_stuck = nothing_is_stuck_unless(lambda events: False)


_CLOSE_REFUSALS: Final = frozenset(model.REFUSAL[one] for one in CLOSE_DECISIONS)

_TASKS: Final = {
    "DecisionTaskScheduled": 1,
    "DecisionTaskCompleted": -1,
    "DecisionTaskTimedOut": -1,
}

STORM: Final = 20
"""So many decision tasks in a row that move nothing are a storm."""


@always
def no_decision_storm(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """Decision tasks that follow each other, and nothing else follows from any of them."""
    in_vain = 0
    for event in events:
        if event.kind in ("DecisionTaskCompleted", "DecisionTaskTimedOut"):
            in_vain += 1
            if in_vain == STORM:
                yield event.id, f"{STORM} decision tasks in a row moved nothing"
        elif event.kind not in _IDLE:
            in_vain = 0


_IDLE: Final = REFUSALS | {kind for kind in model.EVENTS if kind.startswith("DecisionTask")}
"""Events that move nothing."""


def attempts_are_bounded(most: int) -> Rule:
    """No activity type is scheduled more often than this in one execution."""

    @always
    def attempts_are_bounded(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
        count: dict[str, int] = {}
        for event in events:
            if event.kind == "ActivityTaskScheduled":
                name = event.attrs["activityType"]["name"]
                count[name] = count.get(name, 0) + 1
                if count[name] == most + 1:
                    yield event.id, f"{name} was scheduled more than {most} times"

    return attempts_are_bounded


def shipped(*, waits: Callable[[Sequence[Event]], bool] | None = None) -> tuple[Rule, ...]:
    """What any application should keep, whatever befalls it. ``waits`` says of a history whether an
    execution with it waits for nothing but a signal, as for a person's approval."""
    return (
        histories_keep_the_laws_of_the_service,
        every_decision_list_is_valid,
        what_swf_took_stands_in_the_history,
        no_decision_is_refused_by_mistake,
        nothing_is_left_open_at_completion,
        nothing_is_stuck if waits is None else nothing_is_stuck_unless(waits),
        no_decision_storm,
        attempts_are_bounded(25),
    )


SHIPPED: Final = shipped()
"""``shipped()``: for an application that never waits for nothing but a signal."""
