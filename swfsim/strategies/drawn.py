"""Strategies for what deciders decide and read: decisions, events, whole histories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import hypothesis.strategies as st

from swfsim.core.events import Event, Parked
from swfsim.core.machine import Machine
from swfsim.core.tables import CLOSE_DECISIONS, INCOMPATIBLE_WITH_CLOSE
from swfsim.replay.histories import Captured
from swfsim.spec import model
from swfsim.spec.faults import Fault
from swfsim.strategies.shapes import structures

if TYPE_CHECKING:
    from collections.abc import Sequence

Decision = dict[str, Any]


def decisions(
    kind: str | None = None, **members: st.SearchStrategy[Any]
) -> st.SearchStrategy[Decision]:
    """Single decisions that SWF takes, of one of the 13 types or of any. ``members`` are drawn for
    the members of these names instead: ``decisions("StartTimer", timerId=st.just("retry"))``."""
    if kind is None:
        return _any_of(model.DECISIONS, members)
    return st.fixed_dictionaries(
        {
            "decisionType": st.just(kind),
            model.DECISION_MEMBER[kind]: structures(model.decision_shape(kind), members),
        }
    )


def decision_lists(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Decision]]:
    """Whole answers to a decision task that SWF takes: a close comes last, and only once."""
    open_ones = sorted(set(model.DECISIONS) - CLOSE_DECISIONS)
    beside_a_close = sorted(set(open_ones) - INCOMPATIBLE_WITH_CLOSE)
    going_on = st.lists(_any_of(open_ones, members), max_size=4)
    closing = st.tuples(
        st.lists(_any_of(beside_a_close, members), max_size=2),
        _any_of(sorted(CLOSE_DECISIONS), members),
    ).map(lambda drawn: [*drawn[0], drawn[1]])
    return st.one_of(going_on, closing)


def _any_of(
    kinds: Sequence[str], members: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Decision]:
    return st.one_of([decisions(one, **members) for one in kinds])


def events(kind: str | None = None, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    """Single events as the service model allows them, of one of the 54 types or of any. They stand
    alone: for those that refer to each other as SWF's do, draw ``histories``."""
    if kind is None:
        return st.one_of([events(one, **members) for one in model.EVENTS])
    attrs = structures(model.event_shape(kind), members)
    return st.builds(Event, st.integers(1, 25_000), _INSTANTS, st.just(kind), attrs)


_BEGIN: Final = 1_700_000_000_000
_INSTANTS: Final = st.integers(_BEGIN, _BEGIN + 365 * 86_400_000)

_NAMES: Final = st.sampled_from(["a", "b"])
_KIND: Final = {"name": "any", "version": "1"}
_LIST: Final = {"name": "any"}
_FEW: Final[dict[str, st.SearchStrategy[Any]]] = {
    "activityId": _NAMES,
    "timerId": _NAMES,
    "markerName": _NAMES,
    "signalName": _NAMES,
    "id": _NAMES,
    "workflowId": st.sampled_from(["main", "other"]),
    "runId": st.just(""),
    "activityType": st.just(_KIND),
    "workflowType": st.just(_KIND),
    "workflowTypeVersion": st.just("1"),
    "taskList": st.just(_LIST),
    "lambdaRole": st.just("arn:aws:iam::123456789012:role/swf"),
}
"""So that decisions have something to do with each other."""

_WORK: Final = tuple(name for name in model.OPERATIONS if name.startswith("RespondActivityTask"))
_WISHES: Final = ("SignalWorkflowExecution", "RequestCancelWorkflowExecution")


def histories(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Captured]:
    """Histories as SWF makes them: a machine is driven by clients that do anything in any order,
    and time passes. So each keeps every law of the service. ``members`` are drawn for the members
    of decisions of these names; unless given, ids come from a few, so that they meet."""
    decide = st.tuples(st.just("decide"), decision_lists(**(_FEW | members)))
    move = st.one_of(
        decide,
        decide,
        st.tuples(st.just("work"), st.sampled_from(_WORK)),
        st.tuples(st.just("wait"), st.sampled_from([40, 1_000, 60_000, 600_000])),
        st.tuples(st.just("wish"), st.sampled_from(_WISHES)),
    )
    return st.lists(move, min_size=1, max_size=20).map(_history)


class _Clients:
    """What clients do to one domain; a call that SWF refuses changes nothing."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.now = _BEGIN
        self.call("RegisterDomain", name="any", workflowExecutionRetentionPeriodInDays="1")
        self.call("RegisterWorkflowType", **_KIND, **_as_defaults(_RUN))
        self.call("RegisterActivityType", **_KIND, **_TASK)
        self.call("StartWorkflowExecution", workflowId="main", workflowType=_KIND, **_RUN)

    def call(self, operation: str, **params: Any) -> Any:
        self.now += 50
        of_a_domain = "domain" in model.members(model.operation(operation).input_shape)
        try:
            asked = {"domain": "any", **params} if of_a_domain else params
            return self.machine.call(operation, asked, self.now)
        except Fault:
            return None

    def answer(self, poll: str, operation: str, **params: Any) -> None:
        task = self.call(poll, taskList=_LIST)
        if task is not None and not isinstance(task, Parked):
            self.call(operation, taskToken=task["taskToken"], **params)

    def do(self, what: str, how: Any) -> None:
        match what:
            case "decide":
                self.answer("PollForDecisionTask", "RespondDecisionTaskCompleted", decisions=how)
            case "work":
                self.answer("PollForActivityTask", how)
            case "wait":
                self.now += how
                self.machine.expire(self.now)
            case _:
                signal = {"signalName": "a"} if how.startswith("Signal") else {}
                self.call(how, workflowId="main", **signal)


_RUN: Final = {
    "taskList": _LIST,
    "childPolicy": "TERMINATE",
    "executionStartToCloseTimeout": "3600",
    "taskStartToCloseTimeout": "300",
}
_TASK: Final = {
    "defaultTaskList": _LIST,
    "defaultTaskScheduleToStartTimeout": "600",
    "defaultTaskScheduleToCloseTimeout": "900",
    "defaultTaskStartToCloseTimeout": "300",
    "defaultTaskHeartbeatTimeout": "NONE",
}


def _as_defaults(settings: dict[str, Any]) -> dict[str, Any]:
    return {f"default{name[0].upper()}{name[1:]}": value for name, value in settings.items()}


def _history(moves: list[tuple[str, Any]]) -> Captured:
    clients = _Clients()
    for what, how in moves:
        clients.do(what, how)
    x = next(iter(clients.machine.world.runs.values()))
    return Captured("drawn", x.events, x.workflow_id, x.run_id)
