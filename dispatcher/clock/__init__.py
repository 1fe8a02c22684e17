"""Time lives in rows: what falls due by itself. Any worker runs these sweeps, several at once are harmless.

    ring      what is due and was not claimed
    leases    work whose worker died or hung
    asking    tries of which nobody can tell: ask the carrier
    silence   news that did not come in time
    promises  reminders, missed sign-ins, units that do not look
    closing   cases whose closing time has come
    releases  holds that were released and whose dispatches are not yet all free

Each sweep is one indexed query over a bounded number of rows, and a short transaction for what it found.
"""

from dispatcher.clock.asking import Ask, Asked, asks_due, settle_asked
from dispatcher.clock.closing import close_due
from dispatcher.clock.leases import free_leases
from dispatcher.clock.promises import notice_idle_units, watch_promises
from dispatcher.clock.releases import finish_releases
from dispatcher.clock.ring import ring_due
from dispatcher.clock.silence import close_news
from dispatcher.clock.ticks import note_done, note_not_done, take_turn

__all__ = [
    "Ask",
    "Asked",
    "asks_due",
    "close_due",
    "close_news",
    "finish_releases",
    "free_leases",
    "note_done",
    "note_not_done",
    "notice_idle_units",
    "ring_due",
    "settle_asked",
    "take_turn",
    "watch_promises",
]
