"""1,000 people's texts go through a real Kannel, which is killed in the middle: no outcome is wrong, none is missing.

Real doors, real workers, PostgreSQL, bearerbox and smsbox; the operator behind them speaks SMPP and keeps book.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from brokers import ServedHome
from deployment import free_port, until
from kannel_gateway import MOST_PARTS, PASSWORD, USER, Gateway
from pushing import alert, is_open, push, texts_only
from shaky_road import Road
from smpp_operator import WRONG_NUMBER, Fate, Operator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("carriers")]

PEOPLE = int(os.environ.get("QUANZU_KANNEL_TEXTS", "1000"))
"""The promise is made for 1,000."""
PER_S = 60
MISHAPS = ("in_order", "in_order", "twice", "backwards")

DELIVERED, BLOCKED, BAD = ("fulfilled", "delivered"), ("missed", "blocked"), ("missed", "bad_number")
UNREACHED, UNKNOWN = ("missed", "phone_temporary"), ("unknown", "unknown")

CARRIERS = """
[carrier.gateway]
kind = "kannel"
live = false
base_url = "{base_url}"
username = "{user}"
password = {{ env = "KANNEL_PASSWORD" }}
callback_secret = {{ env = "KANNEL_SECRET" }}
to_format = "digits"
max_parts = {parts}
per_s = {per_s}
request_timeout_s = 15
[carrier.voice]
kind = "simulator_call"
[route.sms]
all = ["gateway"]
[route.call]
all = ["voice"]
"""


def fate(person: str, before: int) -> Fate:
    """What the operator does with a person's text, when he has had so many before."""
    match int(person[-4:]) % 20:
        case 7 | 17:
            return Fate(reports=("REJECTD",))
        case 8 | 18:
            return Fate(refused=WRONG_NUMBER)
        case 6 | 16:
            return Fate(reports=("UNDELIV",) if before == 0 else ("DELIVRD",))
        case 19:
            return Fate(reports=("UNDELIV",))
        case 9:
            return Fate(reports=())
        case 5 | 15:
            return Fate(reports=("ENROUTE", "DELIVRD"))
    return Fate()


def end(number: int) -> tuple[str, str]:
    """How his text must end, where nothing is killed."""
    match number % 20:
        case 7 | 17:
            return BLOCKED
        case 8 | 18:
            return BAD
        case 19:
            return UNREACHED
        case 9:
            return UNKNOWN
    return DELIVERED


def phone(number: int) -> str:
    """One of many."""
    return f"1370003{number:04}"


def mishap(reference: str) -> str:
    """What befalls the reports of a try on their way to us."""
    return MISHAPS[crc32(reference.encode()) % len(MISHAPS)]


@pytest.fixture
def operator() -> Iterator[Operator]:
    """The operator, listening."""
    made = Operator(fate).start()
    yield made
    made.stop()


@pytest.fixture
def gateway(tmp_path: Path, operator: Operator) -> Iterator[Gateway]:
    """A Kannel bound to that operator."""
    folder = tmp_path / "kannel"
    folder.mkdir()
    made = Gateway(folder, smpp=operator.port)
    made.start()
    yield made
    made.stop()


def test_a_thousand_texts_and_a_killed_gateway(
    postgres_home: ServedHome, brisk: str, tmp_path: Path, gateway: Gateway, operator: Operator
) -> None:
    """A thousand people, reports in order, backwards, twice or never, and bearerbox killed in mid-run: who was not
    touched by that has his right outcome, who was has it too or is said to be unknown, and nobody is told of twice."""
    home = postgres_home
    port = free_port()
    road = Road(f"http://127.0.0.1:{port}", mishap).start()
    try:
        carriers = home.folder / "carriers.toml"
        carriers.write_text(
            CARRIERS.format(base_url=gateway.base_url, user=USER, parts=MOST_PARTS, per_s=PER_S), "utf-8"
        )
        home.env |= {
            "QUANZU_PORT": str(port),
            "QUANZU_PUBLIC_URL": road.base,
            "QUANZU_CARRIERS": str(carriers),
            "QUANZU_POLICY": texts_only(brisk, tmp_path / "texts.toml"),
            "QUANZU_CHUNK": "50",
            "QUANZU_LEASE_S": "30",
            "KANNEL_PASSWORD": PASSWORD,
            "KANNEL_SECRET": "made-up",
        }
        assert home.quanzu("migrate").returncode == 0, home.printed
        home.begin("web")
        until("the doors are open", lambda: is_open(home))
        push(home, [alert(f"K-{number}", "L4", phone(number)) for number in range(PEOPLE)])
        home.begin("worker", "--lane", "routine")
        killed_at, back_at = kill_in_the_middle(gateway, operator)
        until("every text has ended", lambda: home.count(UNENDED) == 0, within_s=400)
        until("the operator has told all", lambda: operator.quiet)
        until("the gateway has told all", lambda: all_told(home, road))
        check_outcomes(home, operator, killed_at, back_at)
        check_reports(home, road, killed_at, back_at)
    finally:
        road.stop()


