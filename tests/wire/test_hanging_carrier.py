"""A carrier of texts hangs while the load goes on: who comes then goes by the other, and it has its traffic back.

An hour of it is told in seconds: what happens in an hour is the first second or two, until it is passed by, and then
probes at growing pauses, of which the first ones are seen here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import pytest
from brokers import ServedHome
from chaos.proxy import Proxies, Proxy
from deployment import free_port, until
from ledgers import Ledger
from pushing import alert, push

from dispatcher.guard import PROBES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("carriers")]

HANGS_S = float(os.environ.get("QUANZU_HANGS_S", "20"))
SLOW_S, REQUEST_S = 0.8, 5
SEEN_WITHIN = timedelta(seconds=2)
"""Other processes read the carriers' rows twice a second; a chunk that was dealt before is out after this."""
TICK_S, URGENT, ROUTINE = 0.5, 6, 10
"""So many people at L1 and at L4 come in each tick."""

CARRIERS = """
[carrier.a]
kind = "simulator_sms"
base_url = "http://127.0.0.1:{by_proxy}"
slow_s = {slow_s}
request_timeout_s = {request_s}
batch = 10
[carrier.b]
kind = "simulator_sms"
base_url = "http://127.0.0.1:{direct}"
batch = 10
[carrier.voice]
kind = "simulator_call"
base_url = "http://127.0.0.1:{direct}"
[route.sms]
all = ["a", "b"]
[route.call]
all = ["voice"]
"""


class Load:
    """People who come on and on, until told to stop."""

    def __init__(self, home: ServedHome) -> None:
        self._home, self.people, self._over = home, 0, threading.Event()
        self._thread = threading.Thread(target=self._come, name="load")

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(150)

    def _come(self) -> None:
        while not self._over.wait(TICK_S):
            first, self.people = self.people, self.people + URGENT + ROUTINE
            risks = ["L1"] * URGENT + ["L4"] * ROUTINE
            push(
                self._home,
                [alert(f"H-{first + at}", risk, f"1370005{first + at:04}") for at, risk in enumerate(risks)],
            )


class Try(NamedTuple):
    """One try of a text, as the table has it."""

    reference: str
    risk: str
    number: int
    carrier: str
    begun_at: datetime
    answer: str | None
    code: str | None
    source_ref: str
    received_at: datetime
    state: str


@pytest.fixture
def road(postgres_home: ServedHome) -> Iterator[Proxy]:
    """The way to the first carrier, which can be made to swallow everything."""
    postgres_home.env |= {"QUANZU_PORT": str(free_port()), "QUANZU_SIMULATOR_PORT": str(free_port())}
    with Proxies() as proxies:
        yield proxies.to("127.0.0.1", int(postgres_home.env["QUANZU_SIMULATOR_PORT"]))


def test_a_carrier_hangs_at_peak(postgres_home: ServedHome, brisk: str, road: Proxy, tmp_path: Path) -> None:
    """The first carrier accepts connections and says nothing: once that is seen, no text at L1 waits for it, and no
    text at all but a few probes. It answers again: a probe finds that out, and it has its traffic back. Nobody's
    unsure text was sent by the other carrier before the first was asked for it, or a minute was over."""
    home = postgres_home
    file = tmp_path / "carriers.toml"
    ports = {"by_proxy": road.port, "direct": home.env["QUANZU_SIMULATOR_PORT"]}
    file.write_text(CARRIERS.format(slow_s=SLOW_S, request_s=REQUEST_S, **ports), "utf-8")
    policy = Path(brisk).read_text("utf-8").replace("closes_itself_s = 12", "closes_itself_s = 900")
    (tmp_path / "policy.toml").write_text(policy, "utf-8")
    home.env |= {"QUANZU_CARRIERS": str(file), "QUANZU_POLICY": str(tmp_path / "policy.toml")}
    up = home.begin("up", "--policy", str(tmp_path / "policy.toml"), "--faults", "none")
    until("quanzu up says that it is up", lambda: b"up at http" in home.told("up") or up.poll() is not None)
    with Load(home):
        until("texts go by the first", lambda: home.count(BY_A) >= 20)
        road.swallow(600)
        hung_at = home.ask("SELECT now()")[0][0]
        until("it is passed by", lambda: stands(home, "open"), every_s=0.05)
        opened_at = home.ask("SELECT now()")[0][0]
        time.sleep(HANGS_S)
        opened = int(home.ask("SELECT opened FROM carrier_health WHERE carrier = 'a'")[0][0])
        back_at = home.ask("SELECT now()")[0][0]
        road.cut()  # what it swallowed, it never had
        road.mend()
        until("a probe found that it answers", lambda: stands(home, "closed"), within_s=90)
        until("people at L1 go by it again", lambda: home.count(AGAIN, back_at) >= 10)
    until("every text has ended", lambda: home.count(UNENDED) == 0, within_s=200)
    tries = [Try(*row) for row in home.ask(TRIES)]
    meanwhile = [one for one in tries if opened_at + SEEN_WITHIN < one.begun_at < back_at]
    probes = [one for one in meanwhile if one.carrier == "a"]
    print(f"opened {opened} times, {len(probes)} probes in {HANGS_S} s, {len(meanwhile)} tries by both")
    assert not [one for one in probes if one.risk == "L1"]
    assert len(probes) <= PROBES * (opened + 1)
    assert len({one.source_ref for one in meanwhile if one.risk == "L1"}) > URGENT * HANGS_S / TICK_S / 4
    check_stuck([one for one in tries if one.answer != "accepted" or one.code], tries)
    tell_latency(home, tries, hung_at, opened_at, back_at)


