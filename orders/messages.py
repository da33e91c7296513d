"""What travels through SWF as text: JSON, its limits, and references to what does not fit.

SWF takes at most 32,768 characters in an input, a result or details, and 256 in a reason. A longer
text is stored elsewhere, and a *reference* travels in its place:

    {"s3_bucket": "my-bucket", "s3_key": "orders/payloads/<sha256>.json"}    in S3
    {"local_key": "<sha256>.json"}                                           in a local directory

Keys are the SHA-256 of the text, so storing twice is storing once, and a reference can be computed
without storing anything: the decider needs that, to stay a pure function. An `order_id` may stand
beside a reference, for those who read histories. References are made here and nowhere else: an
order that looks like one is not started, and a key that is no SHA-256 is not followed, or whoever
places orders could have us read what only our workers may.

The workflow input is the order itself, plus the reserved key `_workflow` when there is something
to say to the decider:

    {"order_id": "ORD-1", "items": […], "_workflow": {
        "optional_steps": ["CallExternalAPI"],
        "resume": {"step_name": "EnrichData", "runs": ["<run id>", …]},   earlier runs, oldest first
        "results": {"ValidateInput": {…}, "ProcessData": {…}}}}           carried from the last one

The input of an activity is the order too, plus `results` (step → result), and when it applies
`step_to_rollback` and `_workflow` {"runs": […]}.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from orders.errors import BadInput

LIMIT = 32_768
REASON_LIMIT = 256
ID_LIMIT = 256

CONTROL = "_workflow"
RESULTS = "results"
STEP_TO_ROLLBACK = "step_to_rollback"
RESERVED = frozenset((CONTROL, RESULTS, STEP_TO_ROLLBACK))
"""Top-level keys that an order must not use: they belong to the workflow."""

Reference = dict[str, str]

_REFERENCE_SHAPES = (frozenset(("s3_bucket", "s3_key")), frozenset(("local_key",)))
_MAX_REFERENCE_DEPTH = 5

_JSON_NAMES = {
    "NoneType": "null",
    "bool": "a boolean",
    "int": "a number",
    "float": "a number",
    "str": "a string",
    "list": "an array",
    "dict": "an object",
}

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
from_json = json.loads


@functools.lru_cache(maxsize=256)
def read_often(text: str) -> Any:
    """`from_json` for texts that come again with every decision task of an order.

    The value is shared: look at it, do not change it.
    """
    return from_json(text)


def to_json(value: object) -> str:
    """Compact JSON that keeps é and 漢 as they are. TypeError, ValueError as json raises them.

    Half a surrogate pair, which JSON can spell but UTF-8 cannot, stays an escape.
    """
    text = _encode(value)
    return text if is_sendable(text) else json.dumps(value, separators=(",", ":"))


def is_sendable(text: str) -> bool:
    """Whether the text can be put on the wire at all, that is, written in UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def json_name(value: object) -> str:
    """What JSON calls the kind of this value; Python's name for what JSON has no word for."""
    kind = type(value).__name__
    return _JSON_NAMES.get(kind, kind)


