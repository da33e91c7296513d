"""The world as data: regions, domains, types, executions and the nouns inside them.

Nothing here decides anything. An execution's state is a fold of its history, so two things are
never in it: what leaves no event (heartbeats), and what another execution knows better.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from swfsim.core.events import History
from swfsim.core.tasklists import TaskList
from swfsim.spec import faults

if TYPE_CHECKING:
    from swfsim.core.buckets import Bucket
    from swfsim.core.deadlines import Deadlines
    from swfsim.core.events import Attrs, Event
    from swfsim.spec.behaviour import Behaviour

REGISTERED: Final = "REGISTERED"
DEPRECATED: Final = "DEPRECATED"


def duration_ms(text: str | None) -> int | None:
    """A duration of SWF in milliseconds; ``NONE``, and nothing at all, mean no limit."""
    return None if not text or text == "NONE" else int(text) * 1000


@dataclass(frozen=True, slots=True)
class Type:
    """A workflow or an activity type. ``kind`` is WorkflowType or ActivityType."""

    kind: str
    name: str
    version: str
    created_at: int
    description: str | None
    defaults: Attrs
    status: str = REGISTERED
    deprecated_at: int | None = None

    @property
    def text(self) -> str:
        return faults.type_text(self.kind, self.name, self.version)


TypeKey = tuple[str, str]


@dataclass(slots=True)
class DecisionTask:
    """A decision task from its schedule on; ``started_id`` is 0 until a decider has taken it."""

    x: Execution = field(compare=False, repr=False)
    scheduled_id: int
    scheduled_at: int
    list_name: str
    priority: int
    start_to_close: int | None
    schedule_to_start: int | None
    listed_at: int = 0  # when it could first be taken
    started_id: int = 0
    started_at: int = 0


@dataclass(slots=True)
class Activity:
    """An open activity task. All durations in milliseconds, None for no limit."""

    x: Execution = field(compare=False, repr=False)
    id: str
    scheduled_id: int
    scheduled_at: int
    list_name: str
    priority: int
    schedule_to_start: int | None
    schedule_to_close: int | None
    start_to_close: int | None
    heartbeat: int | None
    started_id: int = 0
    started_at: int = 0
    cancel_id: int = 0
    beaten_at: int = field(default=0, compare=False)  # heartbeats leave no event
    details: str | None = field(default=None, compare=False)


@dataclass(slots=True)
class Timer:
    started_id: int
    due: int


@dataclass(slots=True)
class Child:
    """A child workflow from StartChildWorkflowExecutionInitiated until it closes."""

    initiated_id: int
    initiated_at: int
    workflow_id: str
    run_id: str = ""
    started_id: int = 0
    done: bool = field(default=False, compare=False)  # what a closed parent's history cannot tell


@dataclass(slots=True)
class External:
    """A signal or a cancel request on its way to another execution."""

    initiated_id: int
    initiated_at: int
    done: bool = field(default=False, compare=False)


@dataclass(slots=True)
class Lambda:
    """A Lambda task; ``started_id`` is 0 until the invocation has begun."""

    scheduled_id: int
    scheduled_at: int
    start_to_close: int
    started_id: int = 0
    started_at: int = 0
    outcome: tuple[int, str, Attrs] | None = field(default=None, compare=False)  # yet to come


class Execution:
    """One run of a workflow: its history, and what the history adds up to."""

    __slots__ = (
        "activities",
        "activity_ids",
        "cancel_requested",
        "children",
        "close_place",
        "close_status",
        "closed_at",
        "context",
        "deciding",
        "domain",
        "due",
        "events",
        "externals",
        "lambdas",
        "latest_activity_at",
        "open",
        "override",
        "previous_started_id",
        "queued",
        "run_id",
        "shown",
        "start_place",
        "started",
        "started_at",
        "starting",
        "timers",
        "workflow_id",
    )

    def __init__(self, domain: Domain, workflow_id: str, run_id: str) -> None:
        self.domain = domain
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.events = History()
        self.shown: Any = None  # what a lane keeps in order to show the events faster
        self.start_place = self.close_place = 0  # in the order of listings, which writes them
        self.started: Attrs = {}  # the attributes of event 1: every resolved setting
        self.started_at = 0
        self.due: int | None = None  # of the execution's own timeout
        self.open = True
        self.closed_at: int | None = None
        self.close_status: str | None = None
        self.cancel_requested = False
        self.queued: DecisionTask | None = None
        self.deciding: DecisionTask | None = None
        self.previous_started_id = 0  # DecisionTaskStarted of the last completed decision task
        self.override: tuple[str, str | None] | None = None  # task list, its schedule-to-start
        self.context: str | None = None
        self.latest_activity_at: int | None = None
        self.activities: dict[int, Activity] = {}  # open ones by scheduledEventId
        self.activity_ids: dict[str, Activity] = {}  # the same by activityId
        self.timers: dict[str, Timer] = {}
        self.children: dict[int, Child] = {}  # by the id of their Initiated event
        self.starting = 0  # children that are initiated and not started yet
        self.externals: dict[int, External] = {}
        self.lambdas: dict[int, Lambda] = {}  # by the id of their Scheduled event

    @property
    def key(self) -> Attrs:
        """The WorkflowExecution structure."""
        return {"workflowId": self.workflow_id, "runId": self.run_id}

    def state(self) -> dict[str, Any]:
        """Everything that the history adds up to, for comparison with a fold of it."""
        return {
            name: getattr(self, name)
            for name in self.__slots__
            if name not in ("domain", "events", "shown", "start_place", "close_place")
        }

    def __repr__(self) -> str:
        return f"<Execution {self.workflow_id} {self.run_id} {self.close_status or 'OPEN'}>"


class Listing(Protocol):
    """What a domain tells of its executions, for whoever lists them (``visibility``)."""

    def note(self, x: Execution) -> None: ...

    def forget(self, x: Execution) -> None: ...


class Domain:
    """A domain with its types, task lists and executions."""

    __slots__ = (
        "_kept_ms",
        "activity_lists",
        "activity_types",
        "closed",
        "created_at",
        "decision_lists",
        "description",
        "name",
        "open",
        "region",
        "retention",
        "runs",
        "status",
        "tags",
        "visibility",
        "workflow_types",
        "world",
    )

    def __init__(
        self,
        region: Region,
        name: str,
        retention: str,
        visibility: Listing,
        description: str | None = None,
    ) -> None:
        self.world = region.world
        self.region = region
        self.name = name
        self.retention = retention  # days, or NONE
        self._kept_ms = 0 if retention == "NONE" else int(retention) * 86_400_000
        self.description = description
        self.visibility = visibility
        self.status = REGISTERED
        self.tags: dict[str, str] = {}
        self.workflow_types: dict[TypeKey, Type] = {}
        self.activity_types: dict[TypeKey, Type] = {}
        self.decision_lists: dict[str, TaskList] = {}
        self.activity_lists: dict[str, TaskList] = {}
        self.created_at = self.world.now
        self.open: dict[str, Execution] = {}  # by workflowId
        self.runs: dict[str, Execution] = {}  # by runId, until retention ends
        self.closed: deque[Execution] = deque()  # in order of close, until retention ends

    @property
    def arn(self) -> str:
        return f"arn:aws:swf:{self.region.name}:{self.region.account}:/domain/{self.name}"

    def decision_list(self, name: str) -> TaskList:
        """The list of this name; lists come into being when first named."""
        found = self.decision_lists.get(name)
        if found is None:
            found = self.decision_lists[name] = TaskList(name, self.world.arrivals)
        return found

    def activity_list(self, name: str) -> TaskList:
        found = self.activity_lists.get(name)
        if found is None:
            found = self.activity_lists[name] = TaskList(name, self.world.arrivals)
        return found

    def type_of(self, types: dict[TypeKey, Type], wanted: Attrs) -> Type | None:
        """The type that is meant; a new one is not known everywhere at once."""
        found = types.get((wanted["name"], wanted["version"]))
        if found is None or self.world.too_new(found.created_at):
            return None
        return found

    def forget_old(self) -> None:
        """Closed runs go when the domain's retention is over."""
        oldest = self.world.now - self._kept_ms
        while self.closed and (self.closed[0].closed_at or 0) <= oldest:
            x = self.closed.popleft()
            del self.runs[x.run_id]
            del self.world.runs[x.run_id]
            self.visibility.forget(x)

    def run(self, workflow_id: str, run_id: str) -> Execution:
        """One run, open or closed; raises the service's fault when there is none."""
        x = self.runs.get(run_id)
        if x is None or x.workflow_id != workflow_id:
            raise faults.unknown_execution(workflow_id, run_id)
        return x

    def open_run(self, workflow_id: str, run_id: str | None) -> Execution:
        """The open run of a workflow id, of this run id if one is given, or the service's fault."""
        x = self.open.get(workflow_id)
        if x is None or (run_id and x.run_id != run_id):
            raise faults.unknown_execution(workflow_id, run_id)
        return x


