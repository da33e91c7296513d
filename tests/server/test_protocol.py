"""Requests and answers of the endpoint, byte for byte: ``shared/fidelity/swf.md`` 7 and 12."""

from __future__ import annotations

import json
import re
import socket
import urllib.parse
from typing import Any

import pytest
import requests

from swfsim.server import replies
from swfsim.server.host import Host
from swfsim.spec import limits
from tests.support import serving

JSON_10 = "application/x-amz-json-1.0"
SERIALIZATION = b'{"__type":"com.amazon.coral.service#SerializationException"}'
UNKNOWN_OPERATION = b'{"__type":"com.amazon.coral.service#UnknownOperationException"}'
LIST = b'{"registrationStatus":"REGISTERED"}'


def post(url: str, operation: str, body: bytes, **headers: str) -> requests.Response:
    sent = {"Content-Type": JSON_10, "X-Amz-Target": f"SimpleWorkflowService.{operation}"}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(url, data=body, headers=sent | more, timeout=serving.PATIENCE_S)


def register(url: str, name: str = "shop") -> requests.Response:
    body = {"name": name, "workflowExecutionRetentionPeriodInDays": "7"}
    return post(url, "RegisterDomain", json.dumps(body).encode())


def talk(url: str, sent: bytes) -> bytes:
    """What comes back for these bytes until the connection closes."""
    at = urllib.parse.urlsplit(url)
    with socket.create_connection((at.hostname or "", at.port or 0), serving.PATIENCE_S) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        while part := wire.recv(65536):
            answer += part
    return answer


# Answers


def test_an_answer(url: str) -> None:
    register(url)
    answer = post(url, "ListDomains", LIST)
    assert answer.status_code == 200
    assert answer.content == (
        b'{"domainInfos":[{"arn":"arn:aws:swf:us-east-1:123456789012:/domain/shop",'
        b'"name":"shop","status":"REGISTERED"}]}'
    )
    assert answer.headers["Content-Type"] == JSON_10
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-amzn-RequestId"])
    assert "Date" in answer.headers


def test_a_void_answer_has_no_bytes(url: str) -> None:
    answer = register(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == "0"


def test_an_instant_is_a_java_double(url: str) -> None:
    register(url)
    post(url, "RegisterActivityType", b'{"domain":"shop","name":"pay","version":"1"}')
    answer = post(url, "ListActivityTypes", b'{"domain":"shop","registrationStatus":"REGISTERED"}')
    assert answer.content == (
        b'{"typeInfos":[{"activityType":{"name":"pay","version":"1"},'
        b'"creationDate":1.936754469123E9,"status":"REGISTERED"}]}'
    )


def test_a_fault_of_the_model(url: str) -> None:
    register(url)
    answer = register(url)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == JSON_10
    assert answer.content == (
        b'{"__type":"com.amazonaws.swf.base.model#DomainAlreadyExistsFault","message":"shop"}'
    )


def test_a_violation_of_the_model(url: str) -> None:
    answer = post(url, "DescribeDomain", b"{}")
    assert answer.status_code == 400
    assert answer.json() == {
        "__type": "com.amazon.coral.validate#ValidationException",
        "message": "1 validation error detected: Value null at 'name' failed to satisfy "
        "constraint: Member must not be null",
    }


def test_text_beyond_ascii_is_plain_utf_8(url: str) -> None:
    register(url, "bücher-店")
    assert "bücher-店".encode() in post(url, "ListDomains", LIST).content


def test_half_of_a_surrogate_pair_comes_back_as_java_writes_it(url: str) -> None:
    body = b'{"name":"a\\ud800b","workflowExecutionRetentionPeriodInDays":"7"}'
    assert post(url, "RegisterDomain", body).status_code == 200
    [domain] = post(url, "ListDomains", LIST).json()["domainInfos"]
    assert domain["name"] == "a?b"


def test_members_that_nobody_knows_and_nulls_are_as_if_absent(url: str) -> None:
    body = b'{"registrationStatus":"REGISTERED","shoeSize":43,"nextPageToken":null}'
    assert post(url, "ListDomains", body).json() == {"domainInfos": []}


# Dialects


def test_the_dialect_of_boto_2(url: str) -> None:
    answer = requests.post(
        url,
        data=LIST,
        headers={
            "Content-Type": "application/json; charset=UTF-8",
            "Content-Encoding": "amz-1.0",
            "Host": "localhost",
            "X-Amz-Target": "com.amazonaws.swf.service.model.SimpleWorkflowService.ListDomains",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20120101/localhost/swf/aws4_request,"
            "SignedHeaders=host,Signature=00",
        },
        timeout=serving.PATIENCE_S,
    )
    assert (answer.status_code, answer.json()) == (200, {"domainInfos": []})
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("headers", "region"),
    [
        (
            {"Authorization": "AWS4-HMAC-SHA256 Credential=A/20300101/eu-west-1/swf/aws4_request,"},
            1,
        ),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=A/20300101/0/swf/aws4_request,"}, 0),
        ({"Host": "swf.eu-west-1.amazonaws.com"}, 1),
        ({}, 0),
    ],
)
def test_the_region_is_known_from_host_or_signature(
    url: str, headers: dict[str, str], region: int
) -> None:
    body = {"name": "shop", "workflowExecutionRetentionPeriodInDays": "7"}
    post(url, "RegisterDomain", json.dumps(body).encode(), **headers)
    [domain] = post(url, "ListDomains", LIST, **headers).json()["domainInfos"]
    assert domain["arn"].split(":")[3] == ("us-east-1", "eu-west-1")[region]


