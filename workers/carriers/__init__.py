"""The carriers' wires: one file a carrier, one small interface."""

from workers.carriers.interface import Carrier
from workers.carriers.simulator import SimulatorCarrier

__all__ = ["Carrier", "SimulatorCarrier"]