class Region:
    """One region of one account: executions of two regions never meet."""

    __slots__ = ("account", "domains", "name", "world")

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.account = "123456789012"
        self.domains: dict[str, Domain] = {}

    def domain(self, name: str) -> Domain:
        found = self.domains.get(name)
        if found is None or self.world.too_new(found.created_at):
            raise faults.unknown_domain(name)
        if found.closed:
            found.forget_old()
        return found


class World:
    """Everything there is. ``now`` is the instant being served, in milliseconds."""

    __slots__ = (
        "_run_count",
        "arrivals",
        "behaviour",
        "buckets",
        "deadlines",
        "invocations",
        "lag_ms",
        "next_run_ids",
        "now",
        "outages",
        "regions",
        "runs",
        "seal",
        "secret",
    )

    def __init__(
        self, behaviour: Behaviour, deadlines: Deadlines, secret: int, seal: str = ""
    ) -> None:
        self.behaviour = behaviour
        self.lag_ms = behaviour.visibility_lag_ms  # of listings
        self.deadlines = deadlines
        self.secret = secret
        self.seal = zlib.crc32(seal.encode())
        self.now = 0
        self.arrivals: list[TaskList] = []  # lists with parked polls that have got a task
        self._run_count = 0
        self.next_run_ids: list[str] = []  # to be given before any made here
        self.outages = {name: deque(codes) for name, codes in behaviour.outages.items()}
        self.buckets: dict[tuple[str, ...], Bucket] = {}
        self.invocations: deque[tuple[Execution, int]] = deque()  # Lambda tasks just begun
        self.regions: dict[str, Region] = {}
        self.runs: dict[str, Execution] = {}  # every run of every domain, by runId

    def too_new(self, created_at: int) -> bool:
        """Whether what was registered then is not known yet."""
        return self.now < created_at + self.behaviour.registration_lag_ms

    def new_run_id(self) -> str:
        """A fresh run id in the form seen since 2016: two digits and 32 bytes in padded base64."""
        if self.next_run_ids:
            return self.next_run_ids.pop(0)
        self._run_count += 1
        digest = hashlib.sha256(f"{self.secret} {self._run_count}".encode()).digest()
        made = "22" + base64.b64encode(digest).decode()
        return made if made not in self.runs else self.new_run_id()  # a loaded run may have it

    def region(self, name: str) -> Region:
        found = self.regions.get(name)
        if found is None:
            found = self.regions[name] = Region(self, name)
        return found


class Recorder(Protocol):
    """What a noun may ask of the machine."""

    world: World

    def record(self, x: Execution, kind: str, attrs: Attrs) -> Event:
        """Append an event to a history; its effects and what follows from it are the machine's."""
