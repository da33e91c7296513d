"""Faults for stories: what may go wrong, named by step and attempt (``swfsim.sim.faults``)."""

from swfsim.sim.faults import (
    answer_late,
    answer_lost,
    call_fails,
    clock_skewed,
    crash,
    decider_dies,
    decision_refused,
    decision_times_out,
    effect_late,
    fails,
    listings_lag,
    times_out,
    worker_dies,
)

__all__ = [
    "answer_late",
    "answer_lost",
    "call_fails",
    "clock_skewed",
    "crash",
    "decider_dies",
    "decision_refused",
    "decision_times_out",
    "effect_late",
    "fails",
    "listings_lag",
    "times_out",
    "worker_dies",
]
