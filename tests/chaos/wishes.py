"""What a campaign is told: how many alerts, how fast, what is done to the engine, what is promised of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

BREAKS = ("fence", "attempt_first", "dedupe", "relay")
"""Promises that can be switched off, to see whether the audit notices."""

CARRIER = (
    "hang=0.015,drop=0.03,late_accept=0.02,unavailable=0.015,throttle=0.01,slow=0.01,"
    "refuse=0.05,busy=0.05,late=0.03,twice=0.025,reversed=0.02,early=0.02,never=0.005"
)
"""The carrier's own faults, 10 % each of requests, of letters and of news."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """One campaign. Counts are of faults; durations end in their unit.

    `kills` are SIGKILLs and SIGTERMs of workers, their children, intake and web; `cuts` are connections cut, refused,
    swallowed or slowed; `freezes` are processes that stand still for longer than a lease; `hangs` is the carrier
    standing still.
    """

    seed: int = 7
    alerts: int = 20_000
    per_s: float = 12.0
    kills: int = 44
    broker_restarts: int = 3
    broker_wipes: int = 1
    database_restarts: int = 3
    cuts: int = 8
    freezes: int = 2
    hangs: int = 1
    carrier: str = CARRIER
    answer_ms: str = "100..1200"
    askable: bool = True
    http_share: float = 0.2
    again_share: float = 0.02
    resend_after_s: float = 10.0
    lease_s: float = 10.0
    request_timeout_s: float = 2.5
    settling_s: float = 3.0
    slack_s: float = 5.0
    give_up_after_s: float = 240.0
    worker_threads: int = 2
    broken: str | None = None
    embedded_broker: bool = False

    @property
    def drives_s(self) -> float:
        """How long alerts are sent."""
        return self.alerts / self.per_s

    @property
    def recovers_within_s(self) -> float:
        """After a fault has ended, work that was due or underway is reclaimed or asked for within this."""
        return self.lease_s + self.slack_s

    @property
    def faults(self) -> int:
        """How many faults there are."""
        return (
            self.kills
            + self.broker_restarts
            + self.broker_wipes
            + self.database_restarts
            + self.cuts
            + self.freezes
            + self.hangs
        )


FULL = Wishes()
SHORT = Wishes(
    alerts=1_500,
    per_s=20.0,
    kills=8,
    broker_restarts=1,
    database_restarts=1,
    cuts=2,
    freezes=1,
    hangs=0,
    give_up_after_s=200.0,
)
BRIEF = replace(
    SHORT,
    alerts=320,
    per_s=10.0,
    cuts=0,
    freezes=0,
    broker_restarts=0,
    again_share=0.05,
)
"""Enough to show that a promise is switched off."""
SIZES = {"full": FULL, "short": SHORT, "brief": BRIEF}
