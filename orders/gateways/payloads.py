"""Where texts too long for SWF are kept: a local directory, or S3.

What is stored is named by its SHA-256 and checked against it when read; no other name is followed.
"""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orders import aws
from orders.errors import NotAnOrder, PayloadMissing
from orders.messages import Reference, local_reference, payload_key, s3_reference
from orders.settings import Settings

_CONTENT_ADDRESSED = re.compile(r"(?:^|/)([0-9a-f]{64}\.json)$")


def order_in_s3(reference: Mapping[str, Any]) -> Any:
    """The order that somebody keeps in S3, read with the rights of whoever starts it.

    `reference` holds `s3_bucket` and `s3_key`. Raises NotAnOrder for what cannot be read.
    """
    where = f"s3://{reference['s3_bucket']}/{reference['s3_key']}"
    try:
        answer = aws.s3_client().get_object(Bucket=reference["s3_bucket"], Key=reference["s3_key"])
        return json.loads(answer["Body"].read())
    except (ClientError, BotoCoreError) as error:
        raise NotAnOrder(f"the order at {where} cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise NotAnOrder(f"what lies at {where} is not JSON: {error}") from error


def payloads_for(settings: Settings) -> "PayloadStore":
    return PayloadStore(settings.payload_dir, settings.payload_bucket, settings.payload_prefix)


class PayloadStore:
    """Saves to S3 if a bucket is given, else to the directory; loads from wherever was saved."""

    def __init__(
        self, directory: str | Path, bucket: str = "", prefix: str = "", s3: Any = None
    ) -> None:
        """`s3`: a boto3 S3 client; made when first needed if None."""
        self._directory = Path(directory)
        self._bucket = bucket
        self._prefix = prefix
        self._s3_client = s3

    def save(self, text: str) -> Reference:
        if self._bucket:
            reference = s3_reference(text, self._bucket, self._prefix)
            self._s3().put_object(
                Bucket=self._bucket,
                Key=reference["s3_key"],
                Body=text.encode(),
                ContentType="application/json",
            )
            return reference
        reference = local_reference(text)
        self._write(reference["local_key"], text)
        return reference

    def load(self, reference: Reference) -> str:
        """Raises PayloadMissing; and for S3 what boto3 raises, other than for a missing object."""
        key = reference.get("s3_key", reference.get("local_key", ""))
        named = _CONTENT_ADDRESSED.search(key)
        if named is None:
            raise PayloadMissing(f"not a reference to a payload of this workflow: {reference}")
        text = self._read_s3(reference) if "s3_key" in reference else self._read(reference)
        if named[1] != payload_key(text):
            raise PayloadMissing(f"the payload under {reference} is not what was stored there")
        return text

    def _write(self, key: str, text: str) -> None:
        """Atomically: nobody ever reads half a payload, and writers do not meet."""
        target = self._directory / key
        if target.exists():
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._directory, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).replace(target)

    def _read(self, reference: Reference) -> str:
        key = reference.get("local_key", "")
        if not _CONTENT_ADDRESSED.fullmatch(key):  # no path leads out of the directory
            raise PayloadMissing(f"not a reference to a local payload: {reference}")
        try:
            return (self._directory / key).read_bytes().decode()
        except FileNotFoundError:
            raise PayloadMissing(f"no payload is stored under {reference}") from None

    def _read_s3(self, reference: Reference) -> str:
        try:
            answer = self._s3().get_object(Bucket=reference["s3_bucket"], Key=reference["s3_key"])
        except ClientError as error:
            if aws.code_of(error) in ("NoSuchKey", "NoSuchBucket", "404"):
                raise PayloadMissing(f"no payload is stored under {reference}") from None
            raise
        text: str = answer["Body"].read().decode()
        return text

    def _s3(self) -> Any:
        if self._s3_client is None:
            self._s3_client = aws.s3_client()
        return self._s3_client
