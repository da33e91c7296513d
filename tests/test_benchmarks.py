"""``python -m tests.benchmarks`` as it is called; its figures are no matter of tests."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks.__main__ import main


@pytest.mark.parametrize("table", ["polling", "http"])
def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    monkeypatch.delitem(sys.modules, f"tests.benchmarks.{table}", raising=False)
    for name in ("moto", "moto.server"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SystemExit, match="2"):
        main(table)
    shown = capsys.readouterr()
    assert shown.err == f"{table} needs moto: .venv/bin/pip install -q -e '.[bench]' brings it\n"
    assert shown.out == ""
