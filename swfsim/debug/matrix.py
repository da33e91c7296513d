"""Both directions of a deployment: new code on old histories, old code on the new code's histories,
a change of version at every decision, and a fleet of both.

Histories of the new code are made in simulation from the recorded ones: they begin alike, what came
from outside comes again at its time, activities end as they were recorded to. Where both versions
decide alike nothing can part, so only decisions on which they differ are tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from swfsim.debug import acceptance, compare, report, surgery, tasks
from swfsim.debug.gate import BLOCK, INVESTIGATE, REVIEW, Case, Finding, type_of
from swfsim.debug.onward import Onward, undecided
from swfsim.debug.outcomes import Pool, attempts
from swfsim.replay import histories
from swfsim.spec import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.core.events import Event
    from swfsim.core.world import Execution
    from swfsim.debug.tasks import Task
    from swfsim.debug.versions import Version
    from swfsim.replay.histories import Captured

OLD_ON_OLD: Final = "old code on old histories"
OLD_ON_NEW: Final = "old code on new histories"
SWITCH: Final = "change of version"
MIXED: Final = "mixed fleet"

_REFUSALS: Final = frozenset(model.REFUSAL.values())
_FLEETS: Final = 4
"""How many orders of turns a mixed fleet is tried in; further ones are drawn from these turns."""

_OTHERS: Final = {
    "StartChildWorkflowExecutionInitiated": "its children's deciders",
    "SignalExternalWorkflowExecutionInitiated": "the runs that it signals",
    "RequestCancelExternalWorkflowExecutionInitiated": "the runs that it cancels",
    "LambdaFunctionScheduled": "Lambda functions",
}
"""What a run does that more than its own decider and recorded activities have a part in."""

Chooses = Callable[[int], "Version"]
"""Which version takes the n-th decision task, counted from 0."""


def one_way_only(captured: Captured) -> str | None:
    """Why a history cannot go on in simulation with a decider alone; None when it can."""
    if not captured.timed:
        return "it tells no times"
    others = sorted({_OTHERS[kind] for kind in captured.events.kinds if kind in _OTHERS})
    return f"it needs {' and '.join(others)}" if others else None


def cases(captured: Captured, new: Version, old: Version) -> Iterator[Case]:
    """All rows but the first, which is the gate's own judgement."""
    yield _replayed(OLD_ON_OLD, captured, old)
    first = _Simulated(captured, 1)
    with first:
        made = first.captured(lambda _: new)
        yield _case(OLD_ON_NEW, captured, [*first.findings(), *_differing(made, old)])
    differing = _differing_tasks(captured, new)
    for task in differing:
        yield _gone_on(SWITCH, captured, task.scheduled_id, lambda _: new)
    if differing or any(_differing(made, old)):
        for fleet in range(_FLEETS):
            yield _gone_on(MIXED, captured, 1, _turns(new, old, fleet))


