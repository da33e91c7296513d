"""``Scout``: a plan of faults that also notes, while a run goes on, what could have gone wrong.

The places come in the order in which the run reaches them, and nothing placed at one of them can
change what came before. So the runs with one fault more are those with the fault at a later place,
and each combination of faults comes up exactly once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swfsim.choices import Steered
from swfsim.core.closing import STATUS
from swfsim.explore import places
from swfsim.explore.places import KINDS
from swfsim.sim.calls import DELIVER
from swfsim.sim.plan import RESPOND_DECISION, Plan
from swfsim.stories import OPERATOR, STEP_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from swfsim.choices import Choice
    from swfsim.clock import VirtualClock
    from swfsim.core.events import Event
    from swfsim.core.world import Activity, Execution
    from swfsim.explore.places import Kind, Place
    from swfsim.sim.calls import Treatment
    from swfsim.sim.workers import Letter, Worker

_WORDS: Final = {kind: word for word, kind in STEP_WORDS.items()}


class Scout(Plan):
    """``places`` are what could go wrong, place by place, in the order reached; each place once.
    ``choices`` are for the simulation, where the scheduler's deviate from the first option."""

    def __init__(self, deviations: Mapping[int, int] | None = None, *, work_s: float = 0) -> None:
        super().__init__(work_s=work_s)
        self.places: list[Place] = []
        self._owners: list[str] = []  # for each place: the workflow id that it belongs to, if any
        self.choices = Steered(deviations, self._note_choice)
        self._kinds = frozenset(KINDS)
        self._happenings: tuple[str, ...] = ()
        self._errors: tuple[str, ...] = ()
        self._moments: dict[str, int] = {}
        self._moment_at = -1
        self._runs: dict[str, Execution] = {}  # the latest of each workflow id
        self._latest: Execution | None = None
        self._answered: set[tuple[str, int]] = set()
        self._returns = True
        self.handed: dict[int, list[object]] = {}  # process → the tasks that it has seen
        self._watched: frozenset[str] = frozenset()  # workers to whose calls something may happen
        self._asked: set[str] = set()  # whose clock was looked at; empty text for the listings

    def expect(
        self, happenings: Iterable[str], errors: Iterable[str], kinds: Iterable[Kind] = KINDS
    ) -> None:
        """What somebody may do at a moment, and what an activity may raise, by name; and the kinds
        of places that are of interest."""
        self._kinds = frozenset(kinds)
        self._happenings = tuple(happenings)
        self._errors = tuple(errors)

    def know(self, steps: Iterable[str] = (), workers: Iterable[str] = ()) -> None:
        super().know(steps, workers)
        self._watched = frozenset(self._workers) - {OPERATOR}

    def _note(self, there: Place, x: Execution | None = None) -> None:
        if there and there[0].kind in self._kinds:
            self.places.append(there)
            self._owners.append("" if x is None else x.workflow_id)

    def told(self, started: Iterable[Execution]) -> list[Place]:
        """The places, and whose they are if these executions, in order of start, are of several
        workflow ids."""
        numbers = {name: n for n, name in enumerate(dict.fromkeys(x.workflow_id for x in started))}
        if len(numbers) < 2:
            return self.places
        return [
            tuple(one._replace(whose=numbers[owner] + 1) for one in there) if owner else there
            for there, owner in zip(self.places, self._owners, strict=True)
        ]

    def _note_choice(self, number: int, choice: Choice) -> None:
        self._note(places.at_choice(choice.label, number, choice.options))

    def treat(self, worker: Worker, letter: Letter, clock: VirtualClock) -> Treatment:
        name = worker.process.name
        is_new = not letter.nth and name in self._watched
        treatment = super().treat(worker, letter, clock)
        self._returns = treatment.returns
        if is_new and (treatment is DELIVER or self.calls.at(worker, letter) is not None):
            self._note(places.at_call(name, letter.operation, letter.nth))
            if letter.operation == RESPOND_DECISION and worker.deciding is not None:
                decisions = letter.params.get("decisions") or ()
                types: Any = tuple(one["decisionType"] for one in decisions)
                x, number = worker.deciding
                self._note(places.at_answer(number, types), x)
        return treatment

    def takes(self, worker: Worker) -> bool:
        if self._returns:
            self._remember(worker)
        if worker.deciding is not None:
            self._note_decision(*worker.deciding)
        return super().takes(worker)

    def _note_decision(self, x: Execution, number: int) -> None:
        if (x.workflow_id, number) not in self._answered:
            self._answered.add((x.workflow_id, number))
            task = x.deciding
            can_time_out = task is not None and task.start_to_close is not None
            self._note(places.at_decision(number, can_time_out), x)

    def _remember(self, worker: Worker) -> None:
        job = worker.process.job
        task = worker.deciding[1] if worker.deciding is not None else job and job.scheduled_id
        seen = self.handed.setdefault(worker.process.number, [])
        if seen[-1:] != [task]:
            seen.append(task)

    def hold_ms(self, x: Execution, task: Activity, attempt: int) -> int | None:
        step = x.events.attrs[task.scheduled_id - 1]["activityType"]["name"]
        self._note(places.at_step(step, attempt, task, self._errors), x)
        return super().hold_ms(x, task, attempt)

    def skew_ms(self, worker: Worker) -> int:
        name = worker.process.name
        if name not in self._asked and name in self._watched:
            self._asked.add(name)
            self._note(places.at_clock(name))
        return super().skew_ms(worker)

    def lag_ms(self) -> int:
        if "" not in self._asked:
            self._asked.add("")
            self._note(places.at_listing())
        return super().lag_ms()

    def observe(self, x: Execution, event: Event, who: str) -> None:
        """Every event is a moment. Of those at one instant one will do, since what somebody does
        then arrives after all of them."""
        if event.id == 1:
            self._latest = self._runs[x.workflow_id] = x
        name = moment_of(x, event)
        nth = self._moments[name] = self._moments.get(name, 0) + 1
        if event.at != self._moment_at and x.open and event.kind not in STATUS:
            self._moment_at = event.at
            others = self._others() if len(self._runs) > 1 else ()
            self._note(places.at_moment(name, nth, self._happenings, others))

    def _others(self) -> tuple[int, ...]:
        """The workflow ids that are open beside the one started last, by their order of start."""
        runs = enumerate(self._runs.values(), 1)
        return tuple(n for n, x in runs if x.open and x is not self._latest)


def moment_of(x: Execution, event: Event) -> str:
    """An event as a story names it."""
    word = _WORDS.get(event.kind)
    if word is None:
        return event.kind
    attrs = event.attrs
    if "activityType" not in attrs:
        attrs = x.events.attrs[attrs["scheduledEventId"] - 1]
    return f"{attrs['activityType']['name']} {word}"
