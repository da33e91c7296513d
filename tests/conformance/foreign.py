"""Clients in other programs, made to look like boto3 clients, so that they can hold conversations.

The other program takes an operation and its parameters as JSON and answers with JSON. Here members
that are instants are turned into numbers on the way there and into datetimes on the way back,
errors into the exceptions that boto3 raises; nothing else is touched.
"""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from swfsim.spec import model
from swfsim.transports.boto import stamp
from tests.conformance.lanes import Endpoint, OverHttp

Ask = Callable[[str, dict[str, Any], bool], Any]
"""Operation, parameters, whether the client is to check them: the answer. Raises ``Refused``."""


class Refused(Exception):  # noqa: N818 - what became of the call
    """The service has refused the call, as the other program tells it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Invalid(Exception):  # noqa: N818 - what became of the call
    """The other program has not sent the call, because its parameters are no good."""


class Helper:
    """A process that answers one line of JSON for each that it is given."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )

    def ask(self, value: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the other program has ended"
        return json.loads(line)

    def close(self) -> None:
        with self._process:
            self._process.kill()


class Foreign:
    """Behaves as a boto3 client; ``client`` is one, for what it knows of names and errors."""

    def __init__(self, client: Any, ask: Ask, checks: bool) -> None:
        self.meta = client.meta
        self.exceptions = client.exceptions
        self._ask = ask
        self._checks = checks

    def __getattr__(self, name: str) -> Any:
        operation = self.meta.method_to_api_mapping[name]

        def call(**asked: Any) -> Any:
            try:
                answer = self._ask(operation, _plain(asked), self._checks)
            except Invalid as error:
                raise botocore.exceptions.ParamValidationError(report=str(error)) from None
            except Refused as refused:
                kind = self.exceptions.from_code(refused.code)
                told = {"Code": refused.code, "Message": refused.message}
                raise kind({"Error": told}, operation) from None
            return _shown(model.operation(operation).output_shape, answer)

        return call


class ForeignTalk(OverHttp):
    """A conversation held by another program."""

    def __init__(self, at: Endpoint, ask: Ask) -> None:
        self._ask = ask
        super().__init__(at)

    def make_client(self, session: Any = None, **config: Any) -> Any:
        if session is not None:
            pytest.skip("this client knows no operation but those of its own model")
        checks = config.get("parameter_validation", True)
        return Foreign(super().make_client(**config), self._ask, checks)


def _plain(value: Any) -> Any:
    """Parameters with instants as seconds since the epoch."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.timestamp() if isinstance(value, datetime.datetime) else value


def _shown(shape: Any, value: Any) -> Any:
    """An answer with instants as boto3 shows them."""
    if shape is None:
        assert value in ({}, None)
        return {}
    if shape.type_name == "structure":
        return {name: _shown(shape.members[name], one) for name, one in value.items()}
    if shape.type_name == "list":
        return [_shown(shape.member, one) for one in value]
    return stamp(round(value * 1000)) if shape.type_name == "timestamp" else value
