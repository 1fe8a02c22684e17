"""What outcomes have in common: which are good, which ask for another try, which can be of a text or a call at all."""

from __future__ import annotations

from dispatcher.words import Means, Outcome

HEARD = frozenset({Outcome.HEARD, Outcome.KEY_UNDERSTOOD, Outcome.KEY_PAID})
GOOD = HEARD | {Outcome.DELIVERED}
WORTH = dict.fromkeys(sorted(GOOD), 1) | {Outcome.KEY_UNDERSTOOD: 2, Outcome.KEY_PAID: 3}
"""News replaces what is worth less, all else being 0: a key comes in a callback of its own, after "heard"."""

NOT_HEARD = frozenset(
    {
        Outcome.HUNG_UP,
        Outcome.MACHINE,
        Outcome.BUSY,
        Outcome.NO_ANSWER,
        Outcome.REJECTED,
        Outcome.UNREACHABLE,
        Outcome.POWERED_OFF,
    }
)
REDIAL = NOT_HEARD | {Outcome.PHONE_TEMPORARY}
FORGIVEN = frozenset({Outcome.GATEWAY_TEMPORARY, Outcome.PLATFORM_FAULT})
NEXT_CARRIER = FORGIVEN | {Outcome.OUR_FAULT}
"""Surely not sent, and the carrier's fault or ours with it: another carrier may fare better."""
DEAD_NUMBER = frozenset({Outcome.SUSPENDED, Outcome.INVALID_NUMBER, Outcome.BAD_NUMBER})
NOT_DELIVERED = frozenset(
    {
        Outcome.BAD_NUMBER,
        Outcome.BLOCKED,
        Outcome.OUR_FAULT,
        Outcome.PHONE_TEMPORARY,
        Outcome.GATEWAY_TEMPORARY,
    }
)

OF_MEANS = {
    Means.CARRIER: NOT_DELIVERED | {Outcome.DELIVERED},
    Means.ROBOT: HEARD | NOT_HEARD | {Outcome.SUSPENDED, Outcome.INVALID_NUMBER, Outcome.PLATFORM_FAULT},
}
"""What a carrier's news can say of a text and of a robot's call; people's work has no news from carriers."""
