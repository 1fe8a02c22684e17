"""How long an L1 takes from its publish until the carrier has its text: alone, and while a backlog of L4 drains.

The publish is the feed's instant, the arrival is the carrier's own: the instant in its ledger.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from bench.feed import Feed, feed
from bench.ours import our_design
from bench.run import wait_for_end
from bench.servers import own_servers
from bench.started import Town, town
from bench.work import Tables, make_alerts

PER_S = 5.0
BATCH = 100
LAST_ONES_S = 5.0
"""How long the carrier's ledger is waited for after the last L1 was published."""

Milliseconds = dict[str, float]


def measure_l1(seconds: float, backlog: int) -> dict[str, Milliseconds]:
    """L1 alerts at a steady pace for so long, twice: `idle`, and `behind_l4` while `backlog` L4 alerts drain."""
    number = int(PER_S * seconds)
    with (
        tempfile.TemporaryDirectory(prefix="quanzu-bench-") as name,
        own_servers() as (database, broker),
        town(folder := Path(name), news_most=BATCH) as carrier,
        our_design(folder, database, broker, carrier, BATCH),
    ):
        kept = Tables(database)
        try:
            with feed(folder, broker, make_alerts(300, seed=1, risks=("L4", "L1"))) as warm_up:
                warm_up.go()
                wait_for_end(kept, 300)
            idle_bodies = make_alerts(number, seed=11, risks=("L1",))
            with feed(folder, broker, idle_bodies, per_s=PER_S) as lonely:
                lonely.go()
                idle = _latencies(carrier, idle_bodies, _published(lonely))
            behind = _behind(folder, broker, kept, carrier, number, backlog)
        finally:
            kept.close()
    return {"idle": spread(idle), "behind_l4": {**spread(behind), "backlog": backlog}}


def _behind(folder: Path, broker: str, kept: Tables, carrier: Town, number: int, backlog: int) -> list[float]:
    """Only L1s that were published while L4s were still waiting count."""
    bodies = make_alerts(number, seed=12, risks=("L1",))
    with (
        feed(folder, broker, make_alerts(backlog, seed=13, risks=("L4",))) as flood,
        feed(folder, broker, bodies, per_s=PER_S) as urgent,
    ):
        before, _ = kept.open_work()
        flood.go()
        flood.told()
        urgent.go()
        dry_at = float("inf")
        while not urgent.over:
            time.sleep(1)
            alerts, waiting = kept.open_work()
            if alerts >= before + backlog and waiting < number and dry_at == float("inf"):
                dry_at = time.time()
        published = [at for at in _published(urgent) if at < dry_at]
    return _latencies(carrier, bodies[: len(published)], published)


def _published(one: Feed) -> list[float]:
    at: list[float] = one.told()["at"]
    return at


def _latencies(carrier: Town, bodies: Sequence[bytes], published: Sequence[float]) -> list[float]:
    """Milliseconds from publish to carrier of each; one that never came counts as a minute."""
    time.sleep(LAST_ONES_S)
    arrived = arrivals(carrier.ledger.read_bytes().splitlines())
    salt = json.loads(carrier.ledger.open("rb").readline())["salt"]
    out = []
    for body, at in zip(bodies, published, strict=True):
        came = arrived.get(person_of(salt, body))
        out.append(60_000.0 if came is None else (came - at) * 1000)
    return out


def person_of(salt: str, body: bytes) -> str:
    """The ledger's pseudonym of an alert's person. Source: simulator/ledger/book.py."""
    phone = "+86" + json.loads(body)["victim"]["phone"]
    return sha256((salt + phone).encode()).hexdigest()[:32]


def arrivals(lines: Sequence[bytes]) -> Mapping[str, float]:
    """When each person's first flash text reached the carrier, Unix seconds."""
    found: dict[str, float] = {}
    for line in lines:
        entry = json.loads(line)
        if entry["kind"] == "text" and entry.get("flash"):
            found.setdefault(entry["person"], datetime.fromisoformat(entry["at"]).timestamp())
    return found


def spread(milliseconds: Sequence[float]) -> Milliseconds:
    """The middle, the 99th of a hundred and the worst; all 0 when nothing was measured."""
    found = sorted(milliseconds)
    if not found:
        return {"p50": 0.0, "p99": 0.0, "worst": 0.0, "measured": 0}
    last = len(found) - 1
    return {
        "p50": round(found[round(last * 0.5)], 1),
        "p99": round(found[round(last * 0.99)], 1),
        "worst": round(found[-1], 1),
        "measured": len(found),
    }
