"""Laws that hold for every order, whatever happens to it and in whatever sequence.

Hypothesis chooses what happens next: a decider answers or is overtaken, an activity completes,
fails, times out or is canceled, a timer fires, somebody signals or cancels.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders import workflow
from orders.decider import answer, decide
from orders.progress import Progress
from orders.settings import Settings
from orders.workflow import Rules
from orders.workflow_starter import WorkflowStarter
from tests.orders.little_swf import LittleSwf, attributes_of
from tests.orders.tables import ORDER

RULES = st.sampled_from([Rules(), Rules(retry_backoff=3), Rules(max_attempts=1)])
OUTCOMES = ("completed", "failed", "failed for good", "canceled", *("timed out",) * 2)
TIMEOUTS = ("START_TO_CLOSE", "SCHEDULE_TO_CLOSE", "HEARTBEAT")


class Chaos:
    """One order and all that may happen to it; `choose` is Hypothesis."""

    def __init__(self, choose, rules):
        self.choose = choose
        self.rules = rules
        self.swf = LittleSwf()
        optional = ("CallExternalAPI",) if choose(st.booleans()) else ()
        starter = WorkflowStarter(self.swf, Settings())
        started = starter.start_workflow(ORDER, optional)
        self.run = self.swf.runs[started["run_id"]]
        self.task = None

    def moves(self):
        run = self.run
        if self.task is not None:
            yield "answer"
            yield "lose the decider"
        elif run.queued is not None:
            yield "decide"
        if self._unstarted():
            yield "take up"
            yield "nobody takes it up"
        if self._started():
            yield "end"
        if run.open_timers:
            yield "fire"
        yield from ("resume", "resume", "junk", "cancel")

    def happen(self, move):
        {
            "decide": self.decide,
            "answer": self.answer,
            "lose the decider": self.lose_decider,
            "take up": lambda: self.swf.poll_for_activity_task(domain="d", taskList={"name": "l"}),
            "nobody takes it up": self.not_taken_up,
            "end": self.end,
            "fire": lambda: self.swf.fire(self.run, min(self.run.open_timers)),
            "resume": self.resume,
            "junk": lambda: self.signal("HELLO", "?"),
            "cancel": lambda: self.swf.request_cancel_workflow_execution(
                domain="d", **self.run.ids
            ),
        }[move]()

    def decide(self):
        self.task = self.swf.poll_for_decision_task(domain="d", taskList={"name": "l"})

    def answer(self):
        check_decider(self.task, self.rules)
        decided = decide(self.task, self.rules)
        # The little SWF checks it against the service's model, limits and list rules.
        self.swf.respond_decision_task_completed(
            taskToken=self.task["taskToken"], decisions=decided
        )
        self.task = None

    def lose_decider(self):
        self.task = None
        self.swf.time_out_decision(self.run)

    def not_taken_up(self):
        self.swf.time_out(self.run, self._unstarted()[0], "SCHEDULE_TO_START")

    def end(self, outcomes=OUTCOMES):
        activity_id = self.choose(st.sampled_from(self._started()))
        outcome = self.choose(st.sampled_from(outcomes))
        if outcome == "timed out":
            self.swf.time_out(self.run, activity_id, self.choose(st.sampled_from(TIMEOUTS)))
            return
        token = f"{self.run.ids['runId']}|{self.run.open_activities[activity_id]}"
        if outcome == "completed":
            self.swf.respond_activity_task_completed(taskToken=token, result='{"ok": true}')
        elif outcome == "canceled":
            self.swf.respond_activity_task_canceled(taskToken=token, details="")
        else:
            details = '{"retryable": false}' if outcome == "failed for good" else "{}"
            self.swf.respond_activity_task_failed(taskToken=token, reason="boom", details=details)

    def resume(self):
        step = self.choose(st.sampled_from(workflow.ALL_STEPS))
        self.signal(workflow.RESUME_SIGNAL, f'{{"step_name": "{step}"}}')

    def signal(self, name, text):
        self.swf.signal_workflow_execution(domain="d", signalName=name, input=text, **self.run.ids)

    def settle(self):
        """From now on everything works."""
        for _ in range(300):
            if self.run.closed:
                return
            if self.task is not None:
                self.answer()
            elif self.run.queued is not None:
                self.decide()
            elif self._unstarted():
                self.happen("take up")
            elif self._started():
                self.end(("completed",))
            elif self.run.open_timers:
                self.happen("fire")
            else:
                pytest.fail("at rest and not closed:\n" + "\n".join(self.run.text()))
        pytest.fail("does not come to an end:\n" + "\n".join(self.run.text()))

    def _unstarted(self):
        return [i for i, at in self.run.open_activities.items() if at not in self.run.started]

    def _started(self):
        return [i for i, at in self.run.open_activities.items() if at in self.run.started]


def check_decider(task, rules):
    """The decisions depend on the history alone."""
    whole = answer(task, rules)
    assert answer(task, rules) == whole
    assert answer(task["events"], rules).decisions == whole.decisions
    assert answer({**task, "previousStartedEventId": 0}, rules).decisions == whole.decisions
    step_by_step = Progress()
    for event in task["events"]:
        step_by_step.see([event])
    rebuilt = Progress.of(task["events"])
    assert _state(step_by_step) == _state(rebuilt)


def _state(progress):
    state = dict(vars(progress))
    state["open"] = [
        (a.step, a.attempt, a.activity_id, a.superseded, a.cancel_asked)
        for a in progress.open.values()
    ]
    return state


def check_run(run):
    steps = [activity_id.split("-")[0] for activity_id in run.open_activities]
    assert len(set(steps)) == len(steps), f"two open activities of one step: {steps}"
    events = {event["eventType"] for event in run.events}
    assert not events & {"ScheduleActivityTaskFailed", "StartTimerFailed"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), RULES)
def test_whatever_happens_the_decider_keeps_the_laws_and_the_run_comes_to_an_end(data, rules):
    chaos = Chaos(data.draw, rules)
    for _ in range(data.draw(st.integers(0, 40))):
        if chaos.run.closed:
            break
        chaos.happen(data.draw(st.sampled_from(list(chaos.moves()))))
        check_run(chaos.run)
    chaos.settle()
    check_run(chaos.run)
    check_end(chaos.run)


def check_end(run):
    """A run that fails or is canceled has taken back what it did, or says that it has not."""
    done = [
        _completed_step(run, e) for e in run.events if e["eventType"] == "ActivityTaskCompleted"
    ]
    if run.closed == "WorkflowExecutionCompleted":
        assert done.count("NotifyCompletion") >= 1
        assert "RollbackStep" not in done
        return
    took_effect = {_step(run, at) for at in run.started} & workflow.UNDOABLE_STEPS
    told = str(attributes_of(run.events[-1]))
    if took_effect and "Compensation incomplete" not in told:
        assert done[-2:] == ["RollbackStep", "CompensateTransaction"]


def _completed_step(run, event):
    return _step(run, attributes_of(event)["scheduledEventId"])


def _step(run, scheduled):
    return attributes_of(run.events[scheduled - 1])["activityType"]["name"]
