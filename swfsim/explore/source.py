"""Which code is run: what was proven of some code says nothing of other code."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import sys
import sysconfig
from typing import TYPE_CHECKING, Final

from swfsim.report.code import HOUSE

if TYPE_CHECKING:
    from types import ModuleType

_INSTALLED: Final = tuple(
    sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


def digest() -> str:
    """Equal exactly if the files of all modules that are loaded now are, and the version of
    swfsim: of those neither installed nor Python's own. To be asked when an application is
    loaded. What it imports later, or reads, is not seen."""
    made = hashlib.blake2b(importlib.metadata.version("swfsim").encode(), digest_size=8)
    for name, module in sorted(sys.modules.items()):
        path = _file(module)
        if name != "__main__" and path is not None:
            made.update(f"\0{name}\0".encode())
            made.update(hashlib.blake2b(_read(path)).digest())
    return made.hexdigest()


def _file(module: ModuleType) -> str | None:
    """The file of a module that somebody is at work on."""
    path = getattr(module, "__file__", None)
    if not isinstance(path, str) or path.startswith((HOUSE, *_INSTALLED)):
        return None
    return None if "site-packages" in path or "dist-packages" in path else path


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # in an archive, or gone: its name is all there is
        return b""
