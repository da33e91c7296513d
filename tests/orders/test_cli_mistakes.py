"""What a user can get wrong: `python -m orders` says so in a sentence, and starts nothing."""

import json

import pytest
import requests

from orders import aws
from tests.orders.tables import ORDER

REAL_CLIENT = aws.swf_client
RUN = ("workflow-x", "run-x")
TWO = json.dumps(ORDER), json.dumps({**ORDER, "order_id": "ORD-2"})


class TestPauses:
    @pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "-inf", "1e300"])
    @pytest.mark.parametrize(
        ("command", "option"), [(("batch", "-"), "--delay"), (("monitor", *RUN), "--interval")]
    )
    def test_a_pause_nobody_can_wait_is_wrong_usage(self, orders, swf, command, option, seconds):
        result = orders(*command, option, seconds, text=json.dumps([ORDER]))
        assert result.exit_code == 2
        assert option in result.output
        assert "is not a number of seconds from 0 to 86400" in result.output
        assert swf.log == []


class TestSettings:
    def test_a_misspelled_one_is_told_and_the_command_goes_on(self, orders, swf, monkeypatch):
        monkeypatch.setenv("ORDERS_MAXATTEMPTS", "1")
        result = orders("register")
        assert result.exit_code == 0
        assert (
            "Warning: ORDERS_MAXATTEMPTS is no setting; did you mean ORDERS_MAX_ATTEMPTS?\n"
            in result.output
        )

    def test_variables_of_others_are_no_mistake(self, orders, swf, monkeypatch):
        for name in ("ORDERS_SERVICE_HOST", "ORDERS_PORT_80_TCP", "ORDERS_DOMAIN", "orders_domain"):
            monkeypatch.setenv(name, "orders")
        assert "Warning" not in orders("register").output


class TestOrdersThatCannotBeOne:
    def test_an_order_id_that_is_no_text(self, orders, swf):
        result = orders("start", "-", text='{"order_id": "\\ud800"}')
        assert result.exit_code == 1
        assert "order_id: half a surrogate pair is no character: '\\ud800'" in result.output
        assert swf.runs == {}

    def test_in_a_batch_it_is_passed_over(self, orders, swf):
        result = orders("batch", "-", text=f'{{"order_id": "\\ud800"}}\n{TWO[0]}')
        assert result.exit_code == 1
        assert "[1/2] Erro ao processar \\ud800: order_id: half a surrogate" in result.output
        assert len(swf.runs) == 1

    @pytest.mark.parametrize(
        "order",
        [
            {"local_key": "0" * 64 + ".json"},
            {"order_id": "ORD-1", "local_key": "x"},
            {"order_id": "ORD-1", "s3_bucket": "b", "s3_key": "k"},
        ],
    )
    def test_a_reference_in_the_place_of_an_order(self, orders, swf, order):
        result = orders("start", "-", text=json.dumps(order))
        assert result.exit_code == 1
        said = " ".join(result.output.split())
        assert "this is a reference to an order, not the order itself" in said
        assert swf.log == []

    def test_null_is_called_null(self, orders):
        result = orders("start", "-", text="null")
        assert "an order is a JSON object (a dict), not null" in result.output


class TestFiles:
    def test_another_encoding_is_said_with_the_file_and_the_line(self, orders, swf, tmp_path):
        order = json.dumps({**ORDER, "customer": "João"}, ensure_ascii=False, indent=1)
        (tmp_path / "order.json").write_text(order, encoding="latin-1")
        for command in ("start", "batch"):
            result = orders(command, "order.json")
            assert result.exit_code == 1
            (number,) = [n for n, line in enumerate(order.splitlines(), 1) if "João" in line]
            assert f"order.json, line {number}: not UTF-8 (byte 0xe3): save" in result.output
        assert swf.log == []

    def test_a_number_with_more_digits_than_python_reads(self, orders, swf):
        text = '{"order_id": ' + "9" * 5000 + "}"
        result = orders("start", "-", text=text)
        assert result.exit_code == 1
        assert "<stdin>, line 1: not an order: a number of more than 4300 digits" in result.output
        result = orders("batch", "-", text=f"{TWO[0]}\n{text}")
        assert result.exit_code == 1
        assert "<stdin>, line 2: not an order: a number of more than 4300" in result.output
        assert len(swf.runs) == 1


