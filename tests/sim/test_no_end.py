"""What would hang without a word: it is noticed, and the message names who and what to do."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from swfsim import Env, HarnessError, Story
from tests.support.shop import DOMAIN, Shop, decide_for_ever, shopping, work_for_ever

LOCK = threading.Lock()
"""Made when this module is imported, as an application's lock at module level is."""

SOON = 0.2
"""Real seconds; long enough for any turn that is taken here."""


def run(*loops: Callable[[], object], **options: Any) -> None:
    with Env.sim(turn_limit_s=SOON, **options) as env:
        for number, loop in enumerate(loops):
            env.add(f"worker-{number}", loop)
        env.run()


# A worker that does not come back


def wait_for_the_clock() -> None:
    end = time.time() + 5
    while time.time() < end:
        pass


def wait_and_catch_everything() -> None:
    while True:
        try:
            wait_for_the_clock()
        except Exception:
            continue


def hold_the_lock() -> None:
    with LOCK:
        time.sleep(5)


def test_a_loop_that_watches_the_clock_is_stopped() -> None:
    with pytest.raises(HarnessError) as told:
        run(wait_for_the_clock)
    text = str(told.value)
    assert "worker 'worker-0' has not come back for 0.2 s of real time" in text
    assert "tests/sim/test_no_end.py:" in text
    assert "in wait_for_the_clock: " in text
    assert "let it time.sleep()" in text
    assert "turn_limit_s" in text


def test_it_is_stopped_whatever_it_catches() -> None:
    with pytest.raises(HarnessError, match="in wait_for_the_clock"):
        run(wait_and_catch_everything)


def test_a_lock_from_outside_that_is_waited_for_is_named() -> None:
    with pytest.raises(HarnessError) as told:
        run(hold_the_lock, hold_the_lock)
    assert "in hold_the_lock: with LOCK:" in str(told.value)
    assert "at module level say, waits for real" in str(told.value)


def test_a_pool_from_outside_is_named(caplog: pytest.LogCaptureFixture) -> None:
    pool = ThreadPoolExecutor(1)

    def loop() -> None:
        pool.submit(time.sleep, 3).result()
        time.sleep(60)

    with pytest.raises(HarnessError, match=r"worker 'worker-0/thread 1' .* work_queue\.get"):
        run(loop)


def test_a_worker_that_hangs_while_it_leaves_is_named() -> None:
    def loop() -> None:
        try:
            time.sleep(60)
        finally:
            wait_for_the_clock()

    with contextlib.ExitStack() as stack:
        env = stack.enter_context(Env.sim(turn_limit_s=SOON))
        env.add("leaving", loop)
        env.run(for_s=1)
        with pytest.raises(HarnessError, match=r"'leaving' .* in wait_for_the_clock"):
            stack.close()
    with Env.sim():
        """What hung has left nothing behind."""


def test_so_it_is_in_a_thread_that_no_signal_reaches() -> None:
    caught: list[str] = []

    def in_a_thread() -> None:
        try:
            run(wait_for_the_clock)
        except HarnessError as error:
            caught.append(str(error))

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    assert "worker 'worker-0' has not come back" in caught[0]


def test_a_condition_that_never_returns_is_stopped_too() -> None:
    with Env.sim(turn_limit_s=SOON) as env:
        env.add("sleeper", lambda: time.sleep(1))
        with pytest.raises(HarnessError, match="the run has not come back"):
            env.run(lambda: wait_for_the_clock() is not None)


def test_a_run_that_goes_on_is_left_alone_however_long_it_takes() -> None:
    """Many short turns in a row take longer than one may."""
    turns = 0

    def tick() -> None:
        nonlocal turns
        until = clock() + 2 * SOON
        while clock() < until:
            time.sleep(1)
            turns += 1

    clock = _REAL_CLOCK[0]
    run(tick)
    assert turns > 0


_REAL_CLOCK = [time.perf_counter]
"""In a list, where freezegun does not find it."""


def test_a_debugger_may_take_its_time() -> None:
    """``breakpoint()`` waits for a person; its frames are those of the module ``pdb``."""
    clock = _REAL_CLOCK[0]
    prompt: dict[str, Any] = {"__name__": "pdb", "clock": clock, "until": clock() + 3 * SOON}
    exec("def interact():\n    while clock() < until: pass", prompt)
    run(prompt["interact"])


def test_the_signal_is_given_back() -> None:
    before = signal.getsignal(signal.SIGURG)
    run(lambda: time.sleep(1))
    assert signal.getsignal(signal.SIGURG) is before


# What an application makes for itself is virtual


