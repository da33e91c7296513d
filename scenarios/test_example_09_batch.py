"""Example 9: many orders in a row, of which one is bad."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.app import OrdersApp, an_order
from swfsim import Story


def _batch() -> list[Any]:
    return [
        an_order(order_id="ORD-001"),
        "this is no order",
        an_order(order_id="ORD-002"),
        an_order(order_id="ORD-003"),
    ]


def test_a_batch_goes_on_after_a_bad_order_and_tells_of_it(
    story: Story, app: OrdersApp, capsys: pytest.CaptureFixture[str]
) -> None:
    ids: list[str] = []
    story.when(lambda story: ids.extend(app.starter.process_batch(_batch())))
    story.then()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Processando lote de 4 pedidos..."
    assert lines[1] == "[1/4] Pedido ORD-001 iniciado"
    assert lines[2].startswith("[2/4] Erro ao processar ")
    assert lines[3] == "[3/4] Pedido ORD-002 iniciado"
    assert lines[4] == "[4/4] Pedido ORD-003 iniciado"
    assert lines[-1] == "Total processado: 3/4"
    assert ids == [x.workflow_id for x in story.executions]
    assert [x.close_status for x in story.executions] == ["COMPLETED"] * 3


@pytest.mark.virtual("compares instants to the millisecond")
def test_the_orders_are_started_half_a_second_apart(story: Story, app: OrdersApp) -> None:
    story.when(lambda story: app.starter.process_batch([an_order(order_id=str(n)) for n in "123"]))
    story.then()
    first, second, third = [x.started_at for x in story.executions]
    assert second - first == third - second == 510  # the delay, and the call's own way to SWF