class TestLinesOfABatch:
    def test_a_broken_line_is_passed_over_and_reported(self, orders, swf):
        result = orders("batch", "-", text=f'{TWO[0]}\n{{"a" 2}}\n{TWO[1]}\n')
        assert result.exit_code == 1
        lines = result.output.splitlines()
        assert lines[0] == "Processando lote de 3 pedidos..."
        assert lines[1] == "[1/3] Pedido ORD-1 iniciado"
        assert lines[2].startswith("[2/3] Erro ao processar ?: <stdin>, line 2, column 6: not JSON")
        assert lines[3] == "[3/3] Pedido ORD-2 iniciado"
        assert "Total processado: 2/3" in lines
        assert "Error: 1 of 3 orders not started" in lines
        assert len(swf.runs) == 2

    @pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0c", "\x1e"])
    def test_only_a_line_feed_ends_a_line(self, orders, swf, mark):
        text = json.dumps({**ORDER, "note": f"a{mark}b"}, ensure_ascii=False)
        if mark < " ":  # within a string JSON wants it escaped
            text = json.dumps(ORDER) + mark
        result = orders("batch", "-", text=f"{text}\n{TWO[1]}\n")
        assert "Processando lote de 2 pedidos..." in result.output
        assert len(swf.runs) == (2 if mark >= " " else 1)

    def test_lines_that_end_as_on_windows(self, orders, swf):
        assert orders("batch", "-", text="\r\n".join([*TWO, ""])).exit_code == 0
        assert len(swf.runs) == 2


class TestAwsSettings:
    @pytest.mark.parametrize("url", ["foo", "http://[", "http://a b"])
    def test_an_endpoint_that_is_no_url(self, orders, monkeypatch, url):
        monkeypatch.setattr(aws, "swf_client", REAL_CLIENT)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        result = orders("history", *RUN)
        assert result.exit_code == 1
        assert "AWS settings: " in result.output
        assert "AWS_ENDPOINT_URL" in result.output

    def test_also_for_the_payloads(self, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "foo")
        with pytest.raises(aws.OrdersError, match="Invalid endpoint: foo"):
            aws.s3_client()


class TestWhatActNeeds:
    """Each trouble is a sentence that begins with its variable, and no task is taken."""

    @pytest.mark.parametrize(
        ("variable", "value", "complaint"),
        [
            ("ORDERS_DATABASE_URL", "sqlite:///no/such/dir/orders.db", "unable to open database"),
            ("ORDERS_DATABASE_URL", "nonsense", "Could not parse"),
            ("ORDERS_PAYLOAD_DIR", "a-file/payloads", "cannot write in 'a-file/payloads': Not a"),
            ("ORDERS_PAYMENTS_URL", "nonsense", "'nonsense' is no URL"),
            ("ORDERS_PAYMENTS_URL", "http://[", "is no URL"),
            ("ORDERS_NOTIFIER_URL", "ftp://mail.test", "is no URL; it begins with http"),
            ("ORDERS_EXTERNAL_API_URL", "https://", "is no URL"),
        ],
    )
    def test_a_setting_that_leads_nowhere(
        self, orders, swf, tmp_path, monkeypatch, variable, value, complaint
    ):
        (tmp_path / "a-file").write_text("")
        monkeypatch.setenv(variable, value)
        result = orders("act")
        assert result.exit_code == 1
        (line,) = [each for each in result.output.splitlines() if each.startswith("ORDERS_")]
        assert line.startswith(f"{variable}: ")
        assert complaint in " ".join(result.output.split())
        assert swf.log == []

    def test_every_trouble_is_named_at_once(self, orders, monkeypatch):
        monkeypatch.setenv("ORDERS_DATABASE_URL", "nonsense")
        monkeypatch.setenv("ORDERS_PAYMENTS_URL", "nonsense")
        lines = orders("act").output.splitlines()
        assert lines[0] == "Error: cannot work on orders:"
        assert [line.split(":")[0] for line in lines if line.startswith("ORDERS_")] == [
            "ORDERS_DATABASE_URL",
            "ORDERS_PAYMENTS_URL",
        ]

    @pytest.mark.parametrize("variable", ["ORDERS_PAYMENTS_URL", "ORDERS_NOTIFIER_URL"])
    def test_a_service_that_does_not_answer(self, orders, monkeypatch, variable):
        asked = []

        def unreachable(url, **how):
            asked.append((url, how["timeout"]))
            raise requests.ConnectionError("refused")

        monkeypatch.setattr(requests, "options", unreachable)
        monkeypatch.setenv(variable, "https://me:secret@pay.test/v1")
        result = orders("act")
        assert result.exit_code == 1
        assert f"{variable}: no answer from pay.test (ConnectionError)." in result.output
        assert "secret" not in result.output
        assert asked == [("https://me:secret@pay.test/v1", 10.0)]

    def test_a_password_of_the_database_is_not_shown(self, orders, tmp_path, monkeypatch):
        monkeypatch.setenv("ORDERS_DATABASE_URL", "sqlite://me:secret@/no/such/dir/orders.db")
        result = orders("act")
        assert result.exit_code == 1
        assert "ORDERS_DATABASE_URL: Invalid SQLite URL: sqlite://me:***@/no" in result.output
        assert len(result.output.splitlines()) == 2


def test_resuming_behind_what_was_taken_back_names_the_step_to_resume_from(
    orders, house, monkeypatch
):
    monkeypatch.setattr(aws, "swf_client", lambda: house.swf)
    house.broken.add("NotifyCompletion")
    ids = house.start()
    house.work()
    result = orders("resume", *ids.values(), "NotifyCompletion")
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert "cannot resume from NotifyCompletion: that run was rolled back" in said
    assert "resume from SaveResults or an earlier step" in said
    assert len(house.swf.runs) == 1
