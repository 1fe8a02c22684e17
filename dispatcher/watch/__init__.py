"""What goes on now in a region: what arrives, what waits, which promises are at risk, how carriers answer.

Counted over the rows as they are at one instant, test alerts left out. Every statement is bounded by an index.
"""

from dispatcher.watch.arrivals import Arrivals, Newest, arrivals
from dispatcher.watch.carriers import CarrierStanding, carriers
from dispatcher.watch.promises import AtRisk, Promises, promises
from dispatcher.watch.waiting import Waiting, waiting

__all__ = [
    "Arrivals",
    "AtRisk",
    "CarrierStanding",
    "Newest",
    "Promises",
    "Waiting",
    "arrivals",
    "carriers",
    "promises",
    "waiting",
]
