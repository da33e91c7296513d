"""Strategies for Hypothesis: decisions, events, histories, and whole runs that go wrong.

    from hypothesis import given
    from swfsim.strategies import faulty_runs

    @given(faulty_runs("scenarios.explore:orders", faults=2))
    def test_orders_keep_their_rules(run):
        run.check()

decisions, decision_lists   what a decider may answer, valid by the service model
events                      single events, valid by the service model
histories                   whole histories, made by the machine
faulty_runs                 whole runs of an ``App``, with faults where it reveals places for them
machine                     the same as a state machine
choices                     the scheduler's choices, for a ``Story``
"""

from swfsim.strategies.drawn import decision_lists, decisions, events, histories
from swfsim.strategies.runs import FaultyRun, choices, faulty_runs, machine

__all__ = [
    "FaultyRun",
    "choices",
    "decision_lists",
    "decisions",
    "events",
    "faulty_runs",
    "histories",
    "machine",
]