# Requests that are refused


@pytest.mark.parametrize(
    "target",
    ["", "ListDomains", "SimpleWorkflowService.", "SimpleWorkflowService.Fly", "Other.ListDomains"],
)
def test_an_operation_that_is_none(url: str, target: str) -> None:
    answer = post(url, "ListDomains", LIST, X_Amz_Target=target)
    assert (answer.status_code, answer.content) == (400, UNKNOWN_OPERATION)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_a_method_that_is_none(url: str, method: str) -> None:
    answer = requests.request(method, url, timeout=serving.PATIENCE_S)
    assert (answer.status_code, answer.content) == (404, UNKNOWN_OPERATION)


def test_a_head_has_no_body(url: str) -> None:
    answer = requests.head(url, timeout=serving.PATIENCE_S)
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_path_that_is_none(url: str) -> None:
    answer = post(f"{url}/queue", "ListDomains", LIST)
    assert (answer.status_code, answer.content) == (404, UNKNOWN_OPERATION)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"REGISTERED"',
        b'{"registrationStatus":NaN}',
        b'{"registrationStatus":"\xff"}',
        b"[" * 100_000,
        b'{"registrationStatus":"REGISTERED"}x',
        b"{'registrationStatus':'REGISTERED'}",
    ],
)
def test_a_body_that_is_no_json_object(url: str, body: bytes) -> None:
    answer = post(url, "ListDomains", body)
    assert (answer.status_code, answer.content) == (400, SERIALIZATION)


def test_a_value_of_a_wrong_kind(url: str) -> None:
    answer = post(url, "ListDomains", b'{"registrationStatus":1}')
    assert answer.json() == {
        "__type": "com.amazon.coral.service#SerializationException",
        "message": "class java.lang.Integer can not be converted to an String",
    }


@pytest.mark.parametrize("more", [0, 1, 20_000_000])
def test_a_request_that_is_too_large(url: str, more: int) -> None:
    """The limit counts the headers, too; it is said, however much is sent."""
    answer = post(url, "ListDomains", b" " * (limits.REQUEST_BYTES_MAX - 100 + more))
    assert answer.status_code == 400
    assert answer.json()["__type"] == "com.amazon.coral.validate#ValidationException"
    assert answer.json()["message"] == "Request is larger than 1000000 bytes"
    assert answer.headers["Connection"] == "close"


def test_a_large_request_within_the_limit(url: str) -> None:
    assert post(url, "ListDomains", LIST + b" " * 990_000).status_code == 200


@pytest.mark.parametrize(
    "sent", [b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9\r\n\r\n"]
)
def test_bytes_that_are_no_http(url: str, sent: bytes) -> None:
    head, _, body = talk(url, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["__type"] == "com.amazon.coral.service#SerializationException"


def test_half_a_request_does_nothing(url: str, host: Host) -> None:
    body = b'{"name":"shop","workflowExecutionRetentionPeriodInDays":"7"}'
    head = (
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SimpleWorkflowService.RegisterDomain\r\n"
        b"Content-Length: %d\r\n\r\n" % (len(body) + 1)
    )
    assert talk(url, head + body) == b""
    assert post(url, "ListDomains", LIST).json() == {"domainInfos": []}


def test_a_request_that_does_not_come_to_an_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection stays open, and nothing more is sent."""
    monkeypatch.setattr(replies, "BODY_S", 0.05)
    at = urllib.parse.urlsplit(url)
    with socket.create_connection((at.hostname or "", at.port or 0), serving.PATIENCE_S) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        answer = b""
        while part := wire.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(SERIALIZATION)


def test_a_request_in_pieces(url: str) -> None:
    at = urllib.parse.urlsplit(url)
    request = (
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SimpleWorkflowService.ListDomains\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection((at.hostname or "", at.port or 0), serving.PATIENCE_S) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request + b"".join(b"1\r\n%c\r\n" % one for one in LIST) + b"0\r\n\r\n":
            wire.sendall(bytes([byte]))
        answer: Any = b""
        while not answer.endswith(b"}"):
            answer += wire.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"domainInfos":[]}')


def test_a_bug_is_a_failure_of_the_service(
    url: str, host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The caller learns nothing of it; whoever runs the server finds it on standard error."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(host.service.machine, "call", broken)
    answer = post(url, "ListDomains", LIST)
    assert answer.status_code == 500
    assert answer.content == b'{"__type":"com.amazon.coral.service#InternalFailure"}'
    assert "ZeroDivisionError" in capfd.readouterr().err
