"""The plain design of the bench does the work that it is measured by: it is no straw man, and no cheat."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.feed import feed
from bench.plain.start import plain_design
from bench.started import town
from bench.work import make_alerts

PATIENCE_S = 120.0


def rows(database: str, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the measured database."""
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(sql.encode()).fetchall()


@pytest.mark.slow
def test_a_handful_of_alerts_is_settled_by_the_plain_design(
    tmp_path: Path, postgres_database: str, rabbit_vhost: str
) -> None:
    """Ten people are texted and called by robots, one is told of twice; every outcome is known, as in our design."""
    database = postgres_database.replace("postgresql+psycopg://", "postgresql://")
    bodies = make_alerts(10, seed=21)
    open_work = "SELECT count(*) FROM dispatches WHERE ended_at IS NULL"
    with (
        town(tmp_path, news_most=1) as carrier,
        plain_design(tmp_path, database, rabbit_vhost, carrier, 2),
        feed(tmp_path, rabbit_vhost, [*bodies, bodies[0], b'{"source": "bank"}'], plain=True) as upstream,
    ):
        upstream.go()
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            counted = rows(database, "SELECT (SELECT count(*) FROM alerts), (SELECT count(*) FROM dead_letters)")[0]
            if counted == (10, 1) and rows(database, open_work)[0][0] == 0:
                break
            time.sleep(0.2)
        effects = [line for line in carrier.ledger.read_text().splitlines() if '"kind":"text"' in line]
    assert rows(database, "SELECT count(*) FROM cases") == [(10,)]
    ended = rows(database, "SELECT channel, count(*), count(outcome), count(ended_at) FROM dispatches GROUP BY channel")
    assert sorted(ended) == [("call", 10, 10, 10), ("sms", 10, 10, 10)]
    assert rows(database, "SELECT count(*), count(answer), count(outcome) FROM attempts") == [(20, 20, 20)]
    assert rows(database, "SELECT count(*) FROM receipts WHERE state = 'applied'") == [(20,)]
    assert rows(database, "SELECT count(*) FROM dead_letters") == [(1,)]
    assert len(effects) == 10
    heard = "SELECT count(*) FROM dispatches WHERE channel = 'call' AND state = 'fulfilled'"
    assert rows(database, "SELECT count(*) FROM cases WHERE contacted_by = 'robot'") == rows(database, heard)
