"""A decider under pdb, decision task by decision task, forward and back.

The call that sees the event in question is stopped on the line where it first holds that event, or
on its first line when it never does. Stepping back is calling again: a decider that decides from
its history alone cannot tell.
"""

from __future__ import annotations

import pdb
from typing import IO, TYPE_CHECKING, Any, Final

from swfsim.debug import report, tasks
from swfsim.errors import HarnessError
from swfsim.report import code

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from swfsim.debug.tasks import Task
    from swfsim.debug.verdict import Judge
    from swfsim.replay.histories import Captured

HELP: Final = (
    "forward (fw): to the next decision task; back (bk): to the one before; "
    "news: what is new since the last decision; q: leave"
)


class Debugger(pdb.Pdb):
    """pdb with steps from decision to decision. ``jump`` is where the user wants to go."""

    def __init__(
        self, stdin: IO[str] | None = None, stdout: IO[str] | None = None, news: str = ""
    ) -> None:
        super().__init__(stdin=stdin, stdout=stdout, nosigint=True, readrc=stdin is None)
        self.prompt = "(swfsim) "
        self.use_rawinput = stdin is None
        self.jump = 0
        self.stopped = False
        self._news = news
        self._event_id = 0

    def look_for(self, event_id: int) -> None:
        """Stop where the decider's code first holds this event; with 0, on its first line."""
        self._event_id = event_id

    def user_call(self, frame: FrameType, argument_list: None) -> None:
        if self.stopped:
            super().user_call(frame, argument_list)

    def user_line(self, frame: FrameType) -> None:
        if not self.stopped:
            if not self._is_there(frame):
                self.set_step()
                return
            self.stopped = True
        super().user_line(frame)

    def user_return(self, frame: FrameType, return_value: Any) -> None:
        if self.stopped:
            super().user_return(frame, return_value)

    def user_exception(self, frame: FrameType, exc_info: Any) -> None:
        if self.stopped:
            super().user_exception(frame, exc_info)

    def _is_there(self, frame: FrameType) -> bool:
        if code.is_foreign(frame.f_code.co_filename):
            return False
        return not self._event_id or any(
            isinstance(value, dict) and value.get("eventId") == self._event_id
            for value in list(frame.f_locals.values())
        )

    def do_forward(self, arg: str) -> bool:
        """forward | fw: leave this call and go to the next decision task."""
        return self._go(1)

    def do_back(self, arg: str) -> bool:
        """back | bk: leave this call and go to the decision task before."""
        return self._go(-1)

    def do_news(self, arg: str) -> None:
        """news: what is new to the decider since its last decision."""
        self.message(self._news)

    do_fw = do_forward
    do_bk = do_back

    def _go(self, step: int) -> bool:
        self.jump = step
        self.set_quit()
        return True


class Stepping:
    """A session at the terminal over one history, from the decision task that first sees an
    event."""

    def __init__(
        self,
        judge: Judge,
        captured: Captured,
        tell: Callable[[str], None],
        stdin: IO[str] | None = None,
        stdout: IO[str] | None = None,
    ) -> None:
        self._judge = judge
        self._captured = captured
        self._tell = tell
        self._streams = (stdin, stdout)
        self._tasks = tasks.of(captured)

    def run(self, event_id: int) -> None:
        """Stop where the decider first sees this event, and go where the user wants from there.
        Raises ``HarnessError`` when it never sees it."""
        place = self._first_to_see(event_id)
        while 0 <= place < len(self._tasks):
            step = self._stop_in(self._tasks[place], event_id)
            place += step
            if not step:
                return
            if 0 <= place < len(self._tasks):  # after a step, at the first thing that is new
                new = tasks.news(self._captured, self._tasks[place])
                event_id = new[0].id if new else 0
        self._tell("there is no further decision task in this direction")

    def _first_to_see(self, event_id: int) -> int:
        for place, task in enumerate(self._tasks):
            if event_id <= task.started_id:
                return place
        raise HarnessError(
            f"{self._captured.source}: no decision task ever saw event {event_id}, so there is "
            "nothing to stop in"
        )

    def _stop_in(self, task: Task, event_id: int) -> int:
        """One call under the debugger: 1 to go on to the next, -1 to go back, 0 to leave."""
        news = "\n".join(report.news(self._captured, task)) or "  nothing"
        self._tell(f"decision task {task.number}, event {task.started_id}; new to the decider:")
        self._tell(news)
        self._tell(HELP)
        for looked_for in dict.fromkeys((event_id, 0)):
            debugger = Debugger(*self._streams, news=news)
            debugger.look_for(looked_for)
            self._judge.show(self._captured)
            self._judge.call_under(debugger, tasks.Polls(self._captured).answer(task), task)
            if debugger.stopped:
                return debugger.jump
        return 0
