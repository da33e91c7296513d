"""The shapes in which orders come up again and again: beginnings of histories, as tables.

Each is made to be followed by further lines; see tables.py for their language.
"""

import json

WAIT = []
"""No decisions: something is at work, and its end brings the next decision task."""


def resume(step):
    """Somebody asks for the order to go on from this step."""
    return f'WorkflowExecutionSignaled(RESUME_FROM_STEP, input={{"step_name": "{step}"}})'


def resumed(step, event_id=None):
    """The resume takes effect: asked for by the event of this id, or by the latest."""
    details = {"step_name": step} if event_id is None else {"step_name": step, "event_id": event_id}
    return f"MarkerRecorded(RESUME_FROM_STEP, details={json.dumps(details)})"


PROCESSING = """
    Started
    done(ValidateInput-1)
    ActivityTaskScheduled(ProcessData-1)
    """
ENRICHING = """
    Started
    done(ValidateInput-1, ProcessData-1)
    ActivityTaskScheduled(EnrichData-1)
    """
ALL_DONE = """
    Started
    done(ValidateInput-1, ProcessData-1, EnrichData-1, SaveResults-1, NotifyCompletion-1)
    """
SAVING_FOR_THE_THIRD_TIME = """
    Started
    done(ValidateInput-1, ProcessData-1, EnrichData-1)
    failed(SaveResults-1, SaveResults-2, reason=disk full)
    ActivityTaskScheduled(SaveResults-3)
    """
SAVE_BROKEN = f"{SAVING_FOR_THE_THIRD_TIME}\nActivityTaskFailed(SaveResults-3, reason=disk full)"
MARKED = (
    'MarkerRecorded(ROLLBACK_INITIATED, details={"failed_activity": "SaveResults", '
    '"reason": "Max retries exceeded", "last_error": "disk full", '
    '"step_to_rollback": "SaveResults", "canceling": false})'
)
FINAL = 'details={"retryable": false}'
