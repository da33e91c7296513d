"""The JavaScript SDK's lane: one Node process with an ``SWFClient`` of ``@aws-sdk/client-swf``.

The SDK is found in the folder that ``SWFSIM_NODE_MODULES`` names:
``npm install --prefix FOLDER @aws-sdk/client-swf``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from botocore.validate import ParamValidator

from swfsim.spec import model
from tests.conformance.foreign import Helper, Invalid, Refused

HOST = Path(__file__).with_name("node_client.js")


def missing() -> str | None:
    """Why there is no such lane here."""
    if shutil.which("node") is None:
        return "there is no node here"
    folder = os.environ.get("SWFSIM_NODE_MODULES", "")
    if not folder or not (Path(folder) / "@aws-sdk" / "client-swf").is_dir():
        return "SWFSIM_NODE_MODULES does not name a folder with @aws-sdk/client-swf"
    return None


def environment() -> dict[str, str]:
    return os.environ | {"NODE_PATH": os.environ["SWFSIM_NODE_MODULES"]}


class Node:
    """The SDK checks no parameters before it sends them; so ``checks`` is done for it here."""

    def __init__(self, url: str) -> None:
        self._helper = Helper(["node", str(HOST), url], environment())

    def ask(self, operation: str, params: dict[str, Any], checks: bool) -> Any:
        if checks:
            report = ParamValidator().validate(params, model.operation(operation).input_shape)
            if report.has_errors():
                raise Invalid(report.generate_report())
        told = self._helper.ask([operation, params])
        if "code" in told:
            raise Refused(told["code"], told["message"])
        return told["answer"]

    def close(self) -> None:
        self._helper.close()