class Locked(Shop):
    """A shop with a lock, a queue and a pool that it made in ``__init__``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.bell: queue.Queue[str] = queue.Queue()
        self.pool = ThreadPoolExecutor(1)
        self.told: list[str] = []

    def workers(self, wrap: Any) -> Mapping[str, Callable[[], object]]:
        def hold(name: str) -> None:
            with self.lock:
                time.sleep(2)
                self.told.append(name)

        def ring() -> None:
            time.sleep(1)
            self.bell.put(self.pool.submit(lambda: "ding").result())
            self.pool.shutdown()

        return {
            "decider": decide_for_ever,
            "worker": lambda: work_for_ever(wrap),
            "one": lambda: hold("one"),
            "two": lambda: hold("two"),
            "bell": ring,
            "ear": lambda: self.told.append(self.bell.get()),
        }


def test_locks_queues_and_pools_of_the_app_wait_virtually() -> None:
    with Story(Locked, turn_limit_s=10) as story:
        story.when(shopping())
        story.then()
        assert isinstance(story.app, Locked)
        assert sorted(story.app.told) == ["ding", "one", "two"]


# What comes before the workers


class Called(Shop):
    """It calls its decider instead of naming it."""

    def workers(self, wrap: Any) -> Any:
        return {"decider": decide_for_ever()}  # type: ignore[func-returns-value]


class Stubborn(Shop):
    """Its decider catches every exception."""

    def workers(self, wrap: Any) -> Any:
        client: Any = boto3.client("swf")
        while True:
            try:
                client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})
            except Exception:
                continue


class Waiting(Shop):
    """It waits in ``workers`` for what nobody does."""

    def workers(self, wrap: Any) -> Any:
        wait_for_the_clock()


@pytest.mark.parametrize(
    ("app", "limit_s", "text"),
    [
        (Called, 60, r"workers\(\) of Called polls for tasks itself .* not to call them"),
        (Stubborn, 60, r"workers\(\) of Stubborn polls for tasks itself"),
        (Waiting, SOON, r"workers\(\) of Waiting has not come back .* in wait_for_the_clock"),
    ],
)
def test_loops_that_are_called_instead_of_named_are_noticed(
    app: type[Shop], limit_s: float, text: str
) -> None:
    with Story(app, turn_limit_s=limit_s) as story:
        story.when(shopping())
        with pytest.raises(HarnessError, match=text):
            story.then()


# A run that goes on and on


def go_on_as_new() -> None:
    client: Any = boto3.client("swf")
    while True:
        task = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})
        decision = {"decisionType": "ContinueAsNewWorkflowExecution"}
        client.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[decision])


def test_an_endless_chain_of_executions_is_given_up() -> None:
    with Env.sim(limit_runs=100) as env:
        Shop().register()
        workflow_id, _ = Shop().start("x")
        env.add("decider", go_on_as_new)
        with pytest.raises(HarnessError) as told:
            env.run()
    assert f"workflow '{workflow_id}' is in its run number 1" in str(told.value)
    assert "continue as new" in str(told.value)
    assert "limit_runs" in str(told.value)


def test_two_threads_that_keep_each_other_busy_are_given_up() -> None:
    def play() -> None:
        balls: tuple[queue.Queue[int], queue.Queue[int]] = queue.Queue(), queue.Queue()

        def other() -> None:
            while True:
                balls[0].put(balls[1].get())

        threading.Thread(target=other, daemon=True).start()
        while True:
            balls[1].put(1)
            balls[0].get()

    with pytest.raises(HarnessError) as told:
        run(play, limit_steps=5_000)
    assert "took 5,000 steps" in str(told.value)
    assert "worker 'worker-0" in str(told.value)
    assert "limit_steps" in str(told.value)


def test_a_loop_that_sleeps_for_no_time_is_given_up() -> None:
    def spin() -> None:
        while True:
            time.sleep(0)

    with pytest.raises(HarnessError, match=r"worker 'worker-0' is about to go on"):
        run(spin, limit_steps=500)


@pytest.mark.parametrize("name", ["limit_s", "limit_steps", "limit_runs", "turn_limit_s"])
@pytest.mark.parametrize("value", [0, -1, None, True, "30"])
def test_a_limit_is_a_number_above_0(name: str, value: Any) -> None:
    with pytest.raises(HarnessError, match=f"{name} must be a number above 0"):
        Env.sim(**{name: value})


# Two at once


def test_a_second_simulation_is_refused_while_the_first_is_open() -> None:
    with (
        Env.sim(),
        pytest.raises(HarnessError, match="a simulation is open already"),
        Story(Shop),
    ):
        pass
    with Story(Shop) as story:
        story.when(shopping())
        story.then()
