"""A kiosk to be explored: it takes the money, then hands over the paper; and kiosks with mistakes.

Its loops are patient: a call that fails for a passing reason is made again.
"""

from __future__ import annotations

import functools
import itertools
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from swfsim.app import Wrap
from swfsim.explore.app import Explorable
from swfsim.rules import SHIPPED, Run, always, at_the_end, shipped, sometimes
from swfsim.stories import Story

DOMAIN = "kiosk"
STEPS = ("Pay", "Hand")
Decisions = list[dict[str, Any]]


@functools.cache
def client() -> Any:
    return boto3.client("swf")


def patiently(call: Any, **asked: Any) -> Any:
    """The answer; None when SWF waits for it no longer."""
    while True:
        try:
            return call(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"] == "UnknownResourceFault":
                return None
        except BotoCoreError:
            pass
        time.sleep(1)


def decide(events: Sequence[Mapping[str, Any]]) -> Decisions:
    """The next step, the same again after it failed, or the end; and nothing any more where the end
    is refused."""
    kinds = [event["eventType"] for event in events]
    done = kinds.count("ActivityTaskCompleted")
    refused = kinds.count("ScheduleActivityTaskFailed")
    ended = done + kinds.count("ActivityTaskFailed") + kinds.count("ActivityTaskTimedOut")
    scheduled = kinds.count("ActivityTaskScheduled")
    if scheduled > ended or any(map(may_not_close, events)):
        return []
    if refused > 3 or ended - done > 3:
        return [{"decisionType": "FailWorkflowExecution"}]
    if "WorkflowExecutionCancelRequested" in kinds:
        return [{"decisionType": "CancelWorkflowExecution"}]
    if done == len(STEPS):
        return [{"decisionType": "CompleteWorkflowExecution"}]
    return [schedule(STEPS[done], scheduled)]


def may_not_close(event: Mapping[str, Any]) -> bool:
    """Whether SWF has refused to close the execution, and will refuse it again."""
    how, _, rest = event["eventType"].partition("WorkflowExecution")
    member = how[:1].lower() + how[1:]
    attributes = event.get(f"{member}WorkflowExecutionFailedEventAttributes", {})
    return bool(how and rest == "Failed" and attributes.get("cause") == "OPERATION_NOT_PERMITTED")


def schedule(step: str, number: int) -> dict[str, Any]:
    attributes = {
        "activityId": f"{step}-{number}",
        "activityType": {"name": step, "version": "1"},
    }
    return {
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": attributes,
    }


class Kiosk(Explorable):
    """Sells one paper. ``paid`` is how often money was taken; taking it again changes nothing."""

    steps = STEPS

    def __init__(self) -> None:
        self.paid = 0

    def register(self) -> None:
        client().register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        client().register_workflow_type(
            domain=DOMAIN,
            name="sale",
            version="1",
            defaultTaskList={"name": "decisions"},
            defaultTaskStartToCloseTimeout="30",
            defaultExecutionStartToCloseTimeout="3600",
            defaultChildPolicy="TERMINATE",
        )
        for step in STEPS:
            client().register_activity_type(
                domain=DOMAIN,
                name=step,
                version="1",
                defaultTaskList={"name": "work"},
                defaultTaskScheduleToStartTimeout="300",
                defaultTaskScheduleToCloseTimeout="NONE",
                defaultTaskStartToCloseTimeout="60",
                defaultTaskHeartbeatTimeout="NONE",
            )

    def workers(self, wrap: Wrap) -> Mapping[str, Any]:
        return {"decider": self.decide_for_ever, "worker": functools.partial(self.work, wrap)}

    def start(self, given: Any) -> tuple[str, str]:
        started = client().start_workflow_execution(
            domain=DOMAIN,
            workflowId="sale",
            workflowType={"name": "sale", "version": "1"},
            input=str(given),
        )
        return "sale", started["runId"]

    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        return decide(events)

    def decide_for_ever(self) -> None:
        asked = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
        while True:
            task = patiently(client().poll_for_decision_task, **asked)
            decisions = self.decide(task["events"])
            answer = client().respond_decision_task_completed
            patiently(answer, taskToken=task["taskToken"], decisions=decisions)

    def take_the_money(self) -> None:
        self.paid = 1

    def do(self, step: str) -> Any:
        def work(given: Any) -> None:
            if step == "Pay":
                self.take_the_money()

        return work

    def work(self, wrap: Wrap) -> None:
        work = {step: wrap(self.do(step)) for step in STEPS}
        while True:
            asked = {"domain": DOMAIN, "taskList": {"name": "work"}}
            task = patiently(client().poll_for_activity_task, **asked)
            token = {"taskToken": task["taskToken"]}
            try:
                work[task["activityType"]["name"]](None)
            except Exception as error:
                patiently(client().respond_activity_task_failed, **token, reason=str(error))
            else:
                patiently(client().respond_activity_task_completed, **token)

    def state(self) -> object:
        return self.paid


@at_the_end
def what_is_sold_is_paid_once(run: Run) -> Iterator[str]:
    if run.executions[-1].close_status == "COMPLETED" and run.app.paid != 1:
        yield f"it was paid {run.app.paid} times"


@sometimes
def somebody_gets_it(run: Run) -> bool:
    return run.executions[-1].close_status == "COMPLETED"


@sometimes
def it_snows(run: Run) -> bool:
    return False


@always
def no_second_decision_comes_too_late(events: Sequence[Any]) -> Iterator[tuple[int, str]]:
    """Not true of any application: it takes two faults, and no fewer."""
    late = [event.id for event in events if event.kind == "DecisionTaskTimedOut"]
    for event_id in late[1:2]:
        yield event_id, "that was the second"


class Careful(Kiosk):
    rules = (*SHIPPED, what_is_sold_is_paid_once, somebody_gets_it)


class Hopeful(Kiosk):
    rules = (*Careful.rules, it_snows)


class Fussy(Kiosk):
    rules = (no_second_decision_comes_too_late,)


class Forgetful(Careful):
    """Takes the money again when the step is repeated."""

    def take_the_money(self) -> None:
        self.paid += 1


@at_the_end
def nobody_pays_before_it_is_sold(run: Run) -> Iterator[str]:
    early = run.executions[0].started_at / 1000 - run.app.paid_at
    if run.app.paid and early > 0:
        yield f"it was paid {early:.0f} s before"


class Punctual(Careful):
    """Notes when it was paid, by the clock of whoever took the money."""

    rules = (*Careful.rules, nobody_pays_before_it_is_sold)
    paid_at = 0.0

    def take_the_money(self) -> None:
        super().take_the_money()
        self.paid_at = time.time()


class Counting(Careful):
    """Takes the money for as many sales as SWF says are open."""

    def take_the_money(self) -> None:
        since = {"oldestDate": 0}
        told = patiently(
            client().count_open_workflow_executions, domain=DOMAIN, startTimeFilter=since
        )
        self.paid = told["count"]


class Dicey(Careful):
    """Takes the money as often as a die says."""

    def take_the_money(self) -> None:
        self.paid = 1 + (random.random() < 0.5)


class Silent(Careful):
    """Does not say what it holds."""

    def state(self) -> object:
        return None


_looks = itertools.count()


class Restless(Careful):
    """Never the same twice."""

    def state(self) -> object:
        return next(_looks)


class Hasty(Careful):
    """Its decider does not live through a refusal of its answer."""

    def decide_for_ever(self) -> None:
        asked = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
        while True:
            task = patiently(client().poll_for_decision_task, **asked)
            client().respond_decision_task_completed(
                taskToken=task["taskToken"], decisions=self.decide(task["events"])
            )


class Deadly(Careful):
    """Ends its whole process, as a crash of an extension module would."""

    def take_the_money(self) -> None:
        import os

        os._exit(9)


class Newsstand(Careful):
    """Any number of sales at once."""

    def another(self, number: int) -> Any:
        return number

    def start(self, given: Any) -> tuple[str, str]:
        name = f"sale-{given}"
        started = client().start_workflow_execution(
            domain=DOMAIN,
            workflowId=name,
            workflowType={"name": "sale", "version": "1"},
            input=str(given),
        )
        return name, started["runId"]


@at_the_end
def no_two_sales_have_trouble(run: Run) -> Iterator[str]:
    """Not true of any application: it takes two faults, in two executions."""
    troubled = [x.workflow_id for x in run.executions if "ActivityTaskFailed" in x.events.kinds]
    if len(troubled) > 1:
        yield f"{' and '.join(troubled)} had"


class Busy(Newsstand):
    rules = (no_two_sales_have_trouble,)


class Lazy(Newsstand):
    """After a failure it thinks longer about it than there is time."""

    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        last = [event["eventType"] for event in events if "ActivityTask" in event["eventType"]][-1:]
        if last not in (["ActivityTaskFailed"], ["ActivityTaskTimedOut"]):
            return decide(events)
        if any(event["eventType"] == "TimerStarted" for event in events):
            return []
        attributes = {"timerId": "think", "startToFireTimeout": "4000"}
        return [{"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}]


class Patient(Careful):
    """Between the money and the paper it lets 40 of its 60 minutes pass."""

    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        made = decide(events)
        kinds = [event["eventType"] for event in events]
        if not made or made[0]["decisionType"] != "ScheduleActivityTask":
            return made
        if "ActivityTaskCompleted" not in kinds or "TimerFired" in kinds:
            return made
        attributes = {"timerId": "think", "startToFireTimeout": "2400"}
        tried = "TimerStarted" in kinds or kinds.count("StartTimerFailed") > 3
        if tried and "TimerStarted" not in kinds:
            return [{"decisionType": "FailWorkflowExecution"}]
        start = {"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}
        return [] if tried else [start]


class Lucky(Careful):
    """Tosses a coin when the money is taken."""

    def __init__(self) -> None:
        super().__init__()
        self.coin = 0.0

    def take_the_money(self) -> None:
        super().take_the_money()
        self.coin = random.random()

    def state(self) -> object:
        return (self.paid, self.coin)


@at_the_end
def nobody_has_bad_luck(run: Run) -> Iterator[str]:
    if 0 < run.app.coin < 0.5:
        yield f"{run.app.coin:.3f}"


class Unlucky(Lucky):
    rules = (*SHIPPED, nobody_has_bad_luck)


def waits_for_a_word(events: Sequence[Any]) -> bool:
    """It is paid, and nobody has said yet that it may be handed over."""
    kinds = [event.kind for event in events]
    return "ActivityTaskCompleted" in kinds and "WorkflowExecutionSignaled" not in kinds


def say_yes(story: Story) -> None:
    x = story.latest
    patiently(
        client().signal_workflow_execution,
        domain=DOMAIN,
        workflowId=x.workflow_id,
        signalName="yes",
    )


class Asking(Careful):
    """Hands the paper over once a person has said yes, however long that takes."""

    rules = (*shipped(waits=waits_for_a_word), what_is_sold_is_paid_once, somebody_gets_it)
    happenings: Mapping[str, Any] = {"somebody says yes": say_yes}

    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        kinds = [event["eventType"] for event in events]
        made = decide(events)
        asks = "ActivityTaskCompleted" in kinds and "WorkflowExecutionSignaled" not in kinds
        return [] if asks and "WorkflowExecutionCancelRequested" not in kinds else made


class AskingInVain(Asking):
    """It does not say that it waits for people."""

    rules = SHIPPED


class AskingForgetfully(Asking):
    """It forgets the sale when it could not be paid at once, and waits for nobody."""

    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        kinds = [event["eventType"] for event in events]
        return [] if "ActivityTaskFailed" in kinds else super().decide(events)


class Endless(Careful):
    """Sells one paper after the other, each in a run of its own."""

    runs = 3

    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        made = decide(events)
        if made and made[-1]["decisionType"] == "CompleteWorkflowExecution":
            return [{"decisionType": "ContinueAsNewWorkflowExecution"}]
        return made

    rules = SHIPPED


class Mistyping(Careful):
    """Hands over by a version of the step that nobody has registered."""

    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        made = decide(events)
        for one in made:
            attributes = one.get("scheduleActivityTaskDecisionAttributes")
            if attributes and attributes["activityType"]["name"] == "Hand":
                attributes["activityType"]["version"] = "2"
        return made


class Resigned(Newsstand):
    """After a failure it does nothing any more."""

    def decide(self, events: Sequence[Mapping[str, Any]]) -> Decisions:
        kinds = {event["eventType"] for event in events}
        return [] if kinds & {"ActivityTaskFailed", "ActivityTaskTimedOut"} else decide(events)


_sales = itertools.count()


class Counted(Careful):
    """Names its sale after how many this process has seen: never the same twice."""

    def start(self, given: Any) -> tuple[str, str]:
        return super().start(next(_sales))