def _turns(new: Version, old: Version, fleet: int) -> Chooses:
    """Turn and turn about, either first; and both by twos."""
    both = (new, old) if fleet % 2 == 0 else (old, new)
    return lambda number: both[(number >> (fleet // 2)) % 2]


def _case(row: str, captured: Captured, findings: list[Finding]) -> Case:
    lines = [f"  {one.said}" for one in findings]
    return Case(row, captured.source, type_of(captured), findings, lines)


def _replayed(row: str, captured: Captured, version: Version) -> Case:
    findings = [one._replace(verdict=REVIEW) for one in _differing(captured, version)]
    return _case(row, captured, findings[:1])


def _differing(captured: Captured, version: Version) -> Iterator[Finding]:
    for task in tasks.of(captured):
        said = version.answer(captured, task)
        at = f"decision task {task.number}"
        if said.raised is not None:
            yield Finding(INVESTIGATE, report.clean(f"{at}: {version.name} raised {said.raised}"))
        elif task.answered:
            for one in compare.compare(task.decided, said.made):
                if one.verdict != compare.SAME:
                    what = f"{at}: {version.name} decides otherwise, {one.verdict} {one.name}"
                    yield Finding(BLOCK, report.clean(what))


def _differing_tasks(captured: Captured, version: Version) -> list[Task]:
    found = []
    for task in tasks.of(captured):
        said = version.answer(captured, task)
        wrong = task.answered and any(
            one.verdict != compare.SAME for one in compare.compare(task.decided, said.made)
        )
        if wrong or said.raised is not None:
            found.append(task)
    return found


def _gone_on(row: str, captured: Captured, last: int, chooses: Chooses) -> Case:
    """The run taken up behind this event by whoever is chosen for each task."""
    simulated = _Simulated(captured, last)
    with simulated:
        made = simulated.captured(chooses)
        findings = simulated.findings()
        then, now = captured.events.kinds[-1], made.events.kinds[-1]
        if not findings and then != now and then.startswith("WorkflowExecution"):
            said = f"behind event {last} the run ends with {now}, not {then}"
            grave = INVESTIGATE if now == "WorkflowExecutionTimedOut" else REVIEW
            findings.append(Finding(grave, said))
    return _case(row, captured, findings)


class _Simulated:
    """A run that goes on with nobody but deciders: its activities end as recorded."""

    def __init__(self, captured: Captured, last: int) -> None:
        self._captured = captured
        self._last = last
        self._onward = Onward(captured)
        self._raised: list[Finding] = []
        self._x: Execution | None = None
        self._loaded = 0
        self._endless: str | None = None

    def __enter__(self) -> None:
        self._onward.env.__enter__()

    def __exit__(self, *error: object) -> None:
        self._onward.env.__exit__(*error)

    def captured(self, chooses: Chooses) -> Captured:
        """The history that comes of it."""
        onward, captured = self._onward, self._captured
        prefix = undecided(captured, self._last)
        self._register()
        onward.move_to(prefix.events.instants[-1])
        lists = self._serve(chooses)
        known = attempts(captured.events)
        onward.pool = Pool([one for one in known if one.scheduled_id > self._last], loosely=True)
        x = self._x = onward.load(prefix)
        self._loaded = len(prefix.events)
        lists(x.started["taskList"]["name"])
        for one in known:
            task = x.activities.get(one.scheduled_id)
            if task is not None and one.scheduled_id <= self._last and one.kind:
                onward.deliver(x, task, one)
        onward.outside(x, captured.events[self._last :], onward.env.now_ms())
        self._endless = onward.run(lambda: bool(self._raised))
        return histories.Captured(captured.source, x.events, captured.workflow_id, captured.run_id)

    def _register(self) -> None:
        service = self._onward.env.service
        days = {"name": "gate", "workflowExecutionRetentionPeriodInDays": "90"}
        service.ask("RegisterDomain", days, "us-east-1")
        for event in self._captured.events:
            for member, kind in (("workflowType", "Workflow"), ("activityType", "Activity")):
                if member in event.attrs:
                    self._know(kind, event.attrs[member])
        acceptance.complete_types(self._onward.domain())

    def _know(self, kind: str, named: dict[str, Any]) -> None:
        self._onward.ask_quietly(f"Register{kind}Type", {"domain": "gate", **named})

    def _serve(self, chooses: Chooses) -> Callable[[str], None]:
        """A decider for each decision task list that turns up."""
        env = self._onward.env
        served: set[str] = set()
        taken = [0]

        def serve(name: str) -> None:
            if name not in served:
                served.add(name)
                env.add("decider", lambda: self._decide(name, chooses, taken))

        def look(x: Execution, event: Event, who: str) -> None:
            if event.kind == "DecisionTaskScheduled":
                serve(event.attrs["taskList"]["name"])

        env.observe(look)
        return serve

    def _decide(self, task_list: str, chooses: Chooses, taken: list[int]) -> None:
        client = self._onward.env.client(region_name="us-east-1")
        world = self._onward.env.service.machine.world
        while not self._raised:
            polled = client.poll_for_decision_task(
                domain="gate", taskList={"name": task_list}, maximumPageSize=1
            )
            if not polled.get("taskToken"):
                continue
            x = world.runs[polled["workflowExecution"]["runId"]]
            version = chooses(taken[0])
            taken[0] += 1
            shown = histories.Captured(self._captured.source, x.events, x.workflow_id, x.run_id)
            shown = surgery.until(shown, polled["startedEventId"])
            task = tasks.of(shown)[-1]
            said = version.answer(shown, task)
            at = f"decision task {task.number}"
            if said.raised is not None:
                told = f"{at}: {version.name} raised {said.raised}"
                self._raised.append(Finding(INVESTIGATE, report.clean(told)))
                return
            kind = x.events.attrs[0]["workflowType"]["name"]
            acceptance.register(self._onward.domain(), self._know, said.made, kind)
            try:
                client.respond_decision_task_completed(
                    taskToken=polled["taskToken"], decisions=said.made
                )
            except Exception as error:  # a mistake of the decider's, in boto3's words
                told = f"{at}: SWF refuses what {version.name} decides: {error}"
                self._raised.append(Finding(INVESTIGATE, report.clean(told)))
                return

    def findings(self) -> list[Finding]:
        """What went wrong: an error, a refusal, no end."""
        found = list(self._raised)
        for event in self._x.events[self._loaded :] if self._x is not None else ():
            if event.kind in _REFUSALS and event.attrs["cause"] != "UNHANDLED_DECISION":
                said = f"event {event.id} of the simulation: {event.kind}, {event.attrs['cause']}"
                found.append(Finding(INVESTIGATE, said))
        if self._endless is not None and not self._raised:
            found.append(Finding(INVESTIGATE, report.clean(self._endless.splitlines()[0])))
        return found
