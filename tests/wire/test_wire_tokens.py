"""Four workers share one carrier's tokens: it is never given more than it takes, and an L1 passes the backlog."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from deployment import Home, until
from ledgers import Ledger, check_windows
from pushing import alert, push

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420), pytest.mark.xdist_group("carriers")]

PER_S = 20
BURST = 20
L4, L1 = 400, 5
SENT = "SELECT count(*) FROM attempts t JOIN dispatches d ON d.id = t.dispatch_id WHERE d.channel = 'sms'"
THROTTLED = "SELECT count(*) FROM dispatches WHERE state = 'waiting' AND reason = 'carrier_throttled'"
UNSENT = "SELECT count(*) FROM dispatches WHERE channel = 'sms' AND attempts = 0"


def phone(number: int) -> str:
    """One of many."""
    return f"1370001{number:04}"


def lines(numbers: range) -> bytes:
    """Alerts at L4 as a file has them."""
    return "".join(json.dumps(alert(f"T-{number}", "L4", phone(number))) + "\n" for number in numbers).encode()


def test_four_workers_never_overrun_the_carrier_and_an_l1_passes(home: Home, brisk: str) -> None:
    """400 texts at L4 wait for 20 a second; five people at L1 are warned at once; no second sees more than it may."""
    rates = {"QUANZU_SMS_PER_S": str(PER_S), "QUANZU_CALLS_PER_S": str(PER_S)}
    home.env |= rates
    home.up("--policy", brisk, "--faults", "none")
    for lane in ("routine", "routine", "urgent"):
        home.begin("worker", "--lane", lane, QUANZU_POLICY=brisk)
    assert home.quanzu("submit", "--queue", "-", given=lines(range(L4))).returncode == 0
    until(
        "some texts went, and most say why they wait", lambda: home.count(SENT) >= 30 and home.count(THROTTLED) >= 200
    )
    push(home, [alert(f"T-{number}", "L1", phone(number)) for number in range(L4, L4 + L1)])
    everybody = "SELECT count(*) FROM cases"
    until("every case is open", lambda: home.count(everybody) == L4 + L1)
    until("every text went", lambda: home.count(UNSENT) == 0)
    until("the ledger has everybody", lambda: len({text.person for text in Ledger(home).came("text")}) == L4 + L1)
    ledger = Ledger(home)
    texts = ledger.came("text")
    assert set(Counter(text.reference for text in texts).values()) == {1}
    first = {text.person: place for place, text in reversed([*enumerate(texts, 1)])}
    behind = [len(texts) - first[ledger.person(phone(number))] for number in range(L4, L4 + L1)]
    print(f"texts that went after each L1: {behind}")
    assert min(behind) > 40  # nobody at L1 stood in the line of those
    for kind in ("text", "ring"):
        check_windows(home, ledger.came(kind), per_s=PER_S, burst=BURST, who=kind)
