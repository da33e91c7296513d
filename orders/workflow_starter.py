"""WorkflowStarter: start orders, watch them, resume, cancel and terminate them."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from orders import aws, messages, watching, workflow
from orders.errors import (
    NotAnOrder,
    NotRegistered,
    ResumeRefused,
    RunCompleted,
    RunStillOpen,
    RunSuperseded,
    StepNotReached,
    TakenBack,
    UnknownRun,
    UnknownStep,
)
from orders.gateways.payloads import order_in_s3, payloads_for
from orders.ports import Payloads
from orders.progress import Progress
from orders.settings import Settings
from orders.watching import BatchReport

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient
    from types_boto3_swf.type_defs import HistoryEventTypeDef

Started = dict[str, str]
"""{"workflow_id": "workflow-<uuid4>", "run_id": "<as SWF gave it>"}"""


class WorkflowStarter:
    """What a client of the order workflow can do. Raises `orders.errors.OrdersError` for what
    cannot be done, and boto3's errors for what AWS does not let us do."""

    def __init__(
        self,
        client: "SWFClient | None" = None,
        settings: Settings | None = None,
        *,
        payloads: Payloads | None = None,
    ) -> None:
        """Without a client, settings or payload store it makes its own, from the environment."""
        self.settings = settings or Settings()
        self.client = client if client is not None else aws.swf_client()
        self._payloads = payloads if payloads is not None else payloads_for(self.settings)

    def start_workflow(
        self, order: Mapping[str, Any], optional_steps: Iterable[str] = ()
    ) -> Started:
        """Start an order; ValidateInput, its first step, checks the order itself.

        An order that is kept in S3 is given as `{"s3_bucket": …, "s3_key": …}` and read here, with
        the rights of whoever starts it; workers follow no reference but their own.

        Raises NotAnOrder for what is no JSON object or cannot be read, UnknownStep for an unknown
        optional step.
        """
        optional = _known_optional(optional_steps)
        control = {"optional_steps": optional} if optional else {}
        plain = _checked(order)
        if messages.is_in_s3(plain):
            plain = _checked(order_in_s3(plain))
        if messages.is_reference(plain):
            raise NotAnOrder(
                f"this is a reference to an order, not the order itself: {sorted(plain)}; give the "
                "order, and what is too long for SWF is stored and referred to by itself"
            )
        return self._start(f"workflow-{uuid.uuid4()}", plain, control)

    def resume_workflow_from_step(self, workflow_id: str, run_id: str, step_name: str) -> Started:
        """Go on from this step; the steps before it keep their results and are not run again.

        An open run is signalled and goes on itself. A closed one takes no signal: its order is
        started anew, under the same workflow id, with the results carried over. Returns the ids
        of the run that goes on.

        After a rollback the order must be saved, and paid, again: then SaveResults is the last
        step to resume from.

        Raises UnknownStep, UnknownRun, and ResumeRefused or what is derived from it.
        """
        if step_name not in workflow.FORWARD_STEPS:
            raise UnknownStep(
                f"{step_name!r} is not a step to resume from; these are: "
                f"{', '.join((*workflow.STEPS, *workflow.OPTIONAL_STEPS))}"
            )
        events = self.get_workflow_history(workflow_id, run_id)
        progress = Progress.of(events)
        if progress.closed is None:
            _require_resumable(progress, step_name)
            if self._signal_resume(workflow_id, run_id, step_name):
                return {"workflow_id": workflow_id, "run_id": run_id}
            # It closed meanwhile.
            progress = Progress.of(self.get_workflow_history(workflow_id, run_id))
        _require_resumable_anew(progress, run_id, step_name)
        self._require_latest(workflow_id, run_id, events[0]["eventTimestamp"])
        return self._start_anew(workflow_id, run_id, step_name, progress)

    def get_workflow_history(self, workflow_id: str, run_id: str) -> "list[HistoryEventTypeDef]":
        """All events of a run, oldest first, as boto3 gives them. Raises UnknownRun."""
        params: dict[str, Any] = {
            "domain": self.settings.domain,
            "execution": {"workflowId": workflow_id, "runId": run_id},
        }
        events: list[HistoryEventTypeDef] = []
        while True:
            try:
                page = self.client.get_workflow_execution_history(**params)
            except ClientError as error:
                raise _translated(error, workflow_id, run_id) from error
            events += page["events"]
            if not page.get("nextPageToken"):
                return events
            params["nextPageToken"] = page["nextPageToken"]

    def terminate_workflow(self, workflow_id: str, run_id: str, reason: str = "") -> None:
        """Close the run at once; nothing is taken back. Raises UnknownRun if it is not open.

        A reason above SWF's 256 characters is cut, and given whole in the details.
        """
        said = {"reason": messages.cut(reason)}
        if said["reason"] != reason:
            said["details"] = messages.cut(reason, messages.LIMIT)
        self._call_on_run(self.client.terminate_workflow_execution, workflow_id, run_id, **said)

    def cancel_workflow(self, workflow_id: str, run_id: str) -> None:
        """Ask for the order to be stopped and taken back. Raises UnknownRun if it is not open."""
        self._call_on_run(self.client.request_cancel_workflow_execution, workflow_id, run_id)

    def monitor_workflow(
        self,
        workflow_id: str,
        run_id: str,
        interval: float = 5,
        say: Callable[[str], object] = print,
    ) -> str | None:
        """Print events as they come until the run closes; see `orders.watching.monitor`."""
        return watching.monitor(self, workflow_id, run_id, interval, say)

    def process_batch(
        self, orders: Sequence[Any], delay: float = 0.5, say: Callable[[str], object] = print
    ) -> list[str]:
        """Start all these orders; returns the workflow ids of those that could be started."""
        return self.start_batch(orders, delay, say).workflow_ids

    def start_batch(
        self, orders: Sequence[Any], delay: float = 0.5, say: Callable[[str], object] = print
    ) -> BatchReport:
        """Start all these orders; also tells which failed. See `orders.watching.start_batch`."""
        return watching.start_batch(self, orders, delay, say)

    def _start(
        self, workflow_id: str, order: Mapping[str, Any], control: Mapping[str, Any]
    ) -> Started:
        order_id = messages.short_id(order.get("order_id"))
        settings = self.settings
        try:
            answer = self.client.start_workflow_execution(
                domain=settings.domain,
                workflowId=workflow_id,
                workflowType={
                    "name": workflow.WORKFLOW_NAME,
                    "version": settings.workflow_version,
                },
                taskList={"name": settings.decision_task_list},
                input=messages.workflow_input(order, control, self._payloads.save),
                executionStartToCloseTimeout=str(settings.execution_timeout),
                taskStartToCloseTimeout=str(settings.decision_task_timeout),
                childPolicy="TERMINATE",
                tagList=[order_id] if order_id else [],
            )
        except ClientError as error:
            raise _translated(error, workflow_id, "") from error
        return {"workflow_id": workflow_id, "run_id": answer["runId"]}

    def _start_anew(self, workflow_id: str, run_id: str, step: str, progress: Progress) -> Started:
        before = progress.steps[: progress.steps.index(step)]
        control: dict[str, Any] = {
            "resume": {"step_name": step, "runs": [*progress.earlier_runs, run_id]},
            messages.RESULTS: {
                name: messages.result_value(progress.results[name]) for name in before
            },
        }
        optional = [name for name in progress.steps if name in workflow.OPTIONAL_STEPS]
        if optional:
            control["optional_steps"] = optional
        return self._start(workflow_id, progress.order, control)

    def _require_latest(self, workflow_id: str, run_id: str, started: datetime) -> None:
        """RunSuperseded if a later run is known. Lists lag, so the activities look again."""
        newest_first = self.client.list_closed_workflow_executions(
            domain=self.settings.domain,
            startTimeFilter={"oldestDate": started},
            executionFilter={"workflowId": workflow_id},
        )["executionInfos"]
        if newest_first and newest_first[0]["startTimestamp"] > started:
            later = newest_first[0]["execution"]["runId"]
            raise RunSuperseded(
                f"run {run_id!r} was carried on by run {later!r}: resume that run instead"
            )

    def _signal_resume(self, workflow_id: str, run_id: str, step: str) -> bool:
        """False if the run is not open any more."""
        try:
            self.client.signal_workflow_execution(
                domain=self.settings.domain,
                workflowId=workflow_id,
                runId=run_id,
                signalName=workflow.RESUME_SIGNAL,
                input=messages.to_json({"step_name": step}),
            )
        except ClientError as error:
            if aws.code_of(error) == "UnknownResourceFault":
                return False
            raise
        return True

    def _call_on_run(
        self, call: Callable[..., object], workflow_id: str, run_id: str, **params: str
    ) -> None:
        try:
            call(domain=self.settings.domain, workflowId=workflow_id, runId=run_id, **params)
        except ClientError as error:
            raise _translated(error, workflow_id, run_id, is_open=True) from error


