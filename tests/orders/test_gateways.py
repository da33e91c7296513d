"""The gateways that activities need in production: database, HTTP, payloads."""

import json
import threading
from decimal import Decimal

import boto3
import pytest
import requests
from botocore.stub import ANY, Stubber
from sqlalchemy.exc import IntegrityError

from orders import messages
from orders.errors import NonRetryable, PayloadMissing, PaymentRefused
from orders.gateways import http, ports_for
from orders.gateways.database import Database
from orders.gateways.local import LocalNotifier, LocalPayments
from orders.gateways.payloads import PayloadStore
from orders.gateways.store import SqlOrderStore
from orders.ports import OrderRecord
from orders.settings import Settings


class TestDatabase:
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/orders.db"

    def test_what_one_worker_saved_another_finds(self, url):
        with closing(Database(url), Database(url)) as (one, other):
            SqlOrderStore(one).save(record("w1"))
            LocalPayments(one).authorize("w1", Decimal(1), "BRL", "ORD-1")
            assert SqlOrderStore(other).find("ORD-1") == record("w1")
            assert LocalPayments(other).state("w1") == "authorized"

    def test_a_failed_transaction_leaves_nothing(self, url):
        with closing(Database(url)) as (database,):
            with pytest.raises(IntegrityError):
                insert_twice(database)
            assert LocalPayments(database).state("k") == "none"

    def test_transactions_take_turns(self, url):
        with closing(Database(url), Database(url)) as (one, other):
            seen, looked = [], threading.Event()

            def look():
                seen.append(LocalPayments(other).state("k"))
                looked.set()

            with one.transaction() as connection:
                reader = threading.Thread(target=look)
                reader.start()
                looked.wait(0.2)  # in vain: the other waits for us
                insert_payment(connection)
            reader.join()
            assert seen == ["authorized"]

    def test_of_many_workflows_saving_one_order_at_once_one_wins(self, url):
        with closing(*(Database(url) for _ in range(6))) as databases:
            saved = at_once(
                lambda number: SqlOrderStore(databases[number]).save(record(f"w{number}")), 6
            )
            assert sum(each.written for each in saved) == 1
            assert len({each.record.workflow_id for each in saved}) == 1

    @pytest.mark.parametrize("url_of", ["file", "memory"])
    def test_of_many_captures_and_releases_at_once_the_money_goes_one_way(self, url, url_of):
        with closing(Database(url if url_of == "file" else "sqlite://")) as (database,):
            payments = LocalPayments(database)
            payments.authorize("k", Decimal(1), "BRL", "ORD-1")

            def act(number):
                try:
                    return payments.release("k") if number % 2 else payments.capture("k")
                except PaymentRefused:
                    return "refused"

            at_once(act, 6)
            assert payments.state("k") in ("released", "refunded")

    def test_a_customer_is_told_once(self, url, caplog):
        caplog.set_level("INFO")
        with closing(Database(url)) as (database,):
            for _ in range(2):
                LocalNotifier(database).notify("w1/completed", {"order_id": "ORD-1"})
        (line,) = [each for each in caplog.records if each.message.startswith("Notified")]
        assert line.order_id == "ORD-1"


