"""``LiveEnv``: the workers of a story on threads, against a real service.

It has the members of ``swfsim.env.Env`` that stories use. The application's own clients make real
calls; the door they pass notes each in the journal, keeps to rate and bound, and lets befall them
what the plan of faults says and a client can bring about: a lost answer, a late one, a worker that
dies. What only the service could do, such as keeping a task back, ends in ``NotLive``.
"""

from __future__ import annotations

import functools
import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from swfsim.clock import moment
from swfsim.errors import HarnessError, NotLive, Violation
from swfsim.live.budget import Meter
from swfsim.live.mirror import Mirror
from swfsim.sim.faults import ActivityFault, CallFault, ClockSkew, ListingLag
from swfsim.sim.workers import Job, Letter, Worker, WorkerKilled, act_as, acting
from swfsim.transports import boto

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable

    from swfsim.app import Activity
    from swfsim.core.world import Execution
    from swfsim.live.run import LiveRun
    from swfsim.sim.faults import Fault
    from swfsim.sim.plan import Plan
    from swfsim.sim.post import Observer
    from swfsim.sim.workers import Loop

_T = TypeVar("_T")

LOOK_S: Final = 0.2
"""How often open executions are looked at while nothing else brings news of them."""

LONGEST_PAUSE_S: Final = 10.0
"""A happening that is to come later than this is not waited for."""

_HELD: Final = ("SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE")
_POLLS: Final = ("PollForDecisionTask", "PollForActivityTask")
_TIMED_OUT: Final = ("ActivityTaskTimedOut", "DecisionTaskTimedOut")
_END: Final = "the story is over"


class RealClock:
    """The time of day, as faults and stories read it."""

    @property
    def at(self) -> int:
        return int(time.time() * 1000)

    def now(self) -> int:
        return self.at