def units(text: str) -> int:
    """Length as SWF counts it: in UTF-16 units, as Java does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fits(text: str, limit: int = LIMIT) -> bool:
    # A character is at most two units, so most texts need no counting.
    return len(text) * 2 <= limit or (len(text) <= limit and units(text) <= limit)


def cut(text: str, limit: int = REASON_LIMIT) -> str:
    """The text if it fits, else its beginning and an ellipsis; never half a character."""
    if not is_sendable(text):
        text = text.encode("utf-8", "backslashreplace").decode()
    if fits(text, limit):
        return text
    kept = text.encode("utf-16-le")[: (limit - 1) * 2]
    return kept.decode("utf-16-le", "ignore") + "…"


def payload_key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() + ".json"


def local_reference(text: str) -> Reference:
    return {"local_key": payload_key(text)}


def s3_reference(text: str, bucket: str, prefix: str) -> Reference:
    return {"s3_bucket": bucket, "s3_key": prefix + payload_key(text)}


def is_reference(value: object) -> bool:
    """Whether this JSON value is a reference and nothing else (but perhaps an order id)."""
    if not isinstance(value, dict) or len(value) > 3:
        return False
    keys = value.keys() - {"order_id"}
    return keys in _REFERENCE_SHAPES and all(isinstance(value[key], str) for key in keys)


def short_id(value: object) -> str | None:
    """An order id that is fit to be shown, logged and used as a tag; None if it is not."""
    if isinstance(value, str) and value and fits(value, ID_LIMIT) and is_sendable(value):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def is_in_s3(value: Mapping[str, Any]) -> bool:
    """Whether an order is given as where it lies in S3, and nothing beside."""
    return value.keys() == {"s3_bucket", "s3_key"} and is_reference(value)


def by_reference(order_id: str | None, reference: Reference) -> dict[str, str]:
    return {"order_id": order_id, **reference} if order_id is not None else dict(reference)


def read_workflow_input(text: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """(order, control): the workflow input without and with only what `_workflow` says."""
    try:
        whole = read_often(text or "")
    except (ValueError, RecursionError) as error:
        raise BadInput(f"workflow input is not JSON: {error}") from None
    if not isinstance(whole, dict):
        raise BadInput(f"workflow input is not a JSON object but {json_name(whole)}")
    order = dict(whole)
    control = order.pop(CONTROL, {})
    if not isinstance(control, dict):
        raise BadInput(f"{CONTROL}: not a JSON object but {json_name(control)}")
    return order, control


def workflow_input(
    order: Mapping[str, Any], control: Mapping[str, Any], save: Callable[[str], Reference]
) -> str:
    """The workflow input as text that fits; what does not fit is saved and referred to.

    Carried results go by reference first: the order is what people look for in a history.
    """
    whole = {**order, CONTROL: control} if control else order
    text = to_json(whole)
    if fits(text):
        return text
    if control.get(RESULTS):
        control = {**control, RESULTS: _refer_to_results(control[RESULTS], save)}
        text = to_json({**order, CONTROL: control})
        if fits(text):
            return text
    short: dict[str, Any] = {**by_reference(short_id(order.get("order_id")), save(to_json(order)))}
    if control:
        short[CONTROL] = control
    return to_json(short)


def _refer_to_results(
    results: Mapping[str, Any], save: Callable[[str], Reference]
) -> dict[str, Any]:
    texts = {step: to_json(result) for step, result in results.items()}
    return {
        step: results[step] if len(text) < 512 or is_reference(results[step]) else save(text)
        for step, text in texts.items()
    }


def result_value(text: str | None) -> Any:
    """A recorded result as a JSON value; a text that is no JSON stands for itself."""
    if text is None:
        return None
    try:
        return read_often(text)
    except (ValueError, RecursionError):
        return text


def resolve(text: str, load: Callable[[Reference], str]) -> dict[str, Any]:
    """An activity's input with every reference in it followed: the order, and each result.

    Raises BadInput for what is no JSON object, and whatever `load` raises.
    """
    data = _json_object(text)
    for _ in range(_MAX_REFERENCE_DEPTH):
        reference = {key: value for key, value in data.items() if key not in RESERVED}
        if not is_reference(reference):
            break
        beside = {key: value for key, value in data.items() if key not in reference}
        known = {"order_id": reference.pop("order_id")} if "order_id" in reference else {}
        data = {**known, **_json_object(load(reference)), **beside}
    results = data.get(RESULTS)
    if isinstance(results, dict):
        data[RESULTS] = {step: follow(result, load) for step, result in results.items()}
    return data


def follow(value: Any, load: Callable[[Reference], str]) -> Any:
    """The value itself, or what it refers to."""
    if not is_reference(value):
        return value
    return from_json(load({key: text for key, text in value.items() if key != "order_id"}))


def _json_object(text: str) -> dict[str, Any]:
    try:
        data = from_json(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"input is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadInput(f"input is not a JSON object but {json_name(data)}")
    return data