class TestHttp:
    """What each answer of a service means for the activity."""

    @pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503])
    def test_passing_trouble_is_worth_another_attempt(self, status):
        payments = http.HttpPayments(service(status=status))
        with pytest.raises(http.ServiceFailed, match=r"^Payment failed: "):
            payments.authorize("k", Decimal(1), "BRL", "ORD-1")

    @pytest.mark.parametrize("status", [400, 402, 404, 410, 422])
    def test_a_refusal_is_final(self, status):
        payments = http.HttpPayments(service(status=status))
        with pytest.raises(PaymentRefused):
            payments.capture("k")
        with pytest.raises(NonRetryable):
            http.HttpNotifier(service(status=status)).notify("k", {})

    @pytest.mark.parametrize(
        "error", [requests.ConnectionError("refused"), requests.Timeout("too slow")]
    )
    def test_no_answer_is_worth_another_attempt(self, error):
        with pytest.raises(http.ServiceFailed):
            http.HttpPayments(service(error=error)).release("k")

    @pytest.mark.parametrize("body", ["<html>", "[]", '{"state": "sold"}', ""])
    def test_an_answer_not_understood_is_worth_another_attempt(self, body):
        with pytest.raises(http.ServiceFailed):
            http.HttpPayments(service(body=body)).state("k")

    def test_a_payment_is_addressed_by_its_key_and_idempotent(self):
        asked = service(body='{"state": "authorized"}')
        state = http.HttpPayments(asked).authorize("w/run=1", Decimal("9.90"), "BRL", "ORD-1")
        assert state == "authorized"
        (request,) = asked._session.requests
        assert request.method == "POST"
        assert request.url == "https://service.test/v1/payments/w%2Frun%3D1/authorize"
        assert request.headers["Idempotency-Key"] == "w/run=1/authorize"
        assert json.loads(request.body) == {
            "amount": "9.90",
            "currency": "BRL",
            "order_id": "ORD-1",
        }
        assert asked._session.timeouts == [4.5]

    @pytest.mark.parametrize("state", ["none", "authorized", "captured", "released", "refunded"])
    def test_the_state_of_a_payment_is_read(self, state):
        payments = http.HttpPayments(service(body=json.dumps({"state": state})))
        assert payments.state("k") == state
        assert payments.release("k") == state

    def test_a_notification_carries_its_key_and_its_unicode(self):
        asked = service(body="")
        http.HttpNotifier(asked).notify("w/completed", {"name": "João"})
        (request,) = asked._session.requests
        assert request.headers["Idempotency-Key"] == "w/completed"
        assert json.loads(request.body) == {"name": "João"}

    def test_the_external_api_answers_json(self):
        asked = service("API call", body='{"score": 7}')
        assert http.HttpExternalApi(asked).enrich("ORD-1") == {"score": 7}
        assert json.loads(asked._session.requests[0].body) == {"order_id": "ORD-1"}

    def test_its_failures_read_as_in_the_usage_examples(self):
        with pytest.raises(http.ServiceFailed, match=r"^API call failed: "):
            http.HttpExternalApi(service("API call", status=503)).enrich("ORD-1")


class TestPayloads:
    def test_in_a_directory(self, tmp_path):
        store = PayloadStore(tmp_path / "deep" / "payloads")
        reference = store.save('{"name": "João 𝄞"}')
        assert reference == messages.local_reference('{"name": "João 𝄞"}')
        assert store.load(reference) == '{"name": "João 𝄞"}'
        assert store.save('{"name": "João 𝄞"}') == reference
        assert len(list((tmp_path / "deep" / "payloads").iterdir())) == 1

    def test_line_ends_are_kept(self, tmp_path):
        store = PayloadStore(tmp_path)
        assert store.load(store.save("a\r\nb\nc")) == "a\r\nb\nc"

    def test_a_missing_payload_is_named(self, tmp_path):
        reference = messages.local_reference("never stored")
        with pytest.raises(PayloadMissing, match=reference["local_key"]):
            PayloadStore(tmp_path).load(reference)

    @pytest.mark.parametrize("key", ["../secret", "/etc/passwd", "x/" + "0" * 64 + ".json", ""])
    def test_no_reference_leads_out_of_the_directory(self, tmp_path, key):
        with pytest.raises(PayloadMissing):
            PayloadStore(tmp_path).load({"local_key": key})

    def test_a_payload_that_was_tampered_with_is_refused(self, tmp_path):
        store = PayloadStore(tmp_path)
        reference = store.save("what was stored")
        (tmp_path / reference["local_key"]).write_text("something else")
        with pytest.raises(PayloadMissing, match="not what was stored"):
            store.load(reference)

    def test_in_s3(self):
        reference = messages.s3_reference("text", "bucket", "pre/")
        with s3_stub() as (s3, stub):
            stub.add_response(
                "put_object",
                {},
                {
                    "Bucket": "bucket",
                    "Key": reference["s3_key"],
                    "Body": b"text",
                    "ContentType": ANY,
                },
            )
            assert PayloadStore("unused", "bucket", "pre/", s3).save("text") == reference
            add_object(stub, reference, b"text")
            assert PayloadStore("unused", s3=s3).load(reference) == "text"

    def test_an_s3_object_that_is_none_of_ours_is_not_even_asked_for(self):
        """Else whoever places an order has us read what only our role may read."""
        reference = {"s3_bucket": "my-bucket", "s3_key": "data/large-file.json"}
        with s3_stub() as (s3, _), pytest.raises(PayloadMissing, match="not a reference to"):
            PayloadStore("unused", s3=s3).load(reference)

    def test_a_missing_s3_object_is_named(self):
        reference = messages.s3_reference("lost", "b", "pre/")
        with s3_stub() as (s3, stub):
            stub.add_client_error("get_object", "NoSuchKey")
            with pytest.raises(PayloadMissing, match=reference["s3_key"]):
                PayloadStore("unused", s3=s3).load(reference)


