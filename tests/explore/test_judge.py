"""A rule over one history is asked once of equal ones, and of all that differ in anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from swfsim.core.events import Event
from swfsim.explore.places import Placed
from swfsim.explore.trial import Trials
from swfsim.rules import SHIPPED, always
from tests.explore import toy


def ruled(law: Any) -> Any:
    return type("Ruled", (toy.Careful,), {"rules": (*SHIPPED, always(law))})


def test_of_equal_histories_one_is_asked() -> None:
    asked: list[int] = []

    def nothing_is_wrong(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
        asked.append(len(events))
        yield from ()

    with Trials(ruled(nothing_is_wrong)) as trials:
        assert [trials.run().broken for _ in range(3)] == [[], [], []]
    assert len(asked) == 1


def test_each_run_is_told_what_is_wrong_with_its_history() -> None:
    def it_never_completes(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
        yield events[-1].id, "completes"

    with Trials(ruled(it_never_completes)) as trials:
        found = [trials.run().broken for _ in range(3)]
    assert found == [["it never completes: event 17 of sale: completes"]] * 3


def test_a_history_that_differs_by_its_stamps_alone_is_asked() -> None:
    """A call that is throttled is made again a second later, and leaves no other trace."""
    throttled = Placed("call", "worker", 1, "throttled", "RespondActivityTaskCompleted")

    def it_takes_three_seconds_at_most(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
        if events[-1].at - events[0].at > 3000:
            yield events[-1].id, "is too late"

    with Trials(ruled(it_takes_three_seconds_at_most)) as trials:
        right, late = trials.run(), trials.run((throttled,))
    assert right.history == late.history
    assert (len(right.broken), len(late.broken)) == (0, 1)


def test_one_that_differs_by_who_was_at_work_alone_is_asked() -> None:
    names = iter(["Ann", "Bob"])

    class Named(ruled(lambda events: bob_takes_no_task(events))):  # type: ignore[misc]
        def decide_for_ever(self) -> None:
            self.polls_as(next(names))

        def polls_as(self, name: str) -> None:
            asked = {"domain": toy.DOMAIN, "taskList": {"name": "decisions"}, "identity": name}
            while True:
                task = toy.client().poll_for_decision_task(**asked)
                toy.client().respond_decision_task_completed(
                    taskToken=task["taskToken"], decisions=self.decide(task["events"])
                )

    def bob_takes_no_task(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
        for event in events:
            if event.attrs.get("identity") == "Bob":
                yield event.id, "it is Bob"

    with Trials(Named) as trials:
        ann, bob = trials.run(), trials.run()
    assert ann.history == bob.history
    assert (len(ann.broken), len(bob.broken)) == (0, 3)
