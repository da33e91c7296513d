"""Unmodified blocking loops on virtual time: sleeps, threads, locks, crashes, refusals."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import multiprocessing
import os
import queue
import random
import secrets
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep as imported_sleep
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from swfsim import Behaviour, Env, HarnessError
from swfsim.sim.faults import crash
from swfsim.sim.plan import Plan
from swfsim.spec import limits
from tests.support.shop import DOMAIN, Shop, decide_for_ever, work_for_ever


def run(*loops: Callable[[], object], **options: Any) -> Env:
    """Run these loops to their end, or to rest."""
    with Env.sim(**options) as env:
        for number, loop in enumerate(loops):
            env.add(f"worker-{number}", loop)
        env.run()
        return env


# Time


def test_a_year_of_sleep_takes_no_time() -> None:
    woke: list[datetime.datetime] = []

    def loop() -> None:
        time.sleep(365 * 86_400)
        woke.append(datetime.datetime.now(datetime.UTC))

    before = time.perf_counter()
    with Env.sim() as env:
        begun = env.now()
        env.add("sleeper", loop)
        env.run()
    assert woke[0] - begun == datetime.timedelta(days=365)
    assert time.perf_counter() - before < 60


def test_every_reading_of_time_shows_the_same_instant() -> None:
    def loop() -> None:
        time.sleep(1.5)
        readings = {
            round(time.time(), 3),
            round(time.time_ns() / 1e9, 3),
            round(datetime.datetime.now(datetime.UTC).timestamp(), 3),
        }
        assert len(readings) == 1
        before = time.monotonic(), time.perf_counter()
        imported_sleep(7)
        assert time.monotonic() - before[0] == pytest.approx(7)
        assert time.perf_counter() - before[1] == pytest.approx(7)

    run(loop)


def test_sleepers_wake_in_order_of_time() -> None:
    woke: list[int] = []

    def sleeper(seconds: int) -> Callable[[], None]:
        return lambda: (time.sleep(seconds), woke.append(seconds))[1]

    run(*(sleeper(seconds) for seconds in (3, 1, 2)))
    assert woke == [1, 2, 3]


def test_a_run_can_be_stopped_by_the_clock_and_go_on() -> None:
    ticks: list[float] = []

    def tick() -> None:
        while True:
            time.sleep(1)
            ticks.append(time.time())

    with Env.sim() as env:
        env.add("clock", tick)
        env.run(for_s=10.5)
        assert len(ticks) == 10
        env.run(lambda: len(ticks) == 15)
        assert len(ticks) == 15


def test_a_loop_that_never_ends_is_given_up_with_advice() -> None:
    def tick() -> None:
        while True:
            time.sleep(3600)

    with pytest.raises(HarnessError, match="limit_s"):
        run(tick, limit_s=86_400)


def test_an_empty_poll_stays_parked_and_time_jumps() -> None:
    """A day's timer costs a handful of calls, not one poll a minute."""
    with Env.sim() as env:
        client = env.client()
        Shop().register()
        client.start_workflow_execution(
            domain=DOMAIN, workflowId="w", workflowType={"name": "shopping", "version": "1"}
        )

        def decide() -> None:
            client: Any = boto3.client("swf")
            attributes = {"timerId": "day", "startToFireTimeout": "86000"}
            for decision in (
                {"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes},
                {"decisionType": "CompleteWorkflowExecution"},
            ):
                task = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})
                client.respond_decision_task_completed(
                    taskToken=task["taskToken"], decisions=[decision]
                )

        env.add("decider", decide)
        env.run()
        assert len(env.journal) == 4
        assert env.executions()[0].close_status == "COMPLETED"