def _checked(order: Any) -> dict[str, Any]:
    """The order, if it can be one at all. Raises NotAnOrder."""
    if not isinstance(order, Mapping):
        raise NotAnOrder(f"an order is a JSON object (a dict), not {messages.json_name(order)}")
    reserved = sorted(messages.RESERVED.intersection(order))
    if reserved:
        raise NotAnOrder(f"an order must not use these keys, they are reserved: {reserved}")
    plain = dict(order)
    try:
        messages.to_json(plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotAnOrder(f"the order cannot be written as JSON: {error}") from None
    order_id = plain.get("order_id")
    if isinstance(order_id, str) and not messages.is_sendable(order_id):
        raise NotAnOrder(f"order_id: half a surrogate pair is no character: {order_id!a}")
    return plain


def _known_optional(names: Iterable[str]) -> list[str]:
    chosen = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in chosen if name not in workflow.OPTIONAL_STEPS]
    if unknown:
        raise UnknownStep(
            f"no such optional step: {unknown}; these are: {list(workflow.OPTIONAL_STEPS)}"
        )
    return chosen


def _require_resumable(progress: Progress, step: str) -> None:
    """An open run: what the decider would ignore is refused here, where somebody reads it."""
    _require_reached(progress, step)
    problem = progress.resume_problem(step)
    if problem:
        there = " from SaveResults or an earlier step" if progress.is_past_saving(step) else ""
        raise ResumeRefused(f"{problem}: wait until the run is closed, then resume it{there}")


