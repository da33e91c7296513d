"""The Python in these pages runs as it stands there.

All blocks of a page lie in one folder, as a reader who pastes them would have it: a block that
begins with ``# name.py`` under that name, another one in a test file of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = ["README.md", "docs/explore.md", "docs/scenarios.md"]
ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"# (\w+\.py)\n")


def blocks(page: str) -> dict[str, str]:
    """The Python of a page, by file name."""
    found = {}
    for number, text in enumerate(BLOCK.findall((ROOT / page).read_text())):
        named = NAME.match(text)
        name = named[1] if named else f"test_block_{number}.py"
        assert name not in found, f"two blocks of {page} are called {name}"
        found[name] = text
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_reader_who_pastes_it_sees_it_pass(page: str, tmp_path: Path) -> None:
    files = blocks(page)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    tests = sum(len(re.findall(r"^def test_", text, re.MULTILINE)) for text in files.values())
    assert tests > 0
    assert f"{tests} passed" in done.stdout, done.stdout + done.stderr


def test_other_pages_hold_no_python_that_nobody_runs() -> None:
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    assert [page for page in sorted(pages - set(PAGES)) if blocks(page)] == []
