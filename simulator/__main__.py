"""Starts the simulator as a command of its own."""

import sys

from simulator.main import main

if __name__ == "__main__":
    sys.exit(main())
