"""``TaskList``: tasks that wait for a poller, highest priority first, then in order of arrival."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from swfsim.spec.faults import Fault


class TaskList:
    """The waiting tasks of one list; adding, taking and removing cost the same however many wait.

    ``pollers`` counts polls that are parked on the list. A task that arrives while there are any
    puts the list into ``arrivals``, for whoever keeps the polls to look at. A task that is held is
    scheduled on the list, and no poll can take it yet.
    """

    __slots__ = ("_arrivals", "_by_priority", "_held", "_where", "name", "pollers")

    def __init__(self, name: str, arrivals: list[TaskList]) -> None:
        self.name = name
        self.pollers = 0
        self._arrivals = arrivals
        self._by_priority: dict[int, OrderedDict[int, Any]] = {}
        self._where: dict[int, int] = {}
        self._held: set[int] = set()

    def __len__(self) -> int:
        return len(self._where)

    def __iter__(self) -> Any:
        """The tasks in the order in which polls would take them."""
        for priority in sorted(self._by_priority, reverse=True):
            yield from self._by_priority[priority].values()

    @property
    def scheduled(self) -> int:
        """How many tasks are scheduled on the list, those that are held among them."""
        return len(self._where) + len(self._held)

    def hold(self, task: Any) -> None:
        """A task is scheduled here that becomes takeable only when it is added."""
        self._held.add(id(task))

    def add(self, task: Any, priority: int) -> None:
        key = id(task)
        self._held.discard(key)
        self._where[key] = priority
        queue = self._by_priority.get(priority)
        if queue is None:
            queue = self._by_priority[priority] = OrderedDict()
        queue[key] = task
        if self.pollers:
            self._arrivals.append(self)

    def put_first(self, task: Any) -> None:
        """Let this task be the next to be taken."""
        self.remove(task)
        foremost = max(self._by_priority, default=0)
        self.add(task, foremost)
        self._by_priority[foremost].move_to_end(id(task), last=False)

    def check_pollers(self, most: int) -> None:
        """Raises the service's fault when so many polls are parked here already."""
        if self.pollers >= most:
            raise Fault("LimitExceededFault", f"Too many pollers on task list {self.name}")

    def take(self) -> Any | None:
        """The next task, which leaves the list; None when nothing waits."""
        if not self._where:
            return None
        priority = max(self._by_priority)
        key, task = self._by_priority[priority].popitem(last=False)
        self._drop(key, priority)
        return task

    def remove(self, task: Any) -> None:
        """Take a task out, if it waits here or is held."""
        key = id(task)
        self._held.discard(key)
        priority = self._where.get(key)
        if priority is not None:
            del self._by_priority[priority][key]
            self._drop(key, priority)

    def _drop(self, key: int, priority: int) -> None:
        del self._where[key]
        if not self._by_priority[priority]:
            del self._by_priority[priority]
