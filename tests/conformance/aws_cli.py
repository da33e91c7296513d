"""The AWS CLI's lane.

A process for each of two thousand calls would take twenty minutes; so where the CLI is a Python
program, one process of its own interpreter runs its ``main`` for call after call (``Cli``). The CLI
is found in ``SWFSIM_AWS_CLI`` or on the path; a whole order is also driven by
``Program``, the CLI as a user runs it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import botocore

from tests.conformance.foreign import Helper, Invalid, Refused

HOST = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
driver = create_clidriver()
answers = sys.stdout
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = driver.main(json.loads(line))
        except SystemExit as end:
            status = end.code
    print(json.dumps([status, out.getvalue(), err.getvalue()]), file=answers, flush=True)
"""
CONFIG = """
[default]
region = us-east-1
[profile unchecked]
region = us-east-1
parameter_validation = false
"""
ERROR = re.compile(
    r"An error occurred \((\w+)\) when calling the \w+ operation"
    r"(?: \(reached max retries: \d+\))?: ?(.*)",
    re.DOTALL,
)


def executable() -> str | None:
    return os.environ.get("SWFSIM_AWS_CLI") or shutil.which("aws")


def environment(folder: Path) -> dict[str, str]:
    """Where the CLI finds nothing of its user's, and does not try again."""
    config = folder / "aws-config"
    config.write_text(CONFIG)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        "AWS_ACCESS_KEY_ID": "swfsim",
        "AWS_SECRET_ACCESS_KEY": "swfsim",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "PYTHONUTF8": "1",
    }


def interpreter(cli: str) -> str | None:
    """The Python that this CLI runs on, or None if it is no Python program."""
    first = Path(cli).read_bytes().partition(b"\n")[0].decode("latin-1")
    python = first.removeprefix("#!").strip()
    if not first.startswith("#!") or not Path(python).is_file():
        return None
    found = subprocess.run([python, "-c", "import awscli.clidriver"], check=False)
    return python if found.returncode == 0 else None


def arguments(url: str, operation: str, params: dict[str, Any], checks: bool) -> list[str]:
    profile = [] if checks else ["--profile", "unchecked"]
    name = botocore.xform_name(operation, "-")
    given = ["--cli-input-json", json.dumps(params), "--output", "json", "--no-paginate"]
    return [*profile, "--endpoint-url", url, "swf", name, *given]


def understand(status: int, out: str, err: str) -> Any:
    """What the CLI has printed: the answer, or else raises what it says."""
    if status == 0:
        return json.loads(out) if out.strip() else {}
    if "Parameter validation failed" in err:
        raise Invalid(err)
    said = ERROR.search(err)
    assert said is not None, err
    raise Refused(said[1], said[2].strip())


class Program:
    """The CLI as a user runs it, a process for each call."""

    def __init__(self, cli: str, url: str, folder: Path) -> None:
        self._cli = cli
        self._url = url
        self._env = environment(folder)

    def ask(self, operation: str, params: dict[str, Any], checks: bool) -> Any:
        ended = subprocess.run(
            [self._cli, *arguments(self._url, operation, params, checks)],
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
        )
        return understand(ended.returncode, ended.stdout, ended.stderr)


class Cli:
    """One process that is the CLI, call after call."""

    def __init__(self, python: str, url: str, folder: Path) -> None:
        self._url = url
        self._helper = Helper([python, "-c", HOST], environment(folder))

    def ask(self, operation: str, params: dict[str, Any], checks: bool) -> Any:
        return understand(*self._helper.ask(arguments(self._url, operation, params, checks)))

    def close(self) -> None:
        self._helper.close()
