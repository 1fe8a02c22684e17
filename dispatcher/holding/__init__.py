"""An operator's hand on what waits: hold, let go, cancel, and a brake for a source that has gone wild.

filters     which waiting dispatches are meant
counting    how many they are, by channel and level, and how many promises of time run out meanwhile
holding     a hold or a brake is made, listed, released; what it held is rung for
catching    what comes later and matches is held when a worker would take it
braking     how many alerts of a braked source this minute has seen
cancelling  waiting dispatches are no longer promised

What is underway is never stopped: the request may be out.
"""

from dispatcher.holding.cancelling import cancel
from dispatcher.holding.counting import Counted, count
from dispatcher.holding.filters import Filter, FilterWrong, read_filter
from dispatcher.holding.holding import Held, NoSuchHold, brake, hold, holds, let_go, release, unfinished

__all__ = [
    "Counted",
    "Filter",
    "FilterWrong",
    "Held",
    "NoSuchHold",
    "brake",
    "cancel",
    "count",
    "hold",
    "holds",
    "let_go",
    "read_filter",
    "release",
    "unfinished",
]
