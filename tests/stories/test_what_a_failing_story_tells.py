"""What a story that fails tells, so that its cause is found within a minute."""

from __future__ import annotations

import functools
from typing import Any

import boto3
import botocore.exceptions
import pytest

from swfsim import HarnessError, Story, Violation
from swfsim.faults import answer_lost, fails, times_out
from tests.support.shop import Shop, shopping


@pytest.fixture
def story() -> Any:
    with Story(Shop) as told:
        yield told


class Misdirected(Shop):
    """Its decider, or its worker, polls a list that nobody puts anything into."""

    def __init__(self, **lists: str) -> None:
        self.lists = lists

    def workers(self, wrap: Any) -> Any:
        workers = dict(super().workers(wrap))
        return workers | {name: functools.partial(self.poll, name) for name in self.lists}

    def poll(self, name: str) -> None:
        client: Any = boto3.client("swf")
        poll = client.poll_for_activity_task
        if name == "decider":
            poll = client.poll_for_decision_task
        while True:
            poll(domain="shop", taskList={"name": self.lists[name]})


def test_the_report_names_the_list_from_which_nobody_took_a_decision_task() -> None:
    """Decision tasks are not in a brief report, so nothing else tells why nothing happened."""
    with Story(lambda: Misdirected(decider="decision")) as story:
        story.when(shopping())
        story.then("Workflow → TIMED_OUT")
    *_, timed_out, why = story.report().splitlines()
    assert timed_out.endswith("WorkflowExecutionTimedOut: START_TO_CLOSE")
    assert why.strip() == "(nobody took its decision task from 'decisions')"


def test_the_report_names_the_list_from_which_nobody_took_an_activity() -> None:
    with Story(lambda: Misdirected(worker="activity")) as story:
        story.when(shopping())
        story.when(400, terminate)
        story.then()
    lines = [line.strip() for line in story.report().splitlines()]
    timed_out = next(n for n, line in enumerate(lines) if line.endswith("SCHEDULE_TO_START"))
    assert lines[timed_out + 1] == "(nobody took it from 'activities')"


def test_a_time_out_of_a_taken_task_names_no_list(story: Story) -> None:
    story.given(times_out("Pack", "START_TO_CLOSE"))
    story.when(shopping())
    story.then()
    assert "nobody took" not in story.report()


def terminate(story: Story) -> None:
    client: Any = boto3.client("swf")
    client.terminate_workflow_execution(domain="shop", workflowId=story.latest.workflow_id)


def test_a_long_report_keeps_its_beginning_and_its_end(story: Story) -> None:
    story.given(fails("Pack", "no paper", attempts=40))
    story.when(shopping())
    story.then()
    whole = story.report(lines_max=10_000).splitlines()
    lines = story.report(lines_max=20).splitlines()
    left_out = len(whole) - 20
    assert lines == [*whole[:5], f"({left_out} lines between are left out)", *whole[-15:]]


class Gift(Shop):
    """Shopping of which each order has a child that does the same."""

    def workers(self, wrap: Any) -> Any:
        return {"decider": self.decide}

    def decide(self) -> None:
        client: Any = boto3.client("swf")
        while True:
            task = client.poll_for_decision_task(domain="shop", taskList={"name": "decisions"})
            kinds = [event["eventType"] for event in task["events"]]
            over = "ChildWorkflowExecutionCompleted" in kinds
            if over or "parent" in str(task["workflowExecution"]["workflowId"]):
                decisions = [{"decisionType": "CompleteWorkflowExecution"}]
            elif "StartChildWorkflowExecutionInitiated" in kinds:
                decisions = []
            else:
                child = {"workflowId": "child-of-a-parent"}
                child["workflowType"] = {"name": "shopping", "version": "1"}  # type: ignore[assignment]
                decisions = [
                    {
                        "decisionType": "StartChildWorkflowExecution",
                        "startChildWorkflowExecutionDecisionAttributes": child,
                    }
                ]
            client.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions)


def test_among_several_executions_it_is_said_whose_flow_differs() -> None:
    with Story(Gift) as story:
        story.when(shopping())
        with pytest.raises(Violation) as told:
            story.then("child shopping → completed")
        assert "the flow of child-of-a-parent, started last, is another" in str(told.value)
        first = story.executions[0]
        with pytest.raises(Violation, match=f"the flow of {first.workflow_id} is another"):
            story.expect("Workflow → FAILED", first)
        story.expect("child shopping → completed\nWorkflow → COMPLETED", first)


def test_an_error_from_a_lost_answer_says_that_the_story_wanted_it() -> None:
    class Careless(Shop):
        def workers(self, wrap: Any) -> Any:
            return {**super().workers(wrap), "worker": self.work}

        def work(self) -> None:
            client: Any = boto3.client("swf")
            while True:
                task = client.poll_for_activity_task(domain="shop", taskList={"name": "activities"})
                client.respond_activity_task_completed(taskToken=task["taskToken"])

    with Story(Careless) as story:
        story.given(answer_lost("Take"))
        story.when(shopping())
        with pytest.raises(botocore.exceptions.ConnectionClosedError) as met:
            story.then()
    assert "a fault given to this run lost the answer: a worker has to live with that" in (
        met.value.__notes__
    )


def test_an_event_as_a_moment_takes_no_word_behind_it(story: Story) -> None:
    with pytest.raises(HarnessError, match="an event stands alone: 'TimerFired', or"):
        story.when("TimerFired payment", shopping())


def test_a_near_name_among_many_is_given_without_the_others(story: Story) -> None:
    with pytest.raises(HarnessError, match=r"did you mean 'TimerFired'\?$"):
        story.when("TimerFird", shopping())
    with pytest.raises(HarnessError, match=r"did you mean 'Pack'\? known are Take, Pack, Send$"):
        story.given(fails("Pak"))
