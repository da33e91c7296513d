"""Known bugs, planted one at a time in the order workflow and in the machine under it.

python -m tests.explore.planted           which way finds each, within how many runs
python -m tests.explore.planted --long    the same with nothing left out of the alphabet
python -m tests.explore.planted NAME …    these, each with its scenario
"""

from tests.explore.planted import deciders, machines, workers  # they fill the list
from tests.explore.planted.kit import BUGS, RUNS, Bug, Found, hunted

__all__ = ["BUGS", "RUNS", "Bug", "Found", "deciders", "hunted", "machines", "workers"]
