"""A coverage as text of at most 100 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from swfsim.coverage.pairs import Coverage, News

WIDTH: Final = 100
_LEFT: Final = 52


def lines(coverage: Coverage, *, steps: bool = False, verbose: bool = False) -> Iterator[str]:
    """What was decided on which news, and the news that was never shown; ``verbose`` also tells
    what was never decided on the news that was."""
    seen = coverage.by(steps=steps)
    missing = [news for news in coverage.possible(steps=steps) if news not in seen]
    pairs = sum(map(len, seen.values()))
    yield (
        f"{coverage.tasks:,} decision tasks, {pairs:,} pairs of something new and what was decided"
    )
    for news, decided in seen.items():
        yield from _row(str(news), decided)
        if verbose:
            yield from _never(decided, coverage.decided)
    yield f"{share(coverage, steps=steps):.1%} shown of what can be new; never shown:"
    yield from _missing(missing)
    if not missing:
        yield "  (nothing is left)"


def short(coverage: Coverage) -> str:
    """In one line."""
    return (
        f"{len(coverage):,} pairs of something new and what was decided, {share(coverage):.1%} "
        "shown of what can be new"
    )


def share(coverage: Coverage, *, steps: bool = False) -> float:
    """How much of what can be new to the application was shown, from 0 to 1; 0 without a task."""
    possible = coverage.possible(steps=steps)
    seen = coverage.by(steps=steps)
    return sum(news in seen for news in possible) / len(possible) if coverage.tasks else 0.0


def _row(news: str, decided: Counter[str]) -> Iterator[str]:
    told = ", ".join(f"{name} {count:,}" for name, count in decided.most_common())
    first, *others = textwrap.wrap(told, WIDTH - _LEFT - 5)
    names = textwrap.wrap(news, _LEFT, break_long_words=True)
    *above, last = names
    yield from (f"  {name}" for name in above)
    yield f"  {last:{_LEFT}} → {first}"
    for other in others:
        yield " " * (_LEFT + 5) + other


def _never(decided: Counter[str], known: set[str]) -> Iterator[str]:
    never = sorted(known - set(decided))
    if never:
        told = f"never {', '.join(never)}"
        for line in textwrap.wrap(told, WIDTH - _LEFT - 5):
            yield " " * (_LEFT + 5) + line


def _missing(missing: list[News]) -> Iterator[str]:
    causes: dict[tuple[str, str], list[str]] = {}
    for news in missing:
        causes.setdefault((news.kind, news.about), []).append(news.cause)
    for (kind, about), found in causes.items():
        name = f"{kind} of {about}" if about else kind
        told = [one or "without a cause" for one in found]
        text = name if found == [""] else f"{name}: {', '.join(told)}"
        yield from textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
