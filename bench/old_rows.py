"""Old alerts, made inside PostgreSQL, to see whether the cost of a new one grows with them: see old_rows.sql."""

from __future__ import annotations

from pathlib import Path

from dispatcher.store import Store

PART = 100_000
"""Alerts in one transaction."""

SQL = Path(__file__).with_suffix(".sql")


def fill(store: Store, alerts: int) -> None:
    """Put so many old alerts there: fifteen rows for each.

    Raises: SystemExit: not on PostgreSQL.
    """
    if store.engine.dialect.name != "postgresql":
        raise SystemExit("--rows fills PostgreSQL only")
    for first in range(1, alerts + 1, PART):
        last = min(first + PART - 1, alerts)
        statements = SQL.read_text().replace(":first", str(first)).replace(":last", str(last))
        with store.write() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # whole: nothing to look up
            cursor = connection.connection.cursor()
            cursor.execute(statements)
            cursor.close()
