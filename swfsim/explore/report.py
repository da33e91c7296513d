"""What a sweep has shown, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swfsim.explore import scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swfsim.explore.sweep import Certificate, Failure, Level

_SPARED: Final = (
    " but what was spared, as far as it turns on calls made, faults given, spans of time, or an "
    "execution's own time-out"
)
"""What points that are taken to be the same may differ in."""

SHOWN: Final = 1
"""So many failures of one rule are shown as scenarios; the others by what was placed."""


def counted(number: int, what: str) -> str:
    """``1 fault``, ``2 faults``"""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def lines(app: str, certificate: Certificate) -> Iterator[str]:
    """The certificate."""
    yield f"{app}: at most {counted(certificate.faults, 'fault')}"
    for level in certificate.levels:
        yield f"  {_level(level)}"
    yield from _pruned(certificate)
    yield f"  {counted(len(certificate.histories), 'distinct history').replace('ys', 'ies')}"
    if certificate.to_reach:
        reached = len(certificate.to_reach) - len(certificate.unreached)
        yield f"  {reached} of {len(certificate.to_reach)} reached of what some run must reach"
        for name in certificate.unreached:
            yield f"    never reached: {name}"
    yield f"  {_verdict(certificate)}"


def _level(level: Level) -> str:
    told = [f"{counted(level.faults, 'fault')}: {level.run:,} of {level.placements:,} run"]
    if level.joined:
        told.append(f"{level.joined:,} of them came to where an earlier run had been")
    if level.unstruck:
        told.append(f"{level.unstruck:,} with a fault that something else forestalled")
    if level.spared:
        told.append(f"{level.spared:,} more lie behind such points and were spared")
    if level.contained:
        told.append(f"{level.contained:,} more hold a failure shown before")
    return "; ".join(told)


def _pruned(certificate: Certificate) -> Iterator[str]:
    """How much less was run than every placement."""
    all_told = sum(one.placements + one.spared + one.contained for one in certificate.levels)
    if certificate.complete:
        yield (
            f"  pruned {all_told / certificate.run:.1f} to 1: of {all_told:,} placements "
            f"{certificate.run:,} had to be run"
        )


def speed(made: int, seconds: float, jobs: int | None) -> str:
    """What the machines did, which is no part of the certificate; ``jobs`` are this one's
    processes, None where others made the runs."""
    rate = made / max(seconds, 1e-3)
    each = f", {rate / jobs:,.0f} a second and process" if jobs is not None and jobs > 1 else ""
    return f"{counted(made, 'run')} made in {seconds:.1f} s, {rate:,.0f} a second{each}"


def _verdict(certificate: Certificate) -> str:
    found = counted(len(certificate.failures), "failure")
    if certificate.stopped is not None:
        behind = certificate.faults > certificate.levels[-1].faults
        more = ", and what comes behind them" if behind else ""
        return (
            f"stopped by {certificate.stopped} with {found}: "
            f"{counted(certificate.left, 'placement')} left{more}"
        )
    spared = sum(level.spared for level in certificate.levels)
    beyond = f"nothing is left unexplored{_SPARED if spared else ''}"
    if certificate.proven:
        return f"every rule is kept in all of them; {beyond}"
    return f"{found}; {beyond}"


def failures(app: str, given: Any, certificate: Certificate, seed: int = 0) -> Iterator[str]:
    """Each failure, under the rule that it breaks; the first of each rule as scenarios."""
    for rule, found in _by_rule(certificate).items():
        yield f"BROKEN {rule} ({counted(len(found), 'placement')})"
        for failure in found[:SHOWN]:
            yield ""
            source = scenario.source(app, failure.placement, failure.broken, given, seed=seed)
            yield from source.splitlines()
        for failure in found[SHOWN:]:
            yield f"  also: {' and '.join(map(str, failure.placement))}"
        yield ""


def _by_rule(certificate: Certificate) -> dict[str, list[Failure]]:
    found: dict[str, list[Failure]] = {}
    for failure in certificate.failures:
        for rule in dict.fromkeys(text.partition(":")[0] for text in failure.broken):
            found.setdefault(rule, []).append(failure)
            break  # what else it breaks stands in its scenario
    return found