def test_settings_choose_the_gateways(tmp_path):
    ports = ports_for(
        Settings(
            database_url="sqlite://",
            payload_dir=str(tmp_path),
            payments_url="https://pay.test",
            notifier_url="https://notify.test",
        )
    )
    assert isinstance(ports.payments, http.HttpPayments)
    assert isinstance(ports.notifier, http.HttpNotifier)
    assert isinstance(ports.external_api, http.HttpExternalApi)
    local = ports_for(Settings(database_url="sqlite://", external_api_url="local"))
    assert isinstance(local.payments, LocalPayments)
    assert isinstance(local.notifier, LocalNotifier)
    assert local.external_api.enrich("X")["known"] is True


class Session(requests.Session):
    """Answers every request alike, and keeps the requests."""

    def __init__(self, status=200, body="{}", error=None):
        super().__init__()
        self.requests, self.timeouts = [], []
        self._answer = (status, body, error)

    def send(self, request, *, timeout=None, **_):
        self.requests.append(request)
        self.timeouts.append(timeout)
        status, body, error = self._answer
        if error:
            raise error
        response = requests.Response()
        response.status_code, response._content, response.url = status, body.encode(), request.url
        return response


def service(name="Payment", **answer):
    return http.JsonService(name, "https://service.test/v1/", 4.5, Session(**answer))


def record(workflow_id):
    return OrderRecord("ORD-1", workflow_id, "run-1", workflow_id, "1.00", {"order": {"é": [1]}})


def insert_twice(database):
    with database.transaction() as connection:
        insert_payment(connection)
        insert_payment(connection)


def insert_payment(connection):
    connection.exec_driver_sql("INSERT INTO payments VALUES ('k', 'o', '1', 'BRL', 'authorized')")


class closing:  # noqa: N801
    def __init__(self, *databases):
        self._databases = databases

    def __enter__(self):
        return self._databases

    def __exit__(self, *_):
        for database in self._databases:
            database.close()


def at_once(act, count):
    """What `act(0)`, `act(1)` … return when threads call them all at the same moment."""
    start, results = threading.Barrier(count), [None] * count

    def work(number):
        start.wait()
        results[number] = act(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class s3_stub:  # noqa: N801
    def __enter__(self):
        s3 = boto3.client(
            "s3", region_name="sa-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self._stub = Stubber(s3)
        self._stub.activate()
        return s3, self._stub

    def __exit__(self, *_):
        self._stub.deactivate()


def add_object(stub, reference, body):
    from io import BytesIO

    from botocore.response import StreamingBody

    stub.add_response(
        "get_object",
        {"Body": StreamingBody(BytesIO(body), len(body))},
        {"Bucket": reference["s3_bucket"], "Key": reference["s3_key"]},
    )
