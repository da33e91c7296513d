"""``swfsim capture``: histories out of an account, children and chains followed, made anonymous."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from swfsim import Fake
from swfsim.capture.crawl import Crawler, RunKey
from swfsim.capture.pace import Pace
from swfsim.capture.scrub import Scrub
from swfsim.capture.stand_ins import StandIns
from swfsim.commands.capture import capture
from swfsim.commands.reenact import reenact
from swfsim.commands.replay import replay
from swfsim.replay import histories
from tests.support.driver import (
    DOMAIN,
    Driver,
    child,
    complete,
    completes,
    continue_as_new,
    marker,
    schedule,
)

ANA = json.dumps({"name": "Ana Souza", "email": "ana@shop.com.br", "cpf": "123.456.789-09"})


LATEST = ("--workflow-id", "souza-4711")


def take(out: Path, *arguments: str) -> Result:
    asked = ["--domain", DOMAIN, "--out", str(out), "--rate", "1000", *arguments]
    return CliRunner().invoke(capture, asked, catch_exceptions=False)


def files(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())


@pytest.fixture
def family(swf: Driver) -> Driver:
    """An order that starts a child and then continues as a new run, which is still open."""
    swf.start("souza-4711", input=ANA, tagList=["Ana Souza"])
    swf.decide(child("souza-4712", input=ANA), marker("seen"))
    while "taskToken" in (task := swf.poll()):
        if task["workflowExecution"]["workflowId"] == "souza-4712":
            swf.answer(complete())
        elif any(e["eventType"] == "ChildWorkflowExecutionCompleted" for e in task["events"]):
            swf.answer(continue_as_new(input=ANA, tagList=["Ana Souza"]))
            break
        else:
            swf.answer()
    return swf


def test_a_run_is_taken_with_its_children_and_the_runs_it_continues_as(
    family: Driver, tmp_path: Path
) -> None:
    result = take(tmp_path, "--workflow-id", "souza-4711", "--run-id", family.run_id)
    assert result.exit_code == 0, result.output
    whose = [json.loads(path.read_text())["workflowExecution"] for path in tmp_path.iterdir()]
    assert sorted(one["workflowId"] for one in whose) == ["souza-4711", "souza-4711", "souza-4712"]
    assert sum(name.endswith(".open-2.json") for name in files(tmp_path)) == 1


def test_without_a_run_id_the_open_run_is_taken_and_its_chain_followed_back(
    family: Driver, tmp_path: Path
) -> None:
    result = take(tmp_path, "--workflow-id", "souza-4711")
    assert result.exit_code == 0, result.output
    assert len(files(tmp_path)) == 3
    assert ".open-2.json: 2 events" in result.output.splitlines()[0]


def test_what_is_written_re_enacts(family: Driver, tmp_path: Path) -> None:
    take(tmp_path, "--workflow-id", "souza-4711")
    paths = [str(path) for path in tmp_path.iterdir()]
    assert CliRunner().invoke(reenact, paths).exit_code == 0


def test_the_header_says_what_was_taken(swf: Driver, tmp_path: Path) -> None:
    swf.start()
    swf.decide(complete())
    take(tmp_path, "--workflow-id", "order-1")
    [path] = tmp_path.iterdir()
    header = json.loads(path.read_text())["swfsim"]
    assert header.pop("captured")
    assert header == {
        "capture": 1,
        "executionStatus": "CLOSED",
        "eventCount": 5,
        "domain": DOMAIN,
        "region": "us-east-1",
        "pageSize": 1000,
    }


def test_a_second_call_leaves_alone_what_is_there(family: Driver, tmp_path: Path) -> None:
    take(tmp_path, "--workflow-id", "souza-4711")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again = take(tmp_path, "--workflow-id", "souza-4711")
    assert again.output.count("is there already") == 3
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_interrupted_capture_goes_on_where_it_stopped(family: Driver, tmp_path: Path) -> None:
    take(tmp_path, "--workflow-id", "souza-4711")
    [gone] = [path for path in tmp_path.iterdir() if path.name.startswith("souza-4712")]
    gone.unlink()
    again = take(tmp_path, "--workflow-id", "souza-4711")
    assert again.output.count("is there already") == 2
    assert gone.exists()


def test_an_open_run_that_went_on_gets_a_further_file(swf: Driver, tmp_path: Path) -> None:
    swf.start()
    take(tmp_path, "--workflow-id", "order-1")
    swf.decide(complete())
    take(tmp_path, "--workflow-id", "order-1")
    assert [name.split(".", 2)[2] for name in files(tmp_path)] == ["json", "open-2.json"]


def test_the_beginning_of_a_chain_that_swf_has_forgotten_is_told_and_the_rest_is_taken(
    swf: Driver, tmp_path: Path
) -> None:
    swf.start("souza-4711")
    forgotten = swf.run_id
    swf.decide(continue_as_new(executionStartToCloseTimeout="2592000"))
    swf.wait(8 * 86_400)  # the domain keeps closed runs for seven days
    result = take(tmp_path, "--workflow-id", "souza-4711")
    assert result.exit_code == 0, result.output
    assert f"souza-4711 {forgotten}: SWF no longer knows this run" in result.output
    assert len(files(tmp_path)) == 1
    asked = take(tmp_path, "--workflow-id", "souza-4711", "--run-id", forgotten)
    assert asked.exit_code == 2
    assert "SWF refuses: UnknownResourceFault" in asked.output


def test_closed_runs_of_a_type_the_last_first_up_to_a_limit(swf: Driver, tmp_path: Path) -> None:
    for number in range(4):
        swf.start(f"order-{number}")
        swf.decide(complete())
    result = take(tmp_path, "--closed-since", "2w", "--type", "order:1.0", "--limit", "2")
    assert [name.split(".")[0] for name in files(tmp_path)] == ["order-2", "order-3"]
    assert result.exit_code == 0
    assert take(tmp_path / "b", "--closed-since", "2w", "--type", "other").output == ""


def test_long_and_odd_workflow_ids_make_file_names(swf: Driver, tmp_path: Path) -> None:
    for workflow_id in ("a b+c=d.é", "é" * 200):
        swf.start(workflow_id)
        swf.decide(complete())
        assert take(tmp_path, "--workflow-id", workflow_id).exit_code == 0
    ids = {one.workflow_id for path in tmp_path.iterdir() for one in histories.load(path)}
    assert ids == {"a b+c=d.é", "é" * 200}


def test_a_history_of_many_pages_is_put_together(swf: Driver) -> None:
    swf.start()
    swf.decide(*[marker(f"m-{number}") for number in range(30)])
    crawler = Crawler(swf.client, DOMAIN, Pace(1000), page_size=7)
    events = crawler.history(RunKey("order-1", swf.run_id))
    assert [one["eventId"] for one in events] == list(range(1, 35))


def test_calls_keep_to_their_rate() -> None:
    at = [0.0]
    pace = Pace(5, clock=lambda: at[0], sleep=lambda s: at.__setitem__(0, at[0] + s))
    for _ in range(25):
        pace.wait()
    assert at[0] == pytest.approx(4, abs=0.2)  # a burst of five, then five a second


# Anonymous


def scrubbed(tmp_path: Path, *more: str) -> tuple[Result, str]:
    key = tmp_path / "key"
    key.write_text("correct horse battery staple")
    out = tmp_path / "out"
    result = take(out, *LATEST, "--scrub", "--scrub-key", str(key), *more)
    texts = [path.read_text() for path in sorted(out.iterdir())] if out.exists() else []
    return result, "\n".join(texts)


def test_nothing_of_a_person_is_left_and_the_same_person_is_the_same_everywhere(
    family: Driver, tmp_path: Path
) -> None:
    result, text = scrubbed(tmp_path)
    assert result.exit_code == 0, result.output
    for secret in ("Ana", "Souza", "ana@shop", "123.456", "789-09", "souza", "4711"):
        assert secret not in text
    inputs = {
        event[member]["input"]
        for path in (tmp_path / "out").iterdir()
        for event in json.loads(path.read_text())["events"]
        for member in event
        if member.endswith("Attributes") and "input" in event[member]
    }
    [one] = inputs
    stand_in = json.loads(one)
    assert stand_in.keys() == {"name", "email", "cpf"}
    assert "@" in stand_in["email"]
    assert text.count(stand_in["name"]) > 3  # in the tag, too


def test_a_scrubbed_history_still_re_enacts(family: Driver, tmp_path: Path) -> None:
    scrubbed(tmp_path)
    paths = [str(path) for path in (tmp_path / "out").iterdir()]
    assert CliRunner().invoke(reenact, paths).exit_code == 0


def test_the_same_key_gives_the_same_stand_ins_in_a_later_call(
    family: Driver, tmp_path: Path
) -> None:
    _, first = scrubbed(tmp_path)
    for path in (tmp_path / "out").iterdir():
        path.unlink()
    _, second = scrubbed(tmp_path)
    assert [line for line in first.splitlines() if '"captured"' not in line] == [
        line for line in second.splitlines() if '"captured"' not in line
    ]


def test_a_scrubbed_capture_that_was_interrupted_still_finds_the_children(
    family: Driver, tmp_path: Path
) -> None:
    scrubbed(tmp_path)
    before = files(tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        if json.loads(path.read_text())["swfsim"]["eventCount"] == 5:
            path.unlink()
    assert len(files(tmp_path / "out")) == 2
    scrubbed(tmp_path)
    assert files(tmp_path / "out") == before


def test_a_member_to_keep_stays_as_it_is(family: Driver, tmp_path: Path) -> None:
    result, text = scrubbed(tmp_path, "--keep", "cpf", "--keep", "custmer")
    assert "123.456.789-09" in text
    assert "Ana" not in text
    notes = [line for line in result.output.splitlines() if line.startswith("note:")]
    assert notes == ["note: --keep custmer named no member"]


def decide_by_plan(task: Any) -> list[dict[str, Any]]:
    """A decider that looks into the input: gold customers are paid for at once."""
    started = task["events"][0]["workflowExecutionStartedEventAttributes"]
    plan = json.loads(started["input"])["plan"]
    seen = {event["eventType"] for event in task["events"]}
    if "ActivityTaskCompleted" in seen or plan != "gold":
        return [complete(result=f"done for {json.loads(started['input'])['name']}")]
    return [schedule("pay-1", input=started["input"])]


@pytest.fixture
def gold(swf: Driver) -> Driver:
    swf.start("souza-4711", input=json.dumps({"name": "Ana Souza", "plan": "gold"}))
    swf.decide(schedule("pay-1", input=json.dumps({"name": "Ana Souza", "plan": "gold"})))
    swf.work(completes("paid"))
    swf.decide(complete(result="done for Ana Souza"))
    return swf


DECIDER = f"{__name__}:decide_by_plan"


def test_stand_ins_that_would_change_decisions_are_named_and_nothing_is_written(
    gold: Driver, tmp_path: Path
) -> None:
    result, text = scrubbed(tmp_path, "--decider", DECIDER)
    assert result.exit_code == 1
    assert text == ""
    assert "--keep input.plan" in result.output
    assert "input.name" not in result.output


def test_with_that_member_kept_the_scrub_is_proven_and_written(
    gold: Driver, tmp_path: Path
) -> None:
    result, text = scrubbed(tmp_path, "--decider", DECIDER, "--keep", "input.plan")
    assert result.exit_code == 0
    assert '"proven": true' in text
    assert "Ana" not in text


def test_a_proven_capture_replays_without_a_difference(gold: Driver, tmp_path: Path) -> None:
    scrubbed(tmp_path, "--decider", DECIDER, "--keep", "input.plan")
    paths = [str(path) for path in (tmp_path / "out").iterdir()]
    replayed = CliRunner().invoke(replay, [*paths, "--decider", DECIDER])
    assert replayed.output.endswith("all decided as recorded\n")
    assert replayed.exit_code == 0


def decide_to_bill(task: Any) -> list[dict[str, Any]]:
    """A decider with an address, a name and a long number of its own, beside those of customers."""
    started = task["events"][0]["workflowExecutionStartedEventAttributes"]
    given = json.loads(started["input"])
    own = {"from": "billing@shop.example", "name": "Shop Desk", "due": "2031-01-31"}
    own |= {"limit": 25_000_000, "note": "ask the Shop Desk"}
    return [complete(result=json.dumps({**own, "for": given["name"], "at": given["email"]}))]


def test_words_of_the_decider_itself_stay_and_those_of_people_do_not(
    swf: Driver, tmp_path: Path
) -> None:
    swf.start("souza-4711", input=ANA)
    task = swf.poll()
    swf.answer(*decide_to_bill(task))
    result, text = scrubbed(tmp_path, "--decider", f"{__name__}:decide_to_bill")
    assert result.exit_code == 0, result.output
    for own in ("billing@shop.example", "ask the Shop Desk", "2031-01-31", "25000000"):
        assert own in text
    for secret in ("Ana", "Souza", "ana@shop", "123.456"):
        assert secret not in text


def decide_in_a_sentence(task: Any) -> list[dict[str, Any]]:
    return [complete(result="paid with Grace Card")]


def test_a_sentence_of_the_decider_stays_also_with_the_name_of_a_customer_in_it(
    swf: Driver, tmp_path: Path
) -> None:
    swf.start("souza-4711", input=json.dumps({"name": "Grace"}))
    swf.decide(complete(result="paid with Grace Card"))
    result, text = scrubbed(tmp_path, "--decider", f"{__name__}:decide_in_a_sentence")
    assert result.exit_code == 0, result.output
    assert text.count("Grace") == text.count("paid with Grace Card") == 1


def decide_by_its_own_marker(task: Any) -> list[dict[str, Any]]:
    """A decider that looks for a word that it has put into the history itself."""
    marked = [
        event["markerRecordedEventAttributes"]["details"]
        for event in task["events"]
        if event["eventType"] == "MarkerRecorded"
    ]
    if "approved" in marked:
        return [complete(result="closed")]
    return [marker("seen", details="approved"), schedule("pay-1")]


def test_a_decider_still_finds_the_words_that_it_has_put_into_the_history(
    swf: Driver, tmp_path: Path
) -> None:
    swf.start("souza-4711", input=ANA)
    swf.decide(marker("seen", details="approved"), schedule("pay-1"))
    swf.work(completes("paid"))
    swf.decide(complete(result="closed"))
    result, text = scrubbed(tmp_path, "--decider", f"{__name__}:decide_by_its_own_marker")
    assert result.exit_code == 0, result.output
    assert "approved" in text


def test_without_a_decider_it_is_said_what_a_replay_will_show(
    family: Driver, tmp_path: Path
) -> None:
    result, _ = scrubbed(tmp_path)
    assert "a decider's own words" in " ".join(result.output.split())


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "either --workflow-id or --closed-since"),
        (("--workflow-id", "a", "--closed-since", "2d"), "either --workflow-id or --closed-since"),
        (("--closed-since", "yesterday"), "neither an instant"),
        (("--closed-since", "2d", "--run-id", "r"), "--run-id goes with --workflow-id"),
        (("--workflow-id", "a", "--type", "t"), "--type goes with --closed-since"),
        (("--workflow-id", "a", "--keep", "b"), "go with --scrub"),
        (("--workflow-id", "nobody"), "knows no run of 'nobody'"),
        (("--workflow-id", "a", "--run-id", "r"), "UnknownResourceFault"),
        (("--workflow-id", "a", "--scrub", "--locale", "xx"), "no locale 'xx'"),
        (("--workflow-id", "a", "--scrub", "--decider", "x"), "module:attribute"),
        (("--workflow-id", "a", "--profile", "nobody"), "nobody"),
        (("--workflow-id", "a", "--endpoint-url", "foo"), "foo"),
    ],
)
def test_a_mistake_in_the_call_is_one_sentence_and_2(
    swf: Driver, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = take(tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert not (tmp_path / "out").exists()


def test_another_file_in_the_way_is_not_overwritten(swf: Driver, tmp_path: Path) -> None:
    swf.start()
    swf.decide(complete())
    path = tmp_path / f"order-1.{swf.run_id}.json".replace("/", "%2F")
    path.write_text("mine")
    result = take(tmp_path, "--workflow-id", "order-1")
    assert result.exit_code == 2
    assert "is in the way" in result.output
    assert path.read_text() == "mine"


def test_no_region_is_one_sentence(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    result = take(tmp_path, "--workflow-id", "a")
    assert result.exit_code == 2
    assert "--region" in result.output


# What applications write in odd places


@pytest.mark.parametrize(
    ("told", "secrets"),
    [
        ({"points": {"ana@shop.com.br": 3, "11987654321": 1}}, ["ana@shop", "11987654321"]),
        ({"name": "Ana Souza", "points": {"Ana Souza": 3}}, ["Ana", "Souza"]),
        ({"place": [-23.5505199, -46.6333094], "phone": 11987654321.0}, ["5505", "6333", "98765"]),
        ({"note": "王伟", "other": "सीता"}, ["王", "伟", "स", "त"]),
        ({"phone": "٠١٢٣٤٥٦٧٨٩"}, ["٠١٢٣"]),
        ({"name": "Ana", "note": "for Ana"}, ["Ana"]),
        ({"name": "Li", "note": "for Li"}, ["Li"]),
        (json.dumps("João Souza"), ["Jo\\u00e3o", "João", "Souza"]),
    ],
)
def test_what_tells_of_people_is_changed_wherever_it_stands(told: Any, secrets: list[str]) -> None:
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    made = anonymous(text)
    json.loads(made)
    assert not [secret for secret in secrets if secret in made]


def anonymous(text: str, *keep: str) -> str:
    """The input of a run when it was scrubbed."""
    started = {
        "eventId": 1,
        "eventType": "WorkflowExecutionStarted",
        "workflowExecutionStartedEventAttributes": {"input": text},
    }
    stand_ins = StandIns(b"correct horse battery staple")
    [made] = Scrub(stand_ins, keep).events([started])
    changed: str = made["workflowExecutionStartedEventAttributes"]["input"]
    return changed


@pytest.mark.parametrize("space", ["", "\n "])
def test_json_in_a_text_of_json_keeps_its_form_and_the_same_stand_ins(space: str) -> None:
    customer = {"name": "Ana Souza", "doc": "12345678909", "plan": "gold"}
    inner = space + json.dumps(customer)
    made = json.loads(anonymous(json.dumps({"customer": customer, "body": inner}), "plan"))
    assert json.loads(made["body"]) == made["customer"]
    assert made["customer"]["plan"] == "gold"
    assert made["customer"]["name"] != "Ana Souza"


def test_members_that_are_kept_are_kept_with_all_that_is_in_them() -> None:
    text = json.dumps({"points": {"11987654321": 1}, "body": '{"name": "Ana"}', "at": 1234567.5})
    assert anonymous(text, "11987654321", "body", "at") == text


def test_what_is_nested_too_deep_to_be_looked_into_is_changed_as_a_text() -> None:
    deep = '{"a":' * 900 + '"Ana Souza"' + "}" * 900
    made = anonymous(deep)
    assert "Souza" not in made


def test_prices_and_the_names_of_members_stay() -> None:
    text = json.dumps({"unit_price_2": 19.99, "rate": 0.075, "Endereço 12": 1, "big": 1e300})
    assert anonymous(text) == text


def test_what_one_run_shows_to_be_a_name_is_treated_alike_in_every_file(
    swf: Driver, tmp_path: Path
) -> None:
    """A marker's name stays; a person's name goes, also from the text of another run."""
    swf.start("souza-4711", input="souza for Maria Silva")
    swf.decide(marker("souza"), complete())
    swf.start("souza-4712", input=json.dumps({"name": "Maria Silva", "card": "souza"}))
    swf.decide(complete())
    key = tmp_path / "key"
    key.write_text("correct horse battery staple")
    out = tmp_path / "out"
    take(out, "--closed-since", "2w", "--scrub", "--scrub-key", str(key))
    started = [json.loads(path.read_text())["events"][0] for path in out.iterdir()]
    member = "workflowExecutionStartedEventAttributes"
    inputs = sorted((one[member]["input"] for one in started), key=lambda one: one[0] == "{")
    assert inputs[0].startswith("souza ")
    stand_in = json.loads(inputs[1])
    assert stand_in["card"] == "souza"
    assert "Silva" not in inputs[0]
    assert inputs[0].endswith(stand_in["name"])


def test_stand_ins_of_two_keys_do_not_meet_in_one_folder(family: Driver, tmp_path: Path) -> None:
    scrubbed(tmp_path)
    result = take(tmp_path / "out", *LATEST, "--scrub")
    assert result.exit_code == 2
    assert "was scrubbed with another key" in " ".join(result.output.split())
