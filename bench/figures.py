"""How fast figures answer beside ten million dispatches: facts are filled by SQL in a database of their own.

    python -m bench.figures --json            on PostgreSQL at 127.0.0.1, some minutes, about 5 GB for a while

Windows that have a name, any other window, filters and dimensions; all figures each time; p50 and p95 of the times.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from bench.servers import own_database
from config.regions import Regions
from dispatcher import figures, tables
from dispatcher.figures import Scope, resting
from dispatcher.figures.cells import DEPTHS, right_cells
from dispatcher.figures.instants import to_ms
from dispatcher.figures.windows import Name, Window, named
from dispatcher.keys import make_keyring
from dispatcher.store import Store
from dispatcher.tables.figures_kinds import KINDS
from web.pages import breakdown, outcomes, years

FILL = Path(__file__).with_name("figures_rows.sql")
ASTIR = 60
"""One day in so many was struck out lately, and does not rest yet."""

EACH = 2.2
"""Dispatches an alert, about."""


@contextmanager
def own_store() -> Iterator[Store]:
    """A database of this run alone, dropped at the end."""
    with own_database() as url:
        store = Store(url.replace("postgresql://", "postgresql+psycopg://"), make_keyring())
        tables.metadata.create_all(store.engine)
        yield store
        store.close()


def fill(store: Store, dispatches: int, now: datetime) -> int:
    """The facts and cells of so many dispatches, from 1 January of last year until `now`. Returns the dispatches."""
    first = now.replace(year=now.year - 1, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    counties = Regions.load().counties
    told = {
        ":alerts": str(round(dispatches / EACH)),
        ":first_ms": str(to_ms(first)),
        ":span_ms": str(to_ms(now) - to_ms(first)),
        ":many_counties": str(len(counties)),
        ":counties": ", ".join(f"'{code}'" for code in counties),
    }
    statements = FILL.read_text(encoding="utf-8")
    for name, value in told.items():
        statements = statements.replace(name, value)
    cell, fact = tables.figures_days, tables.figures_alerts
    with store.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
        for index in fact.indexes:  # made once at the end, sooner than row by row
            index.drop(connection)
        cursor = connection.connection.cursor()
        cursor.execute(statements)
        cursor.close()
        for index in fact.indexes:
            index.create(connection)
        for depth in DEPTHS:
            connection.execute(insert(cell).from_select([column.name for column in cell.columns], right_cells(depth)))
        _rest(connection)
        many = func.sum(fact.c.dispatches_sms + fact.c.dispatches_call + fact.c.dispatches_visit)
        filled = int(connection.execute(select(many)).scalar_one())
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE figures_alerts, figures_days, figures_kinds, figures_rested")
    return filled


def _rest(connection: Connection) -> None:
    """All days rest but today, yesterday, and some that were struck out lately: at once, as the clock does one."""
    kind = tables.figures_kinds
    for dimension in KINDS:
        for depth in resting.DEPTHS:
            made = resting.right_kinds(dimension, depth)
            connection.execute(insert(kind).from_select(resting.NAMES, made))
    days = sorted(connection.execute(select(tables.figures_days.c.day).distinct()).scalars())
    rows = [{"day": day} for day in days[:-2] if day % ASTIR]
    connection.execute(insert(tables.figures_rested), rows)


def questions(now: datetime) -> dict[str, Callable[[Connection], object]]:
    """What is asked, by name."""

    def ask(scope: Scope, *by: str) -> Callable[[Connection], object]:
        return lambda connection: figures.count(connection, scope, by=by, now=now)

    found: dict[str, Callable[[Connection], object]] = {}
    for name in Name:
        window = named(name, now)
        found[name.value] = ask(Scope(window.since, window.until))
        found[f"{name.value}, one prefecture"] = ask(Scope(window.since, window.until, "140100"))
    odd = (now - timedelta(days=200, hours=3), now - timedelta(days=20, minutes=7))
    ytd = named(Name.YTD, now)
    found["ytd by prefecture"] = ask(Scope(ytd.since, ytd.until), "prefecture")
    found["custom, 180 days"] = ask(Scope(*odd))
    found["custom, one type"] = ask(Scope(*odd, fraud_types=("fake_loan",)))
    found["custom, one level"] = ask(Scope(*odd, risks=("L1",)))
    found["custom by type"] = ask(Scope(*odd), "type")
    found["ytd by level and source"] = ask(Scope(ytd.since, ytd.until), "level", "source")
    for name in (Name.MONTH, Name.YTD):
        window = named(name, now)
        scope = Scope(window.since, window.until)
        found[f"a page of outcomes, {name.value}"] = partial(outcomes.counted, scope=scope, now=now)
        found[f"its year before, {name.value}"] = partial(years.counted, scope=scope, window=window, now=now)
        found[f"its parts, {name.value}"] = partial(breakdown.counted, scope=scope, now=now)
        for kpi in ("alerts", "coverage"):
            found[f"a list of {kpi}, {name.value}"] = partial(_list, kpi=kpi, window=window, now=now)
        found[f"its response times, {name.value}"] = partial(_response_times, window=named(name, now), now=now)
    found["month, quantiles by level"] = lambda connection: figures.quantiles(
        connection, Scope(named(Name.MONTH, now).since, now), "reached_ms", now=now
    )
    found["ytd, quantiles by level"] = lambda connection: figures.quantiles(
        connection, Scope(ytd.since, ytd.until), "reached_ms", now=now
    )
    return found


def _list(connection: Connection, *, kpi: str, window: Window, now: datetime) -> None:
    """What the page of cases asks for: the figure, and the first page of the list behind it."""
    scope = Scope(window.since, window.until)
    figures.count(connection, scope, kpis=[kpi], now=now)
    figures.behind(connection, scope, kpi, "numerator", now=now)


def _response_times(connection: Connection, *, window: Window, now: datetime) -> None:
    """What the page of outcomes asks for once it is there, as web/pages/latency.py does."""
    figures.all_quantiles(connection, Scope(window.since, window.until), now=now)


def measure(store: Store, now: datetime, times: int) -> dict[str, dict[str, int]]:
    """Milliseconds of each question, asked `times` times after once in vain."""
    told: dict[str, dict[str, int]] = {}
    for name, ask in questions(now).items():
        took = []
        for _ in range(times + 1):
            with store.read() as connection:
                begun = time.monotonic()
                ask(connection)
                took.append(time.monotonic() - begun)
        ordered = sorted(took[1:])
        p50, p95 = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
        told[name] = {"p50_ms": round(p50 * 1000), "p95_ms": round(p95 * 1000)}
    return told


def main() -> None:
    """Fill, measure, drop, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.figures", description="how fast figures answer")
    parser.add_argument("--dispatches", type=int, default=10_000_000, help="how many dispatches the facts tell of")
    parser.add_argument("--times", type=int, default=20, help="how often each question is asked")
    parser.add_argument("--json", action="store_true", help="as JSON")
    wanted = parser.parse_args()
    now = datetime.now(UTC)
    with own_store() as store:
        filled = fill(store, wanted.dispatches, now)
        told: dict[str, Any] = {"dispatches": filled, "questions": measure(store, now, wanted.times)}
    if wanted.json:
        print(json.dumps(told))  # noqa: T201 - a command prints
        return
    print(f"{filled:,} dispatches")  # noqa: T201 - a command prints
    for name, took in told["questions"].items():
        print(f"{name:32}{took['p50_ms']:8} ms{took['p95_ms']:8} ms")  # noqa: T201 - a command prints


if __name__ == "__main__":
    main()
