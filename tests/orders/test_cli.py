"""`python -m orders …`: what it prints, its exit codes, and that nobody ever sees a traceback."""

import json
import logging
import signal
import subprocess
import sys

import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError

from orders import __main__ as cli
from orders import logs, workflow
from orders.decision_worker import DecisionWorker
from orders.register import register_all
from orders.settings import Settings
from tests.orders.little_swf import attributes_of, fault
from tests.orders.tables import ORDER

COMMANDS = ["act", "batch", "cancel", "decide", "history", "monitor", "register", "resume"]
COMMANDS += ["start", "terminate"]


class TestHelp:
    def test_teaches_the_way(self, orders):
        result = orders("--help")
        assert result.exit_code == 0
        for word in (
            "register",
            "decide",
            "act",
            "start order.json",
            "ORDERS_DOMAIN",
            "Exit codes",
        ):
            assert word in result.output

    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_explains_itself(self, orders, command):
        result = orders(command, "--help")
        assert result.exit_code == 0
        assert command in cli.main.commands

    def test_the_short_option_will_do(self, orders):
        for arguments in ((), ("start",)):
            assert orders(*arguments, "-h").output == orders(*arguments, "--help").output

    def test_wrong_usage_is_exit_code_2(self, orders):
        assert orders("nope").exit_code == 2
        assert orders("start").exit_code == 2
        assert orders("resume", "only-one-argument").exit_code == 2
        assert orders("start", "-", "--optional-step", "Nope").exit_code == 2

    def test_as_a_program(self):
        done = subprocess.run(
            [sys.executable, "-m", "orders", "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Usage: python -m orders")


class TestStart:
    def test_prints_the_ids(self, orders, swf, started):
        result = orders("start", "order.json")
        assert result.exit_code == 0
        run = list(swf.runs.values())[-1]
        assert result.output.splitlines() == [
            "Order:       ORD-1",
            f"Workflow ID: {run.ids['workflowId']}",
            f"Run ID:      {run.ids['runId']}",
        ]

    def test_reads_standard_input_and_asks_for_the_optional_step(self, orders, swf):
        result = orders("start", "-", "--optional-step", "CallExternalAPI", text=json.dumps(ORDER))
        assert result.exit_code == 0
        (run,) = swf.runs.values()
        assert "CallExternalAPI" in attributes_of(run.events[0])["input"]

    def test_a_missing_file(self, orders):
        result = orders("start", "nope.json")
        assert result.exit_code == 2
        assert "nope.json" in result.output

    def test_bad_json_is_shown_with_its_place(self, orders, tmp_path):
        (tmp_path / "bad.json").write_text('{\n  "order_id": nope\n}')
        result = orders("start", "bad.json")
        assert result.exit_code == 1
        assert "bad.json, line 2, column 15: not JSON" in result.output

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"[1]", "an order is a JSON object"),
            (b"\xff\xfe", "bad.json, line 1: not UTF-8"),
            (b"[" * 99_999, "nested"),
        ],
    )
    def test_a_file_that_holds_no_order(self, orders, tmp_path, content, complaint):
        (tmp_path / "bad.json").write_bytes(content)
        result = orders("start", "bad.json")
        assert result.exit_code == 1
        assert complaint in result.output

    @pytest.mark.parametrize(
        ("error", "hint"),
        [
            (NoRegionError(), "AWS_DEFAULT_REGION"),
            (NoCredentialsError(), "Unable to locate credentials. Set AWS_DEFAULT_REGION"),
            (NoCredentialsError(), "or run `aws configure`."),
            (fault("AccessDeniedException", "User is not authorized " * 9), "AccessDenied"),
            (fault("UnknownResourceFault", "Unknown domain: orders"), "python -m orders register"),
        ],
    )
    def test_trouble_with_aws_is_told_plainly(self, orders, swf, error, hint):
        swf.trouble.append(error)
        result = orders("start", "-", text=json.dumps(ORDER))
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")
        assert hint in " ".join(result.output.split())

    @pytest.mark.parametrize(
        ("name", "value", "complaint"),
        [
            ("ORDERS_MAX_ATTEMPTS", "many", "'many' will not do: should be a valid integer"),
            ("ORDERS_MAX_ATTEMPTS", "0", "'0' will not do: should be greater than or equal to 1"),
            ("ACTIVITY_TASK_TIMEOUT", "x", "'x' will not do"),
            ("ORDERS_STEP_TIMEOUTS", "{nope", 'not JSON; seconds by step are wanted: {"EnrichData'),
            ("ORDERS_STEP_TIMEOUTS", "[3]", "should be a valid dictionary"),
            ("ORDERS_STEP_TIMEOUTS", '{"EnrichData": "x"}', "ORDERS_STEP_TIMEOUTS[EnrichData]: "),
            ("ORDERS_STEP_TIMEOUTS", '{"Nope": 1}', "no such step; these are: ValidateInput"),
        ],
    )
    def test_bad_settings_are_named_as_the_environment_names_them(
        self, orders, monkeypatch, name, value, complaint
    ):
        monkeypatch.setenv(name, value)
        result = orders("start", "-", text=json.dumps(ORDER))
        assert result.exit_code == 1
        assert f"\n{name}" in result.output
        assert complaint in " ".join(result.output.split())

    def test_each_bad_setting_has_a_line(self, orders, monkeypatch):
        monkeypatch.setenv("ORDERS_MAX_ATTEMPTS", "many")
        monkeypatch.setenv("ORDERS_RETENTION_DAYS", "-1")
        lines = orders("start", "-", text=json.dumps(ORDER)).output.splitlines()
        assert lines[0] == "Error: Bad settings:"
        assert sum(line.startswith("ORDERS_") for line in lines) == 2

    def test_a_byte_order_mark_is_no_trouble(self, orders, tmp_path):
        (tmp_path / "order.json").write_text(json.dumps(ORDER), encoding="utf-8-sig")
        assert orders("start", "order.json").exit_code == 0


