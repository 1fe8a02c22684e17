"""The tree of units, made from the regions on first start; their duty phones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, text, update

from dispatcher import tables
from dispatcher.ids import new_id
from dispatcher.keys import Keyring
from dispatcher.store import is_postgres

SEEDING = 0x7175_756E_6974
"""The number of PostgreSQL's lock under which units are made; "quunit" in ASCII."""


class RegionRow(NamedTuple):
    """A region as far as units need it; parents come before children."""

    code: str
    name: str
    parent: str | None


def seed_units(connection: Connection, regions: Iterable[RegionRow], now: datetime) -> int:
    """Make a centre for each region that has none. Safe to call again, and by many at once.

    Returns how many were made.
    """
    table = tables.units
    regions = list(regions)
    if {region.code for region in regions} <= set(connection.execute(select(table.c.code)).scalars()):
        return 0
    if is_postgres(connection):  # on SQLite whoever writes is alone anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SEEDING})
    known = {row.code: row.id for row in connection.execute(select(table.c.code, table.c.id))}
    rows = []
    for region in regions:
        if region.code in known:
            continue
        known[region.code] = new_id()
        rows.append(
            {
                "id": known[region.code],
                "code": region.code,
                "name": f"{region.name}反诈中心",
                "region": region.code,
                "parent_id": known.get(region.parent) if region.parent else None,
                "duty_phone_sealed": None,
                "key_id": None,
                "looked_at": None,
                "noticed_at": None,
            }
        )
    if rows:
        connection.execute(insert(table), rows)
    return len(rows)


def set_duty_phone(connection: Connection, keys: Keyring, code: str, phone: str | None) -> bool:
    """Keep (or with None forget) the duty phone of a unit. False: there is no such unit."""
    table = tables.units
    unit_id = connection.execute(select(table.c.id).where(table.c.code == code)).scalar()
    if unit_id is None:
        return False
    sealed = keys.seal(phone.encode(), "units", unit_id) if phone else None
    change = update(table).where(table.c.id == unit_id)
    connection.execute(change.values(duty_phone_sealed=sealed, key_id=keys.current if phone else None))
    return True
