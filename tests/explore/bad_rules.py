"""Kiosks whose own rules are mistaken: rules are code, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from swfsim.rules import SHIPPED, Run, always, at_the_end, sometimes
from tests.explore.toy import Careful


@at_the_end
def it_looks_for_what_is_not_there(run: Run) -> Iterator[str]:
    yield from run.app.nothing


@always
def it_tells_no_event(events: Sequence[Any]) -> Iterator[Any]:
    yield "no"


@always
def it_forgets_to_answer(events: Sequence[Any]) -> Any:
    return None


@at_the_end
def it_asserts(run: Run) -> Any:
    assert run.app.paid == 2


@at_the_end
def it_answers_none(run: Run) -> Any:
    return None


@sometimes
def it_divides_by_nought(run: Run) -> bool:
    return 1 / 0 > 1


def it_is_bare(run: Run) -> Iterator[str]:
    yield "no"


class Looks(Careful):
    rules = (*SHIPPED, it_looks_for_what_is_not_there)


class Tells(Careful):
    rules = (*SHIPPED, it_tells_no_event)


class Forgets(Careful):
    rules = (*SHIPPED, it_forgets_to_answer)


class Asserts(Careful):
    rules = (*SHIPPED, it_asserts)


class AnswersNone(Careful):
    rules = (*SHIPPED, it_answers_none)


class Divides(Careful):
    rules = (*SHIPPED, it_divides_by_nought)


class Bare(Careful):
    rules: Any = (*SHIPPED, it_is_bare)