class TestRunCommands:
    def test_history_shows_what_happened(self, orders, swf, started):
        DecisionWorker(swf, Settings()).poll_once()
        result = orders("history", *started)
        assert result.exit_code == 0
        lines = result.output.splitlines()
        assert lines[0] == "[2031-03-07 11:42:05+00:00] WorkflowExecutionStarted"
        assert lines[1].startswith('  Input: {"order_id":"ORD-1"')
        assert "  Activity: ValidateInput-1" in lines

    def test_history_as_json_is_what_the_aws_command_line_prints(self, orders, started):
        result = orders("history", *started, "--json")
        events = json.loads(result.output)["events"]
        assert events[0]["eventTimestamp"] == "2031-03-07T11:42:05+00:00"
        assert events[0]["workflowExecutionStartedEventAttributes"]["tagList"] == ["ORD-1"]

    def test_resume(self, orders, swf, started):
        orders("terminate", *started)
        result = orders("resume", *started, "ValidateInput")
        assert result.exit_code == 0
        assert list(swf.runs)[-1] in result.output

    def test_terminate(self, orders, swf, started):
        result = orders("terminate", *started, "--reason", "Pedido cancelado")
        assert result.exit_code == 0
        assert attributes_of(swf.runs[started[1]].events[-1])["reason"] == "Pedido cancelado"

    def test_cancel(self, orders, swf, started):
        assert orders("cancel", *started).exit_code == 0
        assert swf.runs[started[1]].text()[-1] == "WorkflowExecutionCancelRequested"

    def test_monitor(self, orders, started):
        orders("terminate", *started)
        result = orders("monitor", *started, "--interval", "0")
        assert result.exit_code == 0
        assert result.output.splitlines()[-1] == "Workflow finalizado: WorkflowExecutionTerminated"

    @pytest.mark.parametrize("command", ["history", "terminate", "cancel", "monitor"])
    def test_an_unknown_run(self, orders, command):
        result = orders(command, "workflow-x", "run-x")
        assert result.exit_code == 1
        said = " ".join(result.output.split())
        if command in ("cancel", "terminate"):
            assert (
                "SWF knows no open run 'run-x' of workflow 'workflow-x': it is closed, or" in said
            )
        else:
            assert "SWF knows no run 'run-x' of workflow 'workflow-x': check both ids" in said
            assert "closed" not in said

    def test_an_unknown_step(self, orders, started):
        result = orders("resume", *started, "Nonsense")
        assert result.exit_code == 1
        assert "'Nonsense' is not a step to resume from" in result.output


