"""What the simulator is told: one value with every option, and all that is wrong with it at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from simulator.faults import MILD, NONE, Faults

Span = tuple[float, float]
"""From and to, both inclusive, from <= to."""


MOST_PACE = 3_600_000


@dataclass(frozen=True)
class Simulation:
    """Every option of carrier and town; secret and keys stay out of its repr.

    ledger: the file that is kept, made or continued; None keeps the ledger in memory only.
    askable: whether `POST /ask` is served.
    by_digits: whether the last four digits of a number decide (numbers.py).
    at_once: answers, news and people take no time and no fault befalls anybody; for benchmarks.
    vendor_id: the account of every simulated vendor; its secret is `secret`.
    callbacks: where the vendors whose requests name no address push their reports, by dialect.
    push_again_s: pauses after which a push is repeated that was not answered as the vendor asks.
    limits: whether the vendors' limits for one person hold.
    worklist: base URL of the worklist API, such as `http://127.0.0.1:8000`; None: nobody works.
    news_most: how many pieces of news one callback may carry; 1: a carrier that tells them one by one.
    news_posts: how many callbacks may be out at once.
    hands: how many tasks one key's people do at a time.
    Paces end in their unit. Shares are 0 .. 1; our own proposal.
    """

    seed: int = 1
    secret: str = field(default="", repr=False)
    ledger: Path | None = None
    askable: bool = True
    faults: Faults = MILD
    by_digits: bool = True
    at_once: bool = False
    answer_ms: Span = (5, 30)
    slow_ms: Span = (300, 900)
    news_ms: Span = (100, 600)
    late_news_s: Span = (2, 5)
    news_most: int = 100
    news_posts: int = 8
    hang_s: float = 8.0
    late_accept_s: float = 1.0
    vendor_id: str = "sim"
    callbacks: Mapping[str, str] = field(default_factory=dict, repr=False)
    push_again_s: tuple[float, ...] = (60, 300, 600)
    limits: bool = True
    worklist: str | None = None
    caller_keys: tuple[str, ...] = field(default=(), repr=False)
    officer_keys: tuple[str, ...] = field(default=(), repr=False)
    hands: int = 16
    call_s: float = 0.2
    visit_s: float = 0.5
    poll_s: Span = (0.4, 4.0)
    ignore_share: float = 0.005
    late_share: float = 0.03
    never_report: float = 0.005

    @property
    def present_faults(self) -> Faults:
        """The shares that hold: none while everything happens at once."""
        return NONE if self.at_once else self.faults

    @property
    def digits_decide(self) -> bool:
        """Whether numbers.py holds."""
        return self.by_digits and not self.at_once

    def wrong(self) -> list[str]:
        """Every fault of these options, in words that name the option; empty when there is none."""
        found = self.faults.wrong()
        if not self.secret:
            found.append("secret: missing; set QUANZU_SIMULATOR_SECRET")
        for name in ("answer_ms", "slow_ms", "news_ms", "late_news_s", "poll_s"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= MOST_PACE:
                found.append(f"{name}: {low}..{high} does not ascend within 0 and {MOST_PACE}")
        if self.poll_s[0] <= 0:
            found.append("poll_s: must be above 0")
        for name in ("hang_s", "late_accept_s", "call_s", "visit_s"):
            if not 0 <= getattr(self, name) <= 3600:
                found.append(f"{name}: {getattr(self, name)} is not between 0 and 3600 seconds")
        for name in ("ignore_share", "late_share", "never_report"):
            if not 0 <= getattr(self, name) <= 1:
                found.append(f"{name}: {getattr(self, name)} is not a share between 0 and 1")
        if not 1 <= self.hands <= 1000:
            found.append(f"hands: {self.hands} is not between 1 and 1000")
        for name in ("news_most", "news_posts"):
            if not 1 <= getattr(self, name) <= 1000:
                found.append(f"{name}: {getattr(self, name)} is not between 1 and 1000")
        if self.worklist is not None and not is_web_address(self.worklist):
            found.append("worklist: not an http or https address")
        if not self.vendor_id.isalnum():
            found.append("vendor_id: not letters and digits; set QUANZU_SIMULATOR_ID")
        for name, address in self.callbacks.items():
            if not is_web_address(address):
                found.append(f"callbacks.{name}: not an http or https address")
        if any(not 0 <= pause_s <= 3600 for pause_s in self.push_again_s):
            found.append("push_again_s: a pause is not between 0 and 3600 seconds")
        if (self.caller_keys or self.officer_keys) and self.worklist is None:
            found.append("worklist: missing, though there are keys for it")
        if self.ledger is not None and not self.ledger.parent.is_dir():
            found.append("ledger: its folder does not exist")
        return found


def is_web_address(text: str) -> bool:
    """Whether `text` is an absolute http(s) URL with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