class LiveEnv:
    """Workers, and the live SWF that they talk to. Used in a ``with``, one at a time."""

    seed = 0

    def __init__(self, live: LiveRun, plan: Plan) -> None:
        live.stories += 1
        self.live = live
        self.plan = plan
        self.clock = RealClock()
        self.meter = Meter(live.story)
        self._client: Any = None
        self._mirror: Mirror | None = None
        self._observers: list[Observer] = []
        self._errors: list[BaseException] = []
        self._started: list[str] = []  # workflow ids
        self._owners: dict[str, Worker] = {}  # by the task they were given
        self._news = threading.Event()
        self._workers: list[Worker] = []
        self._to_begin: list[tuple[Worker, float]] = []
        self._numbers = 0
        self._running = False
        self._over = False

    def __enter__(self) -> LiveEnv:
        config = Config(retries={"mode": "standard", "max_attempts": 8})
        self._client = boto3.client("swf", config=config)
        self._mirror = Mirror(self.live.domain, self._read)
        self._mirror.observers.append(self._observed)
        boto.open_door(self)
        return self

    def __exit__(self, *error: object) -> None:
        if self._over:
            return
        self._over = True
        for worker in self._workers:
            worker.killed = True
        try:
            self._terminate_all()
        finally:
            boto.close_door(self)

    def check_entered(self) -> None:
        """Raises ``HarnessError`` outside of its ``with``."""
        if self._client is None or self._over:
            raise HarnessError("a live story is told in a with, as in: with Story(App) as story: …")

    @property
    def mirror(self) -> Mirror:
        self.check_entered()
        assert self._mirror is not None, "made when entered"
        return self._mirror

    def now_ms(self) -> int:
        """The time of day in milliseconds since the epoch."""
        return self.clock.at

    def now(self) -> datetime.datetime:
        return moment(self.clock.at)

    # What a story does with it

    def set_up(self, what: str, call: Callable[[], _T]) -> _T:
        """What comes before the workers; ``what`` is for environments that can interrupt it."""
        return call()

    def add(
        self, name: str, loop: Loop, *, after_s: float = 0, latency_ms: int | None = None
    ) -> Worker:
        """A worker on a thread of its own; its calls take as long as they take. Raises ``NotLive``
        for one that is to begin too late."""
        if after_s > LONGEST_PAUSE_S:
            raise NotLive(f"something is to happen after {after_s:,g} s of real time")
        self._numbers += 1
        worker = Worker(name, loop, self._numbers)
        self._workers.append(worker)
        self._to_begin.append((worker, after_s))
        if self._running:
            self._begin()
        return worker

    def _begin(self) -> None:
        """As in a simulation, nobody begins before ``run``."""
        while self._to_begin:
            worker, after_s = self._to_begin.pop(0)
            live = functools.partial(self._live, worker, after_s)
            threading.Thread(target=live, name=f"swfsim {worker.name}", daemon=True).start()

    def _live(self, worker: Worker, after_s: float) -> None:
        time.sleep(after_s)
        act_as(worker)
        try:
            if not worker.killed:
                worker.loop()
        except WorkerKilled:
            worker.killed = True
            self._restart(worker)
        except BaseException as error:
            if not worker.killed:
                self._errors.append(error)
        finally:
            worker.finished = True
            self._news.set()

    def _restart(self, worker: Worker) -> None:
        if not self._over and worker.restart_after_s is not None:
            self.add(worker.name, worker.loop, after_s=min(worker.restart_after_s, LOOK_S))

    def run(self, until: Callable[[], bool]) -> None:
        """Let the workers run, and follow the executions until the condition holds. Raises
        ``Violation`` when that takes longer than the run allows a story."""
        deadline = time.monotonic() + self.live.story_s
        self._running = True
        self._begin()
        while True:
            self._raise_what_escaped()
            self.mirror.refresh_open()
            if until():
                self._running = False
                self._raise_what_escaped()
                return
            if time.monotonic() > deadline:
                raise Violation(
                    f"the story did not end within {self.live.story_s:,g} s of real time on the "
                    "live service"
                )
            self._news.wait(LOOK_S)
            self._news.clear()

    def _raise_what_escaped(self) -> None:
        if self._errors:
            raise self._errors[0]

    def check_possible(self, fault: Fault) -> None:
        """Raises ``NotLive`` for a fault that no client can bring about."""
        given_by_swf = isinstance(fault, CallFault | ClockSkew | ListingLag)
        if given_by_swf or getattr(fault, "kind", "") == "decision refused":
            raise NotLive(f"{fault}: only a simulated service can be made to")
        if not isinstance(fault, ActivityFault):
            return
        if fault.detail in _HELD:
            raise NotLive(f"{fault}: only a simulation can keep a task from the workers")
        if fault.kind == "answer lost":
            raise NotLive(f"{fault}: a worker may go on answering for longer than a story lasts")

    def wrap(self, activity: Activity) -> Activity:
        """Put the plan's faults around an activity's function."""
        return self.plan.wrap(activity, self.clock)  # type: ignore[arg-type]

    def observe(self, observer: Observer) -> None:
        self._observers.append(observer)

    def executions(self) -> list[Execution]:
        return list(self.mirror.executions.values())

    def _observed(self, x: Execution, event: Any, who: str) -> None:
        if event.kind in _TIMED_OUT:
            self.plan.timed_out(x, event)
        elif event.kind == "ActivityTaskScheduled":  # a fault that waits for it takes note
            self.plan.hold_ms(x, x.activities[event.id], self.mirror.attempt_of(x, event.id))
        for observe in self._observers:
            observe(x, event, who)
        self._news.set()

    # The door

    def pass_on(
        self, send: Callable[[], Any], operation: str, params: dict[str, Any], region: str
    ) -> Any:
        """A call of an application's client: counted, paced, noted; faults may befall it."""
        worker = acting() or self._owners.get(params.get("taskToken", ""))
        if worker is not None:
            self._check_alive(worker)
        self.meter.before(operation, params)
        if worker is None:
            return self._send(send, "test", operation, params)
        letter = Letter(operation, params, region)
        treatment = self.plan.treat(worker, letter, self.clock)  # type: ignore[arg-type]
        if treatment.delay_ms:
            time.sleep(treatment.delay_ms / 1000)
            treatment = self.plan.treat(worker, letter, self.clock)  # type: ignore[arg-type]
        answer = None
        if treatment.reaches:
            answer = self._send(send, worker.name, operation, params)
            self._handed(worker, operation, params, answer)
        if treatment.kills or (worker.handed and not self.plan.takes(worker)):
            self.plan.befell(worker, letter)
            raise WorkerKilled(worker.name)
        if not treatment.returns:
            raise ConnectionClosedError(endpoint_url=f"https://swf.{region}.amazonaws.com/")
        self._check_alive(worker)
        return answer

    def _check_alive(self, worker: Worker) -> None:
        if worker.killed or self._over:
            worker.killed = True
            if acting() is None:  # a thread that it has started, as for its heartbeats
                raise SystemExit
            raise WorkerKilled(_END)

    def _send(
        self, send: Callable[[], Any], who: str, operation: str, params: dict[str, Any]
    ) -> Any:
        self.live.pace.wait(operation)
        journal = self.live.journal
        starts = operation == "StartWorkflowExecution"
        if starts and self.live.name in params.get("workflowId", ""):
            # Ours whatever the answer is: it can be lost, and a retry find the id in use.
            self._started.append(params["workflowId"])
        try:
            answer = send()
        except (ClientError, BotoCoreError) as error:
            journal.note(who, operation, params, error=str(error))
            self.mirror.refresh_open()  # what the service refuses for, the story is to see as well
            raise
        journal.note(who, operation, params, answer=answer)
        self.meter.after(operation, answer)
        if starts:
            self._started.append(params["workflowId"])
            if self._over:  # it was under way when the story ended
                self._terminate(params["workflowId"])
                raise WorkerKilled(_END)
            self.mirror.follow(params["workflowId"], answer["runId"])
        self._news.set()
        return answer

    def _handed(self, worker: Worker, operation: str, params: dict[str, Any], answer: Any) -> None:
        """Remember what task the worker has got; a further page is no new task."""
        worker.handed = False
        if operation not in _POLLS or not answer.get("taskToken") or params.get("nextPageToken"):
            return
        worker.handed = True
        self._owners[answer["taskToken"]] = worker
        execution = answer["workflowExecution"]
        x = self.mirror.follow(execution["workflowId"], execution["runId"])
        if operation == "PollForDecisionTask":
            worker.deciding = (x, self.mirror.decision_of(x))
            return
        scheduled_id = x.events.attrs[answer["startedEventId"] - 1]["scheduledEventId"]
        step = answer["activityType"]["name"]
        attempt = self.mirror.attempt_of(x, scheduled_id)
        worker.process.job = Job(x, step, attempt, scheduled_id)

    def _read(self, **asked: Any) -> Any:
        """A page of a history, past the door."""
        self.live.pace.wait("GetWorkflowExecutionHistory")
        return boto.past_the_doors(self._client, "GetWorkflowExecutionHistory", asked)

    # The end

    def _terminate_all(self) -> None:
        """Nothing that this story started stays open; children and later runs included. A further
        Ctrl-C does not end it half way; one for each workflow does."""
        ids = dict.fromkeys(self._started)
        if self._mirror is not None:
            for x in self._mirror.executions.values():
                ids[x.workflow_id] = None
                ids |= dict.fromkeys(  # a parent that has closed no longer hears of their start
                    event.attrs["workflowId"]
                    for event in x.events
                    if event.kind == "StartChildWorkflowExecutionInitiated"
                )
        failed: list[Exception] = []
        interrupt: KeyboardInterrupt | None = None
        for workflow_id in ids:
            try:
                try:
                    self._terminate(workflow_id)
                except KeyboardInterrupt as error:
                    interrupt = error
                    self._terminate(workflow_id)
            except (ClientError, BotoCoreError) as error:
                failed.append(error)
        if interrupt is not None:
            raise interrupt
        if failed:
            raise HarnessError(
                f"{len(failed)} of {len(ids)} workflows in domain {self.live.domain} could not be "
                f"terminated, look after them: {failed[0]}"
            ) from failed[0]

    def _terminate(self, workflow_id: str) -> None:
        operation = "TerminateWorkflowExecution"
        asked = {
            "domain": self.live.domain,
            "workflowId": workflow_id,
            "reason": _END,
            "childPolicy": "TERMINATE",
        }
        self.live.pace.wait(operation)
        try:
            boto.past_the_doors(self._client, operation, asked)
        except ClientError as error:
            if error.response["Error"]["Code"] != "UnknownResourceFault":
                raise
        else:
            self.live.journal.note("swfsim", operation, asked)
