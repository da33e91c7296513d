"""Kill a server in the middle of its work, again and again, and look for what it had answered.

``python -m tests.server.killing 50`` does it fifty times. Clients start executions, take and answer
tasks over keep-alive connections and write down what they are answered; then the server gets a
SIGKILL, another takes its file, and everything written down must be there.
"""

from __future__ import annotations

import collections
import random
import sys
import tempfile
import threading
import uuid
from pathlib import Path
from typing import Any

import botocore.exceptions

from tests.support import serving
from tests.support.driver import DOMAIN, Driver, schedule

CLIENTS = 4
WORK_MOST = 40
"""So many tasks are taken at most before the server is killed."""


class Witness:
    """What one client was answered: runs that began, signals, tasks that it took and answered."""

    def __init__(self) -> None:
        self.runs: dict[str, str] = {}
        self.events: collections.Counter[tuple[str, str]] = collections.Counter()
        self.taken: list[Any] = []
        self.odd: list[Exception] = []


def _work(url: str, saw: Witness, killed: threading.Event, enough: threading.Semaphore) -> None:
    """One client until the server is gone: whatever it writes down has been answered."""
    swf = serving.client(url)
    task_list = {"name": str(uuid.uuid4())}
    try:
        while not killed.is_set():
            name = str(uuid.uuid4())
            run = swf.start_workflow_execution(
                domain=DOMAIN,
                workflowId=name,
                workflowType={"name": "order", "version": "1.0"},
                taskList=task_list,
            )["runId"]
            saw.runs[name] = run
            swf.signal_workflow_execution(domain=DOMAIN, workflowId=name, signalName="s")
            saw.events[name, "WorkflowExecutionSignaled"] += 1
            task = swf.poll_for_decision_task(domain=DOMAIN, taskList=task_list)
            saw.events[name, "DecisionTaskStarted"] += 1
            swf.respond_decision_task_completed(
                taskToken=task["taskToken"], decisions=[schedule("a", taskList=task_list)]
            )
            saw.events[name, "ActivityTaskScheduled"] += 1
            task = swf.poll_for_activity_task(domain=DOMAIN, taskList=task_list)
            saw.events[name, "ActivityTaskStarted"] += 1
            saw.taken.append((name, task["taskToken"]))
            enough.release()
    except botocore.exceptions.BotoCoreError:  # killed while it was asked
        pass
    except Exception as error:  # an answer of which only a part came, for one
        saw.odd.append(error)
    for _ in range(WORK_MOST):
        enough.release()


def _look(url: str, saw: Witness) -> int:
    """All that was answered is there; and the tasks that were taken can still be answered."""
    swf = serving.client(url)
    for name, run in saw.runs.items():
        events = swf.get_workflow_execution_history(
            domain=DOMAIN, execution={"workflowId": name, "runId": run}
        )["events"]
        seen = collections.Counter(event["eventType"] for event in events)
        for (who, kind), count in saw.events.items():
            if who == name:
                assert seen[kind] >= count, f"{kind} of {name} was answered and is lost"
    for name, token in saw.taken[-3:]:
        swf.respond_activity_task_completed(taskToken=token)
        saw.events[name, "ActivityTaskCompleted"] += 1
    del saw.taken[:]
    return len(saw.runs) + sum(saw.events.values())


def _once(path: Path, saw: list[Witness], chance: random.Random) -> None:
    with serving.process("--data", str(path)) as served:
        killed, enough = threading.Event(), threading.Semaphore(0)
        if not saw[0].runs:
            driver = Driver(None, step_s=0)  # type: ignore[arg-type]
            driver.client = serving.client(served.url)
            driver.register()
        for one in saw:
            _look(served.url, one)
        clients = [
            threading.Thread(target=_work, args=(served.url, one, killed, enough)) for one in saw
        ]
        for client in clients:
            client.start()
        for _ in range(chance.randint(1, WORK_MOST)):  # work done, not time gone by, says when
            enough.acquire()
        served.process.kill()
        killed.set()
        for client in clients:
            client.join(serving.PATIENCE_S)
    assert [error for one in saw for error in one.odd] == []


def kill_under_load(path: Path, times: int, seed: int = 0) -> int:
    """How many answers were looked for at the end, and found."""
    chance = random.Random(seed)
    saw = [Witness() for _ in range(CLIENTS)]
    for _ in range(times):
        _once(path, saw, chance)
    with serving.process("--data", str(path)) as served:
        return sum(_look(served.url, one) for one in saw)


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        found = kill_under_load(Path(folder) / "state", times)
    print(f"killed {times} times: all {found:,} answers are there")


if __name__ == "__main__":
    main()