def kill_in_the_middle(gateway: Gateway, operator: Operator) -> tuple[float, float]:
    """SIGKILL once a third of the texts came; a new one a second later. Returns when it was killed, and back."""
    until("a third of the texts came", lambda: operator.texts >= PEOPLE / 3, every_s=0.02)
    killed_at = time.time()
    gateway.kill_bearerbox()
    time.sleep(1)
    gateway.start()
    return killed_at, time.time()


def check_outcomes(home: ServedHome, operator: Operator, killed_at: float, back_at: float) -> None:
    """Person by person: what we say of him, beside what the operator did."""
    ends = {ref: (state, outcome) for ref, state, outcome in home.ask(ENDS)}
    assert len(ends) == PEOPLE
    unsettled = {ref for (ref,) in home.ask(UNSETTLED, at(back_at), at(killed_at))}
    wrong: dict[str, Any] = {}
    seen: Counter[str] = Counter()
    for number in range(PEOPLE):
        ref, person = f"K-{number}", f"86{phone(number)}"
        said, came = ends[ref], operator.came[person]
        # what the gateway was killed before thanking for, it may have passed on
        told = [*operator.told[person], *operator.lost[person]]
        touched = ref in unsettled
        right = said == end(number) or (touched and said == UNKNOWN)
        true = {
            DELIVERED: "DELIVRD" in told,
            BLOCKED: "REJECTD" in told,
            UNREACHED: "UNDELIV" in told,
            BAD: any(text.fate.refused for text in came),
            UNKNOWN: touched or end(number) == UNKNOWN,
        }[said]
        if not (right and true):
            wrong[ref] = (said, end(number), len(came), operator.told[person], operator.lost[person], touched)
        seen[said[1] if said == end(number) else f"{said[1]} instead of {end(number)[1]}"] += 1
        if not came:
            seen[f"never came to the operator, and the gateway's answer was {answers_of(home, ref)}"] += 1
        seen["came to the operator more often than we sent it"] += len(came) > len(answers_of(home, ref))
    print(f"unsettled at the kill: {len(unsettled)}; {dict(seen)}; binds: {operator.binds}")
    assert wrong == {}
    assert home.count(SENT_AGAIN) == 0  # what may have been sent at L4 is never sent again
    assert 0 < len(unsettled) < PEOPLE  # the kill was in the middle


def check_reports(home: ServedHome, road: Road, killed_at: float, back_at: float) -> None:
    """What our door thanked for was not told again; what came twice or backwards came so."""
    time.sleep(4)  # smsbox asks again after a second: whatever is told for ever would be told now
    before = road.knocks.total()
    time.sleep(2.5)
    assert road.knocks.total() == before
    doubled = {report: times for report, times in road.thanked.items() if len(times) > 1}
    # smsbox died between its knock and its word to bearerbox, which told it again
    assert all(times[0] <= back_at and times[-1] >= killed_at for times in doubled.values()), doubled
    twice = [one for one in road.passed if mishap(one[0]) == "twice" and road.passed[one] == 2]
    backwards = [ref for ref, codes in road.order.items() if "8" in codes[1:]]
    print(f"{before} knocks for {len(road.knocks)} reports; {len(doubled)} were told again after the kill")
    print(f"{len(twice)} came twice, those of {len(backwards)} tries backwards")
    assert len(twice) > PEOPLE / 8 and len(backwards) > PEOPLE / 8
    states = dict(home.ask("SELECT state, count(*) FROM receipts GROUP BY state"))
    assert sum(states.values()) == road.passed.total()
    assert states.keys() <= {"applied", "noted"}


UNENDED = "SELECT count(*) FROM dispatches WHERE channel = 'sms' AND ended_at IS NULL"
ENDS = """SELECT a.source_ref, d.state, d.outcome FROM alerts a JOIN dispatches d ON d.case_id = a.case_id
    WHERE d.channel = 'sms'"""
ANSWERS = """SELECT t.answer FROM alerts a JOIN dispatches d ON d.case_id = a.case_id
    JOIN attempts t ON t.dispatch_id = d.id WHERE d.channel = 'sms' AND a.source_ref = ? ORDER BY t.number"""
SENT_AGAIN = """SELECT count(*) FROM attempts t JOIN attempts u ON u.dispatch_id = t.dispatch_id
    WHERE t.answer = 'unsure' AND u.number > t.number"""
UNSETTLED = """SELECT DISTINCT a.source_ref FROM alerts a JOIN dispatches d ON d.case_id = a.case_id
    JOIN attempts t ON t.dispatch_id = d.id
    WHERE d.channel = 'sms'
    AND (t.answer = 'unsure' OR (t.begun_at <= ? AND (t.outcome_at IS NULL OR t.outcome_at >= ?)))"""
"""Out or unreported when bearerbox was killed; or nobody could tell whether the gateway had it."""


def answers_of(home: ServedHome, ref: str) -> list[str]:
    """What the gateway said to each try of his text."""
    return [answer for (answer,) in home.ask(ANSWERS, ref)]


def all_told(home: ServedHome, road: Road) -> bool:
    """No report is on its way, and none waits to be applied."""
    before = road.knocks.total()
    time.sleep(2.5)
    return road.knocks.total() == before and home.count("SELECT count(*) FROM receipts WHERE state = 'waiting'") == 0


def at(instant: float) -> datetime:
    """For the table."""
    return datetime.fromtimestamp(instant, UTC)
