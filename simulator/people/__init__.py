"""Officers and callers: they look at the worklist, sign in, go or dial, and report; some late, some never.

rounds.py (one poll loop a key) -> work.py (one try from sign-in to report) -> feedback.py (the codes that
are reported), over desk.py (the worklist API as any client would use it).
"""

from simulator.people.rounds import People

__all__ = ["People"]
