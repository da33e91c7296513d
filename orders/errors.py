"""Everything `orders` raises on purpose.

    OrdersError          what was asked for cannot be done; the text says what to do instead
      NotAnOrder         the thing to start is no JSON object, uses a reserved key, or only refers
                         to an order
      UnknownStep        no step of that name in this workflow, or in this order's run
      UnknownRun         SWF knows no such workflow id and run id
      ResumeRefused      the run cannot be resumed there
        RunCompleted     it completed: nothing is left to do
        StepNotReached   a step before the named one never completed
        TakenBack        its record or money was taken back: it must be saved again first
        RunSuperseded    a later run of the workflow carried it on
        RunStillOpen     another run of the workflow is open
      NotRegistered      the domain, or a type in it, is missing
      PayloadMissing     a reference leads nowhere, or to something else than what was stored

    NonRetryable         raised by an activity: trying again cannot help
      BadInput           the input is no order at all
      InvalidOrder       the order breaks a rule; the text begins with the field
      PaymentRefused     declined, or the authorisation was released meanwhile
      RolledBack         this run was rolled back, or a later one saved; it must not save now
      OrderTaken         another workflow has saved an order of this id
      NotStanding        the order to be completed is not on record, or not paid
    TaskCanceled         an activity whose cancellation was asked for stopped at a safe point

Any other exception from an activity is a failure worth another attempt.
"""
# ruff: noqa: N818 - each is named after what is the case, which is what `except` reads best with


class OrdersError(Exception):
    """A request that cannot be met; the text is meant for the person who asked."""


class NotAnOrder(OrdersError):
    pass


class UnknownStep(OrdersError):
    pass


class UnknownRun(OrdersError):
    def __init__(self, workflow_id: str, run_id: str, *, is_open: bool = False) -> None:
        """`is_open`: an open run was asked for, and SWF does not say whether it is closed."""
        known = "open run" if is_open else "run"
        gone = "" if is_open else "; runs older than the domain's retention are gone"
        closed = ": it is closed, or" if is_open else ":"
        super().__init__(
            f"SWF knows no {known} {run_id!r} of workflow {workflow_id!r}{closed} "
            f"check both ids, the domain and the region{gone}"
        )


class ResumeRefused(OrdersError):
    pass


class RunCompleted(ResumeRefused):
    pass


class StepNotReached(ResumeRefused):
    pass


class TakenBack(ResumeRefused):
    pass


class RunSuperseded(ResumeRefused):
    pass


class RunStillOpen(ResumeRefused):
    pass


class NotRegistered(OrdersError):
    pass


class PayloadMissing(OrdersError):
    pass


class NonRetryable(Exception):
    """An activity failed in a way that another attempt cannot mend."""


class BadInput(NonRetryable):
    pass


class InvalidOrder(NonRetryable):
    pass


class PaymentRefused(NonRetryable):
    pass


class RolledBack(NonRetryable):
    pass


class OrderTaken(NonRetryable):
    pass


class NotStanding(NonRetryable):
    pass


class TaskCanceled(Exception):
    """The activity stopped at a safe point because its cancellation was requested."""
