"""The swarm over small applications: what a seed brings is told whole and comes again, what breaks
is found and told with its fewest faults, and once faults have stopped everything has to close."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scenarios.explore import orders, orders_with_backoff
from swfsim import faults
from swfsim.commands.swarm import swarm
from swfsim.core.world import Execution, World
from swfsim.errors import Divergence
from swfsim.explore import course as courses
from swfsim.explore import gale, hours, places
from swfsim.explore import swarm as swarms
from swfsim.explore.flight import Flight, Flights, Terms
from swfsim.explore.places import Placed
from swfsim.explore.scenario import keeps_its_rules, retold
from swfsim.explore.told import told_of
from swfsim.explore.trial import Trials
from swfsim.service import Service
from tests.explore import toy
from tests.explore.test_sweep import run_as_a_test

TOY = "tests.explore.toy"
INPUT = str(Path(__file__).with_name("input.json"))
SEEDS = range(1, 31)


def flown(app: Any, seeds: range = SEEDS, terms: Terms | None = None) -> list[Flight]:
    with Flights(app, terms or Terms()) as flights:
        return [flights.fly(seed) for seed in seeds]


def first_broken(app: Any, seeds: range = SEEDS, terms: Terms | None = None) -> Flight:
    return next(one for one in flown(app, seeds, terms) if one.broken)


class Here:
    """This process, in the place of several."""

    def __init__(self, jobs: int, app: str, terms: Terms) -> None:
        self._begin = (app, terms)

    def __enter__(self) -> Here:
        swarms._begin(*self._begin)
        return self

    def __exit__(self, *error: object) -> None:
        assert swarms._flights is not None
        swarms._flights.__exit__(*error)

    def map(self, work: Any, items: Any) -> Any:
        return map(work, items)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swarms, "processes", Here)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(swarm, [*arguments, "--jobs", "1"], catch_exceptions=False)


# What a seed brings


def test_a_seed_brings_the_same_whatever_was_flown_before() -> None:
    forwards = flown(toy.Newsstand)
    with Flights(toy.Newsstand) as flights:
        backwards = [flights.fly(seed) for seed in reversed(SEEDS)]
    assert forwards == backwards[::-1]
    assert len({one.digest for one in forwards}) > len(SEEDS) / 2


def test_each_seed_leaves_out_some_of_what_can_go_wrong() -> None:
    alphabet = list(places.alphabet(["terminated"]))
    exist = []
    for seed in range(200):
        weather = gale.drawn(seed, several=True)
        exist.append({one for one in alphabet if weather.rate(*one)})
    assert all(one < set(alphabet) for one in exist)
    assert set().union(*exist) == set(alphabet)


def test_what_a_seed_brings_is_a_course_that_comes_again_to_the_last_event() -> None:
    with Flights(toy.Newsstand) as flights:
        strikes = 0
        for seed in SEEDS:
            _, course, ended, _ = flights.storm(seed)
            strikes += len(course.strikes)
            assert flights.again(course) == ended, f"seed {seed}"
    assert strikes > 50


def test_faults_stop_when_the_seed_says_so() -> None:
    """All within the first virtual second, and orders go on for longer."""
    with Flights(toy.Newsstand, Terms(storm_s=1, gap_s=0)) as flights:
        for seed in SEEDS:
            course = flights.storm(seed).course
            assert not any(one.placed.name == "Hand" for one in course.strikes)


def test_an_application_with_one_workflow_id_has_one_execution() -> None:
    assert {one.executions for one in flown(toy.Careful)} == {1}
    assert max(one.executions for one in flown(toy.Newsstand)) > 1


def test_an_application_without_a_mistake_stands_it() -> None:
    assert [one.broken for one in flown(toy.Newsstand) if one.kind == "safety"] == []


def test_nothing_is_kept_of_worlds_that_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def executions() -> int:
        gc.collect()
        return sum(isinstance(one, Execution) for one in gc.get_objects())

    monkeypatch.setattr(Service, "made", None)  # else the pytest plugin keeps them all
    with Flights(toy.Newsstand) as flights:
        made = [flights.fly(seed).executions for seed in range(1, 11)]
        assert executions() <= sum(made[-2:]) < sum(made) / 5  # of the last worlds, perhaps


@pytest.mark.parametrize("what", ["fails", "throttled", "server error"])
def test_an_error_that_was_raised_keeps_no_world(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def worlds() -> int:
        gc.collect()
        return sum(isinstance(one, World) for one in gc.get_objects())

    monkeypatch.setattr(Service, "made", None)
    strike = {
        "fails": Placed("step", "ValidateInput", 1, "fails", "not retryable"),
    }.get(what, Placed("call", "decider", 1, what, "PollForDecisionTask"))
    with Trials(orders) as trials:
        before = worlds()
        for _ in range(5):
            trials.run((strike,))
        assert worlds() <= before + 2


# What breaks


def test_a_failure_is_told_with_its_fewest_faults_as_explore_would() -> None:
    found = first_broken(toy.Forgetful)
    assert (found.kind, found.rules) == ("safety", ["what is sold is paid once"])
    with Flights(toy.Forgetful) as flights:
        shrunk = flights.shrink(found.seed)
    assert len(shrunk.course.strikes) == 1
    assert shrunk.plain
    text = courses.source(f"{TOY}:Forgetful", shrunk.course, shrunk.broken, plain=True)
    with pytest.raises(AssertionError, match="it was paid 2 times"):
        run_as_a_test(text)


def test_what_takes_two_executions_is_told_with_both() -> None:
    found = first_broken(toy.Busy, range(1, 200))
    with Flights(toy.Busy) as flights:
        shrunk = flights.shrink(found.seed)
    assert not shrunk.plain
    assert len(shrunk.course.starts) == 2
    assert {one.whose for one in shrunk.course.strikes} == {1, 2}
    assert len(shrunk.course.strikes) < found.faults / 4
    text = courses.source(f"{TOY}:Busy", shrunk.course, shrunk.broken)
    assert "only=nth(story, 2)" in text
    with pytest.raises(AssertionError, match="no two sales have trouble"):
        run_as_a_test(text)
    with pytest.raises(BaseException, match="DID NOT RAISE"), pytest.raises(AssertionError):
        run_as_a_test(text.replace("only=nth(story, 2)", "only=nth(story, 3)"))


def test_what_does_not_close_once_faults_have_stopped_says_why_it_never_can() -> None:
    found = first_broken(toy.Lazy)
    assert (found.kind, found.rules) == ("liveness", [courses.CLOSES])
    assert "timer think fires only after the run has timed out" in found.broken[0]
    assert "is not closed 1.0 h after faults could strike no more" in found.broken[0]
    with Flights(toy.Lazy) as flights:
        shrunk = flights.shrink(found.seed)
    assert len(shrunk.course.starts) == len(shrunk.course.strikes) == 1
    text = courses.source(f"{TOY}:Lazy", shrunk.course, shrunk.broken, plain=shrunk.plain)
    with pytest.raises(AssertionError, match=courses.CLOSES):
        run_as_a_test(text)


def test_who_takes_long_anyway_has_the_time_for_it() -> None:
    """40 minutes of the 60 that it has, and nothing goes wrong in it."""
    assert [one.broken for one in flown(toy.Patient) if one.kind == "liveness"] == []


def test_the_reason_is_what_stood_in_its_way_before_it_was_too_late() -> None:
    """A timer runs, so something is pending; it is shorter than the time-out, so nothing is wrong
    with it."""
    late = courses.Course(((0, 1),), settle_s=60)
    with Flights(toy.Patient) as flights:
        [told] = flights.again(late).broken
    assert told.endswith("faults could strike no more: it still moves, and TimerStarted came last")


def test_each_seed_gives_the_application_random_numbers_of_its_own() -> None:
    broken = {bool(one.broken) for one in flown(toy.Unlucky, range(1, 11), Terms(storm_s=0))}
    assert broken == {True, False}


def test_a_failure_that_hangs_on_a_random_number_is_told_with_its_seed() -> None:
    found = first_broken(toy.Unlucky, terms=Terms(storm_s=0))
    with Flights(toy.Unlucky, Terms(storm_s=0)) as flights:
        shrunk = flights.shrink(found.seed)
    text = courses.source(f"{TOY}:Unlucky", shrunk.course, shrunk.broken, plain=shrunk.plain)
    assert f"with retold(Unlucky, seed={found.seed}) as story:" in text
    assert "keeps_its_rules(story)" in text
    with pytest.raises(AssertionError, match="nobody has bad luck"):
        run_as_a_test(text)


def test_who_cannot_be_reached_has_time_from_when_he_can() -> None:
    """Nobody is at work for an hour; meanwhile one sale is terminated and another begun."""
    cut_off = Placed("moment", "Pay started", 1, "nobody is at work until the execution times out")
    ended_by = Placed("moment", "Pay timed out", 1, "terminated")
    strikes = (courses.Strike(cut_off), courses.Strike(ended_by))
    course = courses.Course(((0, 1), (100, 2)), strikes, calm_s=10)
    with Flights(toy.Newsstand) as flights:
        ended = flights.again(course)
    assert ended.executions == 2
    assert ended.broken == []


def test_a_timer_that_swf_does_not_let_go_is_no_mistake_of_the_decider() -> None:
    """Found by the swarm: an order that is canceled may not cancel its timer, and closes."""
    with retold(orders_with_backoff) as story:
        told = told_of(story.app)
        limit = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
        story.given(faults.decision_refused(1, "ScheduleActivityTask", limit))
        story.when("DecisionTaskCompleted #2", told.happenings["cancel requested"])
        story.given(faults.decision_refused(3, "CancelTimer", "OPERATION_NOT_PERMITTED"))
        keeps_its_rules(story, "cancel requested at DecisionTaskCompleted #2")
        assert "CancelTimerFailed" in story.latest.events.kinds


def test_what_is_stuck_is_a_failure_of_liveness() -> None:
    assert first_broken(toy.Resigned).kind == "liveness"


def test_a_run_that_does_not_come_again_is_told_so() -> None:
    class Both(toy.Counted, toy.Forgetful):
        pass

    with Flights(Both) as flights, pytest.raises(Divergence, match="made twice, is not the same"):
        flights.shrink(first_broken(Both).seed)


# Hours


def test_hours_are_counted_once_however_many_executions_are_open() -> None:
    assert hours.length([(0, 10), (5, 15), (20, 30), (21, 22)]) == 25
    assert hours.length([]) == 0


def test_hours_are_told_apart_by_what_took_them() -> None:
    one = next(one for one in flown(toy.Lazy, terms=Terms(storm_s=3600)) if one.hours.waiting)
    assert one.hours.at_work > 0
    assert one.hours.busy <= one.hours.open


# As it is typed


@pytest.mark.usefixtures("here")
def test_a_swarm_without_a_failure_says_what_it_was() -> None:
    done = run(f"{TOY}:Newsstand", "--seeds", "1-5")
    assert done.exit_code == 0, done.output
    assert "every rule was kept, and everything closed once faults had stopped" in done.output


@pytest.mark.usefixtures("here")
def test_what_some_run_must_reach_and_none_does_is_said_and_is_a_failure() -> None:
    done = run(f"{TOY}:Hopeful", "--seeds", "1-5")
    assert "  never reached: it snows" in done.output
    assert "  reached in some run: somebody gets it" in done.output
    assert "everything closed" not in done.output
    assert done.exit_code == 1
    alone = run(f"{TOY}:Hopeful", "--seeds", "1")
    assert "never reached" not in alone.output
    assert alone.exit_code == 0


@pytest.mark.usefixtures("here")
def test_what_the_page_shows_is_what_is_printed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explore.md").read_text(encoding="utf-8")
    command, *shown = page.partition("$ swfsim swarm ")[2].partition("  …\n")[0].splitlines()
    done = run(*command.split())
    assert len(shown) == 4
    assert done.output.splitlines()[:4] == shown


@pytest.mark.usefixtures("here")
def test_the_line_that_repeats_a_failure_names_the_input() -> None:
    done = run(f"{TOY}:Forgetful", "--seeds", "1-30", "--input", INPUT)
    [words] = [one for one in done.output.splitlines() if "repeat it: " in one]
    assert words.endswith(f"--input {INPUT}")


@pytest.mark.usefixtures("here")
def test_one_seed_tells_what_it_expands_to() -> None:
    done = run(f"{TOY}:Newsstand", "--seeds", "3", "--storm", "24")
    assert "faults for 1 day, scheduled" in done.output
    assert "%" in done.output


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("app", "status", "told"),
    [
        ("Forgetful", 1, "BROKEN what is sold is paid once (safety, "),
        ("Lazy", 4, "BROKEN everything closes once faults stop (liveness, "),
        ("Counted", 5, "BROKEN the run is not the same when it is made again (swfsim, "),
    ],
)
def test_the_exit_status_is_the_class_of_failure(app: str, status: int, told: str) -> None:
    done = run(f"{TOY}:{app}", "--seeds", "1-30")
    assert told in done.output
    assert done.exit_code == status


@pytest.mark.usefixtures("here")
def test_a_failure_is_repeated_by_the_line_that_is_printed(tmp_path: Path) -> None:
    arguments = (f"{TOY}:Forgetful", "--storm", "0.5", "--scenarios", str(tmp_path))
    done = run(*arguments, "--seeds", "1-30")
    [line] = [one for one in done.output.splitlines() if "repeat it: " in one][:1]
    words = line.partition("swfsim swarm ")[2].split()
    assert "--storm" in words
    again = run(*words)
    assert again.exit_code == 1
    assert "BROKEN what is sold is paid once (safety, 1 seed)" in again.output
    with pytest.raises(AssertionError, match="it was paid 2 times"):
        run_as_a_test((tmp_path / "test_found_001.py").read_text())


@pytest.mark.usefixtures("here")
def test_a_swarm_that_is_limited_goes_on_from_its_file(tmp_path: Path) -> None:
    common = (f"{TOY}:Forgetful", "--seeds", "1-20")
    whole = run(*common)
    file = str(tmp_path / "toy.jsonl")
    stopped = run(*common, "--file", file, "--time-limit", "0.000001")
    assert "stopped by the time limit" in stopped.output
    assert stopped.exit_code in (1, 3)
    assert run(*common, "--file", file).output == whole.output
    kept = Path(file).read_text()
    Path(file).write_text(kept[:-20])
    assert run(*common, "--file", file).output == whole.output
    assert run(f"{TOY}:Newsstand", "--seeds", "1", "--file", file).exit_code == 2


def test_the_outcome_is_the_same_for_any_number_of_processes() -> None:
    common = [f"{TOY}:Forgetful", "--seeds", "1-20"]
    two = CliRunner().invoke(swarm, [*common, "--jobs", "2"], catch_exceptions=False)
    assert two.output == run(*common).output


@pytest.mark.usefixtures("here")
def test_hours_go_on_beyond_the_seeds() -> None:
    done = run(f"{TOY}:Newsstand", "--hours", "1", "--storm", "1")
    assert done.exit_code == 0, done.output
    assert "seeds 1-" in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((f"{TOY}:Nothing",), "has no application 'Nothing'"),
        ((f"{TOY}:Careful", "--executions", "5"), "has one execution at a time"),
        ((f"{TOY}:Newsstand", "--executions", "5", "--input", INPUT), "inputs of their own"),
        ((f"{TOY}:Careful", "--storm", "inf"), "inf is not in the range"),
        ((f"{TOY}:Careful", "--storm", "nan"), "nan is not a finite number"),
        ((f"{TOY}:Careful", "--settle", "inf"), "inf is not in the range"),
        ((f"{TOY}:Careful", "--settle", "nan"), "nan is not a finite number"),
        ((f"{TOY}:Careful", "--gap", "1e9", "--executions", "2"), "is not in the range"),
        ((f"{TOY}:Newsstand", "--gap", "8760", "--executions", "200"), "take 199 years to start"),
        ((f"{TOY}:Careful", "--hours", "nan"), "nan is not a finite number"),
        ((f"{TOY}:Careful", "--hours", "inf"), "inf is not a finite number"),
        ((f"{TOY}:Careful", "--time-limit", "nan"), "nan is not a finite number"),
        ((f"{TOY}:Careful", "--seeds", "9-3"), "'9-3' is not a seed"),
        ((f"{TOY}:Careful", "--file", "/nowhere/at/all"), "/nowhere/at/all"),
        ((f"{TOY}:Careful", "--scenarios", "/proc/no"), "cannot write to /proc/no"),
        ((f"{TOY}:Deadly", "--seeds", "1-3"), "the processes that make the runs died 4 times"),
    ],
)
def test_a_mistake_in_the_call_is_said_in_a_sentence(arguments: tuple[str, ...], told: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert told in done.output
    assert "Traceback" not in done.output


@pytest.mark.usefixtures("here")
def test_orders_stand_a_swarm() -> None:
    done = run("scenarios.explore:orders", "--seeds", "1-60")
    assert done.exit_code == 0, done.output
