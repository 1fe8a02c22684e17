"""Four thousand people's news comes as badly as it can, and every outcome is right.

A quarter hears from the carrier before its own answer, a quarter is told everything twice, a quarter backwards, and of
a quarter it speaks before we have opened a try. Real doors, a real worker, PostgreSQL; a carrier of our own.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from brokers import ServedHome
from deployment import free_port, until
from receipt_carrier import Manner, ReceiptCarrier

from dispatcher.ids import reference

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("deployments")]

EACH = int(os.environ.get("QUANZU_STORM_RECEIPTS", "1000"))
"""How many people each kind of bad news befalls. The promise is made for 1,000."""

GOOD, DEAD, BARRED = ("fulfilled", "delivered"), ("missed", "bad_number"), ("missed", "blocked")
SECRET = "made-up"

EARLY = (
    (Manner(before=("DELIVRD",)), GOOD),
    (Manner(before=("UNDELIV",)), DEAD),
    (Manner(before=("ENROUTE",), after=("REJECTD",)), BARRED),
    (Manner(before=("DELIVRD",), after=("EXPIRED",)), GOOD),
)
DOUBLED = (
    (Manner(after=("DELIVRD", "DELIVRD")), GOOD),
    (Manner(after=("UNDELIV", "UNDELIV")), DEAD),
    (Manner(before=("DELIVRD",), after=("DELIVRD",)), GOOD),
    (Manner(after=("ENROUTE", "ENROUTE", "REJECTD", "REJECTD")), BARRED),
)
REVERSED = (
    (Manner(after=("DELIVRD", "ENROUTE")), GOOD),
    (Manner(after=("DELIVRD", "EXPIRED")), GOOD),
    (Manner(after=("DELIVRD", "UNDELIV")), GOOD),
    (Manner(after=("REJECTD", "ENROUTE")), BARRED),
    (Manner(after=("UNDELIV", "UNKNOWN")), DEAD),
    (Manner(after=("UNDELIV", "DELIVRD")), GOOD),
)
UNKNOWN = ((("DELIVRD",), GOOD), (("UNDELIV",), DEAD), (("ENROUTE", "REJECTD"), BARRED), (("DELIVRD", "EXPIRED"), GOOD))


class Town:
    """Who is sent a text, what is told of it, and how it must end; by the reference of his first try."""

    def __init__(self, home: ServedHome) -> None:
        stems = [stem for (stem,) in home.ask("SELECT stem FROM dispatches WHERE channel = 'sms' ORDER BY stem")]
        assert len(stems) == 4 * EACH
        self.manners: dict[str, Manner] = {}
        self.ends: dict[str, tuple[str, str]] = {}
        self.ahead: list[tuple[str, str]] = []
        for number, stem in enumerate(stems):
            one, kind = reference(stem, 1), number % 4
            if kind == 3:
                codes, end = UNKNOWN[number // 4 % len(UNKNOWN)]
                self.ahead += [(one, code) for code in codes]
                self.manners[one] = Manner()
            else:
                table = (EARLY, DOUBLED, REVERSED)[kind]
                self.manners[one], end = table[number // 4 % len(table)]
            self.ends[one] = end

    def news(self) -> Counter[tuple[str, str]]:
        """Every piece of news that there is to tell."""
        told = Counter(self.ahead)
        for one, manner in self.manners.items():
            told.update((one, code) for code in (*manner.before, *manner.after))
        return told


def alerts() -> list[dict[str, object]]:
    """As many right alerts at L4 as people are told of."""
    pushed_at = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    return [
        {
            "source": "bank",
            "source_ref": f"S-{number}",
            "risk": "L4",
            "fraud_type": "fake_police",
            "pushed_at": pushed_at,
            "region": "140105",
            "victim": {"phone": f"1370002{number:04}"},
        }
        for number in range(4 * EACH)
    ]


def test_every_outcome_is_right(postgres_home: ServedHome, patient: str) -> None:
    """1,000 told too early, 1,000 twice, 1,000 backwards, 1,000 before the try: nobody's outcome is wrong."""
    home = postgres_home
    ports = {"QUANZU_PORT": str(free_port()), "QUANZU_SIMULATOR_PORT": str(free_port())}
    home.env |= ports | {
        "QUANZU_SIMULATOR_SECRET": SECRET,
        "QUANZU_POLICY": patient,
        "QUANZU_LEASE_S": "30",
        "QUANZU_REQUEST_TIMEOUT_S": "15",
        "QUANZU_CHUNK": "50",
    }
    assert home.quanzu("migrate").returncode == 0
    home.begin("web")
    base = f"http://127.0.0.1:{ports['QUANZU_PORT']}"
    until("the doors are open", lambda: opened(base))
    accept(home, base)
    town = Town(home)
    carrier = ReceiptCarrier(SECRET, f"{base}/v1/receipts/simulator", town.manners.__getitem__)
    carrier.port = int(ports["QUANZU_SIMULATOR_PORT"])
    carrier.start()
    try:
        carrier.tell(town.ahead)
        assert home.count("SELECT count(*) FROM receipts WHERE state = 'waiting'") == len(town.ahead)
        home.begin("worker", "--lane", "routine")
        wanted = town.news()
        until("everybody was sent a text", lambda: len(carrier.came) >= len(town.ends))
        until("all news was told", lambda: carrier.told.total() >= wanted.total())
        until("all news was applied", lambda: home.count("SELECT count(*) FROM receipts WHERE state = 'waiting'") == 0)
        until("every text has ended", lambda: home.count(UNENDED) == 0)
    finally:
        carrier.stop()
    assert carrier.faults == []
    assert carrier.told == wanted
    assert set(carrier.came.values()) == {1}  # nobody was warned twice for it
    assert set(carrier.came) == set(town.ends)
    ended = {one: (state, outcome) for one, state, outcome in home.ask(ENDS)}
    wrong = {one: (ended.get(one), end) for one, end in town.ends.items() if ended.get(one) != end}
    assert wrong == {}
    assert len(ended) == len(town.ends)
    kept = Counter({(one, code): many for one, code, many in home.ask(KEPT)})
    assert kept == wanted
    assert home.ask(TWICE_APPLIED) == []


