"""Texts, their limits, and references to what does not fit."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orders import messages, workflow
from orders.errors import BadInput

JSON_TEXT = st.text(st.characters(blacklist_categories=()))  # half surrogate pairs as well
LIMITS = st.integers(2, 40)


class TestLength:
    @pytest.mark.parametrize(
        ("text", "length"), [("", 0), ("abc", 3), ("é", 1), ("漢", 1), ("𝄞", 2), ("a𝄞b", 4)]
    )
    def test_is_counted_in_utf_16_units(self, text, length):
        assert messages.units(text) == length

    def test_the_limit_itself_fits_one_more_does_not(self):
        assert messages.fits("x" * 32_768)
        assert not messages.fits("x" * 32_769)
        assert messages.fits("𝄞" * 16_384)
        assert not messages.fits("𝄞" * 16_384 + "x")

    @given(JSON_TEXT, LIMITS)
    def test_a_cut_text_fits_and_can_be_sent(self, text, limit):
        cut = messages.cut(text, limit)
        assert messages.units(cut) <= limit
        cut.encode()
        if messages.fits(text, limit) and messages.is_sendable(text):
            assert cut == text

    def test_a_cut_never_splits_a_character(self):
        assert messages.cut("𝄞𝄞𝄞", 4) == "𝄞…"
        assert messages.cut("abcdef", 4) == "abc…"


class TestJson:
    def test_keeps_characters_as_they_are(self):
        assert messages.to_json({"name": "João"}) == '{"name":"João"}'

    @given(JSON_TEXT)
    @example("half a pair: \ud834")
    def test_can_always_be_sent_and_read_back(self, text):
        written = messages.to_json([text])
        written.encode()
        assert messages.from_json(written) == [text]


class TestReferences:
    def test_depend_on_the_text_alone(self):
        assert messages.local_reference("a") == messages.local_reference("a")
        assert messages.local_reference("a") != messages.local_reference("b")

    def test_in_s3_have_the_shape_of_the_usage_examples(self):
        reference = messages.s3_reference("a", "my-bucket", "data/")
        assert reference.keys() == {"s3_bucket", "s3_key"}
        assert reference["s3_key"].startswith("data/")

    @pytest.mark.parametrize(
        "value",
        [
            {"s3_bucket": "b", "s3_key": "k"},
            {"local_key": "k"},
            {"order_id": "X", "s3_bucket": "b", "s3_key": "k"},
        ],
    )
    def test_are_recognised(self, value):
        assert messages.is_reference(value)

    @pytest.mark.parametrize(
        "value",
        [
            None,
            "local_key",
            {},
            {"order_id": "X"},
            {"s3_bucket": "b"},
            {"s3_bucket": "b", "s3_key": 1},
            {"s3_bucket": "b", "s3_key": "k", "items": []},
        ],
    )
    def test_are_not_mistaken_for_anything_else(self, value):
        assert not messages.is_reference(value)


class TestWorkflowInput:
    def test_is_the_order_at_top_level(self):
        order = {"order_id": "ORD-1", "items": []}
        assert json.loads(messages.workflow_input(order, {}, never)) == order

    @given(st.dictionaries(st.text(), st.integers() | st.text()))
    def test_is_read_back_as_it_was(self, order):
        order.pop(messages.CONTROL, None)
        control = {"optional_steps": ["CallExternalAPI"]}
        text = messages.workflow_input(order, control, never)
        assert messages.read_workflow_input(text) == (order, control)

    def test_carried_results_go_by_reference_before_the_order_does(self):
        saved = {}
        control = {"results": {"EnrichData": {"lines": "x" * 40_000}, "ValidateInput": {"ok": 1}}}
        text = messages.workflow_input({"order_id": "O"}, control, saving_to(saved))
        order, read = messages.read_workflow_input(text)
        assert order == {"order_id": "O"}
        assert read["results"]["ValidateInput"] == {"ok": 1}
        assert messages.is_reference(read["results"]["EnrichData"])
        assert len(saved) == 1

    def test_a_reference_carried_over_is_not_followed_nor_wrapped(self):
        reference = messages.local_reference("big")
        control = {"results": {"EnrichData": reference, "ProcessData": "x" * 40_000}}
        text = messages.workflow_input({}, control, saving_to({}))
        assert messages.read_workflow_input(text)[1]["results"]["EnrichData"] == reference

    def test_an_order_too_long_goes_by_reference_and_keeps_its_id_in_sight(self):
        saved = {}
        order = {"order_id": "O", "note": "é" * 40_000}
        text = messages.workflow_input(order, {"optional_steps": []}, saving_to(saved))
        assert messages.fits(text)
        read, control = messages.read_workflow_input(text)
        assert read["order_id"] == "O"
        assert control == {"optional_steps": []}
        assert messages.resolve(text, lambda ref: saved[ref["local_key"]])["note"] == order["note"]

    def test_an_order_id_too_long_to_be_shown_is_left_to_the_payload(self):
        saved = {}
        order = {"order_id": "O" * 40_000}
        text = messages.workflow_input(order, {}, saving_to(saved))
        assert messages.fits(text)
        assert messages.resolve(text, lambda ref: saved[ref["local_key"]]) == order


class TestActivityInput:
    def test_results_that_are_references_are_followed(self):
        saved = {}
        reference = saving_to(saved)('{"lines": [1, 2]}')
        text = messages.to_json({"order_id": "O", "results": {"EnrichData": reference}})
        assert messages.resolve(text, lambda ref: saved[ref["local_key"]]) == {
            "order_id": "O",
            "results": {"EnrichData": {"lines": [1, 2]}},
        }

    def test_an_order_that_is_a_reference_is_followed_and_keeps_what_stands_beside_it(self):
        text = messages.to_json(
            {"order_id": "O", "s3_bucket": "b", "s3_key": "k", "results": {"A": 1}}
        )
        asked = []

        def load(reference):
            asked.append(reference)
            return '{"items": [1]}'

        assert messages.resolve(text, load) == {"order_id": "O", "items": [1], "results": {"A": 1}}
        assert asked == [{"s3_bucket": "b", "s3_key": "k"}]

    def test_references_within_the_order_are_its_own_business(self):
        text = messages.to_json({"photo": {"s3_bucket": "b", "s3_key": "k"}})
        assert messages.resolve(text, never) == json.loads(text)

    @pytest.mark.parametrize("text", ["", "nope", "[1]", '"x"', "[" * 100_000])
    def test_what_is_no_json_object_is_refused(self, text):
        with pytest.raises(BadInput):
            messages.resolve(text, never)


class TestIds:
    @given(st.sampled_from(workflow.ALL_STEPS), st.integers(1, 50), st.integers(0, 9))
    def test_an_activity_id_tells_its_attempt(self, step, attempt, resumes):
        assert workflow.attempt_of(workflow.activity_id(step, attempt, resumes)) == attempt

    def test_ids_of_another_make_count_as_the_first_attempt(self):
        assert workflow.attempt_of("whatever") == 1
        assert workflow.attempt_of("a-b-c") == 1

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            ("ORD-1", "ORD-1"),
            (7, "7"),
            ("", None),
            (None, None),
            (True, None),
            ({"a": 1}, None),
            ("x" * 257, None),
            ("\ud800", None),
        ],
    )
    def test_only_a_decent_order_id_is_shown(self, value, shown):
        assert messages.short_id(value) == shown


def never(_):
    raise AssertionError("nothing was to be stored or loaded")


def saving_to(saved):
    def save(text):
        reference = messages.local_reference(text)
        saved[reference["local_key"]] = text
        return reference

    return save