def test_idle_polls_are_answered_empty_if_asked() -> None:
    polls: list[float] = []

    def poll() -> None:
        client: Any = boto3.client("swf")
        for _ in range(3):
            answer = client.poll_for_activity_task(domain=DOMAIN, taskList={"name": "nothing"})
            assert "taskToken" not in answer
            polls.append(time.time())

    with Env.sim(idle_polls=True) as env:
        Shop().register()
        env.add("worker", poll)
        env.run()
    assert polls[1] - polls[0] == pytest.approx(60, abs=0.1)
    assert polls[2] - polls[1] == pytest.approx(60, abs=0.1)


def test_a_poll_that_waited_for_its_task_counts_as_one_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(limits.API_BUCKETS, "PollForDecisionTask", (1, 0.0))
    polled: list[str] = []

    def decide() -> None:
        client: Any = boto3.client("swf")
        task = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})
        polled.append(task["workflowExecution"]["workflowId"])
        with pytest.raises(botocore.exceptions.ClientError, match="ThrottlingException"):
            client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})
        polled.append("throttled")

    def start() -> None:
        client: Any = boto3.client("swf")
        time.sleep(5)
        client.start_workflow_execution(
            domain=DOMAIN, workflowId="w", workflowType={"name": "shopping", "version": "1"}
        )

    with Env.sim(behaviour=Behaviour(throttling=True)) as env:
        Shop().register()
        env.add("decider", decide)
        env.add("customer", start)
        env.run()
    assert polled == ["w", "throttled"]


# Chance and identity


def test_chance_comes_from_the_seed() -> None:
    def drawn(seed: int) -> tuple[Any, ...]:
        found: list[Any] = []

        def draw() -> None:
            found.extend(
                (uuid.uuid4(), random.random(), os.urandom(8), secrets.token_hex(4), os.getpid())
            )

        run(draw, seed=seed)
        return tuple(found)

    assert drawn(1) == drawn(1)
    assert drawn(1)[:4] != drawn(2)[:4]


def test_the_chance_of_the_rest_of_the_process_is_left_alone() -> None:
    random.seed(7)
    wanted = random.random()
    random.seed(7)
    run(lambda: random.random())
    assert random.random() == wanted


def test_the_simulation_leaves_no_patch_behind() -> None:
    before = (time.sleep, time.time, os.urandom, threading.Thread.start, socket.socket.connect)
    run(lambda: time.sleep(1))
    after = (time.sleep, time.time, os.urandom, threading.Thread.start, socket.socket.connect)
    assert before == after
    assert datetime.datetime.now().year < 2031


# Threads


def test_a_thread_of_a_worker_runs_on_virtual_time() -> None:
    told: list[str] = []

    def loop() -> None:
        over = threading.Event()

        def beat() -> None:
            while not over.wait(10):
                told.append(f"beat {time.monotonic() - begun:.0f}")

        begun = time.monotonic()
        thread = threading.Thread(target=beat)
        thread.start()
        time.sleep(25)
        assert thread.is_alive()
        over.set()
        thread.join()
        assert not thread.is_alive()
        told.append(f"joined {time.monotonic() - begun:.0f}")

    run(loop)
    assert told == ["beat 10", "beat 20", "joined 25"]


def test_locks_conditions_and_queues_wait_virtually() -> None:
    told: list[Any] = []

    def loop() -> None:
        lock = threading.RLock()
        items: queue.Queue[int] = queue.Queue(maxsize=1)

        def produce() -> None:
            for number in range(3):
                with lock, lock:
                    time.sleep(5)
                items.put(number)

        thread = threading.Thread(target=produce)
        thread.start()
        for _ in range(3):
            told.append(items.get(timeout=60))
        with pytest.raises(queue.Empty):
            items.get(timeout=60)
        thread.join(timeout=1)

    env = run(loop)
    assert told == [0, 1, 2]
    assert env.now() - env_start(env) == datetime.timedelta(seconds=15 + 60)


def env_start(env: Env) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(env._clock.start / 1000, datetime.UTC)


