"""Two carriers take 50 texts a second each, and 500 a second come: four workers share what there is, and no more."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from brokers import ServedHome
from deployment import free_port, until
from ledgers import Came, Ledger, check_windows
from pushing import alert, push, texts_only

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("carriers")]

PER_S, BURST = 50, 50
COME_PER_S, PEOPLE, A_POST = 500, 1_600, 400

CARRIERS = """
[carrier.a]
kind = "simulator_sms"
per_s = {per_s}
base_url = "{base_url}"
[carrier.b]
kind = "simulator_sms"
per_s = {per_s}
base_url = "{base_url}"
[carrier.voice]
kind = "simulator_call"
base_url = "{base_url}"
[route.sms]
all = ["a", "b"]
[route.call]
all = ["voice"]
"""


def test_neither_bucket_is_overrun(postgres_home: ServedHome, brisk: str, tmp_path: Path) -> None:
    """1,600 people's texts come at 500 a second: each goes once, by either carrier, and no carrier sees more in any
    second, two, five or ten than it takes."""
    home = postgres_home
    home.env |= {"QUANZU_PORT": str(free_port()), "QUANZU_SIMULATOR_PORT": str(free_port())}
    base_url = f"http://127.0.0.1:{home.env['QUANZU_SIMULATOR_PORT']}"
    (tmp_path / "carriers.toml").write_text(CARRIERS.format(per_s=PER_S, base_url=base_url), "utf-8")
    policy = texts_only(brisk, tmp_path / "texts.toml")
    home.env |= {"QUANZU_CARRIERS": str(tmp_path / "carriers.toml"), "QUANZU_POLICY": policy}
    up = home.begin("up", "--policy", policy, "--faults", "none")
    until("quanzu up says that it is up", lambda: b"up at http" in home.told("up") or up.poll() is not None)
    for _ in range(3):
        home.begin("worker", "--lane", "routine")
    took_s = come(home)
    until("every text went", lambda: home.count(UNSENT) == 0, within_s=300)
    until("the ledger has everybody", lambda: len({text.person for text in Ledger(home).came("text")}) == PEOPLE)
    texts = Ledger(home).came("text")
    assert set(Counter(text.reference for text in texts).values()) == {1}
    by_carrier = dict(home.ask("SELECT reference, carrier FROM attempts"))
    print(f"{PEOPLE} came in {took_s:.1f} s, went in {span_s(texts):.1f} s")
    for carrier in ("a", "b"):
        theirs = [text for text in texts if by_carrier[text.reference] == carrier]
        most = check_windows(home, theirs, per_s=PER_S, burst=BURST, who=f"{carrier} ({len(theirs)} texts)")
        print(f"{carrier}: at most {most} in any second; rate and burst are {PER_S + BURST}")
        assert len(theirs) > PEOPLE / 4


def come(home: ServedHome) -> float:
    """They come at 500 a second, or as fast as the door takes them. Returns the seconds it took."""
    begun = time.monotonic()
    for start in range(0, PEOPLE, A_POST):
        time.sleep(max(0.0, begun + start / COME_PER_S - time.monotonic()))
        push(home, [alert(f"W-{number}", "L4", f"1370004{number:04}") for number in range(start, start + A_POST)])
    return time.monotonic() - begun


def span_s(texts: list[Came]) -> float:
    """From the first to the last."""
    return (texts[-1].at - texts[0].at).total_seconds()


UNSENT = "SELECT count(*) FROM dispatches WHERE channel = 'sms' AND attempts = 0"
