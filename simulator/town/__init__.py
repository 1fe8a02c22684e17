"""The town: who lives there, who picks up, who is at home, and what they say.

person.py (what somebody is like) -> fates.py (what one text, ring, call or visit comes to) -> spoken.py
(what is learned when somebody is reached).
"""

from simulator.town.fates import Town
from simulator.town.spoken import Spoken

__all__ = ["Spoken", "Town"]
