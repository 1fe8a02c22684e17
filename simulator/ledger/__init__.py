"""The town's own truth: every effect, in order, for ever.

lines.py (the file, append-only) + memory.py (what has to be found again at once) = book.py (the ledger).
"""

from simulator.ledger.book import Ledger, LedgerUnreadable
from simulator.ledger.memory import Known, Sent, carrier_id

__all__ = ["Known", "Ledger", "LedgerUnreadable", "Sent", "carrier_id"]
