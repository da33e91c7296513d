"""What the commands share: how a mistake of the user ends, and how input is read."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator


class Refusal(click.ClickException):
    """A mistake in the call, said in one sentence; exit status 2."""

    exit_code = 2


class FiniteRange(click.FloatRange):
    """A range of numbers; infinity is in none, nor is what is not a number."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


def read_json(path: str) -> Any:
    """JSON from a file, or from standard input for ``-``."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Refusal(f"cannot read {path}: {error}") from error
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Refusal(f"{path} is nested too deep to be read") from error
    except ValueError as error:
        raise Refusal(f"{path} is not JSON: {error}") from error


@contextlib.contextmanager
def directory(path: str | None) -> Iterator[Path | None]:
    """A directory that is written to, made if it is not there; None if none is wanted."""
    if path is None:
        yield None
        return
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"cannot write to {path}: {error.strerror or error}") from error
    yield Path(path)
