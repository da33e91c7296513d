"""Laws over random runs of the machine: whatever clients do and however time passes,

* folding a history gives the execution back (``fold(history) == world``),
* every history keeps the ordering laws of the service,
* every history re-enacts: put to another machine, its stimuli give it again,
* a refused call changes nothing,
* no exception but the service's own faults comes out.
"""

from __future__ import annotations

import copy
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from swfsim.checkers import service_laws
from swfsim.core.domains import Domain
from swfsim.core.events import Parked
from swfsim.core.fold import fold
from swfsim.core.machine import Machine
from swfsim.core.visibility import Visibility
from swfsim.core.world import Execution, World
from swfsim.replay.histories import Captured
from swfsim.replay.reenact import Reenactment
from swfsim.spec import model
from swfsim.spec.behaviour import Behaviour, Quotas
from swfsim.spec.faults import Fault
from tests.support import driver
from tests.support.anything import Anything

DOMAIN = "shop"
NOW = 1_700_000_000_000

names = st.sampled_from(["a", "b"])
workflows = st.sampled_from(["w1", "w2", "w3"])
lists = st.sampled_from(["main", "main", "other"])
policies = st.sampled_from(["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
versions = st.sampled_from(["1.0", "1.0", "1.0", "old", "missing"])
short = st.sampled_from(["0", "1", "5", "60", "NONE"])
rarely = st.integers(0, 19).map(lambda number: number == 7)
activity_answers = st.sampled_from(
    [
        "RespondActivityTaskCompleted",
        "RespondActivityTaskFailed",
        "RespondActivityTaskCanceled",
        "RecordActivityTaskHeartbeat",
        "RecordActivityTaskHeartbeat",
    ]
)


def activity(activity_id: str, version: str, limits: dict[str, str]) -> driver.Decision:
    kind = {"name": "pay", "version": version}
    return driver.schedule(activity_id, activityType=kind, **limits)


limits = st.dictionaries(
    st.sampled_from(
        [
            "scheduleToStartTimeout",
            "scheduleToCloseTimeout",
            "startToCloseTimeout",
            "heartbeatTimeout",
        ]
    ),
    short,
    max_size=2,
)
activities = st.builds(activity, names, versions, limits)
timers = st.builds(driver.timer, names, st.sampled_from([0, 1, 30]))
side_decisions = st.one_of(
    st.builds(driver.cancel_activity, names),
    st.builds(driver.cancel_timer, names),
    st.builds(driver.marker, names),
    st.builds(driver.child, workflows),
    st.builds(driver.signal_external, workflows),
    st.builds(driver.cancel_external, workflows),
    st.builds(driver.run_lambda, names),
)
close_decisions = st.one_of(
    st.builds(driver.complete),
    st.builds(driver.fail, reason=names),
    st.builds(driver.cancel),
    st.builds(driver.continue_as_new),
    st.builds(driver.continue_as_new, workflowTypeVersion=versions),
)
open_list = st.lists(
    st.sampled_from([activities, activities, timers, side_decisions]).flatmap(lambda one: one),
    min_size=1,
    max_size=4,
)
closing_list = st.builds(
    lambda many, last: [*many, last], st.lists(side_decisions, max_size=2), close_decisions
)
any_list = st.lists(st.one_of(activities, timers, side_decisions, close_decisions), max_size=4)
decision_lists = st.sampled_from(
    [open_list, open_list, open_list, open_list, closing_list, any_list]
).flatmap(lambda one: one)


behaviours = st.sampled_from(
    [
        Behaviour(),
        Behaviour(),
        Behaviour(follow_up_ms=40, visibility_lag_ms=1_000),
        Behaviour(throttling=True, child_policy_on_close="documented"),
        Behaviour(denied=frozenset({"StartTimer", "SignalExternalWorkflowExecution"})),
        Behaviour(
            quotas=Quotas(40, 40, 2, 30, 1, 1, 1, 1, 9, 9),
            outages={"PollForDecisionTask": ["InternalFailure"]},
        ),
    ]
)

RARE = ("TerminateWorkflowExecution", "DeprecateDomain", "DeleteWorkflowType", "DeleteActivityType")
"""After these there is little left to call about."""


class Runs(RuleBasedStateMachine):
    """Clients of all kinds, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.decision_tokens: list[str] = []
        self.activity_tokens: list[str] = []

    def register(self) -> None:
        self.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
        for version in ("1.0", "old"):
            self.call(
                "RegisterWorkflowType",
                domain=DOMAIN,
                name="order",
                version=version,
                defaultTaskList={"name": "main"},
                defaultTaskStartToCloseTimeout="60",
                defaultExecutionStartToCloseTimeout="3600",
                defaultChildPolicy="REQUEST_CANCEL",
            )
            self.call(
                "RegisterActivityType",
                domain=DOMAIN,
                name="pay",
                version=version,
                defaultTaskList={"name": "main"},
                defaultTaskScheduleToStartTimeout="60",
                defaultTaskScheduleToCloseTimeout="90",
                defaultTaskStartToCloseTimeout="60",
                defaultTaskHeartbeatTimeout="30",
            )
        for kind, name in (("Workflow", "order"), ("Activity", "pay")):
            old = {f"{kind.lower()}Type": {"name": name, "version": "old"}}
            self.call(f"Deprecate{kind}Type", domain=DOMAIN, **old)

    def call(self, operation: str, **params: Any) -> Any:
        """One call; a fault must leave every history as it was."""
        self.machine.expire(self.now)
        before = snapshot(self.machine.world)
        kept = copy.deepcopy(params)
        try:
            answer = self.machine.call(operation, params, self.now)
        except Fault as fault:
            after = snapshot(self.machine.world)
            assert after == before, f"a refused call changed something: {fault}"
            return fault
        finally:
            assert params == kept, "the caller's parameters were changed"
        return answer

    @initialize(behaviour=behaviours, policy=policies)
    def start_one(self, behaviour: Behaviour, policy: str) -> None:
        self.machine = Machine(behaviour=behaviour)
        self.register()
        self.start("w1", "1.0", policy, "main")

    @rule(
        workflow=workflows,
        version=versions,
        policy=policies,
        task_list=lists,
    )
    def start(self, workflow: str, version: str, policy: str, task_list: str) -> None:
        self.call(
            "StartWorkflowExecution",
            domain=DOMAIN,
            workflowId=workflow,
            workflowType={"name": "order", "version": version},
            childPolicy=policy,
            taskList={"name": task_list},
            lambdaRole="arn:aws:iam::123456789012:role/swf",
        )

    @rule(workflow=workflows)
    def signal(self, workflow: str) -> None:
        self.call("SignalWorkflowExecution", domain=DOMAIN, workflowId=workflow, signalName="s")

    @rule(workflow=workflows, sure=rarely)
    def request_cancel(self, workflow: str, sure: bool) -> None:
        if sure:
            self.call("RequestCancelWorkflowExecution", domain=DOMAIN, workflowId=workflow)

    @rule(workflow=workflows, sure=rarely)
    def terminate(self, workflow: str, sure: bool) -> None:
        if sure:
            self.call("TerminateWorkflowExecution", domain=DOMAIN, workflowId=workflow)

    def poll(self, operation: str, task_list: str) -> str | None:
        """Take a task from this list, or else from another; its token, if there was one."""
        for name in (task_list, "main", "other"):
            answer = self.call(operation, domain=DOMAIN, taskList={"name": name})
            if not isinstance(answer, Parked | Fault):
                token: str = answer["taskToken"]
                return token
        return None

    @rule(task_list=lists)
    def take_a_decision_task(self, task_list: str) -> None:
        token = self.poll("PollForDecisionTask", task_list)
        if token:
            self.decision_tokens.append(token)

    @rule(task_list=lists, decisions=decision_lists)
    def decide(self, task_list: str, decisions: list[Any]) -> None:
        token = self.poll("PollForDecisionTask", task_list)
        if token:
            self.decision_tokens.append(token)
            self.call("RespondDecisionTaskCompleted", taskToken=token, decisions=decisions)

    @rule(data=st.data(), decisions=decision_lists, sticky=st.sampled_from([None, "NONE", "5"]))
    def answer_a_decision_task(
        self, data: st.DataObject, decisions: list[Any], sticky: str | None
    ) -> None:
        """One of those taken so far, most of which are over."""
        if not self.decision_tokens:
            return
        more: dict[str, Any] = {}
        if sticky is not None:
            more = {"taskList": {"name": "other"}, "taskListScheduleToStartTimeout": sticky}
        token = data.draw(st.sampled_from(self.decision_tokens[::-1]))
        self.call("RespondDecisionTaskCompleted", taskToken=token, decisions=decisions, **more)

    @rule(task_list=lists, how=activity_answers)
    def work(self, task_list: str, how: str) -> None:
        token = self.poll("PollForActivityTask", task_list)
        if token:
            self.activity_tokens.append(token)
            self.call(how, taskToken=token)

    @rule(data=st.data(), how=activity_answers)
    def answer_an_activity_task(self, data: st.DataObject, how: str) -> None:
        if self.activity_tokens:
            self.call(how, taskToken=data.draw(st.sampled_from(self.activity_tokens[::-1])))

    @rule(
        reverse=st.booleans(), size=st.sampled_from([0, 1, 3]), opened=st.booleans(), by=workflows
    )
    def look(self, reverse: bool, size: int, opened: bool, by: str) -> None:
        self.call(
            f"List{'Open' if opened else 'Closed'}WorkflowExecutions",
            domain=DOMAIN,
            startTimeFilter={"oldestDate": 0},
            executionFilter={"workflowId": by},
            reverseOrder=reverse,
            maximumPageSize=size,
        )

    @rule(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 40))
    def call_anything(self, seed: int, count: int) -> None:
        """Any operations with parameters that are right, nearly right and all wrong."""
        anything = Anything(seed, self.known())
        for _ in range(count):
            operation = anything.pick(model.OPERATIONS)
            if operation in RARE and anything.pick(range(10)):
                continue
            answer = self.call(operation, **anything.params(operation))
            if isinstance(answer, dict) and "taskToken" in answer:
                decides = operation == "PollForDecisionTask"
                (self.decision_tokens if decides else self.activity_tokens).append(
                    answer["taskToken"]
                )
                anything = Anything(anything.pick(range(2**32)), self.known())

    def known(self) -> dict[str, list[Any]]:
        """What there is to be named in a call."""
        runs = list(self.machine.world.runs.values())[-3:]
        arn = f"arn:aws:swf:us-east-1:123456789012:/domain/{DOMAIN}"
        return {
            "domain": [DOMAIN] * 9 + ["nowhere"],
            "workflowId": ["w1", "w2", "w3", "nobody"],
            "runId": ["", "", *(x.run_id for x in runs)],
            "execution": [*(x.key for x in runs), {"workflowId": "w1", "runId": "no"}],
            "taskToken": [*self.decision_tokens[-2:], *self.activity_tokens[-2:], "nonsense"],
            "nextPageToken": ["", "", "nonsense"],
            "resourceArn": [arn, arn, "arn"],
        }

    @rule(ms=st.sampled_from([1, 50, 50, 1_000, 5_000, 31_000, 61_000]), long=rarely)
    def time_passes(self, ms: int, long: bool) -> None:
        self.now += 3_600_000 if long else ms
        self.machine.expire(self.now)

    @invariant()
    def histories_keep_the_laws(self) -> None:
        for x in self.machine.world.runs.values():
            assert service_laws(x.events) == []

    @invariant()
    def folding_the_histories_gives_the_world(self) -> None:
        self.machine.expire(self.now)
        world = self.machine.world
        scratch = World(world.behaviour, Machine().world.deadlines, 0)
        for x in world.runs.values():
            rebuilt = fold(same_domain(scratch, x), x.workflow_id, x.run_id, x.events)
            assert rebuilt.state() == x.state()
            carry_over_what_leaves_no_event(x, rebuilt)
        live = open_ones(world)
        assert open_ones(scratch) == live
        assert waiting(scratch) == waiting(world)
        assert pending(scratch, live) == pending(world, live)

    def teardown(self) -> None:
        for x in self.machine.world.runs.values():
            captured = Captured("a random run", x.events, x.workflow_id, x.run_id)
            difference = Reenactment(captured).run()
            assert difference is None, f"a re-enactment differs: {difference}"


def snapshot(world: World) -> Any:
    """Whatever a call could change."""
    return (
        {run: len(x.events) for run, x in world.runs.items()},
        {
            name: (
                domain.status,
                dict(domain.tags),
                {key: kind.status for key, kind in domain.workflow_types.items()},
                {key: kind.status for key, kind in domain.activity_types.items()},
            )
            for name, domain in world.region("us-east-1").domains.items()
        },
        waiting(world),
        {
            (x.run_id, task.id): (task.beaten_at, task.details)
            for x in world.runs.values()
            for task in x.activities.values()
        },
    )


def same_domain(scratch: World, x: Execution) -> Domain:
    region = scratch.region(x.domain.region.name)
    found = region.domains.get(x.domain.name)
    if found is None:
        found = Domain(region, x.domain.name, x.domain.retention, Visibility())
        region.domains[found.name] = found
    return found


def carry_over_what_leaves_no_event(x: Execution, rebuilt: Execution) -> None:
    for scheduled_id, task in x.activities.items():
        rebuilt.activities[scheduled_id].beaten_at = task.beaten_at


def open_ones(world: World) -> set[str]:
    return {x.run_id for x in world.runs.values() if x.open}


def waiting(world: World) -> set[tuple[str, str, str, int]]:
    """Every task that a poll could take: kind, list, run, event."""
    found = set()
    for region in world.regions.values():
        for domain in region.domains.values():
            for kind, task_lists in (("d", domain.decision_lists), ("a", domain.activity_lists)):
                for task_list in task_lists.values():
                    found |= {
                        (kind, task_list.name, task.x.run_id, task.scheduled_id)
                        for task in task_list
                    }
    return found


def pending(world: World, runs: set[str]) -> set[tuple[int, str, str, Any]]:
    """What time will bring to open executions. A heartbeat's entry is put off only when it is
    due, so entries are compared by their true due time."""
    due_of = world.deadlines._due_of
    return {
        (due, kind, x.run_id, key)
        for _, _, _, kind, x, key in world.deadlines._heap
        if x.run_id in runs and (due := due_of[kind](x, key)) is not None
    }


Runs.TestCase.settings = settings(deadline=None)
TestRuns = Runs.TestCase