def check_stuck(odd: list[Try], tries: list[Try]) -> None:
    """Who was with the carrier when it began to hang: asked for, or repeated by rule 11, never sent blindly."""
    print(f"{len(odd)} tries were unsure: {sorted({f'{one.risk} {one.answer} {one.code}' for one in odd})}")
    for one in odd:
        later = [other for other in tries if other.source_ref == one.source_ref and other.number > one.number]
        asked = one.code == "not_found_when_asked"
        minute_over = one.risk == "L1" and all((it.begun_at - one.begun_at).total_seconds() >= REPEAT_S for it in later)
        assert asked or minute_over or not later, (one, later)


REPEAT_S = 3
"""The policy's `repeat_unsure_after_s`: a minute, in this one."""


def tell_latency(home: ServedHome, tries: list[Try], hung_at: Any, opened_at: Any, back_at: Any) -> None:
    """From received to the carrier, of those at L1: printed, and whoever never came to a carrier is counted."""
    ledger = Ledger(home)
    came = {one.reference: one.at for one in reversed(ledger.came("text"))}
    for what, since in (("hanging, once it was passed by", opened_at), ("the whole time that it hung", hung_at)):
        waits: dict[str, float] = {}
        people = {one.source_ref for one in tries if one.risk == "L1" and since <= one.received_at < back_at}
        for one in tries:
            if one.source_ref in people and one.reference in came:
                wait_s = (came[one.reference] - one.received_at).total_seconds()
                waits[one.source_ref] = min(wait_s, waits.get(one.source_ref, wait_s))
        cuts = quantiles(waits.values(), n=100)
        slow = sum(wait_s >= 3 for wait_s in waits.values())
        never = len(people) - len(waits)
        print(
            f"L1, {what}: {len(people)} people, p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, "
            f"{slow} waited 3 s or more, {never} never"
        )
        assert never == 0


def stands(home: ServedHome, state: str) -> bool:
    """How the first carrier fares."""
    return home.count("SELECT count(*) FROM carrier_health WHERE carrier = 'a' AND state = ?", state) == 1


OF_TEXTS = "FROM attempts t JOIN dispatches d ON d.id = t.dispatch_id WHERE d.channel = 'sms'"
BY_A = f"SELECT count(*) {OF_TEXTS} AND t.carrier = 'a' AND t.answer = 'accepted'"
AGAIN = f"SELECT count(*) {OF_TEXTS} AND t.carrier = 'a' AND t.answer = 'accepted' AND d.risk = 'L1' AND t.begun_at > ?"
UNENDED = "SELECT count(*) FROM dispatches WHERE channel = 'sms' AND target = 'self' AND ended_at IS NULL"
TRIES = """SELECT t.reference, d.risk, t.number, t.carrier, t.begun_at, t.answer, t.code, a.source_ref, a.received_at,
    d.state FROM attempts t JOIN dispatches d ON d.id = t.dispatch_id JOIN alerts a ON a.case_id = d.case_id
    WHERE d.channel = 'sms' AND d.target = 'self' ORDER BY t.begun_at"""
