"""A little SWF for one domain, with a boto3 client's method names: enough to run orders against.

It follows the laws of the service that the order workflow depends on: one decision task at work
and at most one queued, UNHANDLED_DECISION, ids in use, no schedule beside a close, limits on
lengths. Nothing passes by itself: a test says `time_out`, `fire` or `lose`.
"""

import itertools
from collections import deque
from datetime import UTC, datetime, timedelta

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

START = datetime(2031, 3, 7, 11, 42, 5, tzinfo=UTC)
MODEL = botocore.session.get_session().get_service_model("swf")
CLOSE = {
    "CompleteWorkflowExecution": "WorkflowExecutionCompleted",
    "FailWorkflowExecution": "WorkflowExecutionFailed",
    "CancelWorkflowExecution": "WorkflowExecutionCanceled",
}


def fault(code, message, operation="Call", status=400):
    error = {"Code": code, "Message": message}
    return ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}, operation)


def check_shape(shape, value, path=""):
    """What the model says of a value: botocore's own checks, and the maxima it leaves out."""
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), f"{path}: {report.generate_report()}"
    _check_lengths(shape, value, path)


def _check_lengths(shape, value, path):
    if shape.type_name == "structure":
        for name, inner in value.items():
            _check_lengths(shape.members[name], inner, f"{path}.{name}")
    elif shape.type_name == "list":
        assert len(value) <= shape.metadata.get("max", 1 << 60), f"{path}: too many"
        for index, inner in enumerate(value):
            _check_lengths(shape.member, inner, f"{path}[{index}]")
    elif shape.type_name == "string":
        length = len(value.encode("utf-16-le")) // 2
        if length > shape.metadata.get("max", 1 << 60):
            raise fault("ValidationException", f"Value at '{path}' is {length} characters long")
        assert not shape.enum or value in shape.enum, f"{path}: {value}"


def attributes_of(event):
    kind = event["eventType"]
    return event[kind[0].lower() + kind[1:] + "EventAttributes"]


class Run:
    def __init__(self, workflow_id, run_id, begins=START):
        self.begins = begins
        self.ids = {"workflowId": workflow_id, "runId": run_id}
        self.events = []
        self.closed = None
        self.queued = None  # id of the DecisionTaskScheduled waiting for a decider
        self.deciding = None  # (scheduled id, started id) of the one at work
        self.previous_started = 0
        self.open_activities = {}  # activity id → scheduled event id
        self.started = {}  # scheduled event id → started event id
        self.cancel_requested = set()  # scheduled event ids
        self.open_timers = {}  # timer id → started event id

    def record(self, kind, **attributes):
        event = {
            "eventId": len(self.events) + 1,
            "eventType": kind,
            "eventTimestamp": self.begins + timedelta(seconds=len(self.events)),
            f"{kind[0].lower()}{kind[1:]}EventAttributes": attributes,
        }
        check_shape(MODEL.shape_for("HistoryEvent"), event, kind)
        self.events.append(event)
        return event["eventId"]

    def happened(self, kind, **attributes):
        """An event that calls for a decision."""
        event_id = self.record(kind, **attributes)
        self.want_decision()
        return event_id

    def want_decision(self):
        if self.queued is None and not self.closed:
            self.queued = self.record(
                "DecisionTaskScheduled", taskList={"name": "orders-decisions"}
            )

    def text(self):
        """The history as a table: one event a line, without the decision tasks."""
        return [
            describe(event) for event in self.events if "DecisionTask" not in event["eventType"]
        ]


def describe(event):
    it = attributes_of(event)
    for name in ("activityId", "timerId", "markerName", "signalName"):
        if name in it:
            return f"{event['eventType']}({it[name]})"
    return event["eventType"]


