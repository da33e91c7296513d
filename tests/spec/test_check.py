"""Requests against their shapes: the whole request at once, in AWS's words."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from botocore.validate import ParamValidator
from hypothesis import given

from swfsim.errors import HarnessError
from swfsim.spec import check, model, quick
from swfsim.spec.faults import Fault


def refused(operation: str, **params: Any) -> Fault:
    with pytest.raises(Fault) as refusal:
        check.request(operation, params)
    return refusal.value


ORDER = {"name": "order", "version": "1"}


@pytest.mark.parametrize(
    ("operation", "params", "text"),
    [
        (
            "DescribeDomain",
            {"name": "x" * 257},
            f"Value '{'x' * 257}' at 'name' failed to satisfy constraint: "
            "Member must have length less than or equal to 256",
        ),
        (
            "DescribeDomain",
            {"name": ""},
            "Value '' at 'name' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            "DescribeDomain",
            {},
            "Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        (
            "ListDomains",
            {"registrationStatus": "REGISTERED", "maximumPageSize": 1001},
            "Value '1001' at 'maximumPageSize' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000",
        ),
        (
            "ListDomains",
            {"registrationStatus": "REGISTERED", "maximumPageSize": -1},
            "Value '-1' at 'maximumPageSize' failed to satisfy constraint: "
            "Member must have value greater than or equal to 0",
        ),
        (
            "ListDomains",
            {"registrationStatus": "NEW"},
            "Value 'NEW' at 'registrationStatus' failed to satisfy constraint: "
            "Member must satisfy enum value set: [REGISTERED, DEPRECATED]",
        ),
        (
            "StartWorkflowExecution",
            {
                "domain": "d",
                "workflowId": "w",
                "workflowType": ORDER,
                "tagList": list("abcdef"),
            },
            "Value '[a, b, c, d, e, f]' at 'tagList' failed to satisfy constraint: "
            "Member must have length less than or equal to 5",
        ),
        (
            "RegisterDomain",
            {"name": "d", "workflowExecutionRetentionPeriodInDays": "91"},
            "Value '91' at 'workflowExecutionRetentionPeriodInDays' failed to satisfy "
            "constraint: Member must have value less than or equal to 90",
        ),
        (
            "RespondDecisionTaskCompleted",
            {
                "taskToken": "t",
                "decisions": [
                    {"decisionType": "RecordMarker"},
                ],
            },
            "Value null at 'decisions.1.member.recordMarkerDecisionAttributes.markerName' "
            "failed to satisfy constraint: Member must not be null",
        ),
        (
            "RespondDecisionTaskCompleted",
            {"taskToken": "t", "decisions": [{"decisionType": "Guess"}]},
            "Value 'Guess' at 'decisions.1.member.decisionType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [CompleteWorkflowExecution, StartTimer, "
            "RequestCancelExternalWorkflowExecution, SignalExternalWorkflowExecution, "
            "CancelTimer, RecordMarker, ScheduleActivityTask, ContinueAsNewWorkflowExecution, "
            "ScheduleLambdaFunction, FailWorkflowExecution, RequestCancelActivityTask, "
            "StartChildWorkflowExecution, CancelWorkflowExecution ]",
        ),
    ],
)
def test_one_violation(operation: str, params: dict[str, Any], text: str) -> None:
    fault = refused(operation, **params)
    assert fault.code == "ValidationException"
    assert fault.message == f"1 validation error detected: {text}"


def test_several_violations_come_in_one_message() -> None:
    fault = refused("DescribeWorkflowType", domain="", workflowType={"name": "x" * 300})
    assert fault.message.startswith("3 validation errors detected: ")
    for path in ("'domain'", "'workflowType.name'", "'workflowType.version'"):
        assert path in fault.message
    assert fault.message.count("; ") == 2


def test_attributes_of_another_decision_type_are_checked_too() -> None:
    fault = refused(
        "RespondDecisionTaskCompleted",
        taskToken="t",
        decisions=[
            {
                "decisionType": "CompleteWorkflowExecution",
                "startTimerDecisionAttributes": {"timerId": "t"},
            }
        ],
    )
    assert "startTimerDecisionAttributes.startToFireTimeout" in fault.message


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("DescribeDomain", {"name": 7}),
        ("DescribeDomain", {"name": ["d"]}),
        ("ListDomains", {"registrationStatus": "REGISTERED", "maximumPageSize": "7"}),
        ("ListDomains", {"registrationStatus": "REGISTERED", "maximumPageSize": True}),
        ("ListDomains", {"registrationStatus": "REGISTERED", "reverseOrder": 1}),
        ("ListDomains", {"registrationStatus": 1}),
        ("DescribeWorkflowType", {"domain": "d", "workflowType": "order"}),
        ("RespondDecisionTaskCompleted", {"taskToken": "t", "decisions": {}}),
        ("CountOpenWorkflowExecutions", {"domain": "d", "startTimeFilter": {"oldestDate": []}}),
    ],
)
def test_a_wrong_json_type_does_not_deserialise(operation: str, params: dict[str, Any]) -> None:
    assert refused(operation, **params).code == "SerializationException"


def test_nulls_and_unknown_members_are_as_if_absent() -> None:
    asked = check.request(
        "PollForDecisionTask",
        {"domain": "d", "taskList": {"name": "l"}, "identity": None, "colour": "red"},
    )
    assert asked == {"domain": "d", "taskList": {"name": "l"}}


def test_a_null_tag_is_kept_as_recorded() -> None:
    asked = check.request(
        "StartWorkflowExecution",
        {"domain": "d", "workflowId": "w", "workflowType": ORDER, "tagList": [None]},
    )
    assert asked["tagList"] == [None]


def test_an_empty_optional_duration_is_as_if_absent() -> None:
    asked = check.request(
        "StartWorkflowExecution",
        {"domain": "d", "workflowId": "w", "workflowType": ORDER, "taskStartToCloseTimeout": ""},
    )
    assert "taskStartToCloseTimeout" not in asked


@pytest.mark.parametrize("text", ["0", "-2147483648", "2147483647"])
def test_priorities_are_32_bit_integers(text: str) -> None:
    check.request(
        "StartWorkflowExecution",
        {"domain": "d", "workflowId": "w", "workflowType": ORDER, "taskPriority": text},
    )


@pytest.mark.parametrize("text", ["", "x", "1.0", "-2147483649", "2147483648", "+1"])
def test_other_priorities_are_refused(text: str) -> None:
    fault = refused(
        "StartWorkflowExecution",
        domain="d",
        workflowId="w",
        workflowType=ORDER,
        taskPriority=text,
    )
    assert "'taskPriority'" in fault.message


def test_an_event_that_the_model_rejects_is_our_bug() -> None:
    with pytest.raises(HarnessError, match="bug in swfsim"):
        check.event("TimerFired", {"timerId": "t"})
    with pytest.raises(HarnessError, match="bug in swfsim"):
        check.event("TimerFired", {"timerId": "t", "startedEventId": 5, "control": "c"})


def test_a_fault_must_be_one_of_the_services() -> None:
    with pytest.raises(ValueError, match="NoSuchFault"):
        Fault("NoSuchFault")


# The quick way against the exact ways

texts = st.one_of(
    st.sampled_from(["", "a", "NONE", "60", "REGISTERED", "RecordMarker", "x" * 257, "a:b"]),
    st.text(max_size=3),
)
leaves = st.one_of(texts, st.none(), st.booleans(), st.integers(-1, 1001), st.floats(0, 9))


def values(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values near a shape: mostly right, sometimes wrong in one place."""
    if shape.type_name == "structure":
        members = {name: values(member, depth + 1) for name, member in shape.members.items()}
        some = st.fixed_dictionaries(
            {name: members[name] for name in shape.required_members},
            optional={
                name: one for name, one in members.items() if name not in shape.required_members
            },
        )
        return st.one_of(some, some, some, leaves) if depth else some
    if shape.type_name == "list":
        return st.one_of(st.lists(values(shape.member, depth + 1), max_size=2), leaves)
    right = {
        "string": st.sampled_from(shape.enum) if getattr(shape, "enum", None) else st.just("60"),
        "integer": st.integers(0, 1000),
        "long": st.integers(0, 1000),
        "boolean": st.booleans(),
        "timestamp": st.integers(0, 10**9),
    }[shape.type_name]
    return st.one_of(right, right, right, right, leaves)


def changeable(value: Any) -> set[int]:
    """Which dictionaries and lists a value is made of."""
    if not isinstance(value, dict | list):
        return set()
    held = value.values() if isinstance(value, dict) else value
    return {id(value)}.union(*map(changeable, held))


@given(data=st.data(), operation=st.sampled_from(model.OPERATIONS))
def test_what_is_quickly_accepted_both_exact_ways_accept(
    data: st.DataObject, operation: str
) -> None:
    shape = model.operation(operation).input_shape
    params = data.draw(values(shape))
    taken = quick.request(operation)(params)
    if taken is not None:
        assert not ParamValidator().validate(params, shape).has_errors()
        found: list[str] = []
        clean = check._request_parser(operation)(params, None, found)
        assert found == []
        assert clean == params == taken
        assert not changeable(params) & changeable(taken)


@given(data=st.data(), operation=st.sampled_from(model.OPERATIONS))
def test_a_check_accepts_or_refuses_in_the_services_words(
    data: st.DataObject, operation: str
) -> None:
    params = data.draw(values(model.operation(operation).input_shape))
    try:
        check.request(operation, params)
    except Fault as fault:
        assert fault.code in ("ValidationException", "SerializationException")
