"""Passwords: only an Argon2id digest is kept, with its own salt and its cost beside it.

Source of the cost (19 MiB, 2 passes, 1 lane): OWASP's password storage cheat sheet, the second of its Argon2id rows:
as hard to guess as the others, and small enough for several sign-ins at once on a small machine.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

SHORTEST, LONGEST = 10, 128
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$otdv0BfIM7vSyZP2H8Ue2Q$W7TeB8FFaj/NfxMtdwWA5I6Bm7pYqwB1vyYfwXEgy64"
"""Compared with when a name is unknown: it must take as long as with a known one."""


def fault_of(password: str) -> str | None:
    """What is wrong with a new password; None: nothing."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"a password must have {SHORTEST} to {LONGEST} characters"
    if len(set(password)) < 5:
        return "a password must have at least 5 different characters"
    return None


def digest(password: str) -> str:
    """What is kept of a password: Argon2id in its PHC form, about 100 characters."""
    return Argon2id(
        salt=os.urandom(16), length=32, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB
    ).derive_phc_encoded(password.encode())


def fits(password: str, kept: str) -> bool:
    """Whether it is the password of this digest. Takes tens of milliseconds on purpose."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), kept)
    except InvalidKey:
        return False
    return True
