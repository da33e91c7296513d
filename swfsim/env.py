"""``Env``: where an application runs. ``Env.sim`` is a simulation on virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

import boto3

from swfsim.choices import Seeded
from swfsim.clock import ODD_START, VirtualClock, milliseconds, moment
from swfsim.errors import HarnessError
from swfsim.fake import Surroundings
from swfsim.journal import Journal
from swfsim.service import Service
from swfsim.sim.patches import PATCHES
from swfsim.sim.simulation import LATENCY_MS, Simulation
from swfsim.sim.watchdog import LIMIT_RUNS, LIMIT_STEPS, TURN_LIMIT_S
from swfsim.spec import render
from swfsim.spec.behaviour import Behaviour
from swfsim.transports import boto

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable

    from swfsim.app import Activity
    from swfsim.choices import Choices
    from swfsim.clock import Instant
    from swfsim.core.world import Execution
    from swfsim.functions import Function
    from swfsim.sim.faults import Fault
    from swfsim.sim.plan import Plan
    from swfsim.sim.post import Observer
    from swfsim.sim.workers import Loop, Worker


_T = TypeVar("_T")

FOLLOW_UP_MS: Final = 40
"""How long a child takes to start, a signal to arrive: the shortest seen on the service."""


class Env:
    """Workers, and the SWF that they talk to. Made by ``Env.sim``; used in a ``with``."""

    _entered: ClassVar[Env | None] = None
    """The one that is open: doors, clocks and patches are the process's own."""

    def __init__(
        self,
        seed: int,
        clock: VirtualClock,
        choices: Choices,
        plan: Plan | None,
        behaviour: Behaviour,
        **options: Any,
    ) -> None:
        self.seed = seed
        self.journal = Journal()
        self.service = Service(clock, secret=seed, behaviour=behaviour)
        self.simulation = Simulation(
            self.service,
            clock,
            choices,
            seed=seed,
            faults=plan,
            journal=self.journal,
            **options,
        )
        self.plan = plan
        self._clock = clock
        self._surroundings: Surroundings | None = None

    @classmethod
    def sim(
        cls,
        seed: int = 0,
        *,
        start: Instant | None = None,
        plan: Plan | None = None,
        choices: Choices | None = None,
        behaviour: Behaviour | None = None,
        latency_ms: int = LATENCY_MS,
        idle_polls: bool = False,
        limit_s: float = 400 * 86_400,
        limit_steps: int = LIMIT_STEPS,
        limit_runs: int = LIMIT_RUNS,
        turn_limit_s: float = TURN_LIMIT_S,
    ) -> Env:
        """A simulation: equal seeds give equal histories and journals.

        start         where virtual time begins; an odd instant unless given
        plan          the faults, ``swfsim.sim.plan.Plan``
        choices       another source of choices than the seed
        behaviour     switches of the service; follow-ups come after 40 ms unless given
        latency_ms    virtual time that a call takes to reach SWF
        idle_polls    answer a poll that found nothing for 60 s, as AWS does; by default it stays
                      parked until there is a task
        limit_s       virtual seconds after which a run is given up as endless
        limit_steps   steps (calls, sleeps, waits) after which it is, too
        limit_runs    runs of one workflow id after which it is: an endless chain of continued
                      executions takes hardly any virtual time
        turn_limit_s  real seconds after which a worker that has not come back is interrupted
        """
        return cls(
            seed,
            VirtualClock(ODD_START if start is None else milliseconds(start)),
            Seeded(seed) if choices is None else choices,
            plan,
            behaviour or Behaviour(follow_up_ms=FOLLOW_UP_MS),
            latency_ms=latency_ms,
            idle_polls=idle_polls,
            limit_s=limit_s,
            limit_steps=limit_steps,
            limit_runs=limit_runs,
            turn_limit_s=turn_limit_s,
        )

    def __enter__(self) -> Env:
        if Env._entered is not None:
            raise HarnessError(
                "a simulation is open already, and the calls of both would mix: let the with of "
                "the first Story or Env end before the second begins"
            )
        Env._entered = self
        self._surroundings = Surroundings()
        boto.open_door(self.simulation)
        PATCHES.__enter__()
        PATCHES.show(self._clock)
        return self

    def __exit__(self, *error: object) -> None:
        if Env._entered is not self:
            return
        try:
            self.simulation.close()
        finally:
            PATCHES.show(None)
            PATCHES.__exit__()
            boto.close_door(self.simulation)
            Env._entered = None
            if self._surroundings is not None:
                self._surroundings.restore()
                self._surroundings = None

    def check_entered(self) -> None:
        """Outside of its ``with`` a call would reach AWS. Raises ``HarnessError``."""
        if self._surroundings is None:
            raise HarnessError(
                "the simulation is not entered, and its calls would go to AWS: use it in a with, "
                "as in: with Env.sim(…) as env: …, or: with Story(App) as story: …"
            )

    # What a test does with it

    def client(self, **kwargs: Any) -> Any:
        """An ordinary boto3 SWF client. Any other client of the process works as well."""
        self.check_entered()
        return boto3.client("swf", **kwargs)

    def set_up(self, what: str, call: Callable[[], _T]) -> _T:
        """Let an application do what comes before its workers: be made, register, name its loops.
        ``what`` says so in errors. Raises ``HarnessError`` if it would never come back."""
        self.check_entered()
        return self.simulation.set_up(what, call)

    def add(
        self, name: str, loop: Loop, *, after_s: float = 0, latency_ms: int | None = None
    ) -> Worker:
        """A worker: any function that blocks, usually a loop that polls for ever. It begins to run
        with ``run()``, ``after_s`` seconds from now; when restarted, it is called again. Its calls
        take ``latency_ms`` to reach SWF, as long as all others unless given."""
        self.check_entered()
        return self.simulation.add(name, loop, after_s=after_s, latency_ms=latency_ms)

    def run(self, until: Callable[[], bool] | None = None, *, for_s: float | None = None) -> None:
        """Let the workers run until the condition holds, for so many seconds of virtual time, or,
        with neither, until all wait and nothing is due."""
        self.check_entered()
        end = None if for_s is None else self._clock.now() + round(for_s * 1000)
        self.simulation.run(until or (lambda: False), end)

    def crash(self, worker: Worker, *, restart_after_s: float | None = None) -> None:
        """Kill a worker between two runs, with its threads; None leaves it dead."""
        self.simulation.kill(worker, restart_after_s)

    def wrap(self, activity: Activity) -> Activity:
        """Put the plan's faults around an activity's function."""
        return self.plan.wrap(activity, self._clock) if self.plan is not None else activity

    @property
    def lambda_functions(self) -> dict[str, Function]:
        """The Lambda functions of the region, by name: callables that take the task's input."""
        return self.service.lambda_functions

    def observe(self, observer: Observer) -> None:
        """Be told of every event as it is recorded: (execution, event, who)."""
        self.simulation.observers.append(observer)

    def now_ms(self) -> int:
        """Virtual time in milliseconds since the epoch."""
        return self._clock.now()

    def check_possible(self, fault: Fault) -> None:
        """Any fault can befall a simulation."""

    def now(self) -> datetime.datetime:
        """Virtual time, an aware datetime in UTC."""
        return moment(self._clock.now())

    def executions(self) -> list[Execution]:
        """Every execution of the run, open and closed, in order of start."""
        return list(self.service.machine.world.runs.values())

    def history(self, workflow_id: str, run_id: str | None = None) -> list[dict[str, Any]]:
        """The history of an execution in boto3's form; without a run id, of the latest run."""
        for x in reversed(self.executions()):
            if x.workflow_id == workflow_id and run_id in (None, x.run_id):
                return [render.event(event, boto.stamp) for event in x.events]
        raise HarnessError(f"no execution {workflow_id} {run_id or ''} in this run")
