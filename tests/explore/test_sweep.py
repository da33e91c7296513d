"""The sweep over small applications: everything is placed, every mistake is found, and what it
says it has shown is what it has run."""

from __future__ import annotations

import os
import signal
import weakref
from pathlib import Path
from typing import Any

import pytest

from swfsim import Violation
from swfsim.errors import Divergence, HarnessError
from swfsim.explore import report, scenario, trial
from swfsim.explore.book import Book
from swfsim.explore.crew import Processes, bare, is_whole
from swfsim.explore.places import Kind
from swfsim.explore.sweep import Certificate, Failure, Sweep
from swfsim.explore.trial import Trials
from swfsim.service import Service
from tests.explore import toy
from tests.explore.conftest import run_as_a_test, swept

DECISIONS: tuple[Kind, ...] = ("decision",)


def texts(certificate: Certificate) -> list[str]:
    return [" and ".join(map(str, one.placement)) for one in certificate.failures]


def same(one: Certificate, other: Certificate) -> bool:
    return (one.levels, one.failures, one.histories, one.reached) == (
        other.levels,
        other.failures,
        other.histories,
        other.reached,
    )


# What is found


def test_an_application_without_a_mistake_is_proven() -> None:
    certificate = swept(toy.Careful, to_reach=["somebody gets it"])
    assert certificate.proven
    nothing, one = certificate.levels
    assert (nothing.run, nothing.placements) == (1, 1)
    assert one.run == one.placements > 100
    assert 0 < one.joined < one.run
    assert len(certificate.histories) > 30


def test_money_taken_twice_is_found_where_the_answer_does_not_come_in_time() -> None:
    assert texts(swept(toy.Forgetful)) == [
        "Pay worker dies (after the effect) at attempt 1",
        "Pay answer lost at attempt 1",
        "Pay answer late at attempt 1",
        "Pay effect late at attempt 1",
        "worker dies before its RespondActivityTaskCompleted number 1",
    ]


def test_a_worker_that_does_not_live_through_a_refusal_is_found() -> None:
    certificate = swept(toy.Hasty)
    assert "decision times out at decision 1" in texts(certificate)
    late = next(one for one in certificate.failures if "times out" in str(one.placement))
    assert late.broken[0].startswith("the application broke: UnknownResourceFault")
    assert "in decide_for_ever: client().respond_decision_task_completed(" in late.broken[0]


def test_trust_in_the_clock_of_another_machine_is_found() -> None:
    assert texts(swept(toy.Punctual, kinds=("clock",))) == ["the clock of worker is 240 s behind"]


def test_trust_in_listings_is_found() -> None:
    assert texts(swept(toy.Counting, kinds=("listing",))) == ["listings lag 30 s behind"]


def test_nobody_is_shown_a_wrong_clock_who_never_looks_at_it() -> None:
    assert swept(toy.Careful, kinds=("clock", "listing")).levels[1].placements == 0


def test_what_takes_two_faults_is_found_with_two_and_not_with_one() -> None:
    assert swept(toy.Fussy, 1, kinds=DECISIONS).failures == []
    found = swept(toy.Fussy, 2, kinds=DECISIONS).failures
    assert {len(one.placement) for one in found} == {2}
    assert "decider dies before deciding at decision 1 and decision times out at decision 2" in (
        texts(swept(toy.Fussy, 2, kinds=DECISIONS))
    )


def test_what_holds_a_failure_already_shown_is_not_run_again() -> None:
    certificate = swept(toy.Forgetful, 2, kinds=("decision", "step"))
    found = [frozenset(one.placement) for one in certificate.failures]
    assert {len(one) for one in found} == {1, 2}
    assert not any(one < other for one in found for other in found)
    assert certificate.levels[2].contained > 0


def test_what_no_run_reaches_is_said() -> None:
    certificate = swept(toy.Hopeful, kinds=DECISIONS, to_reach=["somebody gets it", "it snows"])
    assert certificate.complete
    assert not certificate.proven
    assert certificate.unreached == ["it snows"]
    assert "    never reached: it snows" in list(report.lines("toy", certificate))


# What need not be run


@pytest.mark.parametrize(("faults", "kinds"), [(1, ("step", "decision", "call")), (2, DECISIONS)])
def test_joining_runs_loses_no_history(faults: int, kinds: tuple[Kind, ...]) -> None:
    """``Silent`` is the same kiosk, and each of its runs is followed to the end."""
    joined = swept(toy.Careful, faults, kinds=kinds)
    followed = swept(toy.Silent, faults, kinds=kinds)
    assert followed.levels[-1].joined == followed.levels[-1].spared == 0
    assert joined.histories == followed.histories
    assert joined.run + joined.levels[-1].spared == followed.run


