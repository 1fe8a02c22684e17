"""`python -m bench.hot_path`: where an alert's time goes, step by step, in CPU time.

One process does every step of many alerts on a fresh database: accept, claim, settle, keep the receipts, apply them,
and fold the figures once (under load a worker folds an alert once or twice, as its steps fall before or after a fold).
No broker, no HTTP and nobody else's work is in these figures; they are microseconds of CPU for one alert, ours and
the database's own, so that a busy machine disturbs them little. An alert here is one of L3 or L4 about a person
of its own: a text and a robot call, two tries, two answers, two receipts, two final outcomes.

`--rows` fills the tables first with that many old alerts, to see whether the cost grows with them. `--beside` does the
same turn about on a second database with so many: what differs within one run is the rows, and not the machine's pace.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import create_engine, event, text

from bench.old_rows import fill
from config.policy import load_policy
from dispatcher import figures, receipts, tables
from dispatcher.alert import Rules
from dispatcher.carriers import simulator
from dispatcher.claim import Lease, Letter, claim
from dispatcher.happenings import Answered
from dispatcher.intake import Incoming, Intake
from dispatcher.keys import make_keyring
from dispatcher.news import Told
from dispatcher.settle import Settlement, settle
from dispatcher.store import Store
from dispatcher.words import Answer, Channel

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai: every robot may call."""

SERVER = os.environ.get("BENCH_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432")
BATCH, CHUNK, ANSWERS, PAGE = 250, 100, 200, 500
"""Alerts in one transaction, dispatches in one claim, answers in one settlement, receipts in one page."""

STEPS = ("accept", "claim", "settle", "keep", "apply", "fold")


class Meter:
    """Adds up, by step, our CPU time, the database's, and the statements that were sent."""

    def __init__(self, store: Store) -> None:
        self._pid = _backend_of(store)
        self._sent = 0
        self.ours_s = dict.fromkeys(STEPS, 0.0)
        self.theirs_s = dict.fromkeys(STEPS, 0.0)
        self.statements = dict.fromkeys(STEPS, 0)
        event.listen(store.engine, "before_cursor_execute", self._count)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """What happens inside belongs to this step."""
        sent, theirs, ours = self._sent, _cpu_s(self._pid), time.process_time()
        yield
        self.ours_s[name] += time.process_time() - ours
        self.theirs_s[name] += _cpu_s(self._pid) - theirs
        self.statements[name] += self._sent - sent

    def _count(self, _c: Any, _k: Any, _statement: str, parameters: Any, _x: Any, executemany: bool) -> None:
        self._sent += len(parameters) if executemany else 1


def _backend_of(store: Store) -> int | None:
    """The server process of our one connection; None on SQLite, which works in our own."""
    if store.engine.dialect.name != "postgresql":
        return None
    with store.read() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _cpu_s(pid: int | None) -> float:
    """Seconds that this process has been on a CPU."""
    return 0.0 if pid is None else int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