def test_a_thread_pool_works() -> None:
    def loop() -> None:
        def slow(number: int) -> int:
            time.sleep(10)
            return number * number

        begun = time.monotonic()
        with ThreadPoolExecutor(max_workers=4) as pool:
            assert list(pool.map(slow, range(8))) == [n * n for n in range(8)]
        assert time.monotonic() - begun == pytest.approx(20)

    run(loop)


def test_a_join_may_give_up() -> None:
    def loop() -> None:
        thread = threading.Thread(target=lambda: time.sleep(100), daemon=True)
        thread.start()
        thread.join(timeout=30)
        assert thread.is_alive()

    env = run(loop)
    assert env.now() - env_start(env) == datetime.timedelta(seconds=100)


def test_each_worker_sees_a_thread_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run(lambda: logging.getLogger("x").info("a"), lambda: logging.getLogger("x").info("b"))
    assert {record.threadName for record in caplog.records} == {"worker-0", "worker-1"}


def test_an_exception_in_a_thread_ends_the_thread_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    def loop() -> None:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        told.append("goes on")

    run(loop)
    assert told[0].exc_type is ZeroDivisionError
    assert told[1] == "goes on"


def test_a_lock_made_in_a_worker_still_works_afterwards() -> None:
    made: list[Any] = []
    run(lambda: made.extend((threading.Lock(), threading.RLock())))
    for lock in made:
        with lock:
            pass


# Crashes


def test_a_worker_is_killed_whatever_it_catches() -> None:
    told: list[str] = []

    def stubborn() -> None:
        client: Any = boto3.client("swf")
        while True:
            try:
                client.list_domains(registrationStatus="REGISTERED")
                time.sleep(10)
            except Exception:
                told.append("survived")
            finally:
                told.append("turn")

    with Env.sim() as env:
        worker = env.add("stubborn", stubborn)
        env.run(for_s=25)
        env.crash(worker)
        env.run(for_s=100)
    assert told == ["turn"] * 3


def test_a_dying_worker_reaches_nothing_any_more() -> None:
    def loop() -> None:
        client: Any = boto3.client("swf")
        try:
            time.sleep(1_000)
        finally:
            client.register_domain(name="last-words", workflowExecutionRetentionPeriodInDays="1")

    with Env.sim() as env:
        worker = env.add("worker", loop)
        env.run(for_s=10)
        env.crash(worker)
        listed = env.client().list_domains(registrationStatus="REGISTERED")
        assert listed["domainInfos"] == []


def test_its_threads_die_with_it() -> None:
    beats: list[float] = []

    def loop() -> None:
        def beat() -> None:
            while True:
                time.sleep(1)
                beats.append(time.time())

        threading.Thread(target=beat, daemon=True).start()
        time.sleep(1_000)

    with Env.sim() as env:
        worker = env.add("worker", loop)
        env.run(for_s=5.5)
        env.crash(worker)
        env.run(for_s=100)
    assert len(beats) == 5


def test_a_worker_that_cannot_be_killed_is_told_so() -> None:
    def immortal() -> None:
        while True:
            with contextlib.suppress(BaseException):
                time.sleep(1)

    with Env.sim() as env:
        worker = env.add("immortal", immortal)
        env.run(for_s=5)
        with pytest.raises(HarnessError, match="catches BaseException"):
            env.crash(worker)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("worker", "operation"),
    [
        ("decider", "PollForDecisionTask"),
        ("decider", "RespondDecisionTaskCompleted"),
        ("worker", "PollForActivityTask"),
        ("worker", "RespondActivityTaskCompleted"),
    ],
)
def test_a_crash_at_any_call_is_survived_by_a_restart(
    worker: str, operation: str, moment: Any
) -> None:
    plan = Plan([crash(worker, operation, moment, nth=2, restart_after_s=30)])
    with Env.sim(plan=plan) as env:
        Shop().register()
        env.add("decider", decide_for_ever)
        env.add("worker", lambda: work_for_ever(env.wrap))
        env.add("customer", lambda: Shop().start("x"))
        env.run()
        assert [x.close_status for x in env.executions()] == ["COMPLETED"]
    plan.check_all_struck()