class TestBatch:
    def test_a_json_array(self, orders, swf):
        result = orders("batch", "-", text=json.dumps([ORDER, ORDER]))
        assert result.exit_code == 0
        assert "[2/2] Pedido ORD-1 iniciado" in result.output
        assert len(swf.runs) == 2

    def test_one_order_a_line(self, orders, swf):
        text = f"{json.dumps(ORDER)}\n\n{json.dumps(ORDER)}\n"
        assert orders("batch", "-", text=text).exit_code == 0
        assert len(swf.runs) == 2

    def test_bad_orders_are_reported_at_the_end_and_make_it_fail(self, orders, swf):
        result = orders("batch", "-", text=json.dumps([7, ORDER, {"results": 1}]))
        assert result.exit_code == 1
        assert len(swf.runs) == 1
        assert "2 of 3 orders not started" in result.output
        assert "[1] ?: an order is a JSON object" in result.output

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ('{"a": 1}\n{"a" 2}\n', "<stdin>, line 2, column 6"),
            ("[{},\n{]", "line 2, column 2"),
            ('{\n"order_id": 1\n}', "one order a line"),
        ],
    )
    def test_bad_json_is_shown_with_its_place(self, orders, text, place):
        result = orders("batch", "-", text=text)
        assert result.exit_code == 1
        assert place in result.output


class TestRegister:
    def test_registers_all_and_says_so(self, orders, swf):
        result = orders("register")
        assert result.exit_code == 0
        lines = result.output.splitlines()
        assert len(lines) == 2 + len(workflow.ALL_STEPS)
        assert all(line.startswith("registered ") for line in lines)
        assert swf.types["EnrichData", "1.0"]["defaultTaskStartToCloseTimeout"] == "600"
        assert swf.types["ValidateInput", "1.0"]["defaultTaskHeartbeatTimeout"] == "NONE"

    def test_again_finds_them_there(self, orders):
        orders("register")
        result = orders("register")
        assert result.exit_code == 0
        assert all(line.startswith("exists ") for line in result.output.splitlines())

    def test_other_defaults_are_reported(self, orders, monkeypatch):
        orders("register")
        monkeypatch.setenv("ACTIVITY_TASK_TIMEOUT", "90")
        result = orders("register")
        assert result.exit_code == 0
        assert "differs     activity type  ValidateInput 1.0" in result.output
        assert "defaultTaskStartToCloseTimeout: 60 (wanted 90)" in result.output

    def test_deprecated_types_are_a_failure(self, orders, swf):
        orders("register")
        swf.types["ProcessData", "1.0"]["status"] = "DEPRECATED"
        result = orders("register")
        assert result.exit_code == 1
        assert "deprecated  activity type  ProcessData 1.0" in result.output

    def test_a_new_domain_may_take_a_while_to_be_known(self, swf):
        unknown = fault("UnknownResourceFault", "Unknown domain: orders")
        swf.trouble.extend([None, unknown, unknown])
        assert {each.outcome for each in register_all(swf, Settings())} == {"registered"}

    def test_but_not_for_ever(self, orders, swf):
        unknown = fault("UnknownResourceFault", "Unknown domain: orders")
        swf.trouble.extend([None, *[unknown] * 9])
        assert orders("register").exit_code == 1


