"""What goes on now in a region: what arrives, what waits, which promises are at risk, what a supervisor must
decide, how carriers answer.

Counted over the rows as they are at one instant, test alerts left out. Every statement is bounded by an index.
"""

from dispatcher.watch.arrivals import Arrivals, Newest, arrivals
from dispatcher.watch.carriers import CarrierStanding, carriers
from dispatcher.watch.promises import AtRisk, Promises, promises
from dispatcher.watch.undecided import ForASupervisor, Undecided, undecided
from dispatcher.watch.waiting import Waiting, waiting

__all__ = [
    "Arrivals",
    "AtRisk",
    "CarrierStanding",
    "ForASupervisor",
    "Newest",
    "Promises",
    "Undecided",
    "Waiting",
    "arrivals",
    "carriers",
    "promises",
    "undecided",
    "waiting",
]
