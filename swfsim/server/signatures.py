"""Signature Version 4, verified: what a client signed is signed again, by botocore's own signer.

The scope (date, region, service) is taken as the client wrote it: older clients make it from the
host name, so that on a local endpoint it names no region at all.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any, Final

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from swfsim.spec.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256\s+"
    r"(?=.*\bCredential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,]*)/(?P<service>[^/,]*)"
    r"/aws4_request\b)"
    r"(?=.*\bSignedHeaders=(?P<headers>[^,\s]+))"
    r"(?=.*\bSignature=(?P<signature>[0-9a-f]{64})\b)"
)
SKEW: Final = datetime.timedelta(minutes=15)
"""How far a client's clock may be off."""


class _Signer(SigV4Auth):
    """botocore's signer, made to sign the headers that the client signed, and no others."""

    def headers_to_sign(self, request: Any) -> Any:
        return request.headers


def _time_of_day() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Keys:
    """One access key and its secret. ``now`` tells the real time, whatever the service's is."""

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        now: Callable[[], datetime.datetime] = _time_of_day,
    ) -> None:
        self._credentials = Credentials(access_key, secret_key)
        self._now = now

    def verify(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        """Raises the service's fault unless this request was signed with the secret.

        ``headers`` have lower-case names; ``target`` is the path with its query.
        """
        authorization = headers.get("authorization")
        if not authorization:
            raise Fault("MissingAuthenticationTokenException", "Missing Authentication Token")
        said = _AUTHORIZATION.match(authorization)
        if said is None:
            raise Fault(
                "IncompleteSignatureException",
                "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' "
                "parameters of AWS4-HMAC-SHA256.",
            )
        if said["key"] != self._credentials.access_key:
            raise Fault(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        self._check_date(headers, said["date"])
        signed = said["headers"].split(";")
        self._check_headers(signed, headers, body)
        if not hmac.compare_digest(
            self._signature(method, target, headers, body, said, signed), said["signature"]
        ):
            raise Fault(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service "
                "documentation for details.",
            )

    def _check_date(self, headers: Mapping[str, str], day: str) -> None:
        stamp = headers.get("x-amz-date", "")
        try:
            at = datetime.datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=datetime.UTC)
        except ValueError:
            raise Fault(
                "IncompleteSignatureException",
                f"Date must be in ISO-8601 'basic format'. Got '{stamp}'.",
            ) from None
        now = self._now()
        if not stamp.startswith(day) or abs(now - at) > SKEW:
            raise Fault(
                "InvalidSignatureException",
                f"Signature expired: {stamp} is not within {SKEW.seconds // 60} minutes of "
                f"{now.strftime(SIGV4_TIMESTAMP)}",
            )

    def _check_headers(self, signed: list[str], headers: Mapping[str, str], body: bytes) -> None:
        """What decides about the call must be signed: host, date, operation, and what it says."""
        needed = {"host"} | ({"x-amz-date", "x-amz-target"} & headers.keys())
        left_out = sorted((needed - set(signed)) | (set(signed) - headers.keys()))
        if left_out:
            raise Fault(
                "IncompleteSignatureException",
                f"These headers must be sent and signed: {', '.join(left_out)}",
            )
        digest = headers.get("x-amz-content-sha256")
        if digest is not None and digest != hashlib.sha256(body).hexdigest():
            raise Fault(
                "InvalidSignatureException",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )

    def _signature(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        said: re.Match[str],
        signed: list[str],
    ) -> str:
        shown: Any = HTTPHeaders()
        for name in signed:
            shown[name] = headers[name]
        request = AWSRequest(
            method=method, url=f"http://{headers['host']}{target}", headers=shown, data=body
        )
        request.context["timestamp"] = headers["x-amz-date"]
        signer = _Signer(self._credentials, said["service"], said["region"])
        text = signer.string_to_sign(request, signer.canonical_request(request))
        signature: str = signer.signature(text, request)
        return signature