class TestWorkers:
    @pytest.mark.parametrize("command", ["decide", "act"])
    def test_run_until_told_to_stop_and_finish_the_task_at_hand(self, orders, swf, command):
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        polls = []

        def poll(**it):
            polls.append(it["identity"])
            signal.raise_signal(signal.SIGTERM)
            return {"startedEventId": 0}

        swf.poll_for_decision_task = swf.poll_for_activity_task = poll
        try:
            result = orders(command, "--identity", "me")
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        assert result.exit_code == 0
        assert polls == ["me"]
        assert "Stopping after this task or poll" in result.output

    @pytest.mark.parametrize("url", ["nonsense", "nosuchbase://host/orders"])
    def test_a_database_url_that_cannot_be_one(self, orders, monkeypatch, url):
        monkeypatch.setenv("ORDERS_DATABASE_URL", url)
        result = orders("act")
        assert result.exit_code == 1
        assert "ORDERS_DATABASE_URL: " in result.output

    def test_an_unregistered_domain_says_what_to_do(self, orders, swf):
        swf.trouble.append(fault("UnknownResourceFault", "Unknown domain: orders"))
        result = orders("decide")
        assert result.exit_code == 1
        assert "python -m orders register" in result.output


class TestLogs:
    RECORD = logging.makeLogRecord(
        {"msg": "Executing: %s", "args": ("X",), "levelname": "INFO", "order_id": "É", "attempt": 2}
    )

    def test_as_json_one_object_a_line(self):
        text = logs.JsonFormatter().format(self.RECORD)
        assert "É" in text
        line = json.loads(text)
        assert line["message"] == "Executing: X"
        assert (line["order_id"], line["attempt"]) == ("É", 2)
        assert "step" not in line

    def test_an_exception_is_part_of_the_line(self):
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            record = logging.makeLogRecord({"msg": "oh", "exc_info": sys.exc_info()})
        text = logs.JsonFormatter().format(record)
        assert "\n" not in text
        assert "ZeroDivisionError" in json.loads(text)["exception"]

    def test_the_option_chooses_the_form(self, orders, swf, started):
        result = orders("--log-json", "monitor", *started, "--help")
        assert result.exit_code == 0
        logs.set_up(as_json=True, level="INFO")
        assert isinstance(logging.getLogger().handlers[0].formatter, logs.JsonFormatter)

    def _printed(self, capsys, logger, text, level="INFO"):
        logs.set_up(as_json=False, level=level)
        logging.getLogger(logger).info("%s", text)
        return capsys.readouterr().err

    @pytest.mark.parametrize("level", ["INFO", "WARNING", "ERROR"])
    def test_what_libraries_have_to_tell_is_not_shown(self, capsys, level):
        assert self._printed(capsys, "botocore.credentials", "Found credentials", level) == ""

    def test_unless_everything_is_wanted(self, capsys):
        assert "Found credentials" in self._printed(
            capsys, "botocore", "Found credentials", "DEBUG"
        )

    def test_our_own_level_is_the_one_asked_for(self, capsys):
        assert "hello" in self._printed(capsys, "orders.worker", "hello")
        assert self._printed(capsys, "orders.worker", "hello", "WARNING") == ""

    def test_the_lines_of_the_usage_examples_stay_whole(self, capsys):
        line = "Received decision task for workflow: workflow-a1b2c3d4-e5f6-7890-abcd-ef1234567890"
        printed = self._printed(capsys, "orders.decision_worker", line)
        assert printed.endswith(f" INFO {line}\n")
        assert len(printed) <= 101

    def test_longer_ones_are_wrapped(self, capsys):
        printed = self._printed(capsys, "orders.worker", "Call failed, trying again " * 9)
        lines = printed.splitlines()
        assert len(lines) == 3
        assert max(map(len, lines)) <= 100
        assert lines[1].startswith("    ")
