"""The names that carriers give our tries: noted with their answers, and found again when their news comes.

note(…)      with an answer: the carrier calls this try so
known(…)     when news is kept: the try that goes by this name, if it has been noted
name(…)      by the clock: news that came before its try's name was noted
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dispatcher import tables
from dispatcher.bulk import among, change, rows_of
from dispatcher.store import Store, is_postgres
from dispatcher.waiting_news import put_off

LIMIT = 500


class Name(NamedTuple):
    """A carrier's name for a try, and ours."""

    carrier: str
    carrier_ref: str
    reference: str


def note(connection: Connection, names: Sequence[Name], now: datetime) -> None:
    """Remember these, and give them to the news that has been waiting for them. A name is of the first that had it."""
    if not names:
        return
    insert = postgresql.insert if is_postgres(connection) else sqlite.insert
    rows = [name._asdict() | {"told_at": now} for name in sorted(set(names))]
    connection.execute(insert(tables.carrier_names).on_conflict_do_nothing(), rows)
    table = tables.receipts
    for carrier in {name.carrier for name in names}:
        ours = {name.carrier_ref: name.reference for name in names if name.carrier == carrier}
        unnamed = (table.c.state == "waiting", table.c.reference == "", table.c.carrier == carrier)
        query = select(table.c.id, table.c.carrier_ref).where(*unnamed, table.c.carrier_ref.in_(list(ours)))
        found = connection.execute(query).all()
        change(connection, table, [{"row_id": one, "reference": ours[ref], "again_at": now} for one, ref in found])


def known(connection: Connection, carrier: str, carrier_refs: Collection[str]) -> dict[str, str]:
    """Our references by the carrier's names, of those that have been noted."""
    if not carrier_refs:
        return {}
    table = tables.carrier_names
    mine = (table.c.carrier == carrier, among(connection, table.c.carrier_ref, sorted(carrier_refs)))
    found = connection.execute(select(table.c.carrier_ref, table.c.reference).where(*mine))
    return {row.carrier_ref: row.reference for row in found}


def name(store: Store, *, now: datetime) -> int:
    """Name up to 500 pieces of news that could not be named when they came. Commits. Returns how many were.

    One that was kept while its try's answer was being written is found here; what no try goes by waits longer each
    time, until it is nobody's.
    """
    table, names = tables.receipts, tables.carrier_names
    query = (
        select(table.c.id, table.c.received_at, table.c.tries, names.c.reference)
        .select_from(table)
        .outerjoin(names, and_(names.c.carrier == table.c.carrier, names.c.carrier_ref == table.c.carrier_ref))
        .where(table.c.state == "waiting", table.c.reference == "", table.c.again_at <= now)
        .limit(LIMIT)
    )
    with store.read() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return 0
    with store.write() as connection:
        rows = rows_of(connection.execute(query.with_for_update(of=table, skip_locked=True)))
        found = [row for row in rows if row["reference"]]
        for row in found:
            one = update(table).where(table.c.id == row["id"])
            connection.execute(one.values(reference=row["reference"], again_at=now))
        change(connection, table, [put_off(row, now) for row in rows if not row["reference"]])
    return len(found)
