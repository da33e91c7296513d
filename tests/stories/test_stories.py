"""Stories: what they tell, and how they fail."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from swfsim import App, HarnessError, Story, Violation
from swfsim.faults import (
    answer_late,
    answer_lost,
    crash,
    decider_dies,
    decision_times_out,
    fails,
    times_out,
    worker_dies,
)
from tests.support.shop import Shop, shopping

ALL_WELL = """
    Take     → completed
    Pack     → completed
    Send     → completed
    Workflow → COMPLETED
"""


@pytest.fixture
def story() -> Any:
    with Story(Shop) as told:
        yield told


def test_a_story_without_faults(story: Story) -> None:
    story.when(shopping())
    story.then(ALL_WELL)
    assert story.status == "COMPLETED"
    assert story.elapsed_s == pytest.approx(9, abs=1)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (fails("Pack", "no paper"), "Pack → failed: no paper"),
        (fails("Pack", ValueError("no paper")), "Pack → failed: no paper"),
        (times_out("Pack", "START_TO_CLOSE"), "Pack → timed out: START_TO_CLOSE"),
        (times_out("Pack", "SCHEDULE_TO_START"), "Pack → timed out: SCHEDULE_TO_START"),
        (times_out("Pack", "SCHEDULE_TO_CLOSE"), "Pack → timed out: SCHEDULE_TO_CLOSE"),
        (times_out("Pack", "HEARTBEAT"), "Pack → timed out: HEARTBEAT"),
        (worker_dies("Pack", "before"), "Pack → timed out: HEARTBEAT"),
        (worker_dies("Pack", "after the effect"), "Pack → timed out: HEARTBEAT"),
        (answer_lost("Pack"), "Pack → timed out: HEARTBEAT"),
        (answer_late("Pack"), "Pack → timed out: START_TO_CLOSE"),
    ],
    ids=str,
)
def test_a_fault_at_a_step_shows_in_the_flow(story: Story, fault: Any, line: str) -> None:
    story.given(fault)
    story.when(shopping())
    story.then(f"""
        Take     → completed
        {line}
        Pack     → completed
        Send     → completed
        Workflow → COMPLETED
    """)


def test_a_worker_that_dies_after_answering_leaves_no_trace(story: Story) -> None:
    story.given(worker_dies("Pack", "after answering", restart_after_s=100))
    story.when(shopping())
    story.then(ALL_WELL)
    assert story.elapsed_s > 100


@pytest.mark.parametrize(
    ("fault", "timed_out"),
    [
        (decider_dies(2, "before deciding"), 1),
        (decider_dies(2, "before answering"), 1),
        (decider_dies(2, "after answering"), 0),
        (decision_times_out(2), 1),
    ],
    ids=str,
)
def test_a_fault_of_the_decider(story: Story, fault: Any, timed_out: int) -> None:
    story.given(fault)
    story.when(shopping())
    story.then()
    kinds = [event.kind for event in story.latest.events]
    assert kinds.count("DecisionTaskTimedOut") == timed_out
    assert story.status == "COMPLETED"


def test_faults_may_concern_one_execution_only(story: Story) -> None:
    story.given(fails("Take", attempts=(1,), only=lambda given: given == 2))
    story.when(shopping(1), shopping(2))
    story.then()
    failed = [
        any(event.kind == "ActivityTaskFailed" for event in x.events) for x in story.executions
    ]
    inputs = [x.started["input"] for x in story.executions]
    assert dict(zip(inputs, failed, strict=True)) == {"1": False, "2": True}


def test_something_happens_at_a_moment(story: Story) -> None:
    seen: list[str] = []
    story.when(shopping())
    story.when("Pack started", lambda story: seen.append(story.status))
    story.when("ActivityTaskCompleted #3", lambda story: seen.append("third"))
    story.when(4, lambda story: seen.append("four seconds later"))
    story.then(ALL_WELL)
    assert seen == ["OPEN", "four seconds later", "third"] or seen[0] == "OPEN"
    assert len(seen) == 3


# How a story fails


def test_another_flow_than_told_is_shown_beside_it(story: Story) -> None:
    story.given(fails("Pack", "no paper"))
    story.when(shopping())
    with pytest.raises(AssertionError) as told:
        story.then(ALL_WELL)
    text = str(told.value)
    assert "> Pack → completed" in text
    assert "| Pack → failed: no paper" in text


def test_of_a_long_flow_what_is_near_the_difference_is_shown(story: Story) -> None:
    story.given(fails("Pack", "no paper", attempts=100))
    story.when(shopping())
    with pytest.raises(AssertionError) as told:
        story.then("Take → completed\n" + "Pack → failed: no paper\n" * 50 + "Pack → completed")
    lines = str(told.value).splitlines()
    assert lines[2] == "  (31 equal lines before are left out)"
    assert lines[23].split("|")[0].rstrip() == "> Pack → completed"
    assert lines[-1] == "  (32 lines behind are left out)"
    assert len(lines) == 45


def test_a_fault_that_never_strikes_fails_the_story(story: Story) -> None:
    story.given(fails("Pack", attempts=(2,)), decider_dies(9, "before deciding"))
    story.given(crash("worker", "PollForActivityTask", "before", nth=99))
    story.when(shopping())
    with pytest.raises(Violation) as told:
        story.then()
    assert "Pack was never tried a second time" in str(told.value)
    assert "there was no 9th decision" in str(told.value)
    assert "worker dies before its PollForActivityTask number 99" in str(told.value)


def test_a_moment_that_never_comes_fails_the_story(story: Story) -> None:
    story.when(shopping())
    story.when("Pack failed", lambda story: None)
    with pytest.raises(Violation, match="never came: Pack failed"):
        story.then()


def nobody_told() -> None:
    """Takes no story."""


def unannotated(reason="enough"):  # type: ignore[no-untyped-def]
    return lambda story: None


@pytest.mark.parametrize(
    ("mistake", "advice"),
    [
        (lambda s: s.given(fails("Pak")), "did you mean 'Pack'"),
        (lambda s: s.given(fails("Pack"), fails("Pack")), "two faults at one place"),
        (lambda s: s.given("Pack fails"), "is not a fault"),
        (lambda s: s.given(fails("Pack", attempts=0)), "from 1 on"),
        (lambda s: s.given(times_out("Pack", "FOREVER")), "START_TO_CLOSE"),
        (lambda s: s.given(worker_dies("Pack", "afterwards")), "after the effect"),
        (lambda s: s.given(decider_dies(1, "while thinking")), "before deciding"),
        (lambda s: s.given(crash("worker", "Poll", "before")), "operation of SWF"),
        (lambda s: s.when("Pack starts", print), "thing that happens to a step"),
        (lambda s: s.when("Pakc started", print), "did you mean 'Pack'"),
        (lambda s: s.when("PackStarted", print), "event of SWF"),
        (lambda s: s.when("Pack"), "does not say what becomes of the step: 'Pack scheduled'"),
        (lambda s: s.when("Pack started"), "not what happens"),
        (lambda s: s.when("Pack started", 5, print), "not what happens"),
        (lambda s: s.when(), "not what happens"),
        (lambda s: s.when("Pack started #0", print), "'Pack started #0': behind # stands which"),
        (lambda s: s.when("Pack started #two", print), "a number from 1 on"),
        (lambda s: s.when("DecisionTaskStarted #", print), "a number from 1 on"),
        (lambda s: s.when(None), "no happening .* no moment .* no number of seconds"),
        (lambda s: s.when(shopping), r"shopping makes a happening, .* when\(shopping\(\)\)"),
        (lambda s: s.when("Pack started", shopping), r"the \(\) are missing"),
        (lambda s: s.when(nobody_told), "nobody_told cannot be called with the story alone"),
        (lambda s: s.when(-3, print), r"when\(-3, …\) is no time"),
        (lambda s: s.when(True, print), r"when\(True, …\) is no time"),
        (lambda s: s.when(float("nan"), print), "is no time"),
        (lambda s: s.latest, "has started nothing"),
    ],
)
def test_a_broken_story_says_what_is_wrong(story: Story, mistake: Any, advice: str) -> None:
    with pytest.raises(HarnessError, match=advice):
        mistake(story)


def test_a_maker_that_does_not_say_so_is_found_out_when_it_is_run(story: Story) -> None:
    story.when(shopping())
    story.when("Pack started", unannotated)
    with pytest.raises(HarnessError, match=r"unannotated makes a happening, and is none"):
        story.then()


def test_half_of_a_when_is_none(story: Story) -> None:
    with pytest.raises(HarnessError):
        story.when(shopping(), "Pack started")
    with pytest.raises(HarnessError, match="has started nothing"):
        story.then("Workflow → COMPLETED")


def test_the_crash_of_somebody_unknown_names_the_workers() -> None:
    """Before the run, and in the midst of it."""
    with Story(Shop) as story:
        story.given(crash("decidr", "PollForDecisionTask", "before"))
        story.when(shopping())
        with pytest.raises(HarnessError, match=r"mean 'decider'\? known are decider, worker, oper"):
            story.then()
    with Story(Shop) as story:
        story.run()
        with pytest.raises(HarnessError, match="'decidr' is no worker"):
            story.given(crash("decidr", "PollForDecisionTask", "before"))


class Sized(Shop):
    def __init__(self, size: int) -> None:
        self.size = size


class Text(Shop):
    steps: Any = "Take"


class Unstaffed(Shop):
    def workers(self, wrap: Any) -> Any:
        return None


class Unwrapped(Shop):
    def workers(self) -> Any:  # type: ignore[override]
        return {}


@pytest.mark.parametrize(
    ("app", "advice"),
    [
        (Shop(), "made already, outside of the simulation: give its class"),
        (Sized, r"cannot be made without arguments \(size\)"),
        (None, "neither an App class nor a function"),
        (dict, "no subclass of swfsim.App"),
        (App, r"lacks what every App has: register\(\), start\(\), workers\(\)"),
        (lambda: "a shop", "makes no App but 'a shop'"),
        (Text, r"not a list of names: steps = \('Take',\)"),
        (Unstaffed, "returned None, not a dict of loops by name"),
        (Unwrapped, r"workers\(\) of Unwrapped has to take wrap: def workers\(self, wrap\)"),
    ],
)
def test_a_story_about_no_application_says_what_is_wrong(app: Any, advice: str) -> None:
    with pytest.raises(HarnessError, match=advice), Story(app) as story:
        story.run()
    with Story(Shop):
        """What failed has left nothing behind."""


class Asking(Shop):
    """It calls SWF when it is made."""

    def __init__(self) -> None:
        client: Any = boto3.client("swf")
        self.domains = client.list_domains(registrationStatus="REGISTERED")["domainInfos"]


def test_what_an_app_asks_when_it_is_made_is_answered_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    unentered = Story(Asking)
    with pytest.raises(HarnessError, match="not entered"):
        _ = unentered.app
    with Story(Asking) as story:
        assert isinstance(story.app, Asking)
        assert story.app.domains == []


class Unhurried(Shop):
    """A shop whose tasks may take any time."""

    def register(self) -> None:
        super().register()
        client: Any = boto3.client("swf")
        for step in self.steps:
            kind = {"name": step, "version": "1"}
            client.deprecate_activity_type(domain="shop", activityType=kind)
            client.delete_activity_type(domain="shop", activityType=kind)
            client.register_activity_type(
                domain="shop",
                **kind,
                defaultTaskList={"name": "activities"},
                defaultTaskScheduleToStartTimeout="NONE",
                defaultTaskScheduleToCloseTimeout="NONE",
                defaultTaskStartToCloseTimeout="NONE",
                defaultTaskHeartbeatTimeout="NONE",
            )


@pytest.mark.parametrize(
    "kind", ["START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE", "HEARTBEAT"]
)
def test_a_time_out_that_cannot_come_is_refused(kind: Any) -> None:
    with Story(Unhurried) as story:
        story.given(times_out("Pack", kind))
        story.when(shopping())
        with pytest.raises(HarnessError, match=f"Pack cannot time out by {kind}"):
            story.then()


def test_the_report_tells_when_who_and_what(story: Story) -> None:
    story.given(fails("Pack", "no paper"))
    story.when(shopping())
    story.then()
    report = story.report()
    assert "  worker           ActivityTaskFailed Pack-1: no paper" in report
    assert all(len(line) <= 100 for line in report.splitlines())
    assert "DecisionTaskStarted" not in report
    assert "DecisionTaskStarted" in story.report(brief=False)
    assert story.report(lines_max=2).startswith("(")


def test_a_story_that_is_not_entered_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(Shop, "register", lambda self: called.append("register"))
    story = Story(Shop)
    with pytest.raises(HarnessError, match="with Story"):
        story.run()
    with pytest.raises(HarnessError, match="not entered"):
        story.env.client()
    assert called == []