@contextmanager
def postgres() -> Iterator[Store]:
    """A store in a database of its own on the server; dropped after."""
    name = f"quanzu_bench_{uuid4().hex[:12]}"
    admin = create_engine(f"{SERVER}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        store = Store(f"{SERVER}/{name}", make_keyring())
        try:
            tables.metadata.create_all(store.engine)
            yield store
        finally:
            store.close()
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@contextmanager
def sqlite() -> Iterator[Store]:
    """A store in a file of its own; removed after."""
    with tempfile.TemporaryDirectory(prefix="quanzu-bench-") as folder:
        store = Store(f"sqlite:///{folder}/bench.sqlite", make_keyring())
        tables.metadata.create_all(store.engine)
        yield store
        store.close()


def alert(number: int) -> bytes:
    """An alert about the `number`th person: two in five of L3, the others of L4."""
    told = {
        "source": "bank",
        "source_ref": f"H-{number}",
        "risk": "L3" if number % 5 < 2 else "L4",
        "fraud_type": "fake_investment",
        "occurred_at": (NOON - timedelta(minutes=3)).isoformat(),
        "pushed_at": (NOON - timedelta(minutes=1)).isoformat(),
        "region": "140105",
        "victim": {"phone": f"138{number:08d}", "name": "王建国", "sex": "male", "age_band": "45-59"},
        "signal": {"call_count": 3, "call_seconds": 180},
    }
    return json.dumps(told, ensure_ascii=False).encode()


def told_of(letter: Letter, number: int, at: datetime) -> Told:
    """Its final news: texts are delivered; calls are heard, one in eight by somebody who presses "understood"."""
    heard = "KEY1" if number % 8 == 0 else "HEARD"
    code = "DELIVRD" if letter.channel is Channel.SMS else heard
    body = {"reference": letter.reference, "code": code, "at": at.isoformat()}
    return Told(letter.reference, code, at, json.dumps(body).encode())


def run(store: Store, alerts: int, *, first: int = 0, now: datetime = NOON) -> Meter:
    """Take so many alerts from the door to their final outcomes."""
    meter = Meter(store)
    intake = Intake(store, Rules.shipped(), load_policy("default"))
    lease = Lease("bench", simulator.NAME, timedelta(seconds=20))
    bodies = [Incoming(raw=alert(number)) for number in range(first, first + alerts)]
    with meter.step("accept"):
        ids = [bell.dispatch_id for part in _parts(bodies, BATCH) for bell in _accepted(intake, part, now)]
    with meter.step("claim"):
        letters = [letter for part in _parts(ids, CHUNK) for letter in claim(store, part, lease=lease, now=now)]
    accepted = Answered(Answer.ACCEPTED, carrier_ref="C-0123456789")
    with meter.step("settle"):
        for part in _parts(letters, ANSWERS):
            settle(store, [Settlement(letter, accepted, now) for letter in part], now=now)
    now += timedelta(seconds=5)
    news = [told_of(letter, number, now) for number, letter in enumerate(letters)]
    pages: list[list[UUID]] = []
    with meter.step("keep"):
        pages += (receipts.keep(store, simulator.NAME, part, now=now) for part in _parts(news, PAGE))
    with meter.step("apply"):
        placed = sum(receipts.apply(store, now=now, ids=page).placed for page in pages)
    with meter.step("fold"):
        while figures.fold(store, now=now):
            pass
    if placed != 2 * alerts:
        raise SystemExit(f"{placed} of {2 * alerts} receipts were placed: these figures mean nothing")
    return meter


def _accepted(intake: Intake, part: Sequence[Incoming], now: datetime) -> Any:
    return intake.accept(part, door="bench", now=now).bells


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def analyse(store: Store) -> None:
    """What a server with autovacuum does by itself: statistics for the planner, and room made."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if store.engine.dialect.name == "postgresql" else "ANALYZE")


def cost_of(meters: Sequence[Meter], alerts: int) -> dict[str, dict[str, float]]:
    """Microseconds of CPU an alert, ours and the database's, by step; the least of all turns."""

    def least(seconds: Callable[[Meter], dict[str, float]]) -> dict[str, float]:
        return {step: min(seconds(meter)[step] for meter in meters) / alerts * 1e6 for step in STEPS}

    return {"ours": least(lambda meter: meter.ours_s), "postgres": least(lambda meter: meter.theirs_s)}


def times_beside(meters: Sequence[Meter], beside: Sequence[Meter]) -> dict[str, float]:
    """How many times as dear as beside, ours and the database's: the middle of the turns, each against its own."""

    def middle(seconds: Callable[[Meter], dict[str, float]]) -> float:
        turns = zip(meters, beside, strict=True)
        return median(sum(seconds(one).values()) / sum(seconds(other).values()) for one, other in turns)

    return {"ours": middle(lambda meter: meter.ours_s), "postgres": middle(lambda meter: meter.theirs_s)}


def table_of(meters: Sequence[Meter], alerts: int) -> str:
    """One line a step, and their sum: microseconds of CPU and statements, for one alert."""
    lines = [f"{'':8}{'ours µs':>10}{'database µs':>14}{'together µs':>14}{'statements':>12}"]
    ours, theirs = cost_of(meters, alerts).values()
    sent = {step: meters[0].statements[step] / alerts for step in STEPS}
    for costs in (ours, theirs, sent):
        costs["all"] = sum(costs.values())
    for step in (*STEPS, "all"):
        both = ours[step] + theirs[step]
        lines.append(f"{step:8}{ours[step]:10.0f}{theirs[step]:14.0f}{both:14.0f}{sent[step]:12.2f}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.hot_path", description="CPU an alert, by step")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    parser.add_argument("--alerts", type=int, default=2000, help="how many alerts are measured at a time")
    parser.add_argument("--times", type=int, default=3, help="how often; the least of each figure is told")
    parser.add_argument("--rows", type=int, default=0, help="how many old alerts the tables hold before")
    parser.add_argument("--beside", type=int, default=0, help="by turns on a second database with so many old alerts")
    parser.add_argument(
        "--json", action="store_true", help="as JSON: {us_per_alert: {ours, postgres}}, by step; times_beside"
    )
    parser.add_argument("--profile", action="store_true", help="where our own time goes, by function")
    wanted = parser.parse_args()
    place: Callable[[], Any] = sqlite if wanted.sqlite else postgres
    sizes = [wanted.rows, *([wanted.beside] if wanted.beside else [])]
    with ExitStack() as stack:
        stores = [_filled(stack.enter_context(place()), rows) for rows in sizes]
        meters: list[list[Meter]] = [[] for _ in stores]
        profile = cProfile.Profile()
        if wanted.profile:
            profile.enable()
        for turn in range(wanted.times):
            both = list(zip(stores, meters, strict=True))
            for store, mine in both if turn % 2 == 0 else reversed(both):
                first = BATCH + turn * (wanted.alerts + BATCH)
                run(store, BATCH, first=first)  # what the other one drove out of the caches comes back
                mine.append(run(store, wanted.alerts, first=first + BATCH))
        if wanted.profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    if wanted.json:
        found: dict[str, Any] = {"us_per_alert": cost_of(meters[0], wanted.alerts)}
        told = json.dumps(found | ({"times_beside": times_beside(*meters)} if wanted.beside else {}))
    else:
        tables_of = (
            f"{rows:,} old alerts\n{table_of(mine, wanted.alerts)}" for rows, mine in zip(sizes, meters, strict=True)
        )
        told = "\n\n".join(tables_of)
    print(told)  # noqa: T201 - a command prints


def _filled(store: Store, rows: int) -> Store:
    if rows:
        fill(store, rows)
    run(store, BATCH)  # fills caches
    analyse(store)
    return store


if __name__ == "__main__":
    main()