def test_an_application_that_does_not_repeat_itself_is_refused() -> None:
    with pytest.raises(Divergence, match=r"made twice, is not the same: state\(\) differs"):
        swept(toy.Restless)


# Stopping and going on


@pytest.mark.parametrize("runs", [1, 2, 60])
def test_a_sweep_goes_on_from_its_file(tmp_path: Path, runs: int) -> None:
    file = tmp_path / "kiosk.jsonl"
    stopped = swept(toy.Forgetful, file=file, runs=runs)
    assert stopped.stopped == f"the limit of {runs:,} runs"
    assert stopped.run == runs
    assert not stopped.complete
    assert same(swept(toy.Forgetful, file=file), swept(toy.Forgetful))


def test_a_finished_sweep_is_not_run_again(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.jsonl"
    first = swept(toy.Careful, kinds=DECISIONS, file=file)
    lines = file.read_text().splitlines()
    again = swept(toy.Careful, kinds=DECISIONS, file=file, runs=1)
    assert same(first, again)
    assert again.stopped is None
    assert file.read_text().splitlines() == lines


def test_a_file_of_fewer_faults_serves_for_more(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.jsonl"
    swept(toy.Fussy, 1, kinds=DECISIONS, file=file)
    wider = swept(toy.Fussy, 2, kinds=DECISIONS, file=file)
    assert same(wider, swept(toy.Fussy, 2, kinds=DECISIONS))


def test_a_run_that_was_spared_its_places_does_not_serve_for_more_faults() -> None:
    """Also where it came to where another had been: what lies before that point is its own."""
    with Trials(toy.Careful, kinds=("call",)) as trials:
        first = trials.run()
        known = {mark.state for mark in first.marks}
        outcomes = [trials.run((one,), known) for there in first.places for one in there]
    joined = [one for one in outcomes if one.joined and one.places]
    assert joined
    assert all(is_whole(one) and not is_whole(bare(one)) for one in joined)


@pytest.mark.parametrize("app", [toy.Careful, toy.Forgetful, toy.Hasty])
def test_a_run_behind_which_nothing_is_placed_comes_to_the_same(app: Any) -> None:
    """It is only told what would be needed to go on from there."""
    with Trials(app) as trials:
        first = trials.run()
        known = {mark.state for mark in first.marks}
        for one in [(one,) for there in first.places for one in there]:
            whole, last = trials.run(one, known), trials.run(one, known, last=True)
            assert last.places == []
            assert [mark.state for mark in last.marks] == [mark.state for mark in whole.marks[-1:]]
            assert last == whole._replace(places=[], marks=last.marks)


def test_a_line_that_a_kill_cut_short_is_run_again(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.jsonl"
    whole = swept(toy.Careful, kinds=DECISIONS, file=file)
    file.write_text(file.read_text()[:-20])
    assert same(swept(toy.Careful, kinds=DECISIONS, file=file), whole)


def test_a_file_of_another_exploration_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    with Book(file, {"app": "one"}):
        pass
    with pytest.raises(HarnessError, match="holds another exploration"):
        Book(file, {"app": "other"})


def test_a_sweep_stops_at_the_first_failure_if_it_is_told_to() -> None:
    certificate = swept(toy.Forgetful, failures=1)
    assert len(certificate.failures) == 1
    assert certificate.left > 0


# Scenarios


def test_a_failure_is_printed_as_a_test_that_fails_in_the_same_way() -> None:
    for failure in swept(toy.Forgetful).failures:
        check_source(toy.Forgetful, failure, "what is sold is paid once: it was paid 2 times")


@pytest.mark.parametrize(
    ("app", "kind", "broken"),
    [
        (toy.Punctual, "clock", "nobody pays before it is sold: it was paid 239 s before"),
        (toy.Counting, "listing", "what is sold is paid once: it was paid 0 times"),
    ],
)
def test_so_is_one_of_the_surroundings(app: Any, kind: Kind, broken: str) -> None:
    [failure] = swept(app, kinds=(kind,)).failures
    check_source(app, failure, broken)


def check_source(app: Any, failure: Failure, broken: str) -> None:
    """It fails in this way, and passes when the mistake is mended."""
    source = scenario.source(f"tests.explore.toy:{app.__name__}", failure.placement, failure.broken)
    with pytest.raises(Violation, match=broken):
        run_as_a_test(source)
    run_as_a_test(source.replace(app.__name__, "Careful"))


def test_every_thing_that_can_be_placed_can_be_printed_and_told_as_a_story() -> None:
    with Trials(toy.Careful) as trials:
        outcome = trials.run()
        sources = {
            (one.kind, one.what): scenario.source("tests.explore.toy:Careful", (one,), [])
            for there in outcome.places
            for one in there
        }
    assert {kind for kind, _ in sources} == {"step", "decision", "call", "moment", "choice"}
    for source in sources.values():
        run_as_a_test(source)


# Several processes


def in_processes(app: str, jobs: int, tell: Any = lambda certificate, crew: None) -> Certificate:
    with Book(None, {}) as book, Processes(f"tests.explore.toy:{app}", None, 0, jobs) as crew:
        return Sweep(1, crew, book, tell=lambda certificate: tell(certificate, crew)).run()


def test_the_certificate_is_the_same_with_one_process_and_with_two() -> None:
    alone = swept(toy.Forgetful)
    assert same(in_processes("Forgetful", 1), alone)
    assert same(in_processes("Forgetful", 2), alone)


def test_a_process_that_is_killed_loses_nothing_and_counts_nothing_twice() -> None:
    killed: list[int] = []

    def kill(certificate: Certificate, crew: Processes) -> None:
        if not killed and certificate.levels[-1].faults:
            killed.append(crew.pids()[0])
            os.kill(killed[0], signal.SIGKILL)

    assert same(in_processes("Forgetful", 2, kill), swept(toy.Forgetful))
    assert killed


def test_ctrl_c_ends_a_sweep_with_what_is_left_and_all_its_processes() -> None:
    pids: set[int] = set()

    def press(certificate: Certificate, crew: Processes) -> None:
        pids.update(crew.pids())
        if certificate.run == 5:
            signal.raise_signal(signal.SIGINT)

    certificate = in_processes("Careful", 2, press)
    assert certificate.stopped == "Ctrl-C"
    assert certificate.run >= 5
    assert certificate.left > 0
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_the_processes_leave_ctrl_c_to_the_first_one() -> None:
    def press(certificate: Certificate, crew: Processes) -> None:
        for pid in crew.pids():
            os.kill(pid, signal.SIGINT)

    pressed = in_processes("Careful", 2, press)
    assert same(pressed, swept(toy.Careful))


def test_an_application_that_ends_its_process_is_said() -> None:
    with pytest.raises(HarnessError, match="the processes that make the runs died"):
        in_processes("Deadly", 1)


# What an application may do, if it says so


def test_an_application_may_wait_for_people_if_it_says_when() -> None:
    told = swept(toy.Asking, to_reach=["somebody gets it"])
    assert told.proven, told.failures
    assert "nothing is stuck" in swept(toy.AskingInVain, faults=0).failures[0].broken[0]
    forgotten = {str(one.placement[0]) for one in swept(toy.AskingForgetfully).failures}
    assert any(text.startswith("Pay fails") for text in forgotten)


def test_an_endless_chain_is_followed_as_far_as_its_application_says() -> None:
    told = swept(toy.Endless)
    assert told.proven, told.failures
    with Trials(toy.Endless) as trials:
        _, histories = trials.histories()
    assert [one.events.kinds[-1] for one in histories] == [
        *["WorkflowExecutionContinuedAsNew"] * 3,
        "WorkflowExecutionTerminated",
    ]


def test_an_endless_chain_of_which_nothing_is_said_is_told_from_its_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(toy.Endless, "runs", None)
    monkeypatch.setattr(trial, "LIMIT_RUNS", 20)
    [failure] = swept(toy.Endless, faults=0).failures
    assert "it never ends: workflow 'sale' is in its run number " in failure.broken[0]
    assert "says with runs of Explorable how many are to be followed" in failure.broken[0]


def test_a_step_of_a_version_that_nobody_registered_is_a_mistake() -> None:
    [failure] = swept(toy.Mistyping, faults=0).failures
    assert failure.broken[0].startswith("no decision is refused by mistake: ")
    assert "ACTIVITY_TYPE_DOES_NOT_EXIST" in failure.broken[0]


def test_a_run_that_is_over_is_gone_before_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """So memory does not grow with their number, nor does one run a finalizer of another."""
    monkeypatch.setattr(Service, "made", None)  # where the pytest plugin keeps them
    made: list[weakref.ref[toy.Kiosk]] = []
    still_there: list[int] = []

    def make() -> toy.Kiosk:
        still_there.append(sum(one() is not None for one in made))
        app = toy.Kiosk()
        app.itself = app  # type: ignore[attr-defined]  # a cycle: only the collector finds it
        made.append(weakref.ref(app))
        return app

    with Trials(make) as trials:
        trials.run()  # in which much is made that is kept
        made.clear()
        for _ in range(5):
            trials.run()
    assert still_there == [0] * 6