UNENDED = "SELECT count(*) FROM dispatches WHERE channel = 'sms' AND ended_at IS NULL"
ENDS = """SELECT t.reference, d.state, d.outcome FROM attempts t JOIN dispatches d ON d.id = t.dispatch_id
    WHERE d.channel = 'sms' AND t.number = d.attempts"""
KEPT = "SELECT reference, code, count(*) FROM receipts WHERE state IN ('applied', 'noted') GROUP BY reference, code"
TWICE_APPLIED = """SELECT reference, code FROM receipts WHERE state = 'applied'
    GROUP BY reference, code HAVING count(*) > 1"""


def opened(base: str) -> bool:
    """True once the doors answer."""
    try:
        return httpx.get(f"{base}/healthz", timeout=5).is_success
    except httpx.HTTPError:
        return False


def accept(home: ServedHome, base: str) -> None:
    """Push every alert through the door."""
    key = (home.home / "first-key").read_text().strip()
    told = alerts()
    for start in range(0, len(told), 500):
        body = json.dumps(told[start : start + 500])
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        answer = httpx.post(f"{base}/v1/alerts", content=body, headers=headers, timeout=120)
        assert answer.status_code == 202, answer.text[:500]
        assert {one["status"] for one in answer.json()["results"]} == {"accepted"}


@pytest.fixture
def patient(brisk: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The brisk policy, but that nothing ends by its time: this test tells all news."""
    text = Path(brisk).read_text("utf-8").replace("news_s = 15", "news_s = 600")
    path = tmp_path_factory.mktemp("patient") / "patient.toml"
    path.write_text(text.replace("closes_itself_s = 12", "closes_itself_s = 900"), "utf-8")
    return str(path)
