"""Earlier years: alerts with what came of them, kept as they were. Nothing is planned, nobody is warned or told.

name_of()     which alert a line of a file is about, known_of(): of which of them one is kept: so these are passed over
read_past()   one line of a file: an alert of schema v1 with a `history` beside it, or every reason why not
keep_past()   a batch of them becomes closed cases with ended dispatches, in one transaction
"""

from dispatcher.history.keeping import Kept, keep_past, known_of
from dispatcher.history.reading import Past, PastDispatch, name_of, read_past

__all__ = ["Kept", "Past", "PastDispatch", "keep_past", "known_of", "name_of", "read_past"]
