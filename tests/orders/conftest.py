"""Orders in a house of memory, and the command line against a little SWF."""

import json
import logging

import pytest
from click.testing import CliRunner

from orders import __main__ as cli
from orders import aws
from tests.orders.house import House
from tests.orders.little_swf import LittleSwf
from tests.orders.tables import ORDER


@pytest.fixture
def house():
    return House()


@pytest.fixture
def swf(monkeypatch):
    swf = LittleSwf()
    monkeypatch.setattr(aws, "swf_client", lambda: swf)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return swf


@pytest.fixture(autouse=True)
def _keep_logging_as_it_was():
    root, ours = logging.getLogger(), logging.getLogger("orders")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def orders(swf, tmp_path, monkeypatch):
    """Runs a command line; returns click's result."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, text=None):
        result = CliRunner().invoke(cli.main, arguments, input=text)
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        if "--json" not in arguments:
            assert max(map(len, result.output.splitlines()), default=0) <= 100, result.output
        return result

    return run


@pytest.fixture
def started(orders, swf, tmp_path):
    """(workflow id, run id) of an order that was started."""
    (tmp_path / "order.json").write_text(json.dumps(ORDER))
    orders("start", "order.json")
    return tuple(next(iter(swf.runs.values())).ids.values())
