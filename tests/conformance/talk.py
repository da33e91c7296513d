"""``Talk``: a driver that listens. What a conversation is made of, and the list of all of them.

    @conversation("a timer fires once its time is over")
    def fires(swf: Talk) -> None:
        swf.start()
        swf.decide(timer("t", 10))
        swf.wait(10)
        swf.told("TimerFired", timerId="t", startedEventId=5)

A conversation knows a boto3 client and the service's clock, nothing else, so that any lane can hold
it that makes a ``Talk`` with its own ``make_client``.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import botocore.loaders
import botocore.session
import pytest

from swfsim import Behaviour, Fake
from swfsim.spec import model
from tests.support.driver import DOMAIN, STEP_S, Driver

Function = Callable[[Any], Any]


class Heard:
    """What was said in conversations, as the caller saw it.

    answered  operations that were answered
    values    every member of an enumeration that stood in an accepted request or an answer, as
              ``(shape, value)``
    checked   the same, of those events alone that a conversation has looked at with ``told``
    errors    refusals that a conversation has looked at with ``refused``, as ``(operation, code)``
    members   every member of an event that stood in an answer, as ``(event type, member)``
    """

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self.values: set[tuple[str, str]] = set()
        self.checked: set[tuple[str, str]] = set()
        self.errors: set[tuple[str, str]] = set()
        self.members: set[tuple[str, str]] = set()

    def call(self, operation: str, asked: Any, answer: Any) -> None:
        known = model.operation(operation)
        self.answered.add(operation)
        self.values |= enumerated(known.input_shape, asked)
        self.values |= enumerated(known.output_shape, answer)
        for event in answer.get("events", ()):
            kind = event["eventType"]
            self.members |= {(kind, name) for name in event[model.EVENT_MEMBER[kind]]}

    def merge(self, other: Heard) -> None:
        for name, found in vars(other).items():
            getattr(self, name).update(found)


def enumerated(shape: Any, value: Any) -> set[tuple[str, str]]:
    """All members of enumerations in a value of this shape."""
    if shape is None or value is None:
        return set()
    if shape.type_name == "structure":
        return {
            one
            for name, member in shape.members.items()
            for one in enumerated(member, value.get(name))
        }
    if shape.type_name == "list":
        return {one for each in value for one in enumerated(shape.member, each)}
    return {(shape.name, value)} if getattr(shape, "enum", ()) else set()


Said = list[tuple[str, Any]]
"""What was said, word for word: each operation with its answer or its refusal."""


class Listening:
    """A boto3 client, or something that behaves as one, all of whose answers are heard."""

    def __init__(self, client: Any, heard: Heard, said: Said) -> None:
        self._client = client
        self._heard = heard
        self._said = said

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        operation = self._client.meta.method_to_api_mapping.get(name)
        if operation is None:
            return found

        def call(**asked: Any) -> Any:
            try:
                answer = found(**asked)
            except botocore.exceptions.ClientError as refused:
                error = refused.response["Error"]
                self._said.append((operation, (error["Code"], error.get("Message", ""))))
                raise
            told = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
            self._said.append((operation, told))
            self._heard.call(operation, asked, answer)
            return answer

        return call


class NewerModels(botocore.loaders.Loader):
    """The service models of a newer SDK, in which SWF has one more operation."""

    def __init__(self, operation: str) -> None:
        super().__init__()
        self._operation = operation

    def load_service_model(self, *asked: Any, **more: Any) -> Any:
        found = super().load_service_model(*asked, **more)
        if asked[:2] == ("swf", "service-2"):
            found = copy.deepcopy(found)
            known = found["operations"]
            known[self._operation] = {**known["ListDomains"], "name": self._operation}
        return found


class Talk(Driver):
    """``swf``, to a conversation. Other lanes override ``make_client``."""

    def __init__(self, fake: Fake, step_s: float = STEP_S) -> None:
        super().__init__(fake, step_s)
        self.heard = Heard()
        self.said: Said = []
        self.client = self._listen(self.make_client())

    def _listen(self, client: Any) -> Any:
        return Listening(client, self.heard, self.said)

    def make_client(self, session: botocore.session.Session | None = None, **config: Any) -> Any:
        """A client, of boto3's default session or another one, that does not retry by itself."""
        settings = botocore.config.Config(retries={"total_max_attempts": 1}, **config)
        made = boto3.client if session is None else session.create_client
        return made("swf", region_name="us-east-1", config=settings)

    def unchecked(self) -> Any:
        """A client without botocore's own parameter validation, as other languages have none."""
        return self._listen(self.make_client(parameter_validation=False))

    def client_of_tomorrow(self, operation: str) -> Any:
        """A client of a newer SDK, whose model has one more operation; it asks as ListDomains."""
        session = botocore.session.get_session()
        session.register_component("data_loader", NewerModels(operation))
        return self._listen(self.make_client(session))

    # Looking at what happened

    def last(self, kind: str, run: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The last event of this type, of the current run or another one."""
        execution = run or {"workflowId": self.workflow_id, "runId": self.run_id}
        events = self.client.get_workflow_execution_history(
            domain=DOMAIN, execution=execution, reverseOrder=True
        )["events"]
        found: list[dict[str, Any]] = [event for event in events if event["eventType"] == kind]
        assert found, f"no {kind} among {[event['eventType'] for event in reversed(events)]}"
        return found[0]

    def told(
        self, kind: str, run: Mapping[str, str] | None = None, /, **expected: Any
    ) -> dict[str, Any]:
        """The last event of this type has these attributes, and may have more; None is for one
        that it has not. Gives all of them."""
        assert expected, "whoever looks at an event expects something of it"
        event = self.last(kind, run)
        attributes: dict[str, Any] = event[model.EVENT_MEMBER[kind]]
        assert {name: attributes.get(name) for name in expected} == expected
        self.heard.checked |= enumerated(model.shape("HistoryEvent"), event)
        return attributes

    def failed(self, decision: str, cause: str, **expected: Any) -> dict[str, Any]:
        """The last such decision became its failure event, for this cause."""
        return self.told(model.REFUSAL[decision], cause=cause, **expected)

    @contextlib.contextmanager
    def refused(self, code: str, text: str = "") -> Iterator[None]:
        """The call is refused with this code, and a message that holds this text."""
        with pytest.raises(botocore.exceptions.ClientError) as raised:
            yield
        error = raised.value.response["Error"]
        assert error["Code"] == code
        assert text in error.get("Message", "")
        self.heard.errors.add((raised.value.operation_name, code))

    def idle(self, task_list: str = "deciders") -> bool:
        """Nobody decides on this list now."""
        return "taskToken" not in self.poll(task_list)


Speech = Callable[[Talk], None]


@dataclass(frozen=True, eq=False)
class Conversation:
    """``hold`` talks; it needs a service of this behaviour, with these Lambda functions."""

    covers: str
    hold: Speech
    behaviour: Behaviour = field(default_factory=Behaviour)
    functions: Mapping[str, Function] = field(default_factory=dict)
    registers: bool = False
    virtual: str = ""

    def held(self, swf: Talk) -> Talk:
        """Hold it, with everything registered unless it does that itself."""
        if not self.registers:
            swf.register()
        self.hold(swf)
        return swf

    @property
    def name(self) -> str:
        return f"{self.hold.__module__.rpartition('.')[2]}: {self.covers}"


def conversation(
    covers: str,
    behaviour: Behaviour | None = None,
    functions: Mapping[str, Function] | None = None,
    registers: bool = False,
    virtual: str = "",
) -> Callable[[Speech], Conversation]:
    """Makes a conversation of a function; ``virtual`` says why no real service can hold it."""

    def made(hold: Speech) -> Conversation:
        needs = (behaviour or Behaviour(), functions or {})
        return Conversation(covers, hold, *needs, registers, virtual)

    return made


def conversations(module: Any) -> list[Conversation]:
    """All of one module."""
    return [found for found in vars(module).values() if isinstance(found, Conversation)]
