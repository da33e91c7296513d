"""Rules over runs: each is broken by a history that breaks it, and by no other."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from scenarios.app import OrdersApp, order_is_placed
from scenarios.rules import ORDER_RULES
from swfsim import Story, Violation, rules
from swfsim.core.events import Event, History
from swfsim.faults import fails
from swfsim.journal import Entry
from swfsim.rules import SHIPPED, Run, always, at_the_end, sometimes
from swfsim.spec.faults import Fault

STEP = {"activityType": {"name": "Pack", "version": "1"}, "activityId": "pack"}


def history(*told: tuple[str, dict[str, Any]]) -> History:
    """A history of these events, one a second, in which a decision task is under way first."""
    events = History()
    beginning: list[tuple[str, dict[str, Any]]] = [
        ("WorkflowExecutionStarted", {}),
        ("DecisionTaskScheduled", {}),
        ("DecisionTaskStarted", {"scheduledEventId": 2}),
    ]
    for number, (kind, attrs) in enumerate([*beginning, *told], 1):
        events.append(Event(number, 1000 * max(number, 2), kind, attrs))
    return events


def decided(*events: tuple[str, dict[str, Any]]) -> History:
    """A history in which the first decision task led to these events."""
    completed = ("DecisionTaskCompleted", {"scheduledEventId": 2, "startedEventId": 3})
    made = [(kind, {**attrs, "decisionTaskCompletedEventId": 4}) for kind, attrs in events]
    events = history(completed, *made)
    for place in range(3, len(events)):  # a batch is of one instant
        events.instants[place] = 4000
    return events


def run_of(*histories: History, **more: Any) -> Run:
    executions = [SimpleNamespace(workflow_id="w", events=one) for one in histories]
    return Run(executions, **more)  # type: ignore[arg-type]


def complaints(rule: rules.Rule, events: History) -> list[str]:
    return list(rule.check(run_of(events)))


def test_an_activity_left_open_at_completion_is_found() -> None:
    events = decided(("ActivityTaskScheduled", STEP), ("WorkflowExecutionCompleted", {}))
    told = complaints(rules.nothing_is_left_open_at_completion, events)
    assert told == ["event 6 of w: the activity of event 5 is still open"]


def test_a_timer_that_was_canceled_is_not_left_open() -> None:
    timer = {"timerId": "t"}
    events = decided(
        ("TimerStarted", timer),
        ("TimerCanceled", {**timer, "startedEventId": 5}),
        ("WorkflowExecutionCompleted", {}),
    )
    assert complaints(rules.nothing_is_left_open_at_completion, events) == []


@pytest.mark.parametrize(
    ("opened", "refusal"),
    [
        (("TimerStarted", {"timerId": "t"}), ("CancelTimerFailed", {"timerId": "t"})),
        (("ActivityTaskScheduled", STEP), ("RequestCancelActivityTaskFailed", STEP)),
    ],
)
def test_what_swf_did_not_let_its_decider_cancel_is_not_left_open(
    opened: tuple[str, dict[str, Any]], refusal: tuple[str, dict[str, Any]]
) -> None:
    kind, attrs = refusal
    refused = (kind, {**attrs, "cause": "OPERATION_NOT_PERMITTED"})
    other = dict.fromkeys(attrs, "another")
    about_another = (kind, {**other, "cause": "OPERATION_NOT_PERMITTED"})
    rule = rules.nothing_is_left_open_at_completion
    closed: tuple[str, dict[str, Any]] = ("WorkflowExecutionCompleted", {})
    assert complaints(rule, decided(opened, refused, closed)) == []
    assert len(complaints(rule, decided(opened, about_another, closed))) == 1


@pytest.mark.parametrize(("policy", "count"), [("ABANDON", 0), ("TERMINATE", 1)])
def test_a_child_that_is_abandoned_may_go_on(policy: str, count: int) -> None:
    child = ("StartChildWorkflowExecutionInitiated", {"childPolicy": policy})
    events = decided(child, ("WorkflowExecutionCompleted", {}))
    assert len(complaints(rules.nothing_is_left_open_at_completion, events)) == count
    events = decided(
        ("StartChildWorkflowExecutionInitiated", {}), ("WorkflowExecutionCompleted", {})
    )
    events.attrs[0]["childPolicy"] = policy  # of the run itself
    assert len(complaints(rules.nothing_is_left_open_at_completion, events)) == count


def test_an_execution_that_waits_for_people_is_not_stuck_where_its_application_says_so() -> None:
    def waits(events: Any) -> bool:
        return bool(events[-1].kind == "MarkerRecorded")

    [rule] = [one for one in rules.shipped(waits=waits) if one.name == "nothing is stuck"]
    assert complaints(rule, decided(("MarkerRecorded", {"markerName": "m"}))) == []
    assert len(complaints(rule, decided())) == 1


def test_a_type_that_is_not_there_is_the_deciders_mistake_unless_it_was_given() -> None:
    cause = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    events = decided(("ScheduleActivityTaskFailed", {**STEP, "cause": cause}))
    rule = rules.no_decision_is_refused_by_mistake
    assert complaints(rule, events) == [f"event 5 of w: ScheduleActivityTaskFailed: {cause}"]
    given = [f"decision refused ScheduleActivityTask {cause} at decision 1"]
    assert list(rule.check(run_of(events, given=given))) == []
    taken_away = Entry(0, "operator", "DeleteActivityType", {}, {})
    assert list(rule.check(run_of(events, calls=[taken_away]))) == []


def test_an_execution_that_waits_for_nothing_is_stuck() -> None:
    told = complaints(rules.nothing_is_stuck, decided(("MarkerRecorded", {"markerName": "m"})))
    assert told[-1] == "event 5 of w: after MarkerRecorded nothing can move it any more"


@pytest.mark.parametrize(
    "what",
    [
        ("ActivityTaskScheduled", STEP),
        ("TimerStarted", {"timerId": "t"}),
        ("WorkflowExecutionCompleted", {}),
        ("CompleteWorkflowExecutionFailed", {"cause": "OPERATION_NOT_PERMITTED"}),
    ],
)
def test_one_that_waits_for_something_is_not(what: tuple[str, dict[str, Any]]) -> None:
    assert complaints(rules.nothing_is_stuck, decided(what)) == []


@pytest.mark.parametrize(
    ("kind", "attrs"),
    [
        ("ScheduleActivityTaskFailed", {**STEP, "cause": "ACTIVITY_ID_ALREADY_IN_USE"}),
        ("ScheduleActivityTaskFailed", {**STEP, "cause": "DEFAULT_TASK_LIST_UNDEFINED"}),
        ("RequestCancelActivityTaskFailed", {"activityId": "?", "cause": "ACTIVITY_ID_UNKNOWN"}),
        ("CancelTimerFailed", {"timerId": "?", "cause": "TIMER_ID_UNKNOWN"}),
    ],
)
def test_a_refusal_that_the_decider_could_foresee_is_its_mistake(
    kind: str, attrs: dict[str, Any]
) -> None:
    assert len(complaints(rules.no_decision_is_refused_by_mistake, decided((kind, attrs)))) == 1


@pytest.mark.parametrize("cause", ["OPERATION_NOT_PERMITTED", "OPEN_ACTIVITIES_LIMIT_EXCEEDED"])
def test_a_refusal_for_want_of_quota_or_permission_is_not(cause: str) -> None:
    events = decided(("ScheduleActivityTaskFailed", {**STEP, "cause": cause}))
    assert complaints(rules.no_decision_is_refused_by_mistake, events) == []


def test_a_cancel_of_what_ended_while_the_decider_decided_is_no_mistake() -> None:
    events = History()
    for number, (kind, attrs) in enumerate(
        [
            ("WorkflowExecutionStarted", {}),
            ("ActivityTaskScheduled", STEP),
            ("DecisionTaskStarted", {"scheduledEventId": 0}),
            ("ActivityTaskCompleted", {"scheduledEventId": 2, "startedEventId": 0}),
            ("DecisionTaskCompleted", {"scheduledEventId": 0, "startedEventId": 3}),
            (
                "RequestCancelActivityTaskFailed",
                {
                    "activityId": "pack",
                    "cause": "ACTIVITY_ID_UNKNOWN",
                    "decisionTaskCompletedEventId": 5,
                },
            ),
        ],
        1,
    ):
        events.append(Event(number, 0, kind, attrs))
    assert complaints(rules.no_decision_is_refused_by_mistake, events) == []
    events.attrs[4]["startedEventId"] = 5  # as if it had seen the end
    assert len(complaints(rules.no_decision_is_refused_by_mistake, events)) == 1


def test_decision_tasks_that_move_nothing_are_a_storm() -> None:
    task = ("DecisionTaskTimedOut", {"scheduledEventId": 2, "startedEventId": 3})
    assert complaints(rules.no_decision_storm, history(*[task] * (rules.STORM - 1))) == []
    assert len(complaints(rules.no_decision_storm, history(*[task] * rules.STORM))) == 1


def test_attempts_without_end_are_found() -> None:
    events = decided(*[("ActivityTaskScheduled", STEP)] * 4)
    assert complaints(rules.attempts_are_bounded(4), events) == []
    assert complaints(rules.attempts_are_bounded(3), events) == [
        "event 8 of w: Pack was scheduled more than 3 times"
    ]


def test_a_decision_list_that_swf_does_not_take_is_found() -> None:
    fault = Fault("ValidationException", "Close must be last decision in list")
    call = Entry(0, "decider", "RespondDecisionTaskCompleted", {}, fault)
    told = rules.broken(SHIPPED, run_of(calls=[call]))
    assert [str(one) for one in told] == [
        "every decision list is valid: decider decided what SWF does not take: "
        "Close must be last decision in list"
    ]


def test_a_history_that_swf_would_not_make_is_found() -> None:
    events = history(("DecisionTaskStarted", {"scheduledEventId": 2}))
    told = complaints(rules.histories_keep_the_laws_of_the_service, events)
    assert "event 4 of w: a decision task starts out of turn" in told


# Rules of one's own


def test_a_rule_is_a_function_with_a_name() -> None:
    @always
    def nothing_is_signaled(events: Any) -> Iterator[tuple[int, str]]:
        for event in events:
            if event.kind == "WorkflowExecutionSignaled":
                yield event.id, event.attrs["signalName"]

    @at_the_end
    def the_shop_is_closed(run: Run) -> Iterator[str]:
        if run.app != "closed":
            yield "somebody is still in"

    both = [nothing_is_signaled, the_shop_is_closed]
    run = run_of(history(("WorkflowExecutionSignaled", {"signalName": "HELLO"})), app="open")
    with pytest.raises(Violation) as caught:
        rules.check(both, run)
    assert str(caught.value).splitlines() == [
        "nothing is signaled: event 4 of w: HELLO",
        "the shop is closed: somebody is still in",
    ]
    assert len(rules.broken(both, run, at_rest=False)) == 1


def test_sometimes_asks_for_one_run_and_breaks_none() -> None:
    @sometimes
    def something_is_signaled(run: Run) -> bool:
        return any("WorkflowExecutionSignaled" in x.events.kinds for x in run.executions)

    quiet, loud = history(), history(("WorkflowExecutionSignaled", {"signalName": "HELLO"}))
    assert rules.broken([something_is_signaled], run_of(quiet)) == []
    assert rules.reached([something_is_signaled], run_of(quiet)) == []
    assert rules.reached([something_is_signaled], run_of(loud)) == ["something is signaled"]


# Rules of orders


def of_story(story: Story, *given: str) -> Run:
    return Run(story.executions, story.app, story.env.journal, given)  # type: ignore[union-attr]


def test_an_order_that_went_well_keeps_the_rules_and_reaches_completion() -> None:
    with Story(OrdersApp) as story:
        story.when(order_is_placed())
        story.run()
        assert rules.broken(ORDER_RULES, of_story(story)) == []
        assert "some order completes" in rules.reached(ORDER_RULES, of_story(story))


def spoilt(story: Story, how: str) -> None:
    ports = story.app.ports  # type: ignore[attr-defined]
    if how == "record":
        ports.store.orders.clear()
    elif how == "money":
        ports.payments.release(story.latest.workflow_id)
    elif how == "notice":
        ports.notifier.sent.clear()
    else:
        ports.payments.authorize(f"{story.latest.workflow_id}/again", 1, "USD", "ORD")


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("record", "no record of it stands"),
        ("money", "its money was not taken"),
        ("notice", "its customer was not told"),
        ("twice", "has money held or taken under"),
    ],
)
def test_a_completed_order_without_all_of_it_is_found(how: str, told: str) -> None:
    with Story(OrdersApp) as story:
        story.when(order_is_placed())
        story.run()
        spoilt(story, how)
        [found] = rules.broken(ORDER_RULES, of_story(story))
    assert told in found.what


def test_a_failed_order_that_left_something_is_found() -> None:
    with Story(OrdersApp) as story:
        story.given(fails("SaveResults", attempts=3))
        story.when(order_is_placed())
        story.run()
        assert rules.broken(ORDER_RULES, of_story(story, "SaveResults fails")) == []
        app: Any = story.app
        app.ports.payments.authorize(f"{story.latest.workflow_id}/2", 1, "USD", "ORD")
        [found] = rules.broken(ORDER_RULES, of_story(story, "SaveResults fails"))
    assert "is FAILED, and payment" in found.what