class LittleSwf:
    """`client` for everything in `orders`. `log` holds the name of each call."""

    def __init__(self):
        self.runs = {}  # run id → Run
        self.log = []
        self.types = {}
        self.lists_lag = False  # whether runs that closed are not listed yet
        self.trouble = deque()  # exceptions to raise from the next calls, None for "work"
        self._numbers = itertools.count(1)

    # Workflow clients

    def start_workflow_execution(self, **it):
        self._called("StartWorkflowExecution", it)
        workflow_id = it["workflowId"]
        if self._open_run(workflow_id):
            raise fault("WorkflowExecutionAlreadyStartedFault", "")
        begins = START + timedelta(hours=len(self.runs))
        run = Run(workflow_id, f"run-{next(self._numbers)}=", begins)
        self.runs[run.ids["runId"]] = run
        run.happened(
            "WorkflowExecutionStarted",
            parentInitiatedEventId=0,
            **{name: it[name] for name in it if name not in ("domain", "workflowId")},
        )
        return {"runId": run.ids["runId"]}

    def signal_workflow_execution(self, **it):
        run = self._addressed("SignalWorkflowExecution", it)
        given = {name: it[name] for name in ("signalName", "input") if name in it}
        run.happened("WorkflowExecutionSignaled", externalInitiatedEventId=0, **given)

    def request_cancel_workflow_execution(self, **it):
        run = self._addressed("RequestCancelWorkflowExecution", it)
        run.happened("WorkflowExecutionCancelRequested", externalInitiatedEventId=0)

    def terminate_workflow_execution(self, **it):
        run = self._addressed("TerminateWorkflowExecution", it)
        run.record(
            "WorkflowExecutionTerminated",
            childPolicy="TERMINATE",
            cause="OPERATOR_INITIATED",
            **{name: it[name] for name in ("reason", "details") if name in it},
        )
        run.closed = "WorkflowExecutionTerminated"

    def get_workflow_execution_history(self, **it):
        self._called("GetWorkflowExecutionHistory", it)
        run = self.runs.get(it["execution"]["runId"])
        if run is None or run.ids != it["execution"]:
            raise _unknown_execution(it["execution"])
        return _page(run.events, it, self.page_size)

    def list_closed_workflow_executions(self, **it):
        self._called("ListClosedWorkflowExecutions", it)
        oldest, wanted = it["startTimeFilter"]["oldestDate"], it["executionFilter"]["workflowId"]
        found = [
            {"execution": run.ids, "startTimestamp": run.begins}
            for run in self.runs.values()
            if run.closed and run.ids["workflowId"] == wanted and run.begins >= oldest
            if not self.lists_lag
        ]
        return {"executionInfos": found[::-1]}

    page_size = 1000

    # Deciders

    def poll_for_decision_task(self, **it):
        self._called("PollForDecisionTask", it)
        if "nextPageToken" in it:
            run_id, *_ = it["nextPageToken"].split("|")
            return self._decision_task(self.runs[run_id], it)
        for run in self.runs.values():
            if run.queued is not None and run.deciding is None and not run.closed:
                started = run.record(
                    "DecisionTaskStarted",
                    scheduledEventId=run.queued,
                    identity=it.get("identity", ""),
                )
                run.deciding, run.queued = (run.queued, started), None
                return self._decision_task(run, it)
        return {"startedEventId": 0, "previousStartedEventId": 0}

    def _decision_task(self, run, it):
        started = run.deciding[1]
        return {
            "taskToken": f"{run.ids['runId']}|{started}",
            "startedEventId": started,
            "previousStartedEventId": run.previous_started,
            "workflowExecution": run.ids,
            "workflowType": {"name": "OrderWorkflow", "version": "1.0"},
            **_page(run.events[:started], it, self.page_size, run.ids["runId"]),
        }

    def respond_decision_task_completed(self, **it):
        self._called("RespondDecisionTaskCompleted", it)
        run_id, started = it["taskToken"].split("|")
        run = self.runs[run_id]
        if run.closed:
            raise _unknown_execution(run.ids)
        if run.deciding is None or run.deciding[1] != int(started):
            raise fault("UnknownResourceFault", "Unknown decision task, scheduledEventId = 1")
        kinds = [decision["decisionType"] for decision in it["decisions"]]
        closes = [kind for kind in kinds if kind in CLOSE]
        if (closes and kinds[-1] not in CLOSE) or len(closes) > 1:
            raise fault("ValidationException", "Close must be last decision in list")
        if closes and {"ScheduleActivityTask", "StartTimer"} & set(kinds):
            raise fault(
                "ValidationException", "Specified decision is incompatible with close decision"
            )
        scheduled, _ = run.deciding
        completed = run.record(
            "DecisionTaskCompleted", scheduledEventId=scheduled, startedEventId=int(started)
        )
        run.previous_started, run.deciding = int(started), None
        applied = [self._apply(run, decision, completed) for decision in it["decisions"]]
        if not all(applied):
            run.want_decision()

    def time_out_decision(self, run):
        scheduled, started = run.deciding
        run.deciding = None
        run.happened(
            "DecisionTaskTimedOut",
            scheduledEventId=scheduled,
            startedEventId=started,
            timeoutType="START_TO_CLOSE",
        )

    def _apply(self, run, decision, completed):
        """Turn one decision into events. False if one of them calls for a new decision."""
        kind = decision["decisionType"]
        it = {
            **decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"],
            "decisionTaskCompletedEventId": completed,
        }
        if kind in CLOSE:
            if run.queued is not None:
                run.record(
                    f"{kind}Failed",
                    cause="UNHANDLED_DECISION",
                    decisionTaskCompletedEventId=completed,
                )
                return False
            run.record(CLOSE[kind], **it)
            run.closed = CLOSE[kind]
            return True
        return {
            "ScheduleActivityTask": self._schedule,
            "RequestCancelActivityTask": self._request_cancel,
            "RecordMarker": lambda run, it: run.record("MarkerRecorded", **it),
            "StartTimer": self._start_timer,
            "CancelTimer": self._cancel_timer,
        }[kind](run, it)

    def _schedule(self, run, it):
        if it["activityId"] in run.open_activities:
            run.record(
                "ScheduleActivityTaskFailed",
                activityType=it["activityType"],
                activityId=it["activityId"],
                cause="ACTIVITY_ID_ALREADY_IN_USE",
                decisionTaskCompletedEventId=it["decisionTaskCompletedEventId"],
            )
            return False
        run.open_activities[it["activityId"]] = run.record("ActivityTaskScheduled", **it)
        return True

    def _request_cancel(self, run, it):
        scheduled = run.open_activities.get(it["activityId"])
        if scheduled is None:
            run.record("RequestCancelActivityTaskFailed", cause="ACTIVITY_ID_UNKNOWN", **it)
            return False
        asked = run.record("ActivityTaskCancelRequested", **it)
        run.cancel_requested.add(scheduled)
        if scheduled in run.started:
            return True
        self._end(
            run,
            it["activityId"],
            "ActivityTaskCanceled",
            startedEventId=0,
            latestCancelRequestedEventId=asked,
        )
        return True

    def _start_timer(self, run, it):
        if it["timerId"] in run.open_timers:
            run.record(
                "StartTimerFailed",
                timerId=it["timerId"],
                cause="TIMER_ID_ALREADY_IN_USE",
                decisionTaskCompletedEventId=it["decisionTaskCompletedEventId"],
            )
            return False
        run.open_timers[it["timerId"]] = run.record("TimerStarted", **it)
        return True

    def _cancel_timer(self, run, it):
        if it["timerId"] not in run.open_timers:
            run.record("CancelTimerFailed", cause="TIMER_ID_UNKNOWN", **it)
            return False
        started = run.open_timers.pop(it["timerId"])
        run.record("TimerCanceled", startedEventId=started, **it)
        return True

    # Activity workers

    def poll_for_activity_task(self, **it):
        self._called("PollForActivityTask", it)
        for run in self.runs.values():
            for activity_id, scheduled in run.open_activities.items():
                if scheduled not in run.started and not run.closed:
                    return self._start_activity(run, activity_id, it.get("identity", ""))
        return {"startedEventId": 0}

    def _start_activity(self, run, activity_id, identity):
        scheduled = run.open_activities[activity_id]
        started = run.record("ActivityTaskStarted", scheduledEventId=scheduled, identity=identity)
        run.started[scheduled] = started
        asked = attributes_of(run.events[scheduled - 1])
        return {
            "taskToken": f"{run.ids['runId']}|{scheduled}",
            "activityId": activity_id,
            "activityType": asked["activityType"],
            "startedEventId": started,
            "workflowExecution": run.ids,
            "input": asked["input"],
        }

    def respond_activity_task_completed(self, **it):
        run, activity_id = self._held("RespondActivityTaskCompleted", it)
        self._end(run, activity_id, "ActivityTaskCompleted", result=it["result"])

    def respond_activity_task_failed(self, **it):
        run, activity_id = self._held("RespondActivityTaskFailed", it)
        self._end(
            run, activity_id, "ActivityTaskFailed", reason=it["reason"], details=it["details"]
        )

    def respond_activity_task_canceled(self, **it):
        run, activity_id = self._held("RespondActivityTaskCanceled", it)
        self._end(run, activity_id, "ActivityTaskCanceled", details=it["details"])

    def record_activity_task_heartbeat(self, **it):
        run, activity_id = self._held("RecordActivityTaskHeartbeat", it)
        return {"cancelRequested": run.open_activities[activity_id] in run.cancel_requested}

    def time_out(self, run, activity_id, kind="START_TO_CLOSE"):
        self._end(run, activity_id, "ActivityTaskTimedOut", timeoutType=kind)

    def fire(self, run, timer_id):
        started = run.open_timers.pop(timer_id)
        run.happened("TimerFired", timerId=timer_id, startedEventId=started)

    def _end(self, run, activity_id, kind, **attributes):
        scheduled = run.open_activities.pop(activity_id)
        ids = {"scheduledEventId": scheduled, "startedEventId": run.started.get(scheduled, 0)}
        run.happened(kind, **{**ids, **attributes})

    # Registration

    def register_domain(self, **it):
        self._called("RegisterDomain", it)
        if "domain" in self.types:
            raise fault("DomainAlreadyExistsFault", it["name"])
        self.types["domain"] = it

    def describe_domain(self, **it):
        name = "workflowExecutionRetentionPeriodInDays"
        return {
            "domainInfo": {"status": "REGISTERED"},
            "configuration": {name: self.types["domain"][name]},
        }

    def register_workflow_type(self, **it):
        self._register("RegisterWorkflowType", it)

    def register_activity_type(self, **it):
        self._register("RegisterActivityType", it)

    def _register(self, operation, it):
        self._called(operation, it)
        key = (it["name"], it["version"])
        if key in self.types:
            raise fault("TypeAlreadyExistsFault", str(key))
        self.types[key] = {**it, "status": "REGISTERED"}

    def describe_workflow_type(self, **it):
        return self._describe(it["workflowType"])

    def describe_activity_type(self, **it):
        return self._describe(it["activityType"])

    def _describe(self, key):
        found = self.types[key["name"], key["version"]]
        defaults = {name: found[name] for name in found if name.startswith("default")}
        return {"typeInfo": {"status": found["status"]}, "configuration": defaults}

    # Within

    def _called(self, operation, params):
        self.log.append(operation)
        if self.trouble:
            error = self.trouble.popleft()
            if error is not None:
                raise error
        check_shape(MODEL.operation_model(operation).input_shape, params, operation)

    def _open_run(self, workflow_id):
        for run in self.runs.values():
            if run.ids["workflowId"] == workflow_id and not run.closed:
                return run
        return None

    def _addressed(self, operation, it):
        self._called(operation, it)
        ids = {"workflowId": it["workflowId"], "runId": it["runId"]}
        run = self.runs.get(it["runId"])
        if run is None or run.ids != ids or run.closed:
            raise _unknown_execution(ids)
        return run

    def _held(self, operation, it):
        self._called(operation, it)
        run_id, scheduled = it["taskToken"].split("|")
        run = self.runs[run_id]
        if run.closed:
            raise _unknown_execution(run.ids)
        for activity_id, open_as in run.open_activities.items():
            if open_as == int(scheduled):
                return run, activity_id
        raise fault("UnknownResourceFault", f"Unknown activity, scheduledEventId = {scheduled}")


def _unknown_execution(ids):
    return fault(
        "UnknownResourceFault",
        "Unknown execution: "
        f"WorkflowExecution=[workflowId={ids['workflowId']}, runId={ids['runId']}]",
    )


def _page(events, it, size, prefix="history"):
    token = it.get("nextPageToken")
    first = int(token.split("|")[1]) if token else 0
    page = {"events": events[first : first + size]}
    if first + size < len(events):
        page["nextPageToken"] = f"{prefix}|{first + size}"
    return page