def test_an_exception_that_a_worker_lets_escape_ends_the_run() -> None:
    def broken() -> None:
        time.sleep(10)
        raise ValueError("a bug of the application")

    with pytest.raises(ValueError, match="a bug of the application") as told:
        run(broken)
    assert any("worker-0" in note for note in told.value.__notes__)


# What would escape


def datagram() -> socket.socket:
    """A socket that needs no connection."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def send(how: str, *arguments: Any) -> None:
    with datagram() as mouth:
        getattr(mouth, how)(*arguments)


def run_an_event_loop() -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_forever()
    finally:
        loop.close()


@pytest.mark.parametrize(
    ("escape", "advice"),
    [
        (lambda: subprocess.run(["true"], check=True), "start a process"),
        (lambda: os.fork(), "fork"),
        (lambda: os.forkpty(), "fork"),
        (lambda: os.system("true"), "start a process"),
        (lambda: os.popen("true"), "start a process"),
        (lambda: os.posix_spawn("/bin/true", ["true"], {}), "start a process"),
        (lambda: os.execv("/bin/true", ["true"]), "become another program"),
        (lambda: multiprocessing.get_context("spawn").Process(target=print).start(), "process"),
        (run_an_event_loop, "asyncio"),
        (lambda: socket.create_connection(("swf.us-east-1.amazonaws.com", 443)), "amazonaws"),
        (lambda: send("sendto", b"x", ("192.0.2.1", 53)), r"reach 192\.0\.2\.1"),
        (lambda: send("sendto", b"x", 0, ("192.0.2.1", 53)), r"reach 192\.0\.2\.1"),
        (lambda: send("sendmsg", [b"x"], [], 0, ("192.0.2.1", 53)), r"reach 192\.0\.2\.1"),
        (lambda: socket.gethostbyname("example.com"), r"reach example\.com"),
        (lambda: boto3.client("s3").list_buckets(), "moto's mock_aws"),
        (
            lambda: boto3.client(
                "swf", config=botocore.config.Config(retries={"mode": "adaptive"})
            ).list_domains(registrationStatus="REGISTERED"),
            "'standard'",
        ),
    ],
)
def test_what_no_simulation_could_repeat_is_refused(
    escape: Callable[[], object], advice: str
) -> None:
    with pytest.raises(HarnessError, match=advice):
        run(escape)


def test_outside_of_workers_nothing_is_refused() -> None:
    with Env.sim():
        subprocess.run(["true"], check=True)
        assert os.system("true") == 0


def test_sockets_on_this_machine_are_allowed() -> None:
    def talk() -> None:
        with datagram() as ear, datagram() as mouth:
            ear.bind(("127.0.0.1", 0))
            mouth.sendto(b"one", ear.getsockname())
            mouth.sendmsg([b"two"], [], 0, ear.getsockname())
            mouth.connect(ear.getsockname())
            mouth.sendmsg([b"three"])
            heard.extend(ear.recv(10) for _ in range(3))

    heard: list[bytes] = []
    run(talk)
    assert heard == [b"one", b"two", b"three"]


def test_the_own_host_has_an_address() -> None:
    found: list[str] = []
    run(lambda: found.append(socket.gethostbyname(socket.gethostname())))
    assert found == ["127.0.0.1"]


def test_a_worker_cannot_run_the_simulation() -> None:
    with Env.sim() as env:
        env.add("worker", lambda: env.run())
        with pytest.raises(HarnessError, match="running already"):
            env.run()


def test_an_environment_has_to_be_entered() -> None:
    env = Env.sim()
    with pytest.raises(HarnessError, match=r"with Env\.sim"):
        env.add("worker", print)
    with pytest.raises(HarnessError, match=r"with Env\.sim"):
        env.run()
