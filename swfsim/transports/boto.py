"""The direct lane: every boto3 SWF client of this process is answered in the process.

The hook stands where all clients meet, in ``BaseClient._make_api_call``, so that it reaches clients
that the application makes itself and clients that were made before. What a client does around it
stays real: the parameter hooks, botocore's own parameter validation, the exception classes. Nothing
is serialised, signed or parsed.
"""

from __future__ import annotations

import datetime
import functools
import itertools
import json
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

import botocore.client
import botocore.exceptions
from botocore.utils import parse_timestamp

from swfsim import wire as protocol
from swfsim.clock import moment
from swfsim.spec import limits, model, quick, render
from swfsim.spec.faults import Fault
from swfsim.transports import hooks, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swfsim.core.events import Attrs
    from swfsim.spec.check import Params

_ANSWERED: Final = 200
_MILLISECOND: Final = datetime.timedelta(milliseconds=1)

_SOME: Final = 3
"""Fewer decisions are never too large, whatever their members hold."""


class Door(Protocol):
    """Whatever answers the calls: a service, or a simulation that stands before one."""

    def answer(self, client: Any, operation: str, params: Params, region: str) -> Attrs:
        """The core's answer to a call; raises ``Fault``."""


class Passage(Protocol):
    """A door that lets calls out: to a live service, with whatever it wants to see and do."""

    def pass_on(
        self, send: Callable[[], Any], operation: str, params: dict[str, Any], region: str
    ) -> Any:
        """boto3's answer to a call; ``send`` makes it."""


_doors: list[tuple[Any, bool, Any]] = []
"""The fakes that are active in this process, whether on the wire, and how they let calls out if
they do; the last entered answers."""

_OPERATIONS: Final = frozenset(model.OPERATIONS)

_CLIENT: Final[Any] = botocore.client.BaseClient
_original = _CLIENT._make_api_call


def open_door(door: Door | Passage, *, on_wire: bool = False) -> None:
    """From now on, calls of SWF clients go to this door, until it is closed; ``on_wire`` as the
    bytes that botocore makes of them."""
    if not _doors:
        _CLIENT._make_api_call = _make_api_call
    _doors.append((door, on_wire, getattr(door, "pass_on", None)))


def close_door(door: Door | Passage) -> None:
    _doors[:] = [one for one in _doors if one[0] is not door]
    if not _doors:
        _CLIENT._make_api_call = _original


def _door_on_wire() -> Door | None:
    return _doors[-1][0] if _doors else None


def _make_api_call(self: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
    meta = self.meta
    if meta.service_model.service_name != "swf":
        return _original(self, operation_name, api_params)
    door, on_wire, pass_on = _doors[-1]
    if pass_on is not None:
        send = functools.partial(_original, self, operation_name, api_params)
        return pass_on(send, operation_name, api_params, meta.region_name)
    if on_wire:
        wire.arm(self, _door_on_wire)
        return _original(self, operation_name, api_params)
    params = api_params
    if hooks.are_there(self, operation_name):
        params = self._emit_api_params(
            api_params=api_params,
            operation_model=self._service_model.operation_model(operation_name),
            context={"client_region": meta.region_name, "client_config": meta.config},
        )
    take, show = _ways(operation_name)
    checked = take(params)
    if checked is None:
        _validate(self, operation_name, params)
    else:
        params = checked
    try:
        if operation_name == "RespondDecisionTaskCompleted":
            _check_size(params)
        answer = door.answer(self, operation_name, params, meta.region_name)
    except Fault as fault:
        raise _client_error(self, operation_name, fault) from None
    shown = show(answer, stamp)
    shown["ResponseMetadata"] = _metadata(_ANSWERED)
    return shown


@functools.cache
def _ways(operation: str) -> tuple[quick.Takes, render.Renderer]:
    """What takes an operation's parameters and what shows its answer. A newer botocore may know
    operations that the service does not."""
    if operation not in _OPERATIONS:
        return lambda params: None, lambda answer, stamp: answer
    return quick.request(operation), render.renderer(operation)


def past_the_doors(client: Any, operation_name: str, params: dict[str, Any]) -> Any:
    """A call as botocore makes it, whatever fakes are active."""
    return _original(client, operation_name, params)


def _validate(client: Any, operation: str, params: Mapping[str, Any]) -> None:
    """botocore's own validation, unless the client was made without."""
    validator = getattr(client._serializer, "_param_validator", None)
    if validator is not None:
        shape = client._service_model.operation_model(operation).input_shape
        report = validator.validate(params, shape)
        if report.has_errors():
            raise botocore.exceptions.ParamValidationError(report=report.generate_report())


def _check_size(params: Mapping[str, Any]) -> None:
    """Of all requests only a list of decisions can grow too large. It is measured as botocore
    writes it, where a letter beyond ASCII takes six bytes, or twelve."""
    if len(params.get("decisions") or ()) < _SOME:
        return
    if len(json.dumps(params, default=str)) > limits.REQUEST_BYTES_MAX:
        raise protocol.too_large()


def _client_error(client: Any, operation: str, fault: Fault) -> Exception:
    """The exception that botocore would raise for this fault."""
    kind = client.exceptions.from_code(fault.code)
    parsed: dict[str, Any] = {
        "Error": {"Message": fault.message, "Code": fault.code},
        "ResponseMetadata": _metadata(fault.status),
    }
    if fault.code in model.FAULTS:
        parsed["message"] = fault.message
    error: Exception = kind(parsed, operation)
    return error


_calls: Final = itertools.count(1)


def _metadata(status: int) -> dict[str, Any]:
    number = f"{next(_calls):08x}"
    request_id = f"{number}-5f46-4000-8000-0000{number}"
    return {
        "RequestId": request_id,
        "HTTPStatusCode": status,
        "HTTPHeaders": {
            "x-amzn-requestid": request_id,
            "content-type": "application/x-amz-json-1.0",
        },
        "RetryAttempts": 0,
    }


_LOCAL: Final = parse_timestamp("0").tzinfo
"""The time zone in which botocore shows instants."""

_LOCAL_EPOCH: Final = moment(0).astimezone(_LOCAL)


@functools.lru_cache(maxsize=4096)
def stamp(at: int) -> datetime.datetime:
    """An instant as boto3 shows it: an aware datetime in local time."""
    if time.daylight:
        return moment(at).astimezone(_LOCAL)
    return _LOCAL_EPOCH + at * _MILLISECOND  # where the offset never changes, and much faster
