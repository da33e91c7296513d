"""Signature Version 4: with keys configured, only what was signed with them is served."""

from __future__ import annotations

import datetime
import http.client
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore
import botocore.exceptions
import pytest
import requests

from swfsim.clock import VirtualClock
from swfsim.server.host import Host
from swfsim.server.signatures import Keys
from tests.support import serving

KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "s3cr3t/+="}
NOW = [datetime.datetime.now(datetime.UTC)]
MISSING = "MissingAuthenticationTokenException"
INCOMPLETE = "IncompleteSignatureException"
UNKNOWN = "UnrecognizedClientException"
INVALID = "InvalidSignatureException"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    keys = Keys("AKIAEXAMPLE", "s3cr3t/+=", now=lambda: NOW[0])
    with serving.hosted(Host(VirtualClock()), keys=keys) as made:
        yield made


@pytest.fixture(autouse=True)
def _the_time_of_day() -> None:
    NOW[0] = datetime.datetime.now(datetime.UTC)


def domains(swf: Any) -> Any:
    return swf.list_domains(registrationStatus="REGISTERED")["domainInfos"]


def code(swf: Any) -> str:
    """The error that this client is answered."""
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        domains(swf)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    found: str = refused.value.response["Error"]["Code"]
    return found


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_a_call_signed_with_the_keys(url: str, region: str) -> None:
    assert domains(serving.client(url, region, keys=KEYS)) == []


def test_a_wrong_secret(url: str) -> None:
    assert code(serving.client(url, keys=KEYS | {"aws_secret_access_key": "guess"})) == INVALID


def test_another_access_key(url: str) -> None:
    assert code(serving.client(url, keys=KEYS | {"aws_access_key_id": "AKIAOTHER"})) == UNKNOWN


def test_no_signature(url: str) -> None:
    assert code(serving.client(url, signature_version=botocore.UNSIGNED)) == MISSING


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_signature_of_another_time(url: str, minutes: int) -> None:
    swf = serving.client(url, keys=KEYS)
    NOW[0] += datetime.timedelta(minutes=minutes)
    assert code(swf) == INVALID


def test_a_clock_that_is_a_little_off(url: str) -> None:
    swf = serving.client(url, keys=KEYS)
    NOW[0] += datetime.timedelta(minutes=14)
    assert domains(swf) == []


# A request that was changed on its way


def signed(url: str) -> Any:
    """A request as boto3 sends it."""
    caught: list[Any] = []
    swf = serving.client(url, keys=KEYS)
    swf.meta.events.register_last("before-send.swf", lambda request, **_: caught.append(request))
    domains(swf)
    return caught[0]


def sent(request: Any, headers: Mapping[str, str | None], **changed: Any) -> str:
    kept = {name: value for name, value in dict(request.headers).items() if name not in headers}
    kept |= {name: value for name, value in headers.items() if value is not None}
    asked = {"method": request.method, "url": request.url, "data": request.body} | changed
    answer = requests.request(**asked, headers=kept, timeout=serving.PATIENCE_S)
    return "" if answer.ok else answer.json()["__type"].partition("#")[2]


def test_unchanged_it_is_served(url: str) -> None:
    assert sent(signed(url), {}) == ""


def test_another_body(url: str) -> None:
    body = b'{"registrationStatus": "DEPRECATED"}'
    assert sent(signed(url), {"Content-Length": str(len(body))}, data=body) == INVALID


def test_another_operation(url: str) -> None:
    other = {"X-Amz-Target": "SimpleWorkflowService.RegisterDomain"}
    assert sent(signed(url), other) == INVALID


def test_another_query(url: str) -> None:
    request = signed(url)
    assert sent(request, {}, url=f"{request.url}?a=b") == INVALID


def test_a_body_that_is_declared_unsigned(url: str) -> None:
    assert sent(signed(url), {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}) == INVALID


@pytest.mark.parametrize(
    "authorization",
    ["Bearer token", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE", "AWS A:b"],
)
def test_an_authorization_of_another_kind(url: str, authorization: str) -> None:
    assert sent(signed(url), {"Authorization": authorization}) == INCOMPLETE


def test_a_date_that_is_none(url: str) -> None:
    assert sent(signed(url), {"X-Amz-Date": "yesterday"}) == INCOMPLETE
    assert sent(signed(url), {"X-Amz-Date": None}) == INCOMPLETE


def test_the_operation_must_be_signed(url: str) -> None:
    """Else whoever sees one signed request could send any operation with it."""
    request = signed(url)
    authorization = request.headers["Authorization"]
    text = authorization.decode() if isinstance(authorization, bytes) else authorization
    fewer = re.sub(";x-amz-target", "", text)
    assert fewer != text
    assert sent(request, {"Authorization": fewer}) == INCOMPLETE


def test_a_request_that_names_no_host(url: str) -> None:
    """HTTP/1.0 allows it; what it would be signed for is then not said."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=serving.PATIENCE_S)
    request = signed(url)
    connection.putrequest("POST", "/", skip_host=True)
    headers = {**request.headers, "Content-Length": str(len(request.body))}
    for name, value in headers.items():
        if name == "Authorization":
            told = value.decode() if isinstance(value, bytes) else value
            connection.putheader(name, told.replace(";host;", ";"))
        elif name.lower() != "host":
            connection.putheader(name, value)
    connection.endheaders(request.body)
    answer = connection.getresponse()
    assert answer.status == 400
    assert INCOMPLETE in answer.read().decode()
    connection.close()


def test_a_signed_header_that_was_taken_away(url: str) -> None:
    request = signed(url)
    text = request.headers["Authorization"]
    text = text.decode() if isinstance(text, bytes) else text
    more = text.replace("x-amz-target", "x-amz-target;x-lost")
    assert sent(request, {"Authorization": more}) == INCOMPLETE


def test_the_command_takes_its_keys_from_the_environment() -> None:
    given = {"SWFSIM_ACCESS_KEY": "AKIAEXAMPLE", "SWFSIM_SECRET_KEY": "s3cr3t/+="}
    with serving.process(env=os.environ | given) as served:
        assert domains(serving.client(served.url, keys=KEYS)) == []
        assert code(serving.client(served.url)) == UNKNOWN
