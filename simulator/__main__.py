"""Starts the simulator as a command of its own."""

import gc
import sys

from simulator.main import main

COLLECTOR = (50_000, 20, 100)
"""The ledger remembers every effect, and nothing in it is a circle: Python's collector looks rarely. At its own 700 new
objects it took a seventh of the time of a letter."""

if __name__ == "__main__":
    gc.freeze()
    gc.set_threshold(*COLLECTOR)
    sys.exit(main())
