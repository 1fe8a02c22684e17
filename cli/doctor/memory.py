"""The database, its tables, and the keys that open what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from cli.doctor.check import Check, State, judged
from cli.say import why
from config.settings import Settings
from dispatcher.keys import Keyring, keyring_from_text
from dispatcher.sealed import SEALED
from dispatcher.store import make_engine
from migrations import newest

OLDEST_POSTGRES = 130_000
SKEW_WARN_S, SKEW_FAIL_S = 1.0, 10.0
LOOKED_AT = 50_000
"""So many of a table's oldest and of its newest rows are looked at for the keys in use."""


def memory(settings: Settings) -> Iterator[Check]:
    """Database, migrations, clocks, keys."""
    ring, keys = _ring(settings)
    path = Path(settings.database.removeprefix("sqlite:///"))
    if settings.database.startswith("sqlite:///") and not path.exists():
        yield Check("database", State.FAIL, "there is none yet", "start with `quanzu up`, or `quanzu migrate`")
        yield keys
        return
    engine = make_engine(settings.database)
    try:
        with engine.connect() as connection:
            yield _database(connection)
            yield _migrations(connection)
            if engine.dialect.name == "postgresql":
                yield _skew(connection)
            yield keys if ring is None else _in_use(connection, engine, ring, keys)
    except SQLAlchemyError as fault:
        yield Check("database", State.FAIL, why(fault), "see the runbook: the database is away")
        yield keys
    finally:
        engine.dispose()


def _database(connection: Connection) -> Check:
    if connection.dialect.name == "sqlite":
        mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())
        version = str(connection.exec_driver_sql("SELECT sqlite_version()").scalar())
        if mode == "wal":
            return Check("database", State.OK, f"SQLite {version}, {mode}")
        return Check(
            "database", State.FAIL, f"SQLite {version} in mode {mode}", "its folder must allow WAL: a local disk"
        )
    told = connection.execute(text("SELECT current_setting('server_version_num'), pg_is_in_recovery()")).one()
    number = int(told[0])
    version = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < OLDEST_POSTGRES:
        return Check("database", State.FAIL, f"{version} is too old", "PostgreSQL 13 or newer is needed")
    only = connection.execute(text("SELECT current_setting('transaction_read_only')")).scalar()
    if told[1] or only == "on":
        return Check(
            "database", State.FAIL, f"{version} may not be written", "point QUANZU_DATABASE_URL at the primary"
        )
    return Check("database", State.OK, f"{version} answers")


def _migrations(connection: Connection) -> Check:
    there, needed = MigrationContext.configure(connection).get_current_revision(), newest()
    if there == needed:
        return Check("migrations", State.OK, f"tables are at {there}")
    return Check("migrations", State.FAIL, f"tables are at {there or 'none'}, needed {needed}", "run `quanzu migrate`")


def _skew(connection: Connection) -> Check:
    """Leases and limits are instants that several hosts compare: their clocks must agree."""
    before = datetime.now(UTC)
    theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    after = datetime.now(UTC)
    skew_s = abs((theirs - (before + (after - before) / 2)).total_seconds())
    says = f"this host and the database differ by {skew_s:.1f} s"
    return judged(
        "clocks", skew_s, says, warn=SKEW_WARN_S, fail=SKEW_FAIL_S, todo="set the clocks by NTP on every host"
    )


def _ring(settings: Settings) -> tuple[Keyring | None, Check]:
    path = settings.keys
    if not path.exists():
        todo = "put the key file back from its backup; a new deployment makes one by `quanzu migrate`"
        return None, Check("keys", State.FAIL, f"there is no key file {path.name}", todo)
    if path.stat().st_mode & 0o077:
        return None, Check("keys", State.FAIL, f"{path.name} may be read by others", f"chmod 600 {path.name}")
    try:
        ring = keyring_from_text(path.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        told = str(fault) if type(fault) is ValueError else type(fault).__name__
        return None, Check("keys", State.FAIL, f"{path.name} cannot be used: {told}", "put it back from its backup")
    return ring, Check("keys", State.OK, f"{len(ring.keys)} in the ring, {ring.current} seals")


def _in_use(connection: Connection, engine: Engine, ring: Keyring, good: Check) -> Check:
    """Whether every key that rows were sealed with is in the ring; the ends of each table are looked at."""
    there = set(inspect(engine).get_table_names())
    lacking: set[str] = set()
    for table in SEALED:
        if table.name not in there:
            continue
        first = next(iter(table.primary_key.columns))
        for order in (first.asc(), first.desc()):
            ends = select(table.c.key_id).order_by(order).limit(LOOKED_AT).subquery()
            found = connection.execute(select(ends.c.key_id).distinct().where(ends.c.key_id.is_not(None))).scalars()
            lacking |= set(found) - set(ring.keys)
    if not lacking:
        return good
    names = ", ".join(sorted(lacking))
    return Check(
        "keys", State.FAIL, f"rows are sealed with {names}, not in the ring", "give the old key back to the file"
    )
