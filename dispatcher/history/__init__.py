"""Earlier years: alerts with what came of them, kept as they were. Nothing is planned, nobody is warned or told.

read_past()   one line of a file: an alert of schema v1 with a `history` beside it, or every reason why not
keep_past()   a batch of them becomes closed cases with ended dispatches, in one transaction
"""

from dispatcher.history.keeping import Kept, keep_past
from dispatcher.history.reading import Past, PastDispatch, read_past

__all__ = ["Kept", "Past", "PastDispatch", "keep_past", "read_past"]