def _require_resumable_anew(progress: Progress, run_id: str, step: str) -> None:
    """A closed run: what it achieved, and did not take back, is what the next one stands on."""
    if progress.closed == "WorkflowExecutionCompleted":
        raise RunCompleted(f"run {run_id!r} completed: there is nothing to resume")
    _require_reached(progress, step)
    if progress.rollback and progress.is_past_saving(step):
        raise TakenBack(
            f"cannot resume from {step}: that run was rolled back, so the order is neither on "
            f"record nor paid; resume from {workflow.SAVE_RESULTS} or an earlier step"
        )


def _require_reached(progress: Progress, step: str) -> None:
    if progress.bad_input:
        raise ResumeRefused(f"{progress.bad_input}: start the order again instead")
    if step not in progress.steps:
        raise UnknownStep(
            f"{step!r} is not one of the steps of this order: {', '.join(progress.steps)}"
        )
    missing = progress.missing_before(step)
    if missing:
        raise StepNotReached(
            f"cannot resume from {step}: {', '.join(missing)} never completed in that run; "
            f"resume from {missing[0]}"
        )


def _translated(
    error: ClientError, workflow_id: str, run_id: str, *, is_open: bool = False
) -> Exception:
    """An error that says what to do, for those a caller can do something about."""
    code, text = aws.code_of(error), aws.message_of(error)
    if code == "UnknownResourceFault" and text.startswith("Unknown execution"):
        return UnknownRun(workflow_id, run_id, is_open=is_open)
    if code in ("UnknownResourceFault", "TypeDeprecatedFault", "DefaultUndefinedFault"):
        return NotRegistered(f"{text}: run `python -m orders register`, check ORDERS_DOMAIN")
    if code == "WorkflowExecutionAlreadyStartedFault":
        return RunStillOpen(
            f"another run of workflow {workflow_id!r} is open: resume that run instead"
        )
    return error
